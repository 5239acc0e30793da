"""From evidence to one scale: how rarely a day of this series brings as much."""

from functools import lru_cache
from math import log
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from detector.model.panel import Bools, Floats

__all__ = ["BACK_DAYS", "Gumbel", "gumbel_of", "prior_of", "threshold_of"]

# The middle of the distribution of daily maxima: far from the extreme tail, which past incidents poison.
_LOW, _HIGH = 0.5, 0.8
_PRIOR_DAYS = 10.0
BACK_DAYS = 365
"""Days whose maxima are used."""


class Gumbel:
    """Location and scale of daily maxima, shape (...,): P(maximum > x) = 1 - exp(-exp(-(x - location) / scale)).

    The law of maxima of many weakly dependent values with exponential or normal tails (Gumbel, Statistics of
    Extremes, 1958); a normal law's tail ends sooner, so that the promise errs to the quiet side.
    """

    def __init__(self, location: Floats, scale: Floats) -> None:
        """Both of the same shape."""
        self.location, self.scale = location, scale

    def reduced(self, values: Floats) -> Floats:
        """(x - location) / scale: minus the logarithm of how many days in one bring more; one more axis at the end."""
        return (values - self.location[..., None]) / self.scale[..., None]


@lru_cache(maxsize=64)
def prior_of(independent: float) -> tuple[float, float]:
    """Location and scale for the maximum of so many independent standard normal values, by the same two quantiles."""
    normal = NormalDist()
    low, high = (normal.inv_cdf(level ** (1.0 / max(independent, 1.0))) for level in (_LOW, _HIGH))
    return _from_quantiles(low, high)


def _reduced(level: float) -> float:
    return -log(-log(level))


def _from_quantiles(low: float, high: float) -> tuple[float, float]:
    scale = (high - low) / (_reduced(_HIGH) - _reduced(_LOW))
    return low - scale * _reduced(_LOW), scale


def gumbel_of(
    maxima: Floats,
    is_valid: Bools,
    prior: tuple[Floats, Floats],
    floor: tuple[float, float],
    levels: tuple[float, float] = (_LOW, _HIGH),
) -> Gumbel:
    """Fit two quantiles of the daily maxima (..., days), shrunk to the prior (each of shape (...,)), above the floor.

    Args:
        maxima: of the days before; those of a year are used.
        is_valid: which of them teach, same shape.
        prior: location and scale.
        floor: smallest location and scale.
        levels: of the two quantiles.
    """
    recent, valid = maxima[..., -BACK_DAYS:], is_valid[..., -BACK_DAYS:]
    ordered = np.sort(np.where(valid, recent, np.inf), axis=-1)
    count = valid.sum(axis=-1)
    low, high = (_quantile(ordered, count, level) for level in levels)
    scale = (high - low) / (_reduced(levels[1]) - _reduced(levels[0]))
    location = low - scale * _reduced(levels[0])
    share = count / (count + _PRIOR_DAYS)
    return Gumbel(
        np.maximum(share * location + (1.0 - share) * prior[0], floor[0]),
        np.maximum(share * scale + (1.0 - share) * prior[1], floor[1]),
    )


def _quantile(ordered: Floats, count: npt.NDArray[np.int64], level: float) -> Floats:
    """Linear between the two nearest of the first `count` values; 0 where there is none."""
    if ordered.shape[-1] == 0:
        return np.zeros(count.shape)
    place = np.maximum(count - 1, 0) * level
    left = np.floor(place).astype(np.int64)
    right = np.minimum(left + 1, np.maximum(count - 1, 0))
    low = np.take_along_axis(ordered, left[..., None], axis=-1)[..., 0]
    high = np.take_along_axis(ordered, right[..., None], axis=-1)[..., 0]
    has = count > 0
    low, high = np.where(has, low, 0.0), np.where(has, high, 0.0)
    between: Floats = low + (high - low) * (place - left)
    return between


def threshold_of(false_alarms_per_s: float, day_s: float = 86400.0) -> float:
    """The reduced value that as many days pass as false alarms are allowed; at most nine days in ten."""
    return _reduced(1.0 - min(max(false_alarms_per_s * day_s, 1e-9), 0.9))
