"""Decide and word: which team hears what, and why."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from detector.alerting.reasons import decide, told
from detector.alerting.wording import write_incident, write_late, write_source
from detector.model.incident import Incident, IncidentEvent
from detector.model.metric import Metric
from detector.model.notification import Notification, Reason
from detector.model.rulebook import RuleBook
from detector.model.state import SourceHealth
from detector.model.verdict import Outcome

__all__ = ["about_incidents", "about_late_data", "about_source"]


def about_incidents(
    incidents: Iterable[Incident], removed: frozenset[int], book: RuleBook, now: datetime
) -> tuple[list[Incident], list[Notification], list[IncidentEvent]]:
    """The incidents as they stand after their teams were told, the messages, and the lines for their histories."""
    after: list[Incident] = []
    messages: list[Notification] = []
    events: list[IncidentEvent] = []
    for incident in incidents:
        reason = _reason(incident, book, now, is_removed=incident.number in removed)
        if reason.is_quiet:
            after.append(incident)
            continue
        title, body = write_incident(incident, reason, book, now)
        heard = told(incident, reason, now)
        count = 1 if heard.told is None else heard.told.count
        key = f"incident/{incident.number}/{count}"
        messages.append(Notification(key, incident.team, reason, title, body, now, incident.number))
        events.append(IncidentEvent(incident.number, now, f"told {reason}", title))
        after.append(heard)
    return after, messages, events


def _reason(incident: Incident, book: RuleBook, now: datetime, *, is_removed: bool) -> Reason:
    if is_removed:
        return Reason.NOTHING_NEW if incident.told is None else Reason.RULE_REMOVED
    known = [book.metrics[part.metric] for part in incident.metrics if part.metric in book.metrics]
    return decide(incident, {metric.name: metric.alert.at_least for metric in known}, now)


def about_source(
    health: SourceHealth,
    reason: Reason,
    teams: Sequence[str],
    metrics: Sequence[Metric],
    now: datetime,
    day: int = 0,
) -> list[Notification]:
    """One message per team; each team reads of its own metrics, the admins of all; again after `day` full days."""
    since = (health.failing_since or now).isoformat()
    messages: list[Notification] = []
    for team in teams:
        own = [metric for metric in metrics if metric.team == team] or list(metrics)
        title, body = write_source(health, reason, own, now)
        key = f"source/{health.source}/{since}/{reason}/{team}" + (f"/{day}" if day else "")
        messages.append(Notification(key, team, reason, title, body, now))
    return messages


def about_late_data(admins: str | None, late: Sequence[tuple[Metric, Outcome]], now: datetime) -> list[Notification]:
    """The admins hear that data, not sales, has stopped; once per metric and day."""
    if admins is None:
        return []
    messages: list[Notification] = []
    for metric, outcome in late:
        title, body = write_late(metric, outcome, now)
        key = f"late/{metric.name}/{outcome.span.start_at.date().isoformat()}"
        messages.append(Notification(key, admins, Reason.DATA_LATE, title, body, now))
    return messages
