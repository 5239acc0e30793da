"""When a series has come to a new level for good."""

import numpy as np

from detector.model.metric import Kind
from detector.model.panel import Bools, Floats
from detector.stats.days import WEEK

__all__ = ["Shift"]

# More than this of a week cannot be an incident: the new level is taken as it is.
_SHARE = 0.4
# So many days in a row of which more than this was taken for an incident, and in each of which so much was missing, show
# what the new level is.
_RUN, _HEAVY, _LARGE = 3, 0.5, 0.25


class Shift:
    """How much of the last days was taken for incidents, and what they would say of the level."""

    def __init__(self, kind: Kind, series: int) -> None:
        """Nothing was, yet."""
        self._adds_up = kind.adds_up
        self._flagged = np.zeros((WEEK, series))
        self._means = np.zeros((2, WEEK, series))  # as expected, and as they came

    def learn(self, size: Floats, hit: Bools, gap: Floats, daily: Floats) -> Bools:
        """Take in a day, and say which series are at a new level, (m,); at first the level of their past is moved.

        Args:
            size: what each bucket counts, 0 where it cannot tell, (slots, m).
            hit: buckets that are taken for an incident.
            gap: expected less actual, 0 where unknown.
            daily: mean values of the days before, as far as they teach, (days, m); changed in place.
        """
        whole, count = size.sum(axis=0), np.maximum((size > 0).sum(axis=0), 1)
        for array in (self._flagged, *self._means):
            array[:-1] = array[1:]
        self._flagged[-1] = np.where(hit, size, 0.0).sum(axis=0) / np.where(whole > 0, whole, 1.0)
        self._means[0, -1] = whole / count
        self._means[1, -1] = gap.sum(axis=0) / count
        is_shifted: Bools = self._flagged.sum(axis=0) / WEEK > _SHARE
        moves = is_shifted & (self._flagged[-_RUN:] > _HEAVY).all(axis=0)
        if self._adds_up:  # days of many sales that are good or bad as a whole come in runs, too
            moves &= (self._means[1, -_RUN:] >= _LARGE * self._means[0, -_RUN:]).all(axis=0)
        if moves.any():
            self._move(daily, moves)
        return is_shifted

    def _move(self, daily: Floats, which: Bools) -> None:
        """The past as it would have been at the new level: what slots say beside their level stays as it was."""
        expected, lacking = self._means[:, -_RUN:].sum(axis=1)
        if self._adds_up:
            left = 1.0 - lacking / np.where(expected > 0, expected, np.inf)
            daily[:, which] *= np.maximum(left, 0.0)[which]
        else:
            daily[:, which] -= lacking[which] / _RUN
        self._flagged[:, which] = 0.0
