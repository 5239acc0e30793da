"""When a series has come to a new level for good."""

import numpy as np

from detector.model.metric import Kind
from detector.model.panel import Bools, Floats
from detector.stats.days import WEEK

__all__ = ["Shift"]

# More than this of a week cannot be an incident: the new level is taken as it is.
_SHARE = 0.4
# So many days in a row, of each of which more than this was taken for an incident and so much was missing, show what
# the new level is. A shop that sells next to nothing has no new level: it may be back any day.
_RUN, _HEAVY, _LARGE, _CLOSED = 3, 0.5, 0.25, 0.2
_BACK_DAYS = 28  # so long the old level is remembered: it comes back at once when three days are at it again


class Shift:
    """How much of the last days was taken for incidents, and what they would say of the level."""

    def __init__(self, kind: Kind, series: int) -> None:
        """Nothing was, yet."""
        self._adds_up = kind.adds_up
        self._flagged = np.zeros((WEEK, series))
        self._means = np.zeros((2, WEEK, series))  # as expected, and what was missing
        self._left, self._since = np.ones(series), np.full(series, _BACK_DAYS)  # of the old level, for so long

    def learn(self, size: Floats, hit: Bools, gap: Floats, daily: Floats) -> Bools:
        """Take in a day, and say which series are at a new level, (m,); where it is clear, their past is moved to it.

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
        if self._adds_up:
            self._move_amounts(daily, moves)
        elif moves.any():
            daily[:, moves] -= self._means[1, -_RUN:].mean(axis=0)[moves]
            self._flagged[:, moves] = 0.0
        return is_shifted

    def remember(self, young: Bools, left: Floats) -> None:
        """Keep what a level that others have told of left of the old one, (m,): should that come back, it is known."""
        self._left = np.where(young, np.minimum(left, 1.0), self._left)
        self._since = np.where(young, 0, self._since)

    def _move_amounts(self, daily: Floats, moves: Bools) -> None:
        """The past as it would have been at the new level: what slots say beside their level stays as it was."""
        expected, lacking = self._means[:, -_RUN:]
        left = 1.0 - lacking.sum(axis=0) / np.where(expected.sum(axis=0) > 0, expected.sum(axis=0), np.inf)
        # Days of many sales that are good or bad as a whole come in runs, too: these are larger.
        down = moves & (lacking >= _LARGE * expected).all(axis=0) & (left > _CLOSED)
        up = (self._since < _BACK_DAYS) & (self._left < 1.0) & (lacking <= -_LARGE * expected).all(axis=0)
        factor = np.where(down, left, np.where(up, np.minimum(left, 1.0 / self._left), 1.0))
        changed = down | up
        if changed.any():
            daily *= factor
            self._flagged[:, changed] = 0.0
            self._means[:, :, changed] = 0.0
        self._left = np.where(self._since >= _BACK_DAYS, np.where(down, left, 1.0), self._left * factor)
        self._since = np.where(changed, 0, np.minimum(self._since + 1, _BACK_DAYS))
