"""A first week, which there is nothing to compare with: what is absurd in it is cut."""

import numpy as np

from detector.model.panel import Floats

__all__ = ["without_giants", "without_wild_ones"]


def without_giants(values: Floats) -> Floats:
    """A first week's amounts, 0 where unknown, cut at three times what 95 of 100 busy buckets stay below.

    Above that it is one giant order, or below the negative of one busy bucket a giant refund.
    """
    values = np.where(np.isfinite(values), values, 0.0)
    flat = np.sort(values.reshape(-1, values.shape[-1]), axis=0)
    busy = np.maximum((flat > 0).sum(axis=0), 1)
    place = flat.shape[0] - 1 - (busy - 1) // 20
    most = np.take_along_axis(flat, place[None], axis=0)[0]
    cut: Floats = np.minimum(np.maximum(values, -most), 3.0 * most)
    return cut


def without_wild_ones(values: Floats) -> Floats:
    """A first week's levels, 0 where unknown, cut at thrice the distance 9 of 10 keep from their slot's median."""
    known = np.isfinite(values)
    middle = _quantile(values, 0.5)
    flat = np.abs(values - middle).reshape(1, -1, values.shape[-1]).swapaxes(0, 1)
    reach = 3.0 * _quantile(flat, 0.9)[0]
    return np.where(known, np.minimum(np.maximum(values, middle - reach), middle + reach), 0.0)


def _quantile(values: Floats, level: float) -> Floats:
    """Of what is known over the first axis, the value at or below the level; 0 where nothing is."""
    ordered = np.sort(np.where(np.isfinite(values), values, np.inf), axis=0)
    count = np.isfinite(values).sum(axis=0)
    place = np.floor(np.maximum(count - 1, 0) * level).astype(np.int64)
    found = np.take_along_axis(ordered, place[None], axis=0)[0]
    return np.where(count > 0, found, 0.0)
