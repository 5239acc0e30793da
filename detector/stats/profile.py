"""What a slot of the week usually holds, from the same slot of the weeks before."""

import numpy as np

from detector.model.panel import Bools, Floats

__all__ = ["LAGS", "same_slots", "trimmed_mean"]

LAGS = 8  # weeks that are looked back on: longer ones are another season


def _trimming() -> Floats:
    """Weights of the sorted values by how many there are: row k holds those for k values.

    The middle for up to four, then a mean without the smallest and the largest: as robust against one bad week as a
    median, with 90 instead of 66 % of the mean's efficiency at eight (Tukey and McLaughlin, Sankhya A 25, 1963).
    """
    weights = np.zeros((LAGS + 1, LAGS))
    for count in range(1, LAGS + 1):
        cut = 0 if count <= 2 else 1  # noqa: PLR2004  of two values neither is the odd one
        weights[count, cut : count - cut] = 1.0 / (count - 2 * cut)
    return weights


_TRIMMING = _trimming()


def same_slots(table: Floats, day: int, first_lag: int = 7) -> Floats:
    """The values of the same slots `first_lag`, `first_lag` + 7, ... days before, shape (m, up to LAGS, slots)."""
    days = [day - first_lag - 7 * week for week in range(LAGS) if day - first_lag - 7 * week >= 0]
    return table[:, days, :]


def trimmed_mean(values: Floats, usable: Bools) -> tuple[Floats, Floats]:
    """Robust mean over axis 1 of the usable values (m, k, slots), and how many they were; 0 where none is."""
    count = usable.sum(axis=1)
    ordered = np.sort(np.where(usable, values, np.inf), axis=1)
    total = np.zeros(count.shape)
    for rank in range(values.shape[1]):
        weight = _TRIMMING[count, rank]
        total += np.where(weight > 0, ordered[:, rank, :], 0.0) * weight
    return total, count.astype(np.float64)
