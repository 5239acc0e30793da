"""When a series does not look like what it is said to be: little or nothing is found in it, and no figure tells why."""

import numpy as np

from detector.model.grid import DAY_S
from detector.model.metric import Kind
from detector.stats.readings import Readings

__all__ = ["misfits"]

_SOME = 14  # values, two weeks of days: what fewer look like may be chance


def misfits(readings: Readings, kind: Kind) -> list[str]:
    """Each in a line: what was seen, and what to do if it is as it seems."""
    grid, known = readings.grid, np.isfinite(readings.numbers)
    values = readings.numbers[known]
    if values.size < _SOME:
        return []
    told: list[str] = []
    below = int(np.sum(values < 0))
    if kind.adds_up and 2 * below > values.size and values.sum() < 0:
        told.append(
            f"{below} of {values.size} values are below 0, where kind {kind} takes nothing for usual, and finds no "
            "drop; turn their sign round, or give --kind gauge (in index.csv: kind)"
        )
    if grid.every_s < DAY_S and np.unique(grid.local_day[known]).size == values.size:
        told.append(
            f"no day has more than one value, in buckets of {grid.every_s // 60} minutes; is each one that of a whole "
            "day? Then give --bucket 1d (in index.csv: bucket)"
        )
    return told
