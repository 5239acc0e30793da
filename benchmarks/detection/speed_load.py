"""What the speed of peers is measured on: hourly revenue of many shops, ten weeks and the hour to judge."""

import numpy as np

from benchmarks.detection.series_files import WEEK_H, Floats

__all__ = ["business"]

_HOURS = 10 * WEEK_H + 1
_BASKET = 40.0


def business(count: int, seed: int = 1) -> Floats:
    """Values of shops of 3 to 300 orders in a usual hour, (count, 1681)."""
    rng = np.random.default_rng(seed)
    hours = np.arange(_HOURS)
    wave = 1 - 0.9 * np.cos((hours - 3) / 24 * 2 * np.pi) + 0.1 * np.sin(hours / WEEK_H * 2 * np.pi)
    orders = rng.poisson(np.exp(rng.uniform(np.log(3), np.log(300), count))[:, None] * wave.clip(min=0.02))
    values: Floats = rng.gamma(np.maximum(orders, 1) * 2.0, _BASKET / 2) * (orders > 0)
    return values
