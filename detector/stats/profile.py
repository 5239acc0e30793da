"""What a slot of the week usually holds, from the same slot of the weeks before."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from detector.model.panel import Bools, Floats
from detector.model.state import Seasons

__all__ = ["LAGS", "Follows", "Leaning", "same_slots", "winsorized_mean"]

LAGS = 8  # weeks that are looked back on: longer ones are another season
_FEWEST, _MOST = 0.25, 8.0  # weeks as which the mean day counts
_OWN_WAYS = 0.1
_DECAY = 0.95


@dataclass(frozen=True, slots=True, eq=False)
class Follows:
    """Which series follow the hour of the day, and which the day of the week; (m,) each."""

    day: Bools
    week: Bools

    @classmethod
    def of(cls, seasons: Sequence[Seasons] | None, series: int) -> Self:
        """One of `seasons` per series; without them all follow both."""
        if seasons is None:
            return cls(np.ones(series, dtype=bool), np.ones(series, dtype=bool))
        return cls(np.array([one.day for one in seasons]), np.array([one.week for one in seasons]))

    def rows(self, rows: npt.NDArray[np.int64]) -> Self:
        """Those of some of the series."""
        return type(self)(self.day[rows], self.week[rows])


def _winsorizing() -> Floats:
    """Weights of the sorted values by how many there are: row k holds those for k values.

    From three on the smallest and the largest count as their neighbours do: as robust against one bad week as a median
    and nearly as sharp as the mean, and less blind than a trimmed mean where most are empty (Tukey and McLaughlin,
    Sankhya A 25, 1963).
    """
    weights = np.zeros((LAGS + 1, LAGS))
    for count in range(1, LAGS + 1):
        weights[count, :count] = 1.0 / count
        if count > 2:  # noqa: PLR2004  of two values neither is the odd one
            weights[count, [0, count - 1]] = 0.0
            weights[count, 1] += 1.0 / count
            weights[count, count - 2] += 1.0 / count
    return weights


_BY_RANK = np.ascontiguousarray(_winsorizing().T)


def same_slots(table: Floats, day: int, first_lag: int = 7) -> Floats:
    """The same slots `first_lag`, `first_lag` + 7, ... days before, oldest first, (m, up to LAGS, slots)."""
    newest = day - first_lag
    oldest = max(newest - 7 * (LAGS - 1), newest % 7)
    return table[:, oldest : newest + 1 : 7, :] if newest >= 0 else table[:, :0, :]


def winsorized_mean(values: Floats, usable: Bools) -> tuple[Floats, Floats]:
    """Robust mean over axis 1 of the usable values (m, k, slots), and how many they were; 0 where none is."""
    count = usable.sum(axis=1)
    ordered = np.sort(np.where(usable, values, np.inf), axis=1)
    weight = np.ascontiguousarray(_BY_RANK[: values.shape[1], count].swapaxes(0, 1))
    total = (np.where(weight > 0, ordered, 0.0) * weight).sum(axis=1)
    return total, count.astype(np.float64)


class Leaning:
    """How many weeks the mean day is worth beside a slot's own: its noise against how far slots go their own ways.

    The empirical Bayes weight of a mean among means (Morris, JASA 78, 1983); the variance between slots by the method
    of moments, over all slots of the last weeks.
    """

    def __init__(self, series: int) -> None:
        """Know nothing yet."""
        self._sums = np.zeros((3, series))

    def weight(self, apart: Floats, size: Floats, variance: Floats, weeks: Floats) -> Floats:
        """Take in a day and return the weight in weeks, (m, slots).

        Args:
            apart: slot's own mean less what the mean day says.
            size: what a deviation of 1 would be: the whole bucket, or the noise of a gauge.
            variance: of one week's bucket.
            weeks: that speak for the slot's own mean.
        """
        has = (weeks > 0) & (variance > 0) & (size > 0)
        safe = np.where(has, variance, 1.0)
        day = (apart * apart / safe, 1.0 / np.maximum(weeks, 1.0), size * size / safe)
        self._sums = self._sums * _DECAY + np.stack([np.where(has, part, 0.0).sum(axis=1) for part in day])
        excess, precision = np.maximum(self._sums[0] - self._sums[1], 0.0), self._sums[2]
        # The prior is a day of slots whose own ways are a tenth of their noise.
        slots = np.maximum(has.sum(axis=1), 1)
        per_slot = np.where(precision > 0, precision * (1.0 - _DECAY), 1.0)
        between = (excess + _OWN_WAYS**2 * slots) / (precision + np.minimum(per_slot, slots))
        ratio = safe / (np.where(has, size * size, 1.0) * np.where(between > 0, between, 1.0)[:, None])
        return np.where(has, np.clip(ratio, _FEWEST, _MOST), _FEWEST)
