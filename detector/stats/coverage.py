"""How wide the range of a normal bucket has to be, learned from how often earlier ranges were missed."""

import numpy as np

from detector.model.metric import Kind
from detector.model.panel import Bools, Floats
from detector.stats.layout import Layout

__all__ = ["deviates_of", "reaches"]

_OUTSIDE = 0.005  # of the buckets on each side
_START = 2.5758293035489004  # standard normal, two-sided 99 of 100
_LEAST, _MOST = 2.0, 9.0
# What a miss adds, in standard deviations: after two hundred buckets inside it is gone again.
_STEP = 0.15
_MOST_A_DAY = 2.0  # misses more than are due: an outage of a day is no habit


def reaches(deviates: Floats, counts: Bools, layout: Layout) -> tuple[Floats, Floats]:
    """How many deviates the range reaches down and up, so that 99 of 100 buckets lie inside, (m, days) each.

    Adaptive conformal inference (Gibbs and Candes, NeurIPS 34, 2021): each miss moves the limit out, each bucket inside
    moves it in by as much less as misses should be rarer. Whatever the law, the share outside comes to what is asked.

    Args:
        deviates: where each value lies in its law, as standard normal deviates, (m, n).
        counts: buckets that were expected and hold something, (m, n).
        layout: of the grid; each day has the limits that the days before it led to.
    """
    table = layout.table(np.where(counts, deviates, np.nan))
    series, days, _ = table.shape
    found = np.full((2, series, days), _START)
    reach = np.full((2, series), _START)
    for day in range(days):
        found[:, :, day] = reach
        today = table[:, day]
        known = np.isfinite(today)
        here = np.where(known, today, 0.0)
        missed = np.stack([here < -reach[0][:, None], here > reach[1][:, None]]).sum(axis=2)
        due = _OUTSIDE * known.sum(axis=1)
        reach = np.clip(reach + _STEP * (np.minimum(missed, np.ceil(due) + _MOST_A_DAY) - due), _LEAST, _MOST)
    return found[0], found[1]


def deviates_of(values: Floats, mean: Floats, variance: Floats, kind: Kind) -> Floats:
    """Standard normal deviates of values in the laws of `band.quantile_of`; 0 where nothing varies."""
    varies = variance > 0
    spread = np.sqrt(np.where(varies, variance, 1.0))
    if not kind.adds_up:
        return np.where(varies, (values - mean) / spread, 0.0)
    has = varies & (mean > 0)
    size = np.where(has, mean, 1.0)
    ninth = np.where(has, variance, 1.0) / (9.0 * size * size)
    root = np.cbrt(np.maximum(values, 0.0) / size)
    return np.where(has, (root - (1.0 - ninth)) / np.sqrt(ninth), 0.0)
