"""How the noise of a bucket follows its mean: a law of two terms, pooled over a series' whole history."""

from dataclasses import dataclass, replace

import numpy as np

from detector.model.metric import Kind
from detector.model.panel import Floats

__all__ = ["Law", "VarianceLaw"]

# Days whose weight has fallen to 1/e: as long as the history that a tick holds, so that all of it counts.
_MEMORY_DAYS = 60.0
# The prior weighs as much as this many days of buckets: enough to start from, gone after two weeks.
_PRIOR_DAYS = 1.0
# The law of most members of a rule weighs as much as so many of these; where the noise of a bucket outweighs what is in
# it, by as much more, up to a limit: the spread of squared errors is that of the number of orders.
_LENT_DAYS, _MOST_LENT = 7.0, 20.0
# Squared errors are cut at this multiple of the law before they teach: one giant order is no noise (Huber,
# Robust Statistics, 1981; the cut at four standard deviations, since sums of few orders have long tails).
_CUT = 16.0
# A series may be quieter than the prior by this much in variance, not without end: a constant has some noise, too.
_LEAST = 1e-6
_QUIETEST_COUNT = 0.25  # variance over mean
# Nothing repeats exactly for ever: a tariff table or a weekly batch job has a relative sd of three in a thousand at
# least, a gauge one of a hundredth of its usual deviation.
_LEAST_ALIKE, _LEAST_STEADY = 1e-5, 1e-4
_OF_ONE_TERM = 0.25  # what a bucket weighs for a term that makes half of its variance: the square of that
_SUREST = 0.02  # shares nearer to none or to all have the noise of this one: no baseline is surer


@dataclass(frozen=True, slots=True, eq=False)
class Law:
    """Variance = `first` x f1 + `second` x f2, with coefficients of shape (m,).

    The terms f1, f2 by kind: a sum of independent purchases has a variance in proportion to its mean, days that
    are good or bad as a whole add one in proportion to its square (compound Poisson with a random intensity): e and
    e^2. A ratio of known denominators has e (1 - e) / weight and a constant, a gauge a constant alone.

    Attributes:
        kind: of the series.
        unit: the typical size of a bucket, or of its deviations for what does not add up, (m,).
        first, second: coefficients.
    """

    kind: Kind
    unit: Floats
    first: Floats
    second: Floats

    def terms(self, expected: Floats, weights: Floats | None) -> tuple[Floats, Floats]:
        """f1 and f2 for expectations (k, m) and denominators of that shape."""
        if self.kind.adds_up:
            size = np.maximum(expected, 0.0)
            return size, size * size
        constant = np.broadcast_to(self.unit * self.unit, expected.shape)
        if weights is None:
            return constant, np.zeros(expected.shape)
        share = np.clip(expected, _SUREST, 1.0 - _SUREST)
        denominator = np.where(weights > 0, weights, np.inf)
        return share * (1.0 - share) / denominator, constant

    def variance(self, expected: Floats, weights: Floats | None) -> Floats:
        """Variance of a normal bucket, (k, m)."""
        f1, f2 = self.terms(expected, weights)
        return self.first * f1 + self.second * f2

    def signal(self) -> Floats:
        """Squared mean over variance of a typical bucket, (m,): below 1 it is lost in its own noise."""
        if not self.kind.adds_up:
            return np.ones(self.unit.shape)
        variance = self.variance(self.unit, None)
        return self.unit * self.unit / np.where(variance > 0, variance, np.inf)


class VarianceLaw:
    """The law of the errors so far, refitted every local midnight from running sums.

    Squared errors are regressed on (f1, f2) by least squares, weighted by the inverse square of the law so far,
    for the sd of a squared error goes in proportion to it (Davidian and Carroll, JASA 82, 1987).
    """

    def __init__(self, kind: Kind, unit: Floats, slots: int, deviation: Floats) -> None:
        """Start from the prior.

        Args:
            kind: of the series.
            unit: the typical size of a bucket (or of its deviations), (m,).
            slots: buckets of a day.
            deviation: mean distance from the level in the first week, seasons included, (m,).
        """
        share = np.where(unit > 0, deviation / np.where(unit > 0, unit, 1.0), 0.0)
        self._least = np.minimum(share, 1.0) ** 2 * _LEAST_STEADY
        self._prior = _prior_of(kind, unit)
        # Counts of purchases are never much quieter than Poisson.
        self._floor = _QUIETEST_COUNT if kind is Kind.COUNT else 0.0
        self._prior_weight = _PRIOR_DAYS * slots
        self._sums = np.zeros((5, *unit.shape))
        self._lent: tuple[float, float] | None = None
        self.law = Law(kind, unit, *self._prior)

    def lean(self, lent: tuple[float, float] | None) -> None:
        """Take the law of most others for the prior: where buckets of few orders tell little, it stays longer."""
        is_new = lent is not None and self._lent is None
        self._lent = lent
        if is_new:
            self._refit()

    def learn(self, expected: Floats, weights: Floats | None, squares: Floats) -> None:
        """Take in a day of squared errors (slots, m), nan where there is nothing to learn, and refit."""
        self._find_unit(squares)
        f1, f2 = self.law.terms(expected, weights)
        law = self.law.first * f1 + self.law.second * f2
        use = np.isfinite(squares) & (law > 0)
        error = np.where(use, np.minimum(squares, _CUT * law), 0.0)
        least = _LEAST * (self._prior[0] * f1 + self._prior[1] * f2)
        weight = np.where(use, 1.0 / np.where(use, np.maximum(law, least), 1.0), 0.0)
        g1, g2, g = f1 * weight, f2 * weight, error * weight
        self._sums *= 1.0 - 1.0 / _MEMORY_DAYS
        for place, (one, other) in enumerate(((g1, g1), (g1, g2), (g2, g2), (g1, g), (g2, g))):
            self._sums[place] += np.einsum("sm,sm->m", one, other)
        self._refit()

    def _refit(self) -> None:
        """Solve the two normal equations; the prior is a bucket seen `_prior_weight` times for each term."""
        s11, s12, s22, s1, s2 = self._sums
        prior1, prior2 = self._prior
        ridge: Floats | float = _OF_ONE_TERM * self._prior_weight
        if self._lent is not None:
            prior1, prior2, ridge = self._leaning(*self._lent)
        # In units of the prior, so that one ridge fits both; it gives way as soon as the law is below the prior.
        a11, a12, a22 = s11 * prior1 * prior1, s12 * prior1 * prior2, s22 * prior2 * prior2
        a11, a22 = a11 + ridge, a22 + ridge
        b1, b2 = s1 * prior1 + ridge, s2 * prior2 + ridge
        both = a11 * a22 - a12 * a12
        first, second = (b1 * a22 - b2 * a12) / both, (b2 * a11 - b1 * a12) / both
        # A negative term has no meaning: then the other one alone explains the errors.
        second = np.where(first < 0, b2 / a22, second)
        first = np.where(second < 0, b1 / a11, first)
        low = self._floor / np.where(prior1 > 0, prior1, 1.0)
        least = (low, _LEAST_ALIKE / prior2) if self.law.kind.adds_up else (self._least, self._least)
        first, second = np.maximum(first, least[0]) * prior1, np.maximum(second, least[1]) * prior2
        self.law = replace(self.law, first=first, second=second)

    def _leaning(self, first: float, second: float) -> tuple[Floats, Floats, Floats]:
        """The law of most and its weight: of so many buckets, which like all others weigh by the law so far."""
        law = replace(self.law, first=first + 0.0 * self.law.unit, second=second + 0.0 * self.law.unit)
        own, lent = self.law.variance(self.law.unit, None), law.variance(self.law.unit, None)
        inverse = np.where(own > 0, lent / np.where(own > 0, own, 1.0), 1.0)
        signal = np.maximum(law.signal(), 1.0 / _MOST_LENT)
        weight = _OF_ONE_TERM * self._prior_weight * _LENT_DAYS * (1.0 + 1.0 / signal)
        return law.first, law.second, weight * np.minimum(inverse * inverse, 1.0)

    def _find_unit(self, squares: Floats) -> None:
        """A gauge that began with a week of one value has no unit before it leaves it."""
        unit = self.law.unit
        if self.law.kind.adds_up or unit.all():
            return
        known = np.isfinite(squares)
        mean = np.where(known, squares, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
        unit = np.where(unit > 0, unit, np.sqrt(mean))
        self.law = replace(self.law, unit=unit)


def _prior_of(kind: Kind, unit: Floats) -> tuple[Floats, Floats]:
    zero = np.zeros(unit.shape)
    match kind:
        case Kind.COUNT:
            return 1.2 + zero, 0.01 + zero  # nearly Poisson, 10 % from day to day
        case Kind.REVENUE:
            return 0.3 * unit, 0.03 + zero  # a relative sd of 57 % at the mean bucket
        case Kind.RATIO | Kind.GAUGE:
            return 1.0 + zero, 1.0 + zero
