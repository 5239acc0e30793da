"""Running sums over time, the last axis but one; by doubling, which is many times as fast as adding up one by one."""

import numpy as np

from detector.model.panel import Bools, Floats

__all__ = ["running_maximum", "running_sum", "runs_beyond"]


def running_sum(values: Floats, decay: Floats | float = 1.0) -> Floats:
    """Sum over k of decay^k x[t - k], (..., b, m); no digit depends on what comes after t.

    Args:
        values: (..., b, m).
        decay: one for all, or of a shape that fits.
    """
    total, step = values, 1
    is_plain = isinstance(decay, float) and decay == 1.0
    while step < values.shape[-2]:
        doubled = np.empty(values.shape)
        doubled[..., :step, :] = total[..., :step, :]
        older = total[..., :-step, :]
        np.add(total[..., step:, :], older if is_plain else older * decay**step, out=doubled[..., step:, :])
        total, step = doubled, 2 * step
    return total


def running_maximum(values: Floats) -> Floats:
    """The largest value so far, (..., b, m)."""
    most, step = values, 1
    while step < values.shape[-2]:
        doubled = np.empty(values.shape)
        doubled[..., :step, :] = most[..., :step, :]
        np.maximum(most[..., step:, :], most[..., :-step, :], out=doubled[..., step:, :])
        most, step = doubled, 2 * step
    return most


def runs_beyond(sums: Floats, noise: Floats, window: int, limit: float) -> Bools:
    """Buckets inside a run of `window` whose sum of what is missing is more than `limit` sd; from running sums."""
    lacking, variance = sums.copy(), noise.copy()
    lacking[window:] -= sums[:-window]
    variance[window:] -= noise[:-window]
    beyond: Bools = lacking > limit * np.sqrt(np.maximum(variance, 0.0))
    if not beyond.any():
        return beyond
    hit: Bools = beyond.copy()
    for shift in range(1, window):
        hit[:-shift] |= beyond[shift:]
    return hit
