"""What a day holds, and what it should hold, by slot of the day."""

from dataclasses import dataclass

import numpy as np

from detector.model.panel import Bools, Floats
from detector.stats.variance import Law

__all__ = ["Expected", "Told"]


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """One day's values by slot, per nominal length of a bucket; each of shape (slots, m).

    Attributes:
        values: nan where missing.
        known: whether they are there.
        teaches: known, and no past incident or data fault.
        weights: denominators of a ratio, or None.
        begins_level: as in `Panel`, or None.
    """

    values: Floats
    known: Bools
    teaches: Bools
    weights: Floats | None
    begins_level: Bools | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Expected:
    """What a day's slots should hold by all that had been seen at its local midnight; (slots, m), `busy` (m,).

    Attributes:
        has: there is an earlier week to compare with.
        mean: of a normal bucket; 0 where there is none.
        variance: of a normal bucket around it, the error of the mean included.
        shared: sd of the part of that error which all buckets of the day have in common: large on days off.
        weeks: how many earlier weeks speak for it.
        p_empty: chance that a normal bucket is (nearly) empty.
        law: how the variance follows the mean.
        usual: the mean if the day were like any other of its weekday; nan where there is none.
        level: mean bucket of these weeks, (m,); (slots, m) on a day that knows of a new one.
        busy: what a busy bucket of these weeks holds: the mean in which each counts by its size, (m,).
    """

    has: Bools
    mean: Floats
    variance: Floats
    shared: Floats
    weeks: Floats
    p_empty: Floats
    law: Law
    usual: Floats
    level: Floats
    busy: Floats

    def variance_of(self, weights: Floats | None) -> Floats:
        """Variance around the mean of buckets with these denominators, (slots, m)."""
        if weights is None:
            return self.variance
        return self.law.variance(self.mean, weights) * (1.0 + 1.0 / np.maximum(self.weeks, 1.0)) + self.shared**2
