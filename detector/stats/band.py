"""The range of a normal bucket."""

import numpy as np

from detector.model.metric import Kind
from detector.model.panel import Bools, Floats

__all__ = ["band_of", "quantile_of"]

_MAY_BE_EMPTY = 0.02


def band_of(
    expected: Floats, variance: Floats, kind: Kind, reach: tuple[Floats, Floats], traits: tuple[Floats, Bools]
) -> tuple[Floats, Floats]:
    """Low and high such that 99 of 100 normal buckets lie between, (m, k) each.

    Args:
        expected: mean of the bucket.
        variance: of a normal bucket around it.
        kind: of the metric; a count is whole.
        reach: standard normal deviates of both ends, the lower one below 0.
        traits: chance of an empty bucket (from two in a hundred on, none is too low), and whether the series never was
            below 0.
    """
    p_empty, is_positive = traits
    low = quantile_of(expected, variance, kind, reach[0])
    high = quantile_of(expected, variance, kind, reach[1])
    if kind is Kind.COUNT:
        low, high = np.floor(low), np.ceil(high)
    if kind.adds_up:
        low = np.where(p_empty > _MAY_BE_EMPTY, np.minimum(low, 0.0), low)
    return np.where(is_positive, np.maximum(low, 0.0), low), high


def quantile_of(expected: Floats, variance: Floats, kind: Kind, deviate: Floats | float) -> Floats:
    """The value that lies `deviate` standard normal deviates from the middle.

    Amounts that add up are skewed: a gamma law of that mean and variance through the cube root (Wilson and Hilferty,
    PNAS 17, 1931), cut off at 0. Ratios and gauges are taken as normal.
    """
    spread = np.sqrt(variance)
    if not kind.adds_up:
        return expected + deviate * spread
    size = np.where(expected > 0, expected, 1.0)
    ninth = variance / (9.0 * size * size)
    root = np.maximum(1.0 - ninth + deviate * np.sqrt(ninth), 0.0)
    return np.where(expected > 0, size * root * root * root, 0.0)
