"""Whether a team hears of an incident now, and why."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from detector.alerting.incidents import leading_loss
from detector.model.incident import Incident, IncidentState, Told
from detector.model.notification import Reason

__all__ = ["NO_REACTION_AFTER", "decide", "loss_per_hour", "reminder_due_at", "told"]

NO_REACTION_AFTER = timedelta(hours=4)
"""Once, when nobody has reacted for so long (product.md)."""

WORSE_FACTOR = 2.0
"""The loss per hour has to double before a team hears of an incident again (product.md)."""


def loss_per_hour(incident: Incident) -> float:
    """What the metric in the title loses per hour now, in its unit."""
    return leading_loss(incident).per_hour


def _named_id(incident: Incident) -> str | None:
    named = incident.ranking.named
    return None if named is None else f"{named.deploy.source}/{named.deploy.id}"


def decide(incident: Incident, at_least: Mapping[str, float], now: datetime) -> Reason:
    """The one reason for which the team hears now; a quiet one when it does not.

    Args:
        incident: as it is now, with what the team was told last.
        at_least: smallest loss worth a message by metric, in its unit; 0 for those not among them.
        now: of the tick.
    """
    told_before = incident.told
    if incident.closed_by is not None:
        return Reason.CLOSED_BY_HAND
    if told_before is None:
        return _first_word(incident, at_least)
    if incident.is_over:
        return Reason.RESOLVED
    if _named_id(incident) != told_before.named:
        return Reason.NO_LONGER_NAMED if _named_id(incident) is None else Reason.NAMED
    if incident.state is IncidentState.RECOVERING:
        return Reason.NOTHING_NEW
    return _unrest(incident, told_before, at_least.get(incident.worst.metric, 0.0), now)


def _first_word(incident: Incident, at_least: Mapping[str, float]) -> Reason:
    if incident.is_over:  # found as a whole by a catch-up: a message would tell of a state that has passed
        return Reason.NOTHING_NEW
    # One metric that is worth a message is enough: the others share its cause, and must not hush it.
    # Of members the sum counts: many small ones are as bad as a large one.
    is_enough = leading_loss(incident).amount >= at_least.get(incident.worst.metric, 0.0)
    is_enough |= any(part.loss.amount >= at_least.get(part.metric, 0.0) for part in incident.metrics)
    return Reason.OPENED if is_enough else Reason.TOO_SMALL


def _unrest(incident: Incident, before: Told, at_least: float, now: datetime) -> Reason:
    rate = loss_per_hour(incident)
    grown = rate - before.loss_per_hour
    if grown > 0 and grown >= at_least and rate >= WORSE_FACTOR * before.loss_per_hour:
        return Reason.WORSE
    due_at = reminder_due_at(incident)
    return Reason.NO_REACTION if due_at is not None and now >= due_at else Reason.NOTHING_NEW


def reminder_due_at(incident: Incident) -> datetime | None:
    """When the team is reminded if nobody reacts and nothing recovers; None when it will not be."""
    quiet = incident.told is None or incident.told.reminded or incident.acknowledged_at is not None
    if quiet or incident.state is not IncidentState.OPEN:
        return None
    return incident.opened_at + NO_REACTION_AFTER


def told(incident: Incident, reason: Reason, now: datetime) -> Incident:
    """The incident after its team was told: what the next decision compares with."""
    before = incident.told
    reminded = reason is Reason.NO_REACTION or (before is not None and before.reminded)
    count = 1 if before is None else before.count + 1
    opened_at = now if before is None else incident.opened_at  # nobody can react to what they have not heard of
    heard = Told(now, count, loss_per_hour(incident), _named_id(incident), reminded)
    return replace(incident, opened_at=opened_at, told=heard)
