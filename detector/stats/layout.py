"""Buckets of a grid as a table of local days and slots of the day."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from detector.model.grid import Grid
from detector.model.panel import Floats

__all__ = ["Layout", "layout_of"]

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """Where each bucket stands in a table of days and slots.

    Attributes:
        days, slots: size of the table; `slots` is the number of buckets in a day of 24 hours.
        day, slot: row and column of each bucket, shape (n,).
        first: position of the first bucket of each day, and `n` at the end, shape (days + 1,).
    """

    days: int
    slots: int
    day: Indices
    slot: Indices
    first: Indices

    def table(self, values: Floats) -> Floats:
        """Values (m, n) as (m, days, slots): nan where there is none, the mean where a repeated hour gives two."""
        place = self.day * self.slots + self.slot
        cells = self.days * self.slots
        table = np.full((values.shape[0], cells), np.nan)
        table[:, place] = values
        repeated = np.flatnonzero(np.bincount(place, minlength=cells) > 1)
        for cell in repeated.tolist():
            twins = values[:, place == cell]
            count = np.isfinite(twins).sum(axis=1)
            total = np.where(np.isfinite(twins), twins, 0.0).sum(axis=1)
            table[:, cell] = np.where(count > 0, total / np.maximum(count, 1), np.nan)
        return table.reshape(-1, self.days, self.slots)


def layout_of(grid: Grid) -> Layout:
    """The table of a grid, from the day of its first bucket to the day of its last."""
    local = grid.local_day
    day = np.maximum.accumulate(local - local[0])  # in a repeated hour at midnight the new day has begun for good
    days = int(day[-1]) + 1
    return Layout(days, grid.slots_per_day, day, grid.slot_of_day, np.searchsorted(day, np.arange(days + 1)))
