"""How far each slot of the week usually strays: opening hours and last buses do not repeat to the minute."""

import numpy as np

from detector.model.panel import Bools, Floats
from detector.stats.layout import Layout

__all__ = ["steadied"]

_WEEK = 7
_MEMORY_DAYS = 60.0
# Days of the whole series as which it counts beside a slot of the day, and weeks of that beside a slot of the week.
_SERIES_DAYS, _SLOT_WEEKS = 20.0, 12.0
# A slot may be calmer than its series by so much: a few quiet weeks prove no more.
_CALMEST = 0.85
_CUT = 4.0  # times the usual deviation: what lies further away is an incident, and no habit


def steadied(deviations: Floats, usable: Bools, layout: Layout) -> Floats:
    """Deviations divided by what is usual in their slot, as a part of what is usual in their series, (k, m, n).

    The mean absolute deviation of each slot of the week leans on that of its slot of the day with its neighbours, and
    this on the whole series (empirical Bayes with fixed weights). Each week knows only those before it.

    Args:
        deviations: in standard deviations by the variance law, either side, (k, m, n).
        usable: buckets that teach what is usual, (m, n).
        layout: of the grid.
    """
    flat = np.where(usable, np.abs(deviations), np.nan).reshape(-1, deviations.shape[-1])
    factors = _factors(layout.table(flat), layout)
    return deviations * layout.row(factors).reshape(deviations.shape)


def _factors(sizes: Floats, layout: Layout) -> Floats:
    """What to multiply each cell with, from the weeks before it; (rows, days, slots)."""
    known = np.isfinite(sizes)
    sizes = np.where(known, sizes, 0.0)
    rows, _, slots = sizes.shape
    of_day, of_week = np.zeros((2, rows, slots)), np.zeros((2, rows, _WEEK, slots))
    factors = np.ones(sizes.shape)
    for week in layout.weeks:
        total, count = of_day.sum(axis=2)
        usual = np.where(count > 0, total / np.where(count > 0, count, 1.0), 1.0)[:, None]
        near, seen = _with_neighbours(of_day)
        slot = (near + _SERIES_DAYS * usual) / (seen + _SERIES_DAYS)
        weekday = np.arange(week.start, week.stop) % _WEEK
        own, weeks = of_week[:, :, weekday]
        expected = (own + _SLOT_WEEKS * slot[:, None]) / (weeks + _SLOT_WEEKS)
        expected = np.maximum(expected, _CALMEST * usual[:, :, None])
        factors[:, week] = np.where(expected > 0, usual[:, :, None] / np.where(expected > 0, expected, 1.0), 1.0)
        seen_now = np.stack([np.minimum(sizes[:, week], _CUT * usual[:, :, None]), known[:, week].astype(float)])
        decay = (1.0 - 1.0 / _MEMORY_DAYS) ** (week.stop - week.start)
        of_day = of_day * decay + seen_now.sum(axis=2)
        of_week = of_week * decay
        of_week[:, :, weekday] += seen_now
    return factors


def _with_neighbours(sums: Floats) -> Floats:
    """Each slot and half of those beside it."""
    near = sums.copy()
    near[..., 1:] += 0.5 * sums[..., :-1]
    near[..., :-1] += 0.5 * sums[..., 1:]
    return near
