"""Buckets: where a metric's timezone is cut into `every`, on days of 23, 24 and 25 hours alike.

A bucket boundary is an instant at which the wall clock of the timezone shows a multiple of `every` since local
midnight. Buckets of up to an hour keep the repeated hour of autumn apart (two buckets, told apart by UTC); longer ones
take it in (a day of 25 hours is one bucket). A gap in spring gives a shorter bucket or none.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Self
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from detector.model.span import Span, at_epoch, epoch_s

__all__ = ["DAY_S", "HOUR_S", "Grid", "OffsetChange", "grid_of", "last_closed_end", "offset_changes"]

HOUR_S = 3600
DAY_S = 24 * HOUR_S

Seconds = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class OffsetChange:
    """A timezone leaves `before_s` for `after_s` (seconds east of UTC) at `at_s` (epoch seconds).

    `after_s < before_s` repeats wall time (autumn), `after_s > before_s` leaves some out (spring).
    """

    at_s: int
    before_s: int
    after_s: int


def _offset_s(zone: ZoneInfo, at_s: int) -> int:
    offset = at_epoch(at_s).astimezone(zone).utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0


@lru_cache(maxsize=256)
def offset_changes(timezone: str, start_s: int, end_s: int) -> tuple[OffsetChange, ...]:
    """Every change of a timezone's offset after `start_s` and up to `end_s` (epoch seconds), in order.

    Looks twice a day and halves the interval of a difference down to the second; two changes within twelve hours that
    cancel each other out have never happened in any zone since 1970.
    """
    zone = ZoneInfo(timezone)
    found: list[OffsetChange] = []
    step_s = DAY_S // 2
    low_s, low_offset = start_s, _offset_s(zone, start_s)
    while low_s < end_s:
        high_s = min(low_s + step_s, end_s)
        high_offset = _offset_s(zone, high_s)
        if high_offset != low_offset:
            left, right = low_s, high_s
            while right - left > 1:
                middle = (left + right) // 2
                if _offset_s(zone, middle) == low_offset:
                    left = middle
                else:
                    right = middle
            found.append(OffsetChange(right, low_offset, high_offset))
        low_s, low_offset = high_s, high_offset
    return tuple(found)


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """`n` buckets in a row, without holes: bucket `i` is `[starts[i], ends[i])`.

    Attributes:
        timezone: IANA name of the zone in which the buckets are cut.
        every_s: nominal length in seconds.
        starts, ends: epoch seconds in UTC, shape (n,).
        walls: wall clock of each start as if it were UTC, in seconds since 1970, shape (n,); from it follow hour and
            weekday. A bucket that a spring gap makes begin late keeps its nominal wall start.
    """

    timezone: str
    every_s: int
    starts: Seconds
    ends: Seconds
    walls: Seconds

    def __len__(self) -> int:
        """How many buckets."""
        return int(self.starts.size)

    def __getitem__(self, part: slice) -> Self:
        """A run of the buckets as a grid of its own (views, no copies)."""
        return type(self)(self.timezone, self.every_s, self.starts[part], self.ends[part], self.walls[part])

    @property
    def slots_per_day(self) -> int:
        """Buckets in a day of 24 hours."""
        return DAY_S // self.every_s

    @property
    def slot_of_day(self) -> Seconds:
        """Which bucket of its local day each one is, from 0, shape (n,)."""
        return self.walls % DAY_S // self.every_s

    @property
    def local_day(self) -> Seconds:
        """Local calendar day as days since 1970-01-01, shape (n,)."""
        return self.walls // DAY_S

    @property
    def weekday(self) -> Seconds:
        """Local day of the week, Monday 0 to Sunday 6, shape (n,)."""
        return (self.walls // DAY_S + 3) % 7

    @property
    def length_ratio(self) -> npt.NDArray[np.float64]:
        """Length of each bucket over its nominal length: 1 but for the days of a clock change, shape (n,)."""
        return (self.ends - self.starts) / float(self.every_s)

    def span(self, index: int) -> Span:
        """Start and end of one bucket."""
        return Span(at_epoch(int(self.starts[index])), at_epoch(int(self.ends[index])))

    def index_of(self, start_s: int) -> int:
        """Position of the bucket that starts at `start_s`; -1 where none does."""
        index = int(np.searchsorted(self.starts, start_s))
        return index if index < len(self) and int(self.starts[index]) == start_s else -1


@lru_cache(maxsize=64)
def _grid_between(timezone: str, every_s: int, start_s: int, end_s: int) -> Grid:
    """All buckets that start in [start_s, end_s)."""
    margin_s = 2 * DAY_S + every_s  # so that the bucket after the last one, and so its end, is among them
    low_s, high_s = start_s - margin_s, end_s + margin_s
    zone = ZoneInfo(timezone)
    changes = offset_changes(timezone, low_s, high_s)
    edges = [low_s, *(change.at_s for change in changes), high_s]
    starts: list[Seconds] = []
    walls: list[Seconds] = []
    for left, right in pairwise(edges):
        offset = _offset_s(zone, left)
        first = -((left + offset) // -every_s) * every_s  # first wall boundary at or after the segment's start
        wall = np.arange(first, right + offset, every_s, dtype=np.int64)
        if left != low_s and (wall.size == 0 or int(wall[0]) != left + offset):
            # The clock jumped into the middle of a bucket: what follows the jump belongs to the nominal start before.
            wall = np.concatenate([np.array([first - every_s], dtype=np.int64), wall])
        start = np.maximum(wall - offset, left)
        starts.append(start)
        walls.append(wall)
    all_starts, all_walls = np.concatenate(starts), np.concatenate(walls)
    keep = np.ones(all_starts.size, dtype=bool)
    if every_s > HOUR_S:  # longer buckets go by wall clock alone: the second piece of one wall bucket joins the first
        keep[1:] = all_walls[1:] > np.maximum.accumulate(all_walls)[:-1]
    else:
        same = np.zeros(all_starts.size, dtype=bool)
        same[1:] = (all_walls[1:] == all_walls[:-1]) & (all_starts[1:] > all_starts[:-1])
        # A forward jump inside a bucket splits nothing: both pieces are one bucket.
        forward = np.isin(all_starts, [change.at_s for change in changes if change.after_s > change.before_s])
        keep &= ~(same & forward)
    all_starts, all_walls = all_starts[keep], all_walls[keep]
    all_ends = np.append(all_starts[1:], high_s)
    inside = (all_starts >= start_s) & (all_starts < end_s)
    return Grid(timezone, every_s, all_starts[inside], all_ends[inside], all_walls[inside])


def grid_of(timezone: str, every_s: int, span: Span) -> Grid:
    """The buckets that start inside the span.

    Args:
        timezone: IANA name.
        every_s: bucket length in seconds; divides a day.
        span: in UTC; its ends need not be boundaries.

    Raises:
        ValueError: a length that does not divide a day.
        ZoneInfoNotFoundError: an unknown timezone.
    """
    if every_s <= 0 or DAY_S % every_s:
        msg = f"{every_s} seconds do not divide a day"
        raise ValueError(msg)
    return _grid_between(timezone, every_s, _ceil_s(span.start_at), _ceil_s(span.end_at))


def _ceil_s(at: datetime) -> int:
    return epoch_s(at) + (at.microsecond > 0)


def last_closed_end(timezone: str, every_s: int, now: datetime, lateness_s: int) -> datetime:
    """The end of the newest bucket that has ended `lateness_s` ago or more."""
    closed_by = now.astimezone(UTC) - timedelta(seconds=lateness_s)
    grid = grid_of(timezone, every_s, Span(closed_by - timedelta(seconds=2 * every_s + 2 * DAY_S), closed_by))
    ends = grid.ends[grid.ends <= epoch_s(closed_by)]
    return at_epoch(int(ends[-1]))
