"""How far each slot of the week usually strays: opening hours and last buses do not repeat to the minute."""

import numpy as np

from detector.model.panel import Bools, Floats
from detector.stats.days import WEEK, Day

__all__ = ["Habits"]

_MEMORY_DAYS = 60.0
_DECAY = 1.0 - 1.0 / _MEMORY_DAYS
# Days of the whole series as which it counts beside a slot of the day, and weeks of that beside a slot of the week.
_SERIES_DAYS, _SLOT_WEEKS = 20.0, 12.0
# A slot may be calmer than its series by so much: a few quiet weeks prove no more.
_CALMEST = 0.85
_CUT = 4.0  # times the usual deviation: what lies further away is an incident, and no habit


class Habits:
    """The mean absolute deviation of every slot of the week, by window.

    Each leans on that of its slot of the day with its neighbours, and this on the whole series (empirical Bayes with
    fixed weights).
    """

    def __init__(self, windows: int, slots: int, series: int) -> None:
        """Know nothing yet."""
        self._by_day, self._days = np.zeros((windows, slots, series)), np.zeros((slots, series))
        self._by_week = np.zeros((WEEK, windows, slots, series))
        self._weeks = np.zeros((WEEK, slots, series))
        self._usual = np.ones((windows, series))

    def factors(self, day: Day) -> Floats:
        """What to multiply the deviations of a day with, (windows, slots, m): less than 1 where it strays far."""
        total, count = self._by_day.sum(axis=1), self._days.sum(axis=0)
        self._usual = np.where(count > 0, total / np.where(count > 0, count, 1.0), 1.0)
        usual = self._usual[:, None]
        own = _with_neighbours(self._by_day)
        own += _SERIES_DAYS * usual
        own /= _with_neighbours(self._days) + _SERIES_DAYS
        own *= _SLOT_WEEKS
        own += self._by_week[day.weekday]
        own /= self._weeks[day.weekday] + _SLOT_WEEKS
        np.maximum(own, _CALMEST * usual, out=own)
        strays = own > 0
        if strays.all():
            return np.divide(usual, own, out=own)
        return np.where(strays, usual / np.where(strays, own, 1.0), 1.0)

    def learn(self, day: Day, deviations: Floats, usable: Bools) -> None:
        """Take in a whole day, after its factors were asked for.

        Args:
            day: which one it is.
            deviations: in standard deviations by the variance law, either side, (windows, b, m).
            usable: buckets that teach what is usual, (b, m).
        """
        sizes = np.abs(deviations)
        np.minimum(sizes, _CUT * self._usual[:, None], out=sizes)
        sizes *= usable
        seen = usable.astype(np.float64)
        if not (day.is_plain and day.slot.size == day.slots):
            sizes, seen = _by_slot(sizes, day), _by_slot(seen, day)
        for total, decay, new in (
            (self._by_day, _DECAY, sizes),
            (self._days, _DECAY, seen),
            (self._by_week[day.weekday], _DECAY**WEEK, sizes),
            (self._weeks[day.weekday], _DECAY**WEEK, seen),
        ):
            np.multiply(total, decay, out=total)
            np.add(total, new, out=total)


def _by_slot(values: Floats, day: Day) -> Floats:
    table = np.zeros((*values.shape[:-2], day.slots, values.shape[-1]))
    for place, slot in enumerate(day.slot.tolist()):
        table[..., slot, :] += values[..., place, :]
    return table


def _with_neighbours(sums: Floats) -> Floats:
    """Each slot and half of those beside it."""
    near = sums.copy()
    near[..., 1:, :] += 0.5 * sums[..., :-1, :]
    near[..., :-1, :] += 0.5 * sums[..., 1:, :]
    return near
