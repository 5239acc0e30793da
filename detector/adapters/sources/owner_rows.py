"""The rows of an owner's SELECT: times of any kind into buckets of the grid."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from math import isfinite
from zoneinfo import ZoneInfo

import numpy as np

from detector.adapters.sources.answers import Answer, floats_of
from detector.adapters.sources.time_columns import MILLISECONDS_FROM, Seconds
from detector.adapters.sources.walls import ambiguous_spans, instants_of
from detector.errors import BadRows
from detector.model.grid import DAY_S, HOUR_S, Grid, grid_of
from detector.model.metric import Metric
from detector.model.rows import BucketRows
from detector.model.span import Span, at_epoch, epoch_s

__all__ = ["long_rows"]

EARLIEST_S = epoch_s(datetime(1971, 1, 1, tzinfo=UTC))  # what is before is a zero or a typing error
LATEST_S = epoch_s(datetime(9000, 1, 1, tzinfo=UTC))
FAR_S = 2**60  # beyond every calendar, and still an int64
NEAR_S = 30 * DAY_S
CLOCK_SLACK_S = 300
SHOWN = 80


def long_rows(answer: Answer, metric: Metric, span: Span, wall_zone: str, date_zone: str) -> BucketRows:
    """The rows of an owner's SELECT, sorted, with a bucket of the grid for each.

    `wall_zone` is where times without a zone are, `date_zone` where days begin.

    Raises:
        BadRows: a missing column, no number, no time, no start of a bucket, two rows for one bucket.
    """
    grid = grid_of(metric.timezone, metric.every_s, span)
    times = [_time(bucket) for bucket in answer.column("bucket")]
    starts, has_walls = _starts(times, date_zone, wall_zone, span)
    values = floats_of(answer.column("value"), "value")
    order = np.argsort(starts, kind="stable")
    starts, values = starts[order], values[order]
    inside = (starts >= epoch_s(span.start_at)) & (starts < epoch_s(span.end_at))
    warnings = _out_of_range(starts[~inside], metric, span)
    starts, values = starts[inside], values[inside]
    _check_starts(starts, grid)
    ambiguous = ambiguous_spans(wall_zone, grid) if has_walls else ()
    return BucketRows(starts, values, ambiguous=ambiguous, warnings=warnings)


def _starts(times: Sequence[int | datetime | date], date_zone: str, wall_zone: str, span: Span) -> tuple[Seconds, bool]:
    """Epoch seconds, and whether any was wall time."""
    instants = [epoch_s(_aware(at)) if isinstance(at, date) else at for at in times]
    starts = np.clip(np.array(instants, dtype=object), -FAR_S, FAR_S).astype(np.int64)
    has_zone = np.array([isinstance(at, int) or getattr(at, "tzinfo", None) is not None for at in times], dtype=bool)
    is_date = np.array([isinstance(at, date) and not isinstance(at, datetime) for at in times], dtype=bool)
    # Only near the span: a zone's changes are looked up day by day, and what lies far off does not count anyway.
    is_near = np.abs(starts - epoch_s(span.start_at)) < NEAR_S + int(span.length.total_seconds())
    for zone, is_in_zone in ((date_zone, is_date), (wall_zone, ~has_zone & ~is_date)):
        chosen = is_in_zone & is_near
        starts[chosen] = instants_of(zone, starts[chosen])
    return starts, bool((~has_zone & ~is_date).any())


def _aware(at: date) -> datetime:
    """A wall clock or a day as if it were UTC; a time with a zone as it is."""
    if not isinstance(at, datetime):
        return datetime(at.year, at.month, at.day, tzinfo=UTC)
    if at.microsecond:
        raise BadRows(f"bucket {at} has a fraction of a second: cut it to the start of its bucket")
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


def _time(bucket: object) -> int | datetime | date:
    if isinstance(bucket, date):  # and so datetime
        return bucket
    if isinstance(bucket, str):
        return _iso(bucket)
    if isinstance(bucket, int | float | Decimal) and not isinstance(bucket, bool) and _is_whole(bucket):
        return _epoch(int(bucket))
    shown = repr(bucket)[:SHOWN]
    raise BadRows(f"column bucket holds {shown} ({type(bucket).__name__}), which is no time; return a timestamp")


def _epoch(number: int) -> int:
    return number // 1000 if abs(number) >= MILLISECONDS_FROM and number % 1000 == 0 else number


def _is_whole(number: float | Decimal) -> bool:
    return isfinite(number) and number == int(number)


def _iso(bucket: str) -> datetime | date:
    try:
        return date.fromisoformat(bucket) if len(bucket) == len("2026-01-01") else datetime.fromisoformat(bucket)
    except ValueError:
        shown = repr(bucket)[:SHOWN]
        raise BadRows(f"column bucket holds {shown}, which is no time; write YYYY-MM-DD HH:MM:SS") from None


def _out_of_range(starts: Seconds, metric: Metric, span: Span) -> tuple[str, ...]:
    absurd = (starts < EARLIEST_S) | (starts > LATEST_S)
    slack_s = metric.every_s + metric.lateness_s + CLOCK_SLACK_S
    ahead = starts[~absurd & (starts > epoch_s(span.end_at) + slack_s)]
    warnings = []
    if absurd.any():
        warnings.append(f"{_rows(int(absurd.sum()))} out of range left out, such as {_shown(int(starts[absurd][0]))}")
    if ahead.size:
        newest = int(ahead[-1])
        lead = _duration(newest - epoch_s(span.end_at))
        warnings.append(
            f"{_rows(ahead.size)} after the time asked for left out, the newest at {_shown(newest)}: "
            f"the source's clock is ahead by {lead}, or the query does not stop at :end"
        )
    return tuple(warnings)


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count} rows"


def _shown(at_s: int) -> str:
    try:
        return at_epoch(at_s).strftime("%Y-%m-%d %H:%M UTC")
    except (OverflowError, ValueError, OSError):
        return f"{at_s} s since 1970"


def _check_starts(starts: Seconds, grid: Grid) -> None:
    every, zone = _duration(grid.every_s), ZoneInfo(grid.timezone)
    places = np.minimum(np.searchsorted(grid.starts, starts), max(len(grid) - 1, 0))
    wrong = starts[grid.starts[places] != starts] if len(grid) else starts
    if wrong.size:
        at = at_epoch(int(wrong[0])).astimezone(zone)
        raise BadRows(
            f"bucket {at:%Y-%m-%d %H:%M:%S %z} starts no bucket of {every}: return the start of each bucket, where the "
            f"clock of {grid.timezone} shows a multiple of {every} since midnight"
        )
    repeated = starts[1:][starts[1:] == starts[:-1]]
    if repeated.size:
        at, count = at_epoch(int(repeated[0])).astimezone(zone), int((starts == repeated[0]).sum())
        raise BadRows(f"{count} rows for {at:%H:%M} ({at:%Y-%m-%d}), add GROUP BY: one row for each bucket")


def _duration(seconds: int) -> str:
    """Write a length of time as rules do."""
    for unit_s, unit in ((DAY_S, "d"), (HOUR_S, "h"), (60, "m")):
        if seconds >= unit_s and (seconds % unit_s == 0 or seconds >= 2 * unit_s):
            return f"{seconds // unit_s}{unit}"
    return f"{seconds}s"
