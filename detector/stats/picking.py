"""Some of the series of what is known of many, in arrays of their own."""

from collections.abc import Iterator
from copy import copy
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from detector.stats.company import Lent
from detector.stats.days import Day

__all__ = ["Rows", "bytes_of", "picked"]

Rows = npt.NDArray[np.int64]
State = TypeVar("State")

_OF_ALL = (bool, int, float, str, Enum, Day, Lent)  # what is the same for all series, and never changes


def picked(state: State, rows: Rows) -> State:
    """The same for some of the series; no array of it is shared with what it was taken from.

    Series are the last axis of every array; a class that keeps them elsewhere has a method `rows`.

    Args:
        state: an array, an object that consists of such, or a tuple or dictionary of them.
        rows: places of the series, in any order and any number of times.
    """
    taken: Any = state
    if isinstance(state, np.ndarray):
        taken = state.take(rows, axis=-1)  # laid out as it was; [..., rows] would put the series first in memory
    elif isinstance(state, tuple):
        taken = tuple([picked(one, rows) for one in state])
    elif isinstance(state, dict):
        taken = {key: picked(one, rows) for key, one in state.items()}
    elif state is not None and not isinstance(state, _OF_ALL):
        if hasattr(state, "rows"):
            taken = state.rows(rows)
        else:
            taken = copy(state)
            for name, one in _attributes(state):
                object.__setattr__(taken, name, picked(one, rows))
    found: State = taken
    return found


def bytes_of(state: object) -> int:
    """What its arrays take in memory."""
    if isinstance(state, np.ndarray):
        return state.nbytes
    if isinstance(state, tuple):
        return sum([bytes_of(one) for one in state])
    if isinstance(state, dict):
        return sum([bytes_of(one) for one in state.values()])
    if state is None or isinstance(state, _OF_ALL):
        return 0
    return sum([bytes_of(one) for _, one in _attributes(state)])


def _attributes(state: object) -> Iterator[tuple[str, Any]]:
    names = [one.name for one in fields(state)] if is_dataclass(state) else list(vars(state))
    return ((name, getattr(state, name)) for name in names)
