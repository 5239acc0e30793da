"""History of members as bytes: one row holds a day of all members of a metric.

Members have their buckets in common, so the starts stand there once; and a tick, which changes all members but only
the newest days, writes one or two rows. A day is one of UTC. Little-endian whatever the machine: `starts` uint32
seconds since the start of the day, `values` and `weights` float64 (members x buckets, nan where nothing is known),
`spoilt` one bit for each value that may not teach; NULL: all may.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from detector.model.grid import DAY_S
from detector.model.panel import Bools, Floats
from detector.model.state import MemberBlock

__all__ = ["PackedDay", "days_of", "join_days", "pack_days"]

_START = np.dtype("<u4")
_VALUE = np.dtype("<f8")


class PackedDay(NamedTuple):
    """One row of the table `member_history`."""

    metric: str
    day: int
    starts: bytes
    values: bytes
    spoilt: bytes | None
    weights: bytes | None


def days_of(block: MemberBlock) -> list[int]:
    """The days that its buckets start in, in order."""
    return sorted(set((block.starts // DAY_S).tolist()))


def pack_days(block: MemberBlock) -> tuple[PackedDay, ...]:
    """The days of a block."""
    days = block.starts // DAY_S
    packed = []
    for day in days_of(block):
        part = slice(*np.searchsorted(days, [day, day + 1]))
        teaches = block.teaches[:, part]
        packed.append(
            PackedDay(
                block.metric,
                day,
                (block.starts[part] - day * DAY_S).astype(_START).tobytes(),
                block.values[:, part].astype(_VALUE).tobytes(),
                None if teaches.all() else np.packbits(~teaches).tobytes(),
                None if block.weights is None else block.weights[:, part].astype(_VALUE).tobytes(),
            )
        )
    return tuple(packed)


def join_days(rows: Sequence[PackedDay], members: int, since_s: int = 0) -> MemberBlock | None:
    """One block from rows of one metric in order of day; buckets that start before `since_s` are left out.

    Raises:
        ValueError: bytes that `pack_days` never writes for so many members.
    """
    blocks = [_unpack(row, members, since_s) for row in rows]
    blocks = [block for block in blocks if block.starts.size]
    if not blocks:
        return None
    starts = np.concatenate([block.starts for block in blocks])
    if (starts[1:] <= starts[:-1]).any():
        raise ValueError(f"history of the members of {rows[0].metric}: its buckets are out of order")
    weights = None
    if any(block.weights is not None for block in blocks):
        parts = [np.full(block.values.shape, np.nan) if block.weights is None else block.weights for block in blocks]
        weights = np.concatenate(parts, axis=1)
    return MemberBlock(
        rows[0].metric,
        starts,
        np.concatenate([block.values for block in blocks], axis=1),
        np.concatenate([block.teaches for block in blocks], axis=1),
        weights,
    )


def _unpack(row: PackedDay, members: int, since_s: int) -> MemberBlock:
    starts = np.frombuffer(row.starts, _START).astype(np.int64) + row.day * DAY_S
    shape = (members, starts.size)
    values, teaches = _numbers(row, row.values, shape), np.ones(shape, dtype=bool)
    if row.spoilt is not None:
        teaches = _teaches(row, row.spoilt, shape)
    weights = None if row.weights is None else _numbers(row, row.weights, shape)
    first = int(np.searchsorted(starts, since_s))
    if first == 0:
        return MemberBlock(row.metric, starts, values, teaches, weights)
    rest = None if weights is None else weights[:, first:]
    return MemberBlock(row.metric, starts[first:], values[:, first:], teaches[:, first:], rest)


def _numbers(row: PackedDay, content: bytes, shape: tuple[int, int]) -> Floats:
    numbers: npt.NDArray[np.float64] = np.frombuffer(content, _VALUE)
    if numbers.size != shape[0] * shape[1]:
        raise ValueError(f"history of the members of {row.metric}, day {row.day}: not of {shape[0]} members")
    return numbers.reshape(shape)


def _teaches(row: PackedDay, content: bytes, shape: tuple[int, int]) -> Bools:
    cells = shape[0] * shape[1]
    if len(content) != (cells + 7) // 8:
        raise ValueError(f"history of the members of {row.metric}, day {row.day}: not of {shape[0]} members")
    teaches: Bools = np.unpackbits(np.frombuffer(content, np.uint8), count=cells).reshape(shape) == 0
    return teaches
