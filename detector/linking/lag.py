"""How long after a change its damage begins."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import erf, lgamma, log, sqrt

import numpy as np

from detector.model.panel import Floats

__all__ = ["CLOCK_SKEW_H", "Exposure", "lag_parts", "parts_distribution"]

CLOCK_SKEW_H = 2.0 / 60.0
"""Clocks of pipelines and databases differ by up to two minutes: exposure is blurred by that much on both sides."""

_TABLE_H = 120.0  # of the slowest part two in a million come later
_STEP_H = 15.0 / 3600.0


def _gamma_distribution(x: Floats, shape: float) -> Floats:
    """Regularised lower incomplete gamma function by its power series (DLMF 8.11.4); beyond 60 it is 1 in float64."""
    near = np.minimum(x, 60.0)
    term = np.ones_like(near)
    total = term.copy()
    for n in range(1, 250):
        term = term * near / (shape + n)
        total += term
    scale = np.exp(shape * np.log(np.maximum(near, 1e-300)) - near - lgamma(shape + 1.0))
    below: Floats = np.clip(total * scale, 0.0, 1.0)
    return below


def _lognormal_distribution(x: Floats, median: float, sigma: float) -> Floats:
    root = sigma * sqrt(2.0)
    return np.array([0.5 * (1.0 + erf((log(value) - log(median)) / root)) if value > 0 else 0.0 for value in x])


@lru_cache(maxsize=1)
def _tables() -> tuple[Floats, Floats]:
    """Lags in hours, and the integral from 0 of each part's distribution function, shape (3, n); computed once."""
    at = np.arange(0.0, _TABLE_H + _STEP_H / 2.0, _STEP_H)
    below = lag_parts(at)
    steps = np.cumsum((below[:, 1:] + below[:, :-1]) / 2.0, axis=1) * _STEP_H
    return at, np.concatenate([np.zeros((below.shape[0], 1)), steps], axis=1)


def lag_parts(hours: Floats) -> Floats:
    """Share of guilty changes whose damage begins within so many hours of exposure, by part, (3, n); 0 below 0.

    Gamma(shape 1.3, scale 18 min), what breaks at once; lognormal(median 3 h, sigma 0.8), leaks, caches and jobs;
    uniform over a day, what only shows at another time of day. Starting values: half of the guilty changes in the
    public ChangeRCA-B incidents showed within 2 minutes, while business numbers see slower ones as well; broad on
    purpose, so that a wrong tail costs little. How much each part counts, `Experience` tells.
    """
    quick = _gamma_distribution(np.maximum(hours, 0.0) / 0.3, 1.3)
    slow = _lognormal_distribution(hours, 3.0, 0.8)
    return np.stack([quick, slow, np.clip(hours / 24.0, 0.0, 1.0)])


@dataclass(frozen=True, slots=True)
class Exposure:
    """A change that reaches its users evenly from `begin_h` to `end_h` (hours on any common axis)."""

    begin_h: float
    end_h: float


def parts_distribution(exposures: Sequence[Exposure], at_h: Floats) -> Floats:
    """Share of onsets by each instant, for each part of the lag: spread over the ramp and over the clocks' skew.

    The mean of a distribution function over the ramp is a difference of its integral, divided by the ramp.

    Args:
        exposures: n of them.
        at_h: instants on the same axis, shape (n, m) or (m,).

    Returns:
        Shape (3, n, m).
    """
    first = np.array([one.begin_h for one in exposures])[:, None] - CLOCK_SKEW_H
    last = np.array([one.end_h for one in exposures])[:, None] + CLOCK_SKEW_H
    grown = _integral(at_h - first) - _integral(at_h - last)
    share: Floats = np.clip(grown / (last - first), 0.0, 1.0)
    return share


def _integral(hours: Floats) -> Floats:
    """Between the table's entries as a straight line, beyond them as it goes on: all damage has begun by then."""
    at, area = _tables()
    place = np.clip(hours / _STEP_H, 0.0, at.size - 1.000001)
    index = place.astype(np.intp)
    part = place - index
    grown: Floats = area[:, index] * (1.0 - part) + area[:, index + 1] * part
    return grown + np.maximum(hours - _TABLE_H, 0.0)
