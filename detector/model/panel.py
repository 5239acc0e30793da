"""Many series on one bucket grid: the shape in which numbers travel."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from detector.model.grid import Grid

__all__ = ["Bools", "Floats", "Panel"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """Values of `m` series in `n` buckets.

    Attributes:
        series: their names, length m.
        grid: the buckets, length n.
        values: shape (m, n); nan exactly where `known` is false.
        known: shape (m, n); false means missing, which is not zero.
        teaches: shape (m, n); false in past incidents and data faults, which no baseline may learn from.
        is_holiday: shape (n,); public holidays and the owner's own dates.
        is_unsettled: shape (n,) or None; days near a holiday, and holidays of parts of the country: some are off.
        occasion: shape (n,) or None; a number for each holiday, the same every year, 0 on plain days.
        weights: shape (m, n) or None; the denominators of a ratio, nan where unknown.
        begins_level: shape (m, n) or None; the first bucket of each level that is known to stay: from there on what is
            usual is learned anew, but for the profile.
        whose: the metric of which they are members; members of two metrics have the same names.

    Raises:
        ValueError: shapes that do not fit.
    """

    series: tuple[str, ...]
    grid: Grid
    values: Floats
    known: Bools
    teaches: Bools
    is_holiday: Bools
    weights: Floats | None = None
    is_unsettled: Bools | None = None
    occasion: npt.NDArray[np.int64] | None = None
    begins_level: Bools | None = None
    whose: str = ""

    def __post_init__(self) -> None:
        """Check the shapes once."""
        shape = (len(self.series), len(self.grid))
        arrays = [self.values, self.known, self.teaches]
        arrays += [array for array in (self.weights, self.begins_level) if array is not None]
        if any(array.shape != shape for array in arrays) or self.is_holiday.shape != shape[1:]:
            msg = f"a panel of {shape[0]} series and {shape[1]} buckets needs arrays of that shape"
            raise ValueError(msg)

    def cut(self, buckets: slice) -> Self:
        """The same series over a run of the buckets."""
        weights = None if self.weights is None else self.weights[:, buckets]
        return type(self)(
            self.series,
            self.grid[buckets],
            self.values[:, buckets],
            self.known[:, buckets],
            self.teaches[:, buckets],
            self.is_holiday[buckets],
            weights,
            None if self.is_unsettled is None else self.is_unsettled[buckets],
            None if self.occasion is None else self.occasion[buckets],
            None if self.begins_level is None else self.begins_level[:, buckets],
            self.whose,
        )

    def rows(self, places: npt.NDArray[np.int64]) -> Self:
        """Some of the series over all buckets."""
        return replace(
            self,
            series=tuple(self.series[place] for place in places.tolist()),
            values=self.values[places],
            known=self.known[places],
            teaches=self.teaches[places],
            weights=None if self.weights is None else self.weights[places],
            begins_level=None if self.begins_level is None else self.begins_level[places],
        )
