"""What the last hours say about the next ones: the day itself moves, by weather, campaigns and football."""

from dataclasses import dataclass

import numpy as np

from detector.model.metric import Kind
from detector.model.panel import Bools, Floats
from detector.stats.running import running_sum

__all__ = ["DECAYS", "Block", "Memory", "Trust", "carried"]

# Two memories, in buckets: this half-day, and this week. Fixed; how much each counts is learned from the series, for
# every length of forecast: what the last hours say of the next one holds less for the next day.
_HALF_LIVES = (4.0, 40.0)
DECAYS = tuple(0.5 ** (1.0 / life) for life in _HALF_LIVES)
"""Of the two memories, per bucket."""
_DEVIATION = 0.15  # sd of a day's own factor before anything is known; shrinks what few buckets say
_TRUST = 0.35  # weight of a memory before the series has taught its own
_TRUST_WEIGHT = 50.0  # in units of one sum that tells the factor to within its prior sd
_SUSPECT = 3.0  # sd; what lies further away is no weather, and is not followed
_CUT = 2.5
_FAR = 4.0  # sd of sums; further ones do not teach what a memory is worth


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Buckets in a row against what was expected of them at their local midnight; (b, m) each.

    Attributes:
        has: the value is known, and something was expected.
        teaches: as in `Panel`.
        expected: of the bucket; 0 where nothing was.
        actual: value; 0 where it is missing.
        variance: of a normal bucket.
        shared: the part of its sd that all buckets of the day have in common.
        scale: what a relative error of 1 is: the expectation itself, or 1 for gauges.
    """

    has: Bools
    teaches: Bools
    expected: Floats
    actual: Floats
    variance: Floats
    shared: Floats
    scale: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Memory:
    """Relative errors weighted by their precision, decaying from bucket to bucket; (2, m) each, one per half-life.

    An error far beyond the noise is not remembered: it is a suspected anomaly, and must not become the new normal.
    A memory is sum(d^k h u / v) / (sum(d^k h^2 / v) + 1 / s^2): the mean of a normal factor with prior sd s,
    given errors u with variance v and weights d^k by age (Harrison and Stevens, JRSS B 38, 1976, discount principle).
    """

    pull: Floats
    weight: Floats

    @classmethod
    def empty(cls, series: int) -> "Memory":
        """Nothing to remember."""
        return cls(np.zeros((2, series)), np.zeros((2, series)))

    def after(self, block: Block, kind: Kind) -> tuple[Floats, "Memory"]:
        """What is remembered after each bucket of a block, (2, b, m), and at its end."""
        has = block.has & (block.variance > 0)
        variance = np.where(has, block.variance, 1.0)
        error = np.where(has, block.actual - block.expected, 0.0)
        spread = np.sqrt(variance)
        has &= block.teaches & (np.abs(error) <= _SUSPECT * spread)
        weigh = np.where(has, block.scale / variance, 0.0)
        reach = _CUT * spread
        pulls = carried(self.pull, weigh * np.minimum(np.maximum(error, -reach), reach))
        weights = carried(self.weight, weigh * block.scale)
        tightness = 1.0 / _DEVIATION**2 if kind.adds_up else 2.0 / np.where(block.variance > 0, block.variance, 1.0)
        return pulls / (weights + tightness), Memory(pulls[:, -1], weights[:, -1])


def carried(before: Floats, values: Floats) -> Floats:
    """Running sums in which all that is older counts less by each of DECAYS, (2, b, m).

    Args:
        before: what the sums were, (2, m).
        values: what comes to them, (b, m).
    """
    decays = np.array(DECAYS)[:, None, None]
    ages = np.arange(1, values.shape[0] + 1)[:, None]
    return running_sum(np.broadcast_to(values, (len(DECAYS), *values.shape)), decays) + decays**ages * before[:, None]


class Trust:
    """How far what the two memories said of sums came true, by the length of the sums.

    Least squares of what sums were off by on what the memories said, shrunk to a fixed trust.
    """

    def __init__(self, windows: int, series: int) -> None:
        """Know nothing yet."""
        self._sums = np.zeros((5, windows, series))

    def weights(self) -> tuple[Floats, Floats]:
        """What each memory counts, (windows, m), 0 to 1."""
        a11, a12, a22, b1, b2 = self._sums
        a11, a22 = a11 + _TRUST_WEIGHT, a22 + _TRUST_WEIGHT
        b1, b2 = b1 + _TRUST_WEIGHT * _TRUST, b2 + _TRUST_WEIGHT * _TRUST
        both = a11 * a22 - a12 * a12
        return np.clip((b1 * a22 - b2 * a12) / both, 0.0, 1.0), np.clip((b2 * a11 - b1 * a12) / both, 0.0, 1.0)

    def learn(self, said: tuple[Floats, Floats], gap: Floats, noise: Floats, has: Bools) -> None:
        """Take in a day of sums, (windows, b, m) each.

        Args:
            said: what each memory said that the sum would be off by.
            gap: what it was off by.
            noise: variance of the sum.
            has: buckets that end a sum that can be judged, (b, m).
        """
        teaches = has & (gap * gap < _FAR**2 * noise)
        size = np.sqrt(np.where(teaches, 1.0 / np.where(teaches, noise, 1.0), 0.0))
        fast, slow, off = said[0] * size, said[1] * size, gap * size
        for place, (one, other) in enumerate(((fast, fast), (fast, slow), (slow, slow), (fast, off), (slow, off))):
            self._sums[place] += np.einsum("wbm,wbm->wm", one, other)
