"""All evidence of one direction on one scale, the same for every series."""

from copy import copy
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from detector.model.panel import Bools, Floats
from detector.stats.calibration import BACK_DAYS, Gumbel, gumbel_of, prior_of
from detector.stats.days import WEEK
from detector.stats.evidence import windows_of
from detector.stats.picking import Rows, picked

__all__ = ["Scale", "Tail"]

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


@dataclass(frozen=True, slots=True, eq=False)
class Scale:
    """What evidence means in one week.

    Attributes:
        each: laws of the daily maxima of the channels, (channels, m).
        best: that of the strongest of them, (m,).
        sure: how far so few days can be believed, 0 to 1, (m,).
    """

    each: Gumbel
    best: Gumbel
    sure: Floats

    def scores(self, evidence: Floats) -> Floats:
        """Minus the logarithm of how many days in one bring as much as each bucket has, (b, m).

        Args:
            evidence: (channels, b, m), minus infinity where there is none.
        """
        location, scale = self.each.location[:, None], self.each.scale[:, None]
        best = np.clip(((evidence - location) / scale).max(axis=0), _LOWEST, _FURTHEST)
        reduced = (best - self.best.location) / self.best.scale
        heavy = np.log1p(_SHAPE * np.maximum(reduced, 0.0)) / _SHAPE
        scores: Floats = np.clip(np.where(reduced > 0, heavy, reduced), _LOWEST, _HIGHEST) * self.sure
        return scores


class Tail:
    """How much evidence the days of a series bring at most, and so how rare more of it is.

    Every window is set against its own daily maxima before the best one is taken, and the best against theirs: what a
    series' autocorrelation adds to long sums is in those maxima already. Each week knows only the maxima before it,
    and those of incidents are left out.

    The channels are those of the windows in sd and, where it has silence, that in nats.
    """

    def __init__(self, slots: int, series: int, *, has_silence: bool, days: int) -> None:
        """Know nothing yet; `days` is how many are to come, or more."""
        self._has_silence = has_silence
        laws = [prior_of(slots / window) for window in windows_of(slots)] + [_SILENCE_PRIOR] * has_silence
        self._prior = tuple(np.repeat(np.array(part)[:, None], series, axis=1) for part in zip(*laws, strict=True))
        room = min(days, BACK_DAYS + _SPAN_DAYS) + WEEK
        self._maxima = np.full((len(laws), series, room), -np.inf)
        self._is_usual, self._has_learned, self._is_incident, self._teaches = np.zeros((4, series, room), dtype=bool)
        self._count = 0
        self.scale = self._fitted()

    def rows(self, rows: Rows) -> Self:
        """Those of some of the series: here days come last, which are sorted."""
        taken = copy(self)
        of_series = {"_prior": picked(self._prior, rows), "scale": picked(self.scale, rows)}
        of_days = ("_maxima", "_is_usual", "_has_learned", "_is_incident", "_teaches")
        vars(taken).update(of_series | {name: getattr(self, name).take(rows, axis=-2) for name in of_days})
        return taken

    def learn(self, maxima: Floats, is_usual: Bools, has_learned: Bools) -> None:
        """Take in a day.

        Args:
            maxima: the strongest evidence of each channel, minus infinity where there was none, (channels, m).
            is_usual: no day off nor one near it, no past incident, (m,).
            has_learned: enough had been seen before it, (m,). Days of the first weeks teach as long as there are not
                many others: what came of a poor baseline says little of a good one.
        """
        if self._count == self._maxima.shape[2]:
            self._forget_a_week()
        day = self._count
        self._maxima[:, :, day] = maxima
        self._is_usual[:, day], self._has_learned[:, day] = is_usual, has_learned
        self._is_incident[:, day] = self.scale.scores(maxima[:, None])[0] > _INCIDENT
        self._count += 1

    def _forget_a_week(self) -> None:
        for array in (self._maxima, self._is_usual, self._has_learned, self._is_incident, self._teaches):
            array[..., :-WEEK] = array[..., WEEK:]
        self._count -= WEEK

    def refit(self) -> None:
        """Find the scale by which the days of a week are judged, before its first one."""
        span = slice(max(self._count - _SPAN_DAYS, 0), self._count)
        incident = self._is_incident[:, span]
        is_new_normal = incident.sum(axis=1) > _MOST_INCIDENTS
        self._teaches[:, span] = self._is_usual[:, span] & (~incident | is_new_normal[:, None])
        self.scale = self._fitted()

    def _fitted(self) -> Scale:
        teaches, maxima = self._teaches[:, : self._count], self._maxima[..., : self._count]
        mature = teaches & self._has_learned[:, : self._count]
        is_young = mature.sum(axis=1) < _MATURE_DAYS
        valid = np.isfinite(maxima) & np.where(is_young[:, None], teaches, mature)
        days = np.any(valid, axis=0)
        each = self._channels(maxima, valid)
        best = np.where(valid, each.reduced(np.where(valid, maxima, 0.0)), -np.inf).max(axis=0)
        prior = tuple(np.full(days.shape[:1], part) for part in _BEST_PRIOR)
        law = gumbel_of(best, days, (prior[0], prior[1]), _BEST_FLOOR, _BEST_LEVELS)
        return Scale(each, law, _sureness(days.sum(axis=1)))

    def _channels(self, maxima: Floats, valid: Bools) -> Gumbel:
        each = gumbel_of(maxima, valid, (self._prior[0], self._prior[1]), _SUM_FLOOR)
        if self._has_silence:
            each.location[-1] = np.maximum(each.location[-1], _SILENCE_FLOOR[0])
            each.scale[-1] = np.maximum(each.scale[-1], _SILENCE_FLOOR[1])
        return each


def _sureness(days: npt.NDArray[np.int64]) -> Floats:
    counted = days.astype(np.float64)
    sure: Floats = 1.0 / (1.0 + (_FEW_DAYS / (counted + _FEW_DAYS / 2.0)) ** 2)
    return sure
