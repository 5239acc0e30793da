"""A level that is known to be new, for people said so or it has stood for long: it need not prove itself for days."""

from dataclasses import replace

import numpy as np

from detector.model.metric import Kind
from detector.model.panel import Bools, Floats
from detector.stats.days import WEEK, Day
from detector.stats.expected import Expected, Told

__all__ = ["NewLevel"]

_LEAST = 0.01
"""What has come to nothing keeps a hundredth: from a level of 0 no profile could be learned."""


class NewLevel:
    """How far series have moved since their newest levels began, from a week of buckets at each.

    The move of a series is the sum of what came over the sum of what the old level let expect, shrunk towards no move
    as far as chance could have made it: by 1 - variance / gap^2, and by all of it where that is below 0 (the
    non-negative garrote of Breiman, Technometrics 37, 1995, in its orthonormal case with the variance for its penalty).
    """

    def __init__(self, kind: Kind, series: int) -> None:
        """No level is new, yet."""
        self._adds_up = kind.adds_up
        self._age = np.full(series, WEEK)  # days; after a week the level moves on by itself
        self._sums = np.zeros((4, series))  # expected at the old level, actual, variance, count
        self._old = np.zeros(series)
        self._moved = np.full(series, self._none)
        self._carry: Floats | None = None

    @property
    def left(self) -> tuple[Bools, Floats]:
        """Which series are in the first week of a level, and which part of the old one it is; of amounts."""
        return self._age < WEEK, self._moved

    @property
    def begins_today(self) -> Bools:
        """Which series have come to one in the day that was taken in last, (m,): it is not like its sort."""
        begins: Bools = (self._age == 1) & (self._carry is not None)
        return begins

    @property
    def _none(self) -> float:
        """No move: a factor of amounts, a distance of everything else."""
        return 1.0 if self._adds_up else 0.0

    def take(self, day: Day, expected: Expected, told: Told, daily: Floats) -> Expected:
        """What a day should hold by what it says itself of a new level; without one, `expected` as it is.

        Args:
            day: a whole one.
            expected: by all that was seen before it.
            told: what came.
            daily: mean values of the days before, (days, m); those at the old level are moved in place.
        """
        self._carry = None
        begins = told.begins_level
        if begins is None and (self._age >= WEEK).all():
            return expected
        begun: Bools = np.zeros(self._age.shape, dtype=bool) if begins is None else np.any(begins, axis=0)
        self._begin(begun, expected.level)
        is_new = np.broadcast_to(self._age < WEEK, expected.mean.shape).copy()
        if begins is not None:
            is_new[:, begun] = np.logical_or.accumulate(begins[:, begun], axis=0)
        if not day.is_off:  # a holiday is expected by too little to say how a level has moved
            self._count(expected, told, is_new & told.teaches & expected.has)
        moved = self._move()
        self._move_days(daily, moved)
        self._moved = moved
        level = self._shifted(self._old, moved)
        self._carry = np.where(is_new | ~begun, self._none, moved)
        self._age = np.minimum(self._age + 1, WEEK)
        return self._at(expected, told, is_new, level)

    def carried(self, filled: Floats) -> Floats:
        """Values of the day that was taken in last, those from before its new level as they would have been at it."""
        return filled if self._carry is None else self._shifted(filled, self._carry)

    def _shifted(self, values: Floats, moved: Floats) -> Floats:
        return values * moved if self._adds_up else values + moved

    def _begin(self, begun: Bools, level: Floats) -> None:
        self._age = np.where(begun, 0, self._age)
        self._sums[:, begun] = 0.0
        self._old = np.where(begun, level, self._old)
        self._moved = np.where(begun, self._none, self._moved)

    def _count(self, expected: Expected, told: Told, used: Bools) -> None:
        level = np.where(expected.level != 0, expected.level, 1.0)
        old = expected.mean * (self._old / level) if self._adds_up else expected.mean - expected.level + self._old
        variance = expected.variance_of(told.weights)
        used = used & np.isfinite(variance)
        for place, values in enumerate((old, told.values, variance, np.ones(old.shape))):
            self._sums[place] += np.where(used, values, 0.0).sum(axis=0)

    def _move(self) -> Floats:
        should, came, variance, count = self._sums
        gap = came - should
        square = gap * gap
        sure = np.clip(1.0 - variance / np.where(square > 0, square, np.inf), 0.0, 1.0)
        if not self._adds_up:
            return sure * gap / np.maximum(count, 1.0)
        share = np.where(should > 0, gap / np.where(should > 0, should, 1.0), 0.0)
        factor: Floats = np.maximum(1.0 + sure * share, _LEAST)
        return factor

    def _move_days(self, daily: Floats, moved: Floats) -> None:
        """Days before the level began, by what is known of its move beyond what was known yesterday."""
        days = daily.shape[0]
        is_before = (np.arange(days)[:, None] < days - self._age) & (self._age < WEEK)
        change = moved / self._moved if self._adds_up else moved - self._moved
        daily[:] = np.where(is_before, self._shifted(daily, change), daily)

    def _at(self, expected: Expected, told: Told, is_new: Bools, level: Floats) -> Expected:
        """The expectation where the new level is, and as it was elsewhere; that it is empty says nothing there."""
        before = np.where(expected.level != 0, expected.level, 1.0)
        change = level / before if self._adds_up else level - expected.level
        mean = np.where(is_new, self._shifted(expected.mean, change), expected.mean)
        shared = np.where(is_new, expected.shared * change, expected.shared) if self._adds_up else expected.shared
        variance = expected.variance
        if told.weights is None:
            own = expected.law.variance(mean, None) * (1.0 + 1.0 / np.maximum(expected.weeks, 1.0))
            variance = np.where(is_new, own + shared**2, variance)
        return replace(
            expected,
            mean=mean,
            variance=variance,
            shared=shared,
            p_empty=np.where(is_new, 1.0, expected.p_empty),
            usual=np.where(is_new, self._shifted(expected.usual, change), expected.usual),
            level=np.where(is_new, level, expected.level),
        )
