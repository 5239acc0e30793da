"""What the last hours say about the next ones: the day itself moves, by weather, campaigns and football."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from detector.model.metric import Kind
from detector.model.panel import Floats
from detector.stats.baseline import Baseline
from detector.stats.layout import Layout

__all__ = ["Recent", "come_true", "recent_of"]

# Two memories, in buckets: this half-day, and this week. Fixed; how much each counts is learned from the series, for
# every length of forecast: what the last hours say of the next one holds less for the next day.
_HALF_LIVES = (4.0, 40.0)
_DEVIATION = 0.15  # sd of a day's own factor before anything is known; shrinks what few buckets say
_TRUST = 0.35  # weight of a memory before the series has taught its own
_TRUST_WEIGHT = 50.0  # in units of one sum that tells the factor to within its prior sd
_SUSPECT = 3.0  # sd; what lies further away is no weather, and is not followed
_CUT = 2.5
_FAR = 4.0  # sd of sums; further ones do not teach what a memory is worth


@dataclass(frozen=True, slots=True, eq=False)
class Recent:
    """Memories of relative errors after each bucket, and how they pass on.

    Attributes:
        scale: what a memory of 1 adds to a bucket's expectation: the expectation itself, or 1 for gauges; (m, n).
        memory: for each half-life, the error remembered after the bucket, (m, n).
        decay: for each half-life, the factor per bucket.
    """

    scale: Floats
    memory: tuple[Floats, ...]
    decay: tuple[float, ...]

    def before(self, ahead: int) -> tuple[Floats, ...]:
        """The memories as they stood `ahead` buckets before each bucket, (m, n) each."""
        return tuple(_delayed(memory, ahead) for memory in self.memory)


def recent_of(panel_values: Floats, usable: npt.NDArray[np.bool_], kind: Kind, base: Baseline) -> Recent:
    """Remember errors weighted by their precision, decaying from bucket to bucket.

    An error far beyond the noise is not remembered: it is a suspected anomaly, and must not become the new normal.
    A memory is sum(d^k h u / v) / (sum(d^k h^2 / v) + 1 / s^2): the mean of a normal factor with prior sd s,
    given errors u with variance v and weights d^k by age (Harrison and Stevens, JRSS B 38, 1976, discount principle).
    """
    has = usable & np.isfinite(base.expected) & (base.variance > 0)
    variance = np.where(has, base.variance, 1.0)
    error = np.where(has, panel_values - np.where(has, base.expected, 0.0), 0.0)
    spread = np.sqrt(variance)
    if kind.adds_up:
        scale = np.where(np.isfinite(base.expected), np.maximum(base.expected, 0.0), 0.0)
        tightness: Floats | float = 1.0 / _DEVIATION**2
    else:
        scale = np.where(np.isfinite(base.expected), 1.0, 0.0)
        tightness = 2.0 / np.where(base.variance > 0, base.variance, 1.0)
    speaks = has & (np.abs(error) <= _SUSPECT * spread)
    pull = np.where(speaks, scale * np.clip(error, -_CUT * spread, _CUT * spread) / variance, 0.0)
    weight = np.where(speaks, scale * scale / variance, 0.0)
    decay = tuple(0.5 ** (1.0 / life) for life in _HALF_LIVES)
    found = tuple(_discounted(pull, factor) / (_discounted(weight, factor) + tightness) for factor in decay)
    return Recent(scale, found, decay)


def come_true(
    drifts: tuple[Floats, Floats], gap: Floats, noise: Floats, usable: npt.NDArray[np.bool_], layout: Layout
) -> Floats:
    """What the two memories say of each sum, as far as such words came true on all days before, (m, n).

    Least squares of what sums were off by on what the memories said, shrunk to a fixed trust.

    Args:
        drifts: what each memory says that the sum is off by.
        gap: what it was off by.
        noise: variance of the sum.
        usable: sums that can be judged.
        layout: of the grid.
    """
    teaches = usable & (noise > 0) & (gap * gap < _FAR**2 * noise)
    precision = np.where(teaches, 1.0 / np.where(noise > 0, noise, 1.0), 0.0)
    fast, slow = (drift * precision for drift in drifts)
    products = [fast * drifts[0], fast * drifts[1], slow * drifts[1], fast * gap, slow * gap]
    a11, a12, a22, b1, b2 = (_before_each_day(product, layout) for product in products)
    a11, a22 = a11 + _TRUST_WEIGHT, a22 + _TRUST_WEIGHT
    b1, b2 = b1 + _TRUST_WEIGHT * _TRUST, b2 + _TRUST_WEIGHT * _TRUST
    both = a11 * a22 - a12 * a12
    trust = (
        np.clip((b1 * a22 - b2 * a12) / both, 0.0, 1.0),
        np.clip((b2 * a11 - b1 * a12) / both, 0.0, 1.0),
    )
    return sum((drift * layout.spread_out(one) for drift, one in zip(drifts, trust, strict=True)), np.zeros(gap.shape))


def _before_each_day(values: Floats, layout: Layout) -> Floats:
    """Sum of everything before each local day, (m, days)."""
    total = np.concatenate([np.zeros((values.shape[0], 1)), values.cumsum(axis=1)], axis=1)
    return np.ascontiguousarray(total[:, layout.first[:-1]])


def _discounted(values: Floats, decay: float) -> Floats:
    """Sum over k of decay^k x[t - k], by doubling, until what is left out weighs less than a thousandth."""
    total, step = values, 1
    while decay**step > 1e-3:  # noqa: PLR2004  the thousandth
        total = total + decay**step * _delayed(total, step)
        step *= 2
    return total


def _delayed(values: Floats, by: int) -> Floats:
    """The values moved `by` buckets later, zeros before."""
    moved = np.zeros(values.shape)
    if by < values.shape[1]:
        moved[:, by:] = values[:, : values.shape[1] - by]
    return moved
