"""How far each slot of the week usually strays: opening hours and last buses do not repeat to the minute."""

import numpy as np

from detector.model.panel import Bools, Floats
from detector.stats.layout import Layout

__all__ = ["steadied"]

_WEEK = 7
_MEMORY_DAYS = 60.0
# Days of the whole series as which it counts beside a slot of the day, and weeks of that beside a slot of the week.
_SERIES_DAYS, _SLOT_WEEKS = 10.0, 6.0
# A slot may be calmer than its series by so much: a few quiet weeks prove no more.
_CALMEST = 0.85
_CUT = 4.0  # times the usual deviation: what lies further away is an incident, and no habit


def steadied(deviations: Floats, usable: Bools, layout: Layout) -> Floats:
    """Deviations divided by what is usual in their slot, as a part of what is usual in their series, (k, m, n).

    The mean absolute deviation of each slot of the week leans on that of its slot of the day with its neighbours, and
    this on the whole series (empirical Bayes with fixed weights). Each day knows only those before it.

    Args:
        deviations: in standard deviations by the variance law, either side, (k, m, n).
        usable: buckets that teach what is usual, (m, n).
        layout: of the grid.
    """
    factor = np.empty(deviations.shape)
    for place, one in enumerate(deviations):
        factor[place] = layout.row(_factors(layout.table(np.where(usable, np.abs(one), np.nan))))
    return deviations * factor


def _factors(sizes: Floats) -> Floats:
    """What to multiply each cell with, from the days before it; (m, days, slots)."""
    known = np.isfinite(sizes)
    sizes = np.where(known, sizes, 0.0)
    series, days, slots = sizes.shape
    of_day, of_week = np.zeros((2, series, slots)), np.zeros((_WEEK, 2, series, slots))
    factors = np.ones(sizes.shape)
    decay = 1.0 - 1.0 / _MEMORY_DAYS
    for day in range(days):
        weekday = day % _WEEK
        total, count = of_day.sum(axis=2)
        usual = np.where(count > 0, total / np.where(count > 0, count, 1.0), 1.0)[:, None]
        near, seen = _with_neighbours(of_day)
        slot = (near + _SERIES_DAYS * usual) / (seen + _SERIES_DAYS)
        own, weeks = of_week[weekday]
        expected = np.maximum((own + _SLOT_WEEKS * slot) / (weeks + _SLOT_WEEKS), _CALMEST * usual)
        factors[:, day] = np.where(expected > 0, usual / np.where(expected > 0, expected, 1.0), 1.0)
        today = np.stack([np.minimum(sizes[:, day], _CUT * usual), known[:, day].astype(float)])
        of_day = of_day * decay + today
        of_week[weekday] = of_week[weekday] * decay**_WEEK + today
    return factors


def _with_neighbours(sums: Floats) -> Floats:
    """Each slot and half of those beside it."""
    near = sums.copy()
    near[..., 1:] += 0.5 * sums[..., :-1]
    near[..., :-1] += 0.5 * sums[..., 1:]
    return near
