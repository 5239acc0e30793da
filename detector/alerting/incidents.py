"""The life of an incident: open, acknowledged, recovering, resolved."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from math import sqrt

from detector.model.deploy import Answer, Ranking
from detector.model.incident import Confirmed, Incident, IncidentEvent, IncidentMetric, IncidentState, Told
from detector.model.span import Span
from detector.model.verdict import Loss

__all__ = [
    "acknowledge",
    "advance",
    "blames_the_same",
    "break_together",
    "close",
    "confirm",
    "has_come_to_stay",
    "join",
    "leading_loss",
    "led_by",
    "open_incident",
    "remove_rules",
    "with_parts",
]

MORE_LIKELY_THAN_NOT = 0.5

ABOUT_AS_LIKELY = 0.5
"""Of two deploys of which one is less than twice as likely, another metric may put the other one first."""


def _worst_first(parts: Sequence[IncidentMetric]) -> tuple[IncidentMetric, ...]:
    """Live parts before ended ones, then by the share of what is usual that is gone, in tenths; else as they came.

    Members stand behind their metric's whole, and count for no more than the largest of them has lost: a small one that
    lost everything is no reason to speak of it first.
    """
    largest: dict[str, IncidentMetric] = {}
    for part in sorted(parts, key=lambda part: (part.ended_at is not None, part.member is not None, -_lost(part))):
        largest.setdefault(part.metric, part)
    share = {metric: round(_gone(part), 1) for metric, part in largest.items()}
    first = {metric: place for place, metric in reversed(list(enumerate(part.metric for part in parts)))}

    def place(part: IncidentMetric) -> tuple[bool, float, int, bool, float]:
        lost = _lost(part) if part.member is not None else 0.0
        return part.ended_at is not None, -share[part.metric], first[part.metric], part.member is not None, -lost

    return tuple(sorted(parts, key=place))


def _lost(part: IncidentMetric) -> float:
    return abs(part.loss.amount)


def _gone(part: IncidentMetric) -> float:
    return abs(part.expected - part.value) / abs(part.expected) if part.expected else 0.0


def _state(incident: Incident) -> IncidentState:
    if all(part.ended_at is not None for part in incident.metrics):
        return IncidentState.RESOLVED
    if all(part.ended_at is not None or part.normal_in_a_row > 0 for part in incident.metrics):
        return IncidentState.RECOVERING
    return IncidentState.ACKNOWLEDGED if incident.acknowledged_at else IncidentState.OPEN


def open_incident(number: int, team: str, parts: Sequence[IncidentMetric], ranking: Ranking, now: datetime) -> Incident:
    """A new incident; it may be over already when a catch-up found it as a whole.

    Where parts have lost about the same share, the one that stands first leads.
    """
    fresh = Incident(number, team, IncidentState.OPEN, now, _worst_first(parts), ranking)
    return _stamped(fresh, now)


def advance(incident: Incident, parts: Mapping[str, IncidentMetric], now: datetime) -> Incident:
    """The incident with its live parts as they are now (those not among `parts` stay), and the state that follows.

    `parts` are by series.
    """
    metrics = with_parts(incident, parts).metrics
    # The order, and with it the title, stays while the incident lives: people know it by its first metric.
    live_first = sorted(metrics, key=lambda part: part.ended_at is not None)
    return _stamped(replace(incident, metrics=tuple(live_first), told=_told_of(incident, live_first[0].series)), now)


def with_parts(incident: Incident, parts: Mapping[str, IncidentMetric]) -> Incident:
    """The incident with its live parts as they are now, in the state in which it is; closed ones end so in silence."""
    return replace(
        incident,
        metrics=tuple(parts.get(part.series, part) if part.ended_at is None else part for part in incident.metrics),
    )


def _told_of(incident: Incident, leader: str) -> Told | None:
    """What the team knows, with the loss per hour of the metric that leads from now on: units do not compare."""
    told = incident.told
    if told is None or incident.worst.series == leader:
        return told
    before = led_by(incident, leader)
    return replace(told, loss_per_hour=leading_loss(before).per_hour)


def join(incident: Incident, parts: Sequence[IncidentMetric], now: datetime) -> Incident:
    """The incident with further metrics that broke through the same suspect; one that was over in it has relapsed."""
    again = {part.series: part for part in parts}
    stay = [_relapsed(part, again.pop(part.series)) if part.series in again else part for part in incident.metrics]
    return _stamped(replace(incident, metrics=(*stay, *again.values())), now)


def led_by(incident: Incident, series: str) -> Incident:
    """The incident with another metric in its title, of whose loss the team has not heard anything yet.

    A metric's whole that takes the place of its members is no other: what was told of them was told of it.
    """
    first = [part for part in incident.metrics if part.series == series]
    rest = [part for part in incident.metrics if part.series != series]
    is_other = incident.worst.metric != first[0].metric
    told = incident.told
    if told is not None and is_other:
        told = replace(told, loss_per_hour=0.0)
    return replace(incident, metrics=(*first, *rest), told=told)


def leading_loss(incident: Incident) -> Loss:
    """What the metric in the title has lost; where members stand there, they and all others of it together.

    The errors of members are taken as independent of each other: half-widths of the interval add up in squares.
    """
    leader = incident.worst
    if leader.member is None:
        return leader.loss
    losses = [part.loss for part in incident.metrics if part.metric == leader.metric and part.member is not None]
    amount = sum(loss.amount for loss in losses)
    below = sqrt(sum((loss.amount - loss.low) ** 2 for loss in losses))
    above = sqrt(sum((loss.high - loss.amount) ** 2 for loss in losses))
    live = [part for part in incident.metrics if part.metric == leader.metric and part.ended_at is None]
    per_hour = sum(part.loss.per_hour for part in live if part.member is not None)
    came_back = sum(loss.came_back for loss in losses)
    return Loss(amount, amount - below, amount + above, per_hour if live else leader.loss.per_hour, came_back)


def _relapsed(before: IncidentMetric, again: IncidentMetric) -> IncidentMetric:
    """One part for both runs: since when and where stay as they were told, and nothing that was lost is forgotten."""
    return replace(
        again,
        span=Span(before.span.start_at, again.span.end_at),
        loss=Loss(
            before.loss.amount + again.loss.amount,
            before.loss.low + again.loss.low,
            before.loss.high + again.loss.high,
            again.loss.per_hour,
            before.loss.came_back + again.loss.came_back,
        ),
        onset=before.onset,
        where=before.where,
    )


def _stamped(incident: Incident, now: datetime) -> Incident:
    state = _state(incident)
    recovering = state in {IncidentState.RECOVERING, IncidentState.RESOLVED}
    return replace(
        incident,
        state=state,
        recovering_at=(incident.recovering_at or now) if recovering else None,
        resolved_at=(incident.resolved_at or now) if state is IncidentState.RESOLVED else None,
    )


def break_together(incident: Incident, part: IncidentMetric, ranking: Ranking) -> bool:
    """Whether a metric that breaks now is part of what an incident of its team is about already.

    It is, when both point at the same deploy (whenever that shows), or when they may have begun at the same moment and
    do not point at different ones: two pages of one outage help nobody. Where two deploys are about as likely, which
    of them stands first is chance. What breaks at the new level that it has come to in an incident is another matter.
    """
    if any(one.series == part.series and one.level_since is not None for one in incident.metrics):
        return False
    if blames_the_same(incident, ranking):
        return True
    one, other = _pointed_at(incident.ranking), _pointed_at(ranking)
    if one and other and not set(one) & set(other):
        return False
    begun = incident.worst.onset
    return part.onset.earliest <= begun.latest and begun.earliest <= part.onset.latest


def blames_the_same(incident: Incident, ranking: Ranking) -> bool:
    """Both point at one deploy, and at the same one."""
    first = _pointed_at(ranking)[:1]
    return bool(first) and first == _pointed_at(incident.ranking)[:1]


def _pointed_at(ranking: Ranking) -> list[tuple[str, str]]:
    """The deploy that is the likeliest explanation of all, if one is, and those that are about as likely."""
    first = ranking.suspects[0] if ranking.suspects else None
    if first is None or (ranking.answer is Answer.NONE and first.probability <= MORE_LIKELY_THAN_NOT):
        return []
    likely = [one for one in ranking.suspects if one.probability >= ABOUT_AS_LIKELY * first.probability]
    return [(one.deploy.source, one.deploy.id) for one in likely]


def acknowledge(incident: Incident, by: str, now: datetime) -> tuple[Incident, IncidentEvent]:
    """Somebody reacts: no reminder any more; everything else goes on."""
    state = IncidentState.ACKNOWLEDGED if incident.state is IncidentState.OPEN else incident.state
    changed = replace(incident, state=state, acknowledged_at=now, acknowledged_by=by)
    return changed, IncidentEvent(incident.number, now, "acknowledged", f"acknowledged by {by}")


def close(
    incident: Incident, by: str, why: str, now: datetime, *, is_new_level: bool = False
) -> tuple[Incident, IncidentEvent]:
    """Somebody ends it: the team hears no more of it, and the run it stands for opens no other.

    With `is_new_level` it stays so: what goes on is how it is now, and teaches from its beginning on. That can be said
    of one that was closed by hand before.
    """
    at = incident.resolved_at or now
    changed = replace(incident, state=IncidentState.RESOLVED, resolved_at=at, closed_by=by, why=why)
    words = f"closed by {by}"
    if is_new_level:
        changed = replace(changed, metrics=tuple(_at_new_level(part) for part in incident.metrics))
        words = f"{words}, for this is how it is now"
    return changed, IncidentEvent(incident.number, now, "closed", f"{words}: {why}" if why else words)


def has_come_to_stay(incident: Incident) -> bool:
    """Something in it goes on that could be a new level."""
    return any(part.ended_at is None and part.level_since is None for part in incident.metrics)


def _at_new_level(part: IncidentMetric) -> IncidentMetric:
    """From its first bucket on: that holds whichever tick found it, as the onset to the minute does not."""
    is_going_on = part.ended_at is None and part.level_since is None
    return replace(part, level_since=part.span.start_at) if is_going_on else part


def confirm(incident: Incident, said: Confirmed, ranking: Ranking) -> tuple[Incident, IncidentEvent]:
    """Somebody knows which deploy it was, or that it was none; said again, the last word holds.

    `ranking` is the one that follows from it. An incident that is over can be spoken of, too.
    """
    named = next((one.deploy for one in ranking.suspects if one.deploy.id == said.deploy), None)
    what = "no deploy" if said.deploy is None else f"{named.service} {named.version}" if named else said.deploy
    words = f"{what}, confirmed by {said.by}"
    return replace(incident, confirmed=said, ranking=ranking), IncidentEvent(
        incident.number, said.at, "verdict", f"{words}: {said.why}" if said.why else words
    )


def remove_rules(incident: Incident, known: frozenset[str], now: datetime) -> Incident:
    """A part whose rule is gone ends: nobody watches it. Without any of its rules the whole incident is over.

    `known` are series.
    """
    if not any(part.series in known for part in incident.metrics):
        return replace(incident, state=IncidentState.RESOLVED, resolved_at=now, why="its rules were removed")
    ended = {
        part.series: replace(part, ended_at=part.span.end_at)
        for part in incident.metrics
        if part.series not in known and part.ended_at is None
    }
    return advance(incident, ended, now) if ended else incident
