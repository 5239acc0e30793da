"""What admins and owners read about the detector's own eyes: sources, late data, and a test."""

from collections.abc import Sequence
from datetime import datetime

from detector.alerting.inert import inert
from detector.alerting.wording_times import LocalTimes
from detector.model.metric import Metric
from detector.model.notification import Reason
from detector.model.state import SourceHealth
from detector.model.verdict import Outcome

__all__ = ["write_late", "write_source", "write_test"]

_MOST_TITLES = 10


def write_source(health: SourceHealth, reason: Reason, metrics: Sequence[Metric], now: datetime) -> tuple[str, str]:
    """Title and body when a source fails, and when it answers again.

    Args:
        health: with the newest error, and since when.
        reason: `SOURCE_FAILING` or `SOURCE_BACK`.
        metrics: those of the reader that need the source: all for the admins, its own for a team.
        now: decides which days are named.
    """
    times = _times(metrics, now)
    is_query = len(metrics) == 1 and metrics[0].name == health.source  # one query fails, the source answers others
    what = f"The query of {inert(metrics[0].title, 80)}" if is_query else f"Source {inert(health.source, 60)}"
    if reason is Reason.SOURCE_BACK:
        return f"{what} answers again", "\n".join(
            [
                f"Watched again: {_titles(metrics)}",
                "What fell into the gap is judged now, in order of time, up to a day of it",
            ]
        )
    since = f" since {times.at(health.failing_since)}" if health.failing_since else ""
    lines = [
        f"Not watched{since} ({times.zone}): {_titles(metrics)}",
        f"Error: {inert(health.error)}" if health.error else "",
        "This says nothing about the business: it may be well or not, nobody is looking",
    ]
    verb = "has failed" if is_query else "has not answered"
    return f"{what} {verb}{since}", "\n".join(line for line in lines if line)


def write_late(metric: Metric, outcome: Outcome, now: datetime) -> tuple[str, str]:
    """Title and body when a witness says that the data, not the shop, has stopped; for the admins.

    Args:
        metric: whose bucket came without rows.
        outcome: its `late` outcome, with the reason in words.
        now: decides which days are named.
    """
    times = LocalTimes(metric.timezone, now)
    when = times.over(outcome.span, metric.every_s)
    title = f"No data for {inert(metric.title, 80)} {when} - the data has stopped, not the shop"
    lines = [
        f"Why we think so: {inert(outcome.reason)}" if outcome.reason else "",
        f"Source: {inert(metric.source, 60)}; times are {metric.timezone}",
        f"Team {inert(metric.team, 60)} was not told; judged as soon as the rows arrive",
    ]
    return title, "\n".join(line for line in lines if line)


def write_test(team: str, now: datetime) -> tuple[str, str]:
    """Title and body of a message that only shows that messages arrive."""
    return f"Test message for team {inert(team, 60)} - nothing is wrong", (
        f"Sent {LocalTimes('UTC', now).at(now)} UTC. If you read this, alerts for this team arrive here"
    )


def _times(metrics: Sequence[Metric], now: datetime) -> LocalTimes:
    return LocalTimes(metrics[0].timezone if metrics else "UTC", now)


def _titles(metrics: Sequence[Metric]) -> str:
    if not metrics:
        return "no metric needs it"
    names = ", ".join(inert(metric.title, 80) for metric in metrics[:_MOST_TITLES])
    more = len(metrics) - _MOST_TITLES
    return f"{names} and {more} more" if more > 0 else names
