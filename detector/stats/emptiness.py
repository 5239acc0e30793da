"""How often a normal bucket is empty: what makes silence speak."""

import numpy as np

from detector.model.metric import Kind
from detector.model.panel import Bools, Floats

__all__ = ["Emptiness", "is_nearly_empty"]

_NEARLY = 0.1  # of what is expected: an outage often leaves some rest, and must not hide behind it
_CLASSES = (0.0, 0.1, 0.25, 0.5)  # buckets that are empty alike, from these parts of a busy bucket on
_CLASS_WEEKS = 6.0  # weeks as which the class counts beside the slot's own ones
_LAW_BUCKETS = 2.0  # buckets as which the variance law counts beside the class
_LARGEST = 3.0  # times the typical bucket of its class: larger ones are not trusted to be empty any less often
# Chance of an empty bucket: every till fails once in a while, and n buckets of a size that were never empty have shown
# no more than a chance below one in n (Laplace's rule of succession); no history is long enough to show the least.
_MOST_LEAST, _LEAST = 0.01, 0.002
_MEMORY_DAYS = 60.0


class Emptiness:
    """Shares of (nearly) empty buckets by size, and what such buckets hold, pooled over a series' whole history."""

    def __init__(self, series: int) -> None:
        """Know nothing yet."""
        self._sums = np.zeros((3, len(_CLASSES), series))

    def chance(self, expected: Floats, variance: Floats, weeks: tuple[Floats, Floats], busy: Floats) -> Floats:
        """Chance that a bucket is empty, (slots, m).

        The share among its own weeks, leaning on what buckets of its size show, and this on the law at first: a Poisson
        count is empty with chance exp(-e^2 / v), a compound Poisson sum with exponential parts less often. Within a
        class the chance is that of its typical bucket to the power of the size, as if purchases came by themselves.

        Args:
            expected: of the bucket.
            variance: of the bucket.
            weeks: how many of its weeks are known, and how many of them were empty.
            busy: what a busy bucket holds, (m,).
        """
        count, empty = weeks
        amount = np.maximum(expected, 0.0)
        by_law = np.exp(-np.where(variance > 0, amount * amount / np.where(variance > 0, variance, 1.0), 0.0))
        seen, silent, held = self._of_size(amount, busy)
        pooled = np.maximum((silent + _LAW_BUCKETS * by_law) / (seen + _LAW_BUCKETS), 1e-9)
        typical = (held + _LAW_BUCKETS * amount) / (seen + _LAW_BUCKETS)
        ratio = np.where(typical > 0, amount / np.where(typical > 0, typical, 1.0), 1.0)
        pooled = np.exp(np.log(pooled) * np.minimum(ratio, _LARGEST))
        shown = np.clip(1.0 / (seen + 1.0), _LEAST, _MOST_LEAST)
        chance: Floats = np.maximum((empty + _CLASS_WEEKS * pooled) / (count + _CLASS_WEEKS), shown)
        return chance

    def _of_size(self, amount: Floats, busy: Floats) -> Floats:
        """What was seen of the size class of each amount (slots, m): how many, how many empty, how much they held."""
        found: Floats = np.broadcast_to(self._sums[:, 0, None], (3, *amount.shape))
        for place, part in enumerate(_CLASSES[1:], start=1):
            found = np.where(amount >= part * busy, self._sums[:, place, None], found)
        return found

    def learn(self, expected: Floats, is_empty: Bools, usable: Bools, busy: Floats) -> None:
        """Take in a day."""
        self._sums *= 1.0 - 1.0 / _MEMORY_DAYS
        amount = np.maximum(expected, 0.0)
        at_least = usable
        for place, next_part in enumerate([*_CLASSES[1:], np.inf]):
            larger = at_least & (amount >= next_part * busy) if place + 1 < len(_CLASSES) else np.zeros_like(at_least)
            here = at_least & ~larger
            self._sums[0, place] += here.sum(axis=0)
            self._sums[1, place] += (here & is_empty).sum(axis=0)
            self._sums[2, place] += np.where(here, amount, 0.0).sum(axis=0)
            at_least = larger


def is_nearly_empty(values: Floats, expected: Floats, kind: Kind) -> Bools:
    """Next to nothing of what is expected, or nothing at all; ratios and gauges are never empty."""
    if not kind.adds_up:
        return np.zeros(values.shape, dtype=bool)
    return values <= np.where(np.isfinite(expected), _NEARLY * expected, 0.0)
