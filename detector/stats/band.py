"""The range of a normal bucket."""

import numpy as np

from detector.model.metric import Kind
from detector.model.panel import Bools, Floats

__all__ = ["quantile_of", "rounded"]

_MAY_BE_EMPTY = 0.02


def rounded(
    low: Floats, high: Floats, kind: Kind, p_empty: Floats, is_positive: Bools, is_closed: Bools
) -> tuple[Floats, Floats]:
    """The ends of a range as they can occur, (k, m) each.

    Args:
        low: end of the range.
        high: end of the range.
        kind: of the metric; a count is whole.
        p_empty: chance of an empty bucket: from two in a hundred on, none is too low.
        is_positive: the series never was below 0.
        is_closed: nothing is sold at that hour, and much at others.
    """
    if kind is Kind.COUNT:  # one purchase is no surprise in any hour that is not surely closed
        low, high = np.floor(low), np.maximum(np.ceil(high), np.where(is_closed, 0.0, 1.0))
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
