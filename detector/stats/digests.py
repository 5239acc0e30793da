"""Digests of what series are judged by: whatever was found from the same is the same, and need not be found again."""

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np

from detector.model.panel import Panel
from detector.stats.profile import Follows

__all__ = ["add_follows", "add_panel"]


def add_follows(digest: "blake2b", follows: Follows) -> None:
    """The seasons of each series, and what is remembered of it."""
    for array in (follows.day, follows.week):
        digest.update(np.ascontiguousarray(array).data)
    for known in (follows.past, follows.near, follows.months):
        _add_remembered(digest, known)


def _add_remembered(digest: "blake2b", known: Sequence[object]) -> None:
    """Of each series; members share what is of their whole."""
    ids = {id(one): place for place, one in enumerate(known)}
    digest.update(repr([ids[id(one)] for one in known]).encode())
    digest.update(repr([known[place] for place in ids.values()]).encode())


def add_panel(digest: "blake2b", panel: Panel, part: slice) -> None:
    """Some of the buckets, all but the names of the series."""
    grid = panel.grid
    of_buckets = (grid.starts, grid.ends, grid.walls, panel.is_holiday, panel.is_unsettled, panel.occasion)
    of_series = (panel.values, panel.known, panel.teaches, panel.weights, panel.begins_level)
    arrays = [
        *(one[part] for one in of_buckets if one is not None),
        *(one[:, part] for one in of_series if one is not None),
    ]
    for array in arrays:
        digest.update(np.ascontiguousarray(array).data)
