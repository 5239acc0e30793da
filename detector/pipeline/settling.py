"""When what is anomalous has become how it is: nobody said so, and it has stood for long."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from detector.alerting.runs import NORMAL_TO_RESOLVE
from detector.model.grid import DAY_S
from detector.model.incident import IncidentMetric
from detector.model.metric import Metric
from detector.model.verdict import Outcome

__all__ = ["settled"]

STEADY_DAYS = 7
"""Whole days on one level, each weekday once: no outage that somebody works on looks like that."""

ANY_DAYS = 28
"""After four weeks it is how it is, steady or not: the ten weeks that are learned from would come to an end."""

ALIKE = 1.25
"""The largest day over the smallest, each over what was expected: a day of business strays by some per cent, and a
leak that grows by more within a week."""

ALIKE_GAPS = 1.5
"""The same of levels and shares, where the distance to what was expected is compared."""

CLOSED = 0.2
"""Less than this part of what is usual is no level (as in detector.stats.shift): it may be back any day."""


DAY, NO_TIME = timedelta(days=1), timedelta(0)


@dataclass(frozen=True, slots=True)
class _Day:
    """One whole local day of an anomaly: when it began, and the means of what came and what was expected."""

    day: date
    start_at: datetime
    value: float
    expected: float


def settled(
    part: IncidentMetric, metric: Metric, timeline: Sequence[Outcome], closed_at: datetime | None = None
) -> IncidentMetric:
    """The part with the level that it has come to stay at, if it has.

    It is one once `STEADY_DAYS` whole local days in a row are on one level, and then began with the first of them; and
    after `ANY_DAYS` in any case, from the last `STEADY_DAYS` of those on. Only days that are over count, oldest first:
    whichever tick looks finds the same. A known level stays.

    What goes on in an incident after a person has closed it teaches, and the baseline takes it by itself after days. If
    that is what ended it, and not that values came back, it must not be unlearned: it is a level since the closing.

    Args:
        part: as it stands now.
        metric: what it is about.
        timeline: its outcomes in order of time, those of before its beginning may be among them.
        closed_at: when a person closed its incident, where it is over now.
    """
    if part.level_since is not None or part.bound is not None:
        return part
    if closed_at is not None:
        is_level = part.span.end_at > closed_at and not _came_back(part, timeline)
        return replace(part, level_since=max(closed_at, part.span.start_at)) if is_level else part
    days = list(_days(metric, timeline, part.span.start_at, timeline[-1].span.end_at))
    for window in _windows(days, STEADY_DAYS):
        if _is_steady(window, metric):
            return replace(part, level_since=window[0].start_at)
    if len(days) >= ANY_DAYS:
        return replace(part, level_since=days[ANY_DAYS - STEADY_DAYS].start_at)
    return part


def _came_back(part: IncidentMetric, timeline: Sequence[Outcome]) -> bool:
    """Whether the buckets that ended it are more like what was expected of those hours when it began than like it."""
    inside = [one for one in timeline if part.span.start_at <= one.span.start_at < part.span.end_at]
    ending = [one for one in timeline if one.span.start_at >= part.span.end_at and one.in_range][:NORMAL_TO_RESOLVE]
    came, went_on, expected = 0.0, 0.0, 0.0
    for one in ending:
        same = [other for other in inside if (one.span.start_at - other.span.start_at) % DAY == NO_TIME]
        told = [other for other in same if other.value is not None and other.expected is not None]
        if told and one.value is not None:
            came += one.value
            went_on += told[-1].value or 0.0
            expected += told[0].expected or 0.0
    return abs(came - expected) <= abs(came - went_on)


def _days(metric: Metric, timeline: Sequence[Outcome], since: datetime, until: datetime) -> Iterator[_Day]:
    """Days that lie in a span as a whole, and of which at least half is known."""
    zone = ZoneInfo(metric.timezone)
    first, last = since.astimezone(zone), until.astimezone(zone)
    by_day: dict[date, list[Outcome]] = {}
    for one in timeline:
        day = one.span.start_at.astimezone(zone).date()
        if first.date() <= day < last.date():
            by_day.setdefault(day, []).append(one)
    for day, outcomes in sorted(by_day.items()):
        told = [(one.value, one.expected) for one in outcomes if one.value is not None and one.expected is not None]
        is_whole = outcomes[0].span.start_at >= since
        if is_whole and 2 * len(told) * metric.every_s >= DAY_S:
            value = sum(value for value, _ in told) / len(told)
            expected = sum(expected for _, expected in told) / len(told)
            yield _Day(day, outcomes[0].span.start_at, value, expected)


def _windows(days: Sequence[_Day], count: int) -> Iterator[Sequence[_Day]]:
    """So many days in a row, oldest first."""
    for start in range(len(days) - count + 1):
        window = days[start : start + count]
        if all((after.day - before.day).days == 1 for before, after in pairwise(window)):
            yield window


def _is_steady(days: Sequence[_Day], metric: Metric) -> bool:
    if metric.kind.adds_up:
        if any(day.expected <= 0 for day in days):
            return False
        left = [day.value / day.expected for day in days]
        return min(left) > CLOSED and max(left) <= ALIKE * min(left)
    gaps = [day.expected - day.value for day in days]
    sizes = [abs(gap) for gap in gaps]
    return (min(gaps) > 0 or max(gaps) < 0) and max(sizes) <= ALIKE_GAPS * min(sizes)
