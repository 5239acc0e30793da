"""What days off hold beside their weekday and a Sunday: learned from those that were."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np

from detector.model.metric import Kind
from detector.model.panel import Bools, Floats
from detector.model.state import DayOff
from detector.stats.days import Day

__all__ = ["NEAR", "OFF", "DaysOff", "Prior", "SpecialDays"]

_PARTS = 3
# Of the prior variance so much is how series differ, and the rest how one series' days off differ among themselves.
_SAME_AGAIN = 0.5  # of what days off differ by comes back with the same holiday of another year
_SCALE_DAYS = 3.0  # days off as which the prior spread counts beside what a series has shown
_FURTHEST = 9.0  # squared sd: a strike on a holiday does not say how far holidays differ
_PIECES = 6
_SHUT = 0.05  # of a weekday's takings: who has them is closed
_SHAPE = 0.05  # of what is expected: no three numbers tell a day's shape better


@dataclass(frozen=True, slots=True)
class Prior:
    """What is believed of a sort of days before any was seen.

    Attributes:
        weights: c0, c1 and c2 below.
        spread: their sd.
        of_series: the part of their variance by which series differ; the rest is how one series' days differ.
    """

    weights: tuple[float, float, float]
    spread: tuple[float, float, float]
    of_series: float


OFF = Prior((1.0, 0.0, 0.0), (0.25, 0.5, 0.5), 0.35)
"""A day off: the lower of its weekday and a Sunday."""

NEAR = Prior((1.0, 1.0, 0.0), (0.15, 0.5, 0.1), 0.2)
"""A day near one: its weekday, though some trade as on a Sunday. These are days of many sorts."""


class SpecialDays:
    """Days off, and days near one."""

    def __init__(
        self,
        kind: Kind,
        series: int,
        past: Sequence[Sequence[DayOff]] = (),
        near: Sequence[Sequence[DayOff]] = (),
        first: int = 0,
    ) -> None:
        """Know the priors, and days that are remembered.

        Args:
            kind: of the series.
            series: how many.
            past: days off of each of them; none for all of them where it is empty.
            near: days beside one, in the same way.
            first: number of the first day that will be expected: later days will teach by themselves.
        """
        self._off, self._near = DaysOff(kind, series, OFF), DaysOff(kind, series, NEAR)
        for sort, known in ((self._off, past), (self._near, near)):
            # A day is another one to those who had other holidays, or kept it in other parts.
            by_day = [
                {(one.number, one.occasion, len(one.held)): one for one in each if one.number < first} for each in known
            ]
            for day in sorted(set().union(*by_day)):
                sort.recall([each.get(day) for each in by_day])

    def of(self, day: Day) -> "DaysOff | None":
        """What such days are known to hold; None of a plain one."""
        return self._off if day.is_off else self._near if day.is_unsettled else None


class DaysOff:
    """How series trade on one sort of special days, as weights of three parts of what they could hold.

    A day holds c0 x lower + c1 x (weekday - lower) + c2 x (sunday - lower), where `lower` is the lower of the two
    (gauges and ratios: lower + c0 x the noise of a bucket + ...). The weights of one day scatter around those of the
    series, and these around the prior: a linear model with random coefficients, filtered day by day (Harville, JASA 72,
    1977; Harrison and Stevens, JRSS B 38, 1976). The spread of all of it is learned, too.
    """

    def __init__(self, kind: Kind, series: int, prior: Prior) -> None:
        """Know the prior.

        Args:
            kind: of the series.
            series: how many.
            prior: of this sort of days.
        """
        self._adds_up = kind.adds_up
        self._mean = np.repeat(np.array(prior.weights)[:, None], series, axis=1)
        self._mean[0] *= kind.adds_up
        variance = np.zeros((_PARTS, _PARTS, series))
        variance[range(_PARTS), range(_PARTS)] = np.square(prior.spread)[:, None]
        self._of_series, self._of_days = prior.of_series * variance, (1.0 - prior.of_series) * variance
        self._scale = np.full((2, series), _SCALE_DAYS)
        self._days = np.zeros((2, series))  # how many, and how many of them closed
        self._again: dict[int, Floats] = {}
        nothing = np.zeros((0, series))
        self._newest = (nothing, nothing, nothing, 0)

    def expect(self, weekday: Floats, sunday: Floats, noise: Floats, occasion: int = 0) -> tuple[Floats, Floats]:
        """Mean of each slot, and the sd of the error that all slots have in common; (slots, m) each.

        Args:
            weekday: what the day would hold if it were a plain one, (slots, m).
            sunday: what it would hold as a Sunday.
            noise: sd of a bucket.
            occasion: which holiday it is; 0 if that is not known.
        """
        self._newest = (weekday, sunday, noise, occasion)
        parts = self._parts_of(weekday, sunday, noise)
        weights, variance = self._of(occasion)
        mean = (parts * weights[:, None]).sum(axis=0)
        mean = np.maximum(mean, 0.0) if self._adds_up else mean + np.minimum(weekday, sunday)
        shared = np.sqrt(np.maximum(_along(parts, variance), 0.0))
        return mean, np.where(mean != 0, shared, 0.0) if self._adds_up else shared

    def closed(self) -> Floats:
        """Chance that nothing is sold all day, (m,): the share of such days so far, 0 before there was one.

        Who is closed on Sundays may be closed on this day, too: that counts as one day beside what was seen.
        """
        weekday, sunday, _, _ = self._newest
        days, shut = self._days
        believed = (sunday.sum(axis=0) <= 0) & (weekday.sum(axis=0) > 0)
        chance: Floats = (shut + believed) / (days + believed + 1.0)
        return chance

    def learn(self, held: Floats, teaches: Bools) -> None:
        """Take in the whole of the day that was expected last.

        Args:
            held: what it held.
            teaches: buckets that do.
        """
        weekday, sunday, noise, occasion = self._newest
        parts = self._parts_of(weekday, sunday, noise)
        weights, variance = self._of(occasion)
        mean = (parts * weights[:, None]).sum(axis=0) + (0.0 if self._adds_up else np.minimum(weekday, sunday))
        own = noise**2 + (_SHAPE * mean) ** 2
        usable = teaches & (own > 0)
        has = np.asarray(usable.any(axis=0))
        gap = np.where(usable, held - mean, 0.0)
        precision = np.where(usable, 1.0 / np.where(usable, own, 1.0), 0.0)
        weighed = parts * precision
        gram = np.stack([(weighed * part).sum(axis=1) for part in parts])
        pull = (weighed * gap).sum(axis=1)
        before = _inverse(variance)
        after = _inverse(before + gram)
        off_by = _times(after, pull)  # of the day's weights
        gain = _product(self._of_series, before)
        self._mean = np.where(has, self._mean + _times(gain, off_by), self._mean)
        less = _product(_product(gain, variance - after), np.swapaxes(gain, 0, 1))
        self._learn_again(occasion, np.where(has, weights + off_by, 0.0), has)
        would = np.where(usable, weekday, 0.0).sum(axis=0)
        is_shut = np.where(usable, held, 0.0).sum(axis=0) <= _SHUT * would
        self._days = self._days + np.stack([has & (would > 0), has & (would > 0) & is_shut])
        self._learn_scale(
            np.where(usable, parts, 0.0).sum(axis=1), variance, gap.sum(axis=0), np.where(usable, own, 0.0).sum(axis=0)
        )
        self._of_series = np.where(has, self._of_series - less, self._of_series)

    def recall(self, days: Sequence[DayOff | None]) -> None:
        """Take in a remembered day; None for series that know nothing of it."""
        known = [one for one in days if one is not None]
        nothing = np.zeros(len(known[0].held))

        def each(name: str) -> Floats:
            parts = [nothing if one is None else np.array(getattr(one, name), dtype=np.float64) for one in days]
            return np.stack(parts, axis=1)

        held = each("held")
        teaches = np.isfinite(held) & np.array([one is not None for one in days])
        self.expect(each("weekday"), each("sunday"), each("noise"), known[0].occasion)
        self.learn(np.where(teaches, held, 0.0), teaches)

    def to_remember(self, number: int, held: Floats, teaches: Bools) -> DayOff:
        """What is worth remembering of the day that was expected last, of the first of the series, by four hours."""
        weekday, sunday, noise, occasion = self._newest
        told = np.where(teaches[:, 0], held[:, 0], np.nan)
        groups = np.array_split(np.arange(told.size), min(_PIECES, told.size))
        how = np.sum if self._adds_up else np.mean

        def pieces(values: Floats) -> tuple[float, ...]:
            return tuple(float(f"{how(values[group]):.6g}") for group in groups)

        spread = tuple(float(f"{np.sqrt(how(noise[group, 0] ** 2)):.6g}") for group in groups)
        came = tuple(part if isfinite(part) else None for part in pieces(told))
        return DayOff(number, occasion, pieces(weekday[:, 0]), pieces(sunday[:, 0]), spread, came)

    def _of(self, occasion: int) -> tuple[Floats, Floats]:
        """Weights of the next such day, and their variance."""
        weights, of_days = self._mean, self._of_days
        if occasion in self._again:
            found, count = self._again[occasion][:_PARTS], self._again[occasion][_PARTS]
            of_one = (1.0 - _SAME_AGAIN) / _SAME_AGAIN
            weights = weights + (found - count * weights) / (count + of_one)
            of_days = of_days * (1.0 - _SAME_AGAIN * count / (count + of_one))
        return weights, self._of_series + of_days * self._spread()

    def _spread(self) -> Floats:
        """Variance of this series' days off beside that of the prior."""
        spread: Floats = self._scale[0] / self._scale[1]
        return spread

    def _parts_of(self, weekday: Floats, sunday: Floats, noise: Floats) -> Floats:
        lower = np.minimum(weekday, sunday)
        return np.stack([lower if self._adds_up else noise, weekday - lower, sunday - lower])

    def _learn_again(self, occasion: int, found: Floats, has: Bools) -> None:
        if occasion:
            seen = self._again.get(occasion, np.zeros((_PARTS + 1, has.size)))
            self._again[occasion] = seen + np.concatenate([found, has[None].astype(np.float64)])

    def _learn_scale(self, whole: Floats, variance: Floats, gap: Floats, noise: Floats) -> None:
        of_days = _along(whole, variance - self._of_series)
        total = _along(whole, variance) + noise
        share = np.where(total > 0, of_days / np.where(total > 0, total, 1.0), 0.0)
        far = np.minimum(gap * gap / np.where(total > 0, total, 1.0), _FURTHEST)
        spread = self._spread()
        self._scale = self._scale + np.stack([share * spread * far, share])


def _along(parts: Floats, variance: Floats) -> Floats:
    """Variance of the sum of the parts (3, ..., m) times their weights."""
    total = np.zeros(parts.shape[1:])
    for one in range(_PARTS):
        for other in range(_PARTS):
            total = total + parts[one] * parts[other] * variance[one, other]
    return total


def _times(matrix: Floats, vector: Floats) -> Floats:
    product: Floats = (matrix * vector[None]).sum(axis=1)
    return product


def _product(one: Floats, other: Floats) -> Floats:
    product: Floats = (one[:, :, None] * other[None]).sum(axis=1)
    return product


def _inverse(matrix: Floats) -> Floats:
    """Of symmetric positive matrices (3, 3, m), by cofactors: no digit depends on the neighbours."""
    (a, b, c), (_, d, e), (_, _, f) = matrix
    first, second, third = d * f - e * e, c * e - b * f, b * e - c * d
    whole = a * first + b * second + c * third
    return np.stack(
        [
            np.stack([first, second, third]),
            np.stack([second, a * f - c * c, b * c - a * e]),
            np.stack([third, b * c - a * e, a * d - b * b]),
        ]
    ) / np.where(whole > 0, whole, np.inf)
