"""What a slot of the week usually holds, from the same slot of the weeks before."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from detector.model.panel import Bools, Floats
from detector.model.state import DayOff, DaysOfMonth, Seasons
from detector.stats.days import WEEK

__all__ = ["LAGS", "Follows", "Leaning", "Weeks", "smoothed", "winsorized_mean"]

LAGS = 8  # weeks that are looked back on: longer ones are another season
_FEWEST, _MOST = 0.25, 8.0  # weeks as which the mean day counts
_OWN_WAYS = 0.1
_BEYOND = 1e300  # every value, and still finite when added up
_DECAY = 0.95


@dataclass(frozen=True, slots=True, eq=False)
class Follows:
    """Which series follow the hour of the day, and which the day of the week; (m,) each.

    `past` holds the days off of each series that are remembered, `near` the days beside one, and `months` what is known
    of its days of the month; or nothing.
    """

    day: Bools
    week: Bools
    past: tuple[tuple[DayOff, ...], ...] = ()
    months: tuple[DaysOfMonth | None, ...] = ()
    near: tuple[tuple[DayOff, ...], ...] = ()

    @classmethod
    def of(cls, seasons: Sequence[Seasons] | None, series: int) -> Self:
        """One of `seasons` per series; without them all follow both."""
        if seasons is None:
            return cls(np.ones(series, dtype=bool), np.ones(series, dtype=bool))
        past, near = tuple(one.days_off for one in seasons), tuple(one.days_near for one in seasons)
        months = tuple(one.month if one.month is not None and one.month.is_season else None for one in seasons)
        follows = (np.array([one.day for one in seasons]), np.array([one.week for one in seasons]))
        return cls(*follows, past if any(past) else (), months if any(months) else (), near if any(near) else ())

    def rows(self, rows: npt.NDArray[np.int64]) -> Self:
        """Those of some of the series."""
        past = tuple(self.past[row] for row in rows.tolist()) if self.past else ()
        months = tuple(self.months[row] for row in rows.tolist()) if self.months else ()
        near = tuple(self.near[row] for row in rows.tolist()) if self.near else ()
        return type(self)(self.day[rows], self.week[rows], past, months, near)


class Weeks:
    """The last eight values of every slot of the week, and how many of them were known, and how many empty."""

    def __init__(self, slots: int, series: int) -> None:
        """Nothing is known yet."""
        self._values = np.full((WEEK, LAGS, slots, series), np.nan)
        self._was_empty = np.zeros((WEEK, LAGS, slots, series), dtype=bool)
        self._count = np.zeros((WEEK, slots, series))
        self._empty = np.zeros((WEEK, slots, series))

    def put(self, day: int, values: Floats, is_empty: Bools) -> None:
        """The values of a day (slots, m), nan where they do not teach, in place of those of eight weeks before."""
        weekday, week = day % WEEK, day // WEEK % LAGS
        known = np.isfinite(values)
        is_empty = known & is_empty
        self._count[weekday] += known
        self._count[weekday] -= np.isfinite(self._values[weekday, week])
        self._empty[weekday] += is_empty
        self._empty[weekday] -= self._was_empty[weekday, week]
        self._values[weekday, week] = values
        self._was_empty[weekday, week] = is_empty

    def before(self, day: int, lag: int = WEEK) -> tuple[Floats, Floats, Floats]:
        """Values of the same slots `lag`, `lag` + 7, ... days before; how many are known, and empty.

        Returns:
            (weeks, slots, m) in any order of the weeks, and twice (slots, m).
        """
        weekday, weeks = (day - lag) % WEEK, min((day - lag) // WEEK + 1, LAGS)
        return self._values[weekday, :weeks], self._count[weekday].copy(), self._empty[weekday].copy()


def winsorized_mean(values: Floats, count: Floats) -> tuple[Floats, Floats, Floats]:
    """Robust mean over the first axis of what is known, with the least and the greatest value; 0 where nothing is.

    From three on the smallest and the largest count as their neighbours do: as robust against one bad week as a median
    and nearly as sharp as the mean, and less blind than a trimmed mean where most are empty (Tukey and McLaughlin,
    Sankhya A 25, 1963).

    Args:
        values: (up to 8, slots, m), nan where unknown.
        count: how many are known, (slots, m).
    """
    known = np.isfinite(values)
    low, second_low = _two_least(np.where(known, values, _BEYOND))
    high, second_high = _two_least(np.where(known, -values, _BEYOND))
    total = np.where(known, values, 0.0).sum(axis=0)
    ends = np.where(count > 2, (second_low - low) + (high - second_high), 0.0)  # noqa: PLR2004  of two neither is odd
    has = count > 0
    return (total + ends) / np.maximum(count, 1.0), np.where(has, low, 0.0), np.where(has, -high, 0.0)


def _two_least(values: Floats) -> tuple[Floats, Floats]:
    """The least and the second least; of eight by a tournament."""
    if values.shape[0] < LAGS:
        least, second = values[0], np.full(values.shape[1:], _BEYOND)
        for value in values[1:]:
            second = np.minimum(second, np.maximum(least, value))
            least = np.minimum(least, value)
        return least, second
    half = values.shape[0] // 2
    least, second = np.minimum(values[:half], values[half:]), np.maximum(values[:half], values[half:])
    while half > 1:
        half //= 2
        one, other = least[:half], least[half:]
        second = np.minimum(np.maximum(one, other), np.minimum(second[:half], second[half:]))
        least = np.minimum(one, other)
    return least[0], second[0]


class Leaning:
    """How many weeks the mean day is worth beside a slot's own: its noise against how far slots go their own ways.

    The empirical Bayes weight of a mean among means (Morris, JASA 78, 1983); the variance between slots by the method
    of moments, over all slots of the last weeks.
    """

    def __init__(self, series: int, most: float = _MOST) -> None:
        """Know nothing yet; what is leaned on counts as `most` weeks at most."""
        self._sums = np.zeros((3, series))
        self._between = np.ones(series)
        self._most = most

    def learn(self, apart: Floats, size: Floats, variance: Floats, weeks: Floats) -> None:
        """Take in a day.

        Args:
            apart: slot's own mean less what the mean day says, (slots, m).
            size: what a deviation of 1 would be: the whole bucket, or the noise of a gauge.
            variance: of one week's bucket.
            weeks: that speak for the slot's own mean.
        """
        has = (weeks > 0) & (variance > 0) & (size > 0)
        precision = np.where(has, 1.0 / np.where(has, variance, 1.0), 0.0)
        self._sums *= _DECAY
        self._sums[0] += np.einsum("sm,sm->m", apart * apart, precision)
        self._sums[1] += np.where(has, 1.0 / np.maximum(weeks, 1.0), 0.0).sum(axis=0)
        self._sums[2] += np.einsum("sm,sm->m", size * size, precision)
        excess, total = np.maximum(self._sums[0] - self._sums[1], 0.0), self._sums[2]
        # The prior is a day of slots whose own ways are a tenth of their noise.
        slots = np.maximum(has.sum(axis=0), 1)
        per_slot = np.where(total > 0, total * (1.0 - _DECAY), 1.0)
        between = (excess + _OWN_WAYS**2 * slots) / (total + np.minimum(per_slot, slots))
        self._between = np.where(between > 0, between, 1.0)

    def weight(self, size: Floats, variance: Floats, weeks: Floats, noise: Floats | float = 1.0) -> Floats:
        """The weight of the mean day in weeks, (slots, m); arguments as above.

        `noise` is the variance of what is leaned on over that of the mean day.
        """
        own = size * size * self._between
        has = (weeks > 0) & (variance > 0) & (own > 0)
        return np.where(has, np.clip(variance / np.where(has, own, 1.0), _FEWEST, self._most / noise), _FEWEST)


def smoothed(profile: Floats) -> Floats:
    """Buckets much shorter than an hour borrow from their neighbours within a quarter of an hour."""
    reach = min(profile.shape[0] // 96, LAGS)
    if reach == 0:
        return profile
    total = profile.copy()
    count = np.ones((profile.shape[0], 1))
    for shift in range(1, reach + 1):
        total[shift:] += profile[:-shift]
        total[:-shift] += profile[shift:]
        count[shift:] += 1.0
        count[:-shift] += 1.0
    return np.where(profile == 0, 0.0, total / count)
