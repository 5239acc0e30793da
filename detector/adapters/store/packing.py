"""History as bytes: one row holds a metric's buckets of one week.

A week is seven days of UTC, counted from 1970-01-01 (so it begins on a Thursday; nobody sees it). Buckets lie in order
of time, little-endian whatever the machine: `starts` uint32 seconds since the start of the week, `values` and `weights`
float64, `flags` uint8 (1 known, 2 teaches). Ten weeks of 10,000 series are 100,000 rows instead of 17 million.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from detector.model.panel import Floats
from detector.model.state import HistoryBlock

__all__ = ["WEEK_S", "PackedWeek", "pack", "unpack", "weeks_of"]

WEEK_S = 7 * 24 * 3600

_START = np.dtype("<u4")
_VALUE = np.dtype("<f8")
_FLAG = np.dtype("u1")
_KNOWN, _TEACHES = 1, 2
_UNKNOWN = np.array(np.nan, _VALUE).tobytes()

Ints = npt.NDArray[np.int64]
T = TypeVar("T", bound=np.generic)


class PackedWeek(NamedTuple):
    """One row of the table `history`."""

    metric: str
    week: int
    starts: bytes
    values: bytes
    flags: bytes
    weights: bytes | None


def weeks_of(block: HistoryBlock) -> list[int]:
    """The weeks that its buckets start in, in order."""
    return sorted(set((block.starts // WEEK_S).tolist()))


def pack(block: HistoryBlock, stored: Sequence[PackedWeek] = ()) -> tuple[PackedWeek, ...]:
    """The weeks of a block, merged into what is stored of them: where a bucket is in both, the block's replaces it."""
    merged = _merge(unpack(stored).get(block.metric), block)
    weeks = merged.starts // WEEK_S
    flags = (merged.known * _KNOWN + merged.teaches * _TEACHES).astype(_FLAG)
    packed = []
    for week in weeks_of(block):
        part = slice(*np.searchsorted(weeks, [week, week + 1]))
        weights = None if merged.weights is None else merged.weights[part].astype(_VALUE).tobytes()
        packed.append(
            PackedWeek(
                block.metric,
                week,
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

    All rows are laid end to end and read at once, and a block is a view of its stretch: calls of numpy and copies for
    each row would cost more than the data.

    Raises:
        ValueError: bytes that `pack` never writes.
    """
    weeks = list(rows)
    sizes = np.array([len(week.flags) for week in weeks], np.int64)
    _check(weeks, sizes)
    starts = _joined([week.starts for week in weeks], _START).astype(np.int64)
    starts += np.repeat(np.array([week.week * WEEK_S for week in weeks], np.int64), sizes)
    values = _joined([week.values for week in weeks], _VALUE)
    flags = _joined([week.flags for week in weeks], _FLAG)
    known, teaches = (flags & _KNOWN) > 0, (flags & _TEACHES) > 0
    blocks = {}
    for metric, part, weights in _metrics(weeks, sizes):
        mine = starts[part]
        if (mine[1:] <= mine[:-1]).any():
            raise ValueError(f"history of {metric}: its buckets are out of order")
        first = 0 if since_s is None else int(np.searchsorted(mine, since_s))
        kept = slice(part.start + first, part.stop)
        if kept.start < kept.stop:
            left = None if weights is None else weights[first:]
            blocks[metric] = HistoryBlock(metric, starts[kept], values[kept], known[kept], teaches[kept], left)
    return blocks


def _check(weeks: Sequence[PackedWeek], sizes: Ints) -> None:
    """Parts of one length, or an exception; a shifted byte would turn all numbers behind it into others."""
    lengths = [
        (len(week.starts), len(week.values), len(week.values if week.weights is None else week.weights))
        for week in weeks
    ]
    expected = sizes[:, np.newaxis] * [_START.itemsize, _VALUE.itemsize, _VALUE.itemsize]
    wrong = (np.array(lengths, np.int64).reshape(-1, 3) != expected).any(axis=1)
    if wrong.any():
        week = weeks[int(np.argmax(wrong))]
        raise ValueError(f"history of {week.metric}, week {week.week}: its parts differ in length")


def _joined(parts: Sequence[bytes], dtype: np.dtype[T]) -> npt.NDArray[T]:
    return np.frombuffer(bytearray().join(parts), dtype)  # of a bytearray, as numpy would not write to bytes


def _metrics(weeks: Sequence[PackedWeek], sizes: Ints) -> Iterator[tuple[str, slice, Floats | None]]:
    """Each metric's stretch of the joined arrays, and its weights; weeks without any count as unknown weights."""
    ends = np.cumsum(sizes).tolist()
    first = 0
    for last in range(1, len(weeks) + 1):
        if last < len(weeks) and weeks[last].metric == weeks[first].metric:
            continue
        mine = weeks[first:last]
        weights = None
        if any(week.weights is not None for week in mine):
            weights = _joined([week.weights or _UNKNOWN * len(week.flags) for week in mine], _VALUE)
        yield weeks[first].metric, slice(ends[first] - len(weeks[first].flags), ends[last - 1]), weights
        first = last
