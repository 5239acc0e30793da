"""History as bytes: one row holds a metric's buckets of one week.

A week is seven days of UTC, counted from 1970-01-01 (so it begins on a Thursday; nobody sees it). Buckets lie in order
of time, little-endian whatever the machine: `starts` uint32 seconds since the start of the week, `values` and `weights`
float64, `flags` uint8 (1 known, 2 teaches). Ten weeks of 10,000 series are 100,000 rows instead of 17 million.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from detector.model.panel import Floats
from detector.model.state import HistoryBlock

__all__ = ["WEEK_S", "PackedWeek", "pack", "unpack"]

WEEK_S = 7 * 24 * 3600

_START = np.dtype("<u4")
_VALUE = np.dtype("<f8")
_FLAG = np.dtype("u1")
_KNOWN, _TEACHES = 1, 2


class PackedWeek(NamedTuple):
    """One row of the table `history`."""

    metric: str
    week: int
    starts: bytes
    values: bytes
    flags: bytes
    weights: bytes | None

    def check(self) -> None:
        n = len(self.flags)
        lengths = {len(self.starts) // _START.itemsize, len(self.values) // _VALUE.itemsize}
        if self.weights is not None:
            lengths.add(len(self.weights) // _VALUE.itemsize)
        if lengths != {n}:
            raise ValueError(f"history of {self.metric}, week {self.week}: its parts differ in length")


def pack(block: HistoryBlock, stored: Sequence[PackedWeek] = ()) -> tuple[PackedWeek, ...]:
    """The weeks of a block, merged into what is stored of them: where a bucket is in both, the block's replaces it."""
    merged = _merge(unpack(stored).get(block.metric), block)
    weeks = merged.starts // WEEK_S
    flags = (merged.known * _KNOWN + merged.teaches * _TEACHES).astype(_FLAG)
    packed = []
    for week in np.unique(block.starts // WEEK_S):
        part = slice(*np.searchsorted(weeks, [week, week + 1]))
        weights = None if merged.weights is None else merged.weights[part].astype(_VALUE).tobytes()
        packed.append(
            PackedWeek(
                block.metric,
                int(week),
                (merged.starts[part] - week * WEEK_S).astype(_START).tobytes(),
                merged.values[part].astype(_VALUE).tobytes(),
                flags[part].tobytes(),
                weights,
            ),
        )
    return tuple(packed)


def _merge(old: HistoryBlock | None, new: HistoryBlock) -> HistoryBlock:
    blocks = [block for block in (new, old) if block is not None]
    starts, first = np.unique(np.concatenate([block.starts for block in blocks]), return_index=True)
    weighted = any(block.weights is not None for block in blocks)
    return HistoryBlock(
        new.metric,
        starts.astype(np.int64),
        np.concatenate([block.values for block in blocks])[first],
        np.concatenate([block.known for block in blocks])[first],
        np.concatenate([block.teaches for block in blocks])[first],
        np.concatenate([_weights(block) for block in blocks])[first] if weighted else None,
    )


def _weights(block: HistoryBlock) -> Floats:
    return np.full(block.starts.size, np.nan) if block.weights is None else block.weights


def unpack(rows: Iterable[PackedWeek], since_s: int | None = None) -> dict[str, HistoryBlock]:
    """Blocks by metric from rows in order of metric and week; buckets that start before `since_s` are left out.

    All rows are laid end to end and read at once: a call of numpy per row would cost more than the data.
    """
    weeks = list(rows)
    for week in weeks:
        week.check()
    starts = _read(b"".join(week.starts for week in weeks), _START).astype(np.int64)
    starts += np.repeat(np.array([week.week * WEEK_S for week in weeks], np.int64), [len(week.flags) for week in weeks])
    values = _read(b"".join(week.values for week in weeks), _VALUE)
    flags = _read(b"".join(week.flags for week in weeks), _FLAG)
    keep = np.ones(starts.size, dtype=bool) if since_s is None else starts >= since_s
    blocks = {}
    for metric, part, weights in _metrics(weeks):
        kept = keep[part]
        if kept.any():
            blocks[metric] = HistoryBlock(
                metric,
                starts[part][kept],
                values[part][kept],
                (flags[part][kept] & _KNOWN) > 0,
                (flags[part][kept] & _TEACHES) > 0,
                None if weights is None else _read(weights, _VALUE)[kept],
            )
    return blocks


def _read(data: bytes, dtype: np.dtype[np.generic]) -> npt.NDArray[np.generic]:
    return np.frombuffer(data, dtype)


def _metrics(weeks: Sequence[PackedWeek]) -> Iterable[tuple[str, slice, bytes | None]]:
    """Each metric's stretch of the joined arrays, and its weights; weeks without any count as unknown weights."""
    offset, first = 0, 0
    for last in range(1, len(weeks) + 1):
        if last < len(weeks) and weeks[last].metric == weeks[first].metric:
            continue
        mine = weeks[first:last]
        n = sum(len(week.flags) for week in mine)
        weights = None
        if any(week.weights is not None for week in mine):
            unknown = np.array(np.nan, _VALUE).tobytes()
            weights = b"".join(unknown * len(week.flags) if week.weights is None else week.weights for week in mine)
        yield weeks[first].metric, slice(offset, offset + n), weights
        offset, first = offset + n, last
