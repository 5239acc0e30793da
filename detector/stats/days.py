"""Local days: the blocks in which series are expected, judged and learned from; time first, series last."""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from detector.model.grid import Grid
from detector.model.panel import Bools, Floats, Panel

__all__ = ["WEEK", "Day", "days_of", "last_day_of"]

WEEK = 7

Array = TypeVar("Array", Floats, Bools)


@dataclass(frozen=True, slots=True, eq=False)
class Day:
    """One local day of a grid, or as much of it as there is: `b` buckets.

    Attributes:
        number: of the local day since 1970.
        buckets: where they stand in the grid.
        slots: buckets in a day of 24 hours.
        slot: which of those each bucket is, (b,); one comes twice in an hour that is repeated.
        length: of each over its nominal length, (b, 1).
        weekday: Monday 0 to Sunday 6.
        is_off, is_unsettled: a day off; a day on which some are off.
        occasion: which holiday it is or is near, the same every year; 0 if that is not known.
        begins_week: every seventh day is one, wherever the grid begins: what is learned weekly is learned before it.
        is_plain: its buckets are the first slots of the day in their order.
        has_odd_lengths: one of them is longer or shorter than the others.
    """

    number: int
    buckets: slice
    slots: int
    slot: npt.NDArray[np.int64]
    length: Floats
    weekday: int
    is_off: bool
    is_unsettled: bool
    begins_week: bool
    is_plain: bool
    has_odd_lengths: bool
    occasion: int

    @property
    def is_whole(self) -> bool:
        """Its buckets are the slots."""
        return self.is_plain and self.slot.size == self.slots

    def in_buckets(self, values: Array) -> Array:
        """Values of slots (..., slots, m) for the buckets, (..., b, m)."""
        return values[..., : self.slot.size, :] if self.is_plain else values[..., self.slot, :]

    def in_slots(self, values: Floats) -> Floats:
        """Values (b, m) by slot, (slots, m): nan where there is none, the mean where a repeated hour gives two."""
        if self.is_whole:
            return values
        table = np.full((self.slots, values.shape[1]), np.nan)
        table[self.slot] = values
        for slot in np.flatnonzero(np.bincount(self.slot, minlength=self.slots) > 1).tolist():
            twins = values[self.slot == slot]
            count = np.isfinite(twins).sum(axis=0)
            total = np.where(np.isfinite(twins), twins, 0.0).sum(axis=0)
            table[slot] = np.where(count > 0, total / np.maximum(count, 1), np.nan)
        return table


def last_day_of(grid: Grid) -> int:
    """Position of the first bucket of a grid's last local day."""
    local = np.maximum.accumulate(grid.local_day)
    return int(np.searchsorted(local, local[-1]))


def days_of(panel: Panel) -> list[Day]:
    """The local days of a panel, in order; a day is off or unsettled where one of its buckets is."""
    grid = panel.grid
    local = np.maximum.accumulate(grid.local_day)  # in a repeated hour at midnight the new day has begun for good
    edges = np.flatnonzero(np.diff(local, prepend=local[0] - 1)).tolist()
    slot, length, weekday = grid.slot_of_day, grid.length_ratio[:, None], grid.weekday
    unsettled = np.zeros(len(grid), dtype=bool) if panel.is_unsettled is None else panel.is_unsettled
    occasion = np.zeros(len(grid), dtype=np.int64) if panel.occasion is None else panel.occasion
    days = []
    for begin, end in zip(edges, [*edges[1:], len(grid)], strict=True):
        part = slice(begin, end)
        days.append(
            Day(
                number=int(local[begin]),
                buckets=part,
                slots=grid.slots_per_day,
                slot=slot[part],
                length=length[part],
                weekday=int(weekday[end - 1]),
                is_off=bool(panel.is_holiday[part].any()),
                is_unsettled=bool(unsettled[part].any()),
                begins_week=int(local[begin]) % WEEK == 0,
                is_plain=bool(np.array_equal(slot[part], np.arange(end - begin))),
                has_odd_lengths=bool(np.any(length[part] != 1.0)),
                occasion=int(occasion[part].max()),
            )
        )
    return days
