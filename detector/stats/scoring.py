"""All evidence of one direction on one scale, the same for every series."""

import numpy as np
import numpy.typing as npt

from detector.model.panel import Bools, Floats
from detector.stats.calibration import Gumbel, gumbel_of, prior_of
from detector.stats.evidence import WINDOWS
from detector.stats.layout import Layout

__all__ = ["score_of"]

_LOWEST, _HIGHEST, _FURTHEST = -5.0, 60.0, 1000.0
# Least location and scale of daily maxima. Sums of skewed amounts are bounded below and have small ones; a quiet month
# must not make them smaller than what the next one brings.
_SUM_FLOOR = (0.2, 0.15)
# A run of silence of so many nats comes once in exp(nats) runs if the chances are right: its scale is 1 by itself.
_SILENCE_PRIOR, _SILENCE_FLOOR = (1.5, 1.2), (0.7, 1.0)
# Of the best of the calibrated channels, which would have 0 and 1 if there were one.
_BEST_PRIOR, _BEST_FLOOR = (1.0, 1.0), (0.0, 0.7)
_BEST_LEVELS = (0.6, 0.9)  # nearer to the tail than single channels: what is left to learn is how heavy it is
# Storms and strikes make real tails heavier than Gumbel's: the shape of a generalised extreme value law that is small,
# as it is for rain and rivers (Martins and Stedinger, Water Resour. Res. 36, 2000).
_SHAPE = 0.05
# A day that comes once in a year is taken for an incident, found or not, and teaches nothing; more than so many of the
# last four weeks cannot be incidents: then they are how the series is now.
_INCIDENT = 6.0
_MATURE_DAYS = 28
# What few days tell of the tail is unsure: a score counts a fifth before any, half after half of so many, and all in
# the end.
_FEW_DAYS = 10.0
_SPAN_DAYS, _MOST_INCIDENTS = 28, 8


def score_of(
    windows: Floats, quiet: Floats | None, active: Bools, days: tuple[Bools, Bools], layout: Layout, newest: slice
) -> Floats:
    """Minus the logarithm of how many days in one bring as much evidence as the bucket has, (m, newest).

    Every window is set against its own daily maxima before the best one is taken, and the best against theirs: what a
    series' autocorrelation adds to long sums is in those maxima already. Each week knows only the maxima before it,
    and those of incidents are left out.

    Args:
        windows: sums in sd, (windows, m, n).
        quiet: nats of silence, (m, n), or None.
        active: buckets that can say anything, (m, n).
        days: those whose maxima are usual ones, and those before which enough had been seen; (m, days) each. Days of
            the first weeks teach as long as there are not many others: what came of a poor baseline says little of a
            good one.
        layout: of the grid.
        newest: the buckets wanted.
    """
    parts = windows if quiet is None else np.concatenate([windows, quiet[None]])
    parts = np.where(active, parts, -np.inf)
    maxima = np.stack([_daily_maxima(layout, one) for one in parts])
    teaching, learned = days
    score, teaches = np.full(parts.shape[1:], _LOWEST), teaching.copy()
    incident: Bools = np.zeros(teaching.shape, dtype=bool)
    for week in layout.weeks:
        before = maxima[..., : week.start]
        mature = teaches[:, : week.start] & learned[:, : week.start]
        is_young = mature.sum(axis=1) < _MATURE_DAYS
        valid = np.isfinite(before) & np.where(is_young[:, None], teaches[:, : week.start], mature)
        each = _channels(before, valid, layout, has_silence=quiet is not None)
        usual = _usual(_best(each, before, valid), np.any(valid, axis=0))
        here = slice(int(layout.first[week.start]), int(layout.first[week.stop]))
        sure = _sureness(np.any(valid, axis=0).sum(axis=1))
        score[:, here] = _scores(each, usual, parts[..., here]) * sure
        incident[:, week] = _scores(each, usual, maxima[..., week]) * sure > _INCIDENT
        span = slice(max(week.stop - _SPAN_DAYS, 0), week.stop)
        is_new_normal = incident[:, span].sum(axis=1) > _MOST_INCIDENTS
        teaches[:, span] = teaching[:, span] & (~incident[:, span] | is_new_normal[:, None])
    return score[:, newest]


def _sureness(days: npt.NDArray[np.int64]) -> Floats:
    counted = days.astype(np.float64)
    sure: Floats = 1.0 / (1.0 + (_FEW_DAYS / (counted + _FEW_DAYS / 2.0)) ** 2)[:, None]
    return sure


def _usual(best: Floats, valid: Bools) -> Gumbel:
    series = best.shape[:1]
    prior = (np.full(series, _BEST_PRIOR[0]), np.full(series, _BEST_PRIOR[1]))
    return gumbel_of(best, valid, prior, _BEST_FLOOR, _BEST_LEVELS)


def _scores(each: Gumbel, usual: Gumbel, evidence: Floats) -> Floats:
    best = np.clip(_best(each, evidence, np.isfinite(evidence)), _LOWEST, _FURTHEST)
    reduced = usual.reduced(best)
    heavy = np.log1p(_SHAPE * np.maximum(reduced, 0.0)) / _SHAPE
    scores: Floats = np.clip(np.where(reduced > 0, heavy, reduced), _LOWEST, _HIGHEST)
    return scores


def _channels(before: Floats, valid: Bools, layout: Layout, *, has_silence: bool) -> Gumbel:
    laws = [prior_of(layout.slots / window) for window in WINDOWS] + [_SILENCE_PRIOR] * has_silence
    location, scale = (np.broadcast_to(np.array(part)[:, None], before.shape[:2]) for part in zip(*laws, strict=True))
    each = gumbel_of(before, valid, (location, scale), _SUM_FLOOR)
    if has_silence:
        each.location[-1] = np.maximum(each.location[-1], _SILENCE_FLOOR[0])
        each.scale[-1] = np.maximum(each.scale[-1], _SILENCE_FLOOR[1])
    return each


def _best(each: Gumbel, evidence: Floats, valid: Bools) -> Floats:
    """The strongest channel, (m, ...); minus infinity where none speaks."""
    best: Floats = np.where(valid, each.reduced(np.where(valid, evidence, 0.0)), -np.inf).max(axis=0)
    return best


def _daily_maxima(layout: Layout, values: Floats) -> Floats:
    table = layout.table(np.where(np.isfinite(values), values, np.nan))
    maxima: Floats = np.where(np.isfinite(table), table, -np.inf).max(axis=2)
    return maxima
