"""Wall time without a zone, and the instants it stands for.

Wall seconds are what a clock on the wall shows, counted as if it were UTC. The hour that autumn repeats stands for its
first pass (the second cannot be told apart); the hour that spring leaves out stands for the instant of the change. So
both mappings rise steadily, and bounds on instants turn into bounds on wall time and back.
"""

from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from detector.model.grid import DAY_S, Grid, grid_of, offset_changes
from detector.model.span import Span, at_epoch

__all__ = ["ambiguous_spans", "instants_of", "walls_of"]

Seconds = npt.NDArray[np.int64]

MARGIN_S = 3 * DAY_S  # wider than any offset and any jump of a zone (Samoa and Kiribati once skipped a whole day)


def walls_of(timezone: str, at_s: Seconds) -> Seconds:
    """The first wall second that stands for each instant or a later one."""
    if not at_s.size:
        return at_s
    change_s, offset_s = _pieces(timezone, int(at_s.min()), int(at_s.max()))
    piece = np.searchsorted(change_s, at_s, side="right")
    walls = at_s + offset_s[piece]
    behind = piece > 0
    last_change_s = change_s[piece[behind] - 1]
    passed = last_change_s + offset_s[piece[behind] - 1]  # what the wall had shown up to before the change
    at_change = at_s[behind] == last_change_s
    walls[behind] = np.where(at_change, passed, np.maximum(walls[behind], passed))
    return walls


def instants_of(timezone: str, walls: Seconds) -> Seconds:
    """The instant that each wall second stands for."""
    if not walls.size:
        return walls
    change_s, offset_s = _pieces(timezone, int(walls.min()), int(walls.max()))
    piece = np.searchsorted(change_s + offset_s[:-1], walls, side="right")
    earliest = np.concatenate([[np.iinfo(np.int64).min], change_s])
    instants: Seconds = np.maximum(walls - offset_s[piece], earliest[piece])
    return instants


def ambiguous_spans(timezone: str, grid: Grid) -> tuple[Span, ...]:
    """The buckets of a grid whose rows cannot be told apart where time columns hold this zone's wall time.

    A bucket that takes in both passes of a repeated hour holds what it should, and is not among them.
    """
    if not len(grid):
        return ()
    first_s, end_s = int(grid.starts[0]), int(grid.ends[-1])
    found = []
    for change in offset_changes(timezone, first_s - MARGIN_S, end_s + MARGIN_S):
        repeated_s = change.before_s - change.after_s
        left_s, right_s = change.at_s - repeated_s, change.at_s + repeated_s
        if repeated_s <= 0 or right_s <= first_s or left_s >= end_s:
            continue
        around = Span(at_epoch(left_s - MARGIN_S), at_epoch(right_s + MARGIN_S))
        buckets = grid_of(grid.timezone, grid.every_s, around)
        touched = np.flatnonzero((buckets.starts < right_s) & (buckets.ends > left_s))
        if touched.size > 1:
            found.append(Span(buckets.span(touched[0]).start_at, buckets.span(touched[-1]).end_at))
    return tuple(found)


def _pieces(timezone: str, low_s: int, high_s: int) -> tuple[Seconds, Seconds]:
    """When the offset changes, shape (k,), and the offsets before, between and after, shape (k + 1,)."""
    # Whole days, so that calls with nearby times find the zone's changes in the cache.
    low_s, high_s = low_s // DAY_S * DAY_S - MARGIN_S, -(high_s // -DAY_S) * DAY_S + MARGIN_S
    changes = offset_changes(timezone, low_s, high_s)
    at_s = np.array([change.at_s for change in changes], dtype=np.int64)
    first_s = changes[0].before_s if changes else _offset_s(timezone, low_s)
    return at_s, np.array([first_s, *(change.after_s for change in changes)], dtype=np.int64)


def _offset_s(timezone: str, at_s: int) -> int:
    offset = at_epoch(at_s).astimezone(ZoneInfo(timezone)).utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0
