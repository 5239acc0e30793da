"""What GET requests may ask for, and the answers to it from the store."""

from collections.abc import Callable
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field

from detector.alerting.due import next_due_at
from detector.linking.report_texts import LONGEST, parse_instant
from detector.linking.reports import merge_reports
from detector.model.metric import Metric
from detector.model.rulebook import RuleBook
from detector.model.span import Span
from detector.model.state import MetricState
from detector.model.verdict import Outcome
from detector.ports import Store
from detector.web.answers import Fault, Refused
from detector.web.views import (
    Deploys,
    IncidentPage,
    Incidents,
    Metrics,
    MetricView,
    deploy_view,
    incident_page,
    incident_view,
)

__all__ = ["DeploysAsked", "IncidentsAsked", "found_deploys", "found_incident", "found_incidents", "found_metrics"]

BY_DEFAULT = timedelta(days=7)
AT_MOST = timedelta(days=100)
"""All reports of the span are read to merge them; a year of a large company would be hundreds of thousands."""

AHEAD = timedelta(days=1)
_TIME = {"type": "string", "format": "date-time"}


class Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")


class DeploysAsked(Asked):
    since: str | None = Field(default=None, max_length=LONGEST, description="Default: seven days before `until`.")
    until: str | None = Field(default=None, max_length=LONGEST, description="Default: a day from now.")
    service: str | None = Field(default=None, max_length=LONGEST, description="Of this one only.")
    limit: int = Field(default=100, ge=1, le=1000, description="The newest so many.")

    def span(self, book: RuleBook, now: datetime) -> Span:
        timezone = book.settings.timezone
        until = now + AHEAD if self.until is None else _instant("until", self.until, timezone)
        since = min(until, now) - BY_DEFAULT if self.since is None else _instant("since", self.since, timezone)
        if not since <= until <= since + AT_MOST:
            raise _unfit("since", f"must lie before until, and at most {AT_MOST.days} days")
        return Span(since, until)


class IncidentsAsked(Asked):
    live: bool = Field(default=True, description="Only those that are not resolved.")
    limit: int = Field(default=50, ge=1, le=500, description="The newest so many.")


def _instant(field: str, text: str, timezone: str) -> datetime:
    try:
        return parse_instant(text, timezone)
    except ValueError as error:
        raise _unfit(field, str(error)) from None


def _unfit(field: str, why: str) -> Refused:
    return Refused(422, f"Nothing was done: {field} {why}", faults=[Fault(field=field, text=why)])


def found_deploys(asked: DeploysAsked, store: Store, span: Span, now: datetime) -> Deploys:
    found = merge_reports(store.deploys(span, now))
    newest = [one for one in reversed(found) if asked.service in {None, one.service}]
    return Deploys(deploys=[deploy_view(one) for one in newest[: asked.limit]])


def found_incidents(asked: IncidentsAsked, store: Store, book: RuleBook) -> Incidents:
    found = store.incidents(only_live=asked.live, limit=asked.limit)
    return Incidents(incidents=[incident_view(one, book.metrics) for one in found])


def found_incident(number: int, store: Store, book: RuleBook) -> IncidentPage:
    incident = store.incident(number)
    if incident is None:
        raise Refused(404, f"There is no incident {number}")
    return incident_page(incident, store.incident_events(number), book.metrics)


def found_metrics(store: Store, book: RuleBook, now: datetime) -> Metrics:
    states, last, health = store.metric_states(), store.last_outcomes(), store.source_health()
    failing = {name: one.failing_since for name, one in health.items() if one.failing_since is not None}
    since: Callable[[Metric], datetime | None] = lambda metric: failing.get(metric.name) or failing.get(metric.source)  # noqa: E731 - a look-up
    rows = [
        _metric_view(metric, last.get(name), states.get(name), since(metric), now)
        for name, metric in book.metrics.items()
    ]
    return Metrics(metrics=rows)


def _metric_view(
    metric: Metric, outcome: Outcome | None, state: MetricState | None, failing_since: datetime | None, now: datetime
) -> MetricView:
    return MetricView(
        metric=metric.name,
        title=metric.title,
        team=metric.team,
        unit=metric.unit,
        kind=metric.kind,
        every_s=metric.every_s,
        outcome=None if outcome is None else outcome.kind,
        bucket=None if outcome is None else outcome.span.start_at,
        value=None if outcome is None else outcome.value,
        expected=None if outcome is None else outcome.expected,
        low=None if outcome is None else outcome.low,
        high=None if outcome is None else outcome.high,
        reason="" if outcome is None else outcome.reason,
        judged_at=None if outcome is None else outcome.judged_at,
        read_until=None if state is None else state.read_until,
        next=next_due_at(metric, now),
        failing_since=failing_since,
    )
