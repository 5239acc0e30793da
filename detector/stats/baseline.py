"""The seasonal baseline: what each bucket was expected to hold, by what had been seen at its local midnight."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from detector.model.metric import Kind
from detector.model.panel import Bools, Floats, Panel
from detector.stats.emptiness import is_nearly_empty
from detector.stats.layout import Layout, layout_of
from detector.stats.memory import walk_of
from detector.stats.profile import Follows

__all__ = ["Baseline", "baseline_of"]


@dataclass(frozen=True, slots=True, eq=False)
class Baseline:
    """The expectation of every bucket before anything of its own local day was seen; all of shape (m, n).

    Attributes:
        expected: mean of a normal bucket; nan while there is no week to compare with.
        variance: of a normal bucket around `expected`, the error of `expected` included.
        shared: sd of the part of that error which all buckets of the day have in common: large on days off.
        weeks: how many earlier weeks speak for it.
        p_empty: chance that a normal bucket is (nearly) empty.
        is_empty: the bucket is known and (nearly) empty.
        busy: what a busy bucket of these weeks holds: the mean in which each counts by its size.
        days: usable days before.
    """

    expected: Floats
    variance: Floats
    shared: Floats
    weeks: Floats
    p_empty: Floats
    is_empty: Bools
    busy: Floats
    days: Floats


def baseline_of(panel: Panel, kind: Kind, follows: Follows) -> Baseline:
    """The expectation of every bucket of a panel.

    A series begins with the first whole day on which it has a value; of one that adds up, a value that is not zero:
    before that there was no shop, and its silence says nothing.
    """
    layout = layout_of(panel.grid)
    begins = _first_days(panel, kind, layout)
    shape = panel.values.shape
    whole = Baseline(
        expected=np.full(shape, np.nan),
        variance=np.full(shape, np.nan),
        shared=np.zeros(shape),
        weeks=np.zeros(shape),
        p_empty=np.ones(shape),
        is_empty=np.zeros(shape, dtype=bool),
        busy=np.zeros(shape),
        days=np.zeros(shape),
    )
    for day in np.unique(begins).tolist():
        rows, begin = np.flatnonzero(begins == day), int(layout.first[min(day, layout.days)])
        if begin < shape[1]:
            part = _walked(panel.rows(rows).cut(slice(begin, None)), kind, follows.rows(rows))
            for name in Baseline.__dataclass_fields__:
                getattr(whole, name)[rows, begin:] = getattr(part, name)
    return whole


def _first_days(panel: Panel, kind: Kind, layout: Layout) -> npt.NDArray[np.int64]:
    """The local day of each series' first value, counted from the panel's first; after its last day for none, (m,).

    A first day that begins after midnight is left out: so the days that teach, and all that follows from them, stay the
    same while a panel of the last weeks moves on from hour to hour.
    """
    begun = panel.known & panel.teaches
    if kind.adds_up:
        begun &= np.where(panel.known, panel.values, 0.0) != 0
    first = np.where(begun.any(axis=1), layout.day[begun.argmax(axis=1)], layout.days)
    return np.asarray(np.maximum(first, int(layout.slot[0] != 0)), dtype=np.int64)


def _walked(panel: Panel, kind: Kind, follows: Follows) -> Baseline:
    layout = layout_of(panel.grid)
    walk = walk_of(panel, kind, layout, follows)
    length = panel.grid.length_ratio if kind.adds_up else np.ones(len(panel.grid))
    expected = layout.row(walk.expected) * length
    return Baseline(
        expected=expected,
        variance=layout.row(walk.variance) * length,
        shared=layout.row(walk.shared) * length,
        weeks=layout.row(walk.weeks),
        p_empty=layout.row(walk.p_empty),
        is_empty=panel.known & is_nearly_empty(np.where(panel.known, panel.values, np.inf), expected, kind),
        busy=layout.spread_out(walk.busy),
        days=layout.spread_out(walk.usable_days),
    )
