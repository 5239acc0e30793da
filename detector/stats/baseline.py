"""The seasonal baseline: what each bucket was expected to hold, by what had been seen at its local midnight."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from detector.model.metric import Kind
from detector.model.panel import Bools, Floats, Panel
from detector.stats.layout import Layout, layout_of
from detector.stats.walk import Walk

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


def baseline_of(panel: Panel, kind: Kind) -> Baseline:
    """The expectation of every bucket of a panel.

    A series begins on the day of its first value; of one that adds up, of the first that is not zero: before that there
    was no shop, and its silence says nothing.
    """
    begins = _first_days(panel, kind)
    days = np.unique(begins).tolist()
    if days == [0]:
        return _walked(panel, kind)
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
    local = layout_of(panel.grid)
    for day in days:
        rows, begin = np.flatnonzero(begins == day), int(local.first[day])
        if begin < shape[1]:
            part = _walked(_rows(panel, rows).cut(slice(begin, None)), kind)
            for name in Baseline.__dataclass_fields__:
                getattr(whole, name)[rows, begin:] = getattr(part, name)
    return whole


def _first_days(panel: Panel, kind: Kind) -> npt.NDArray[np.int64]:
    """The local day of each series' first value, counted from the panel's first; after its last day for none, (m,)."""
    begun = panel.known & panel.teaches
    if kind.adds_up:
        begun &= np.where(panel.known, panel.values, 0.0) != 0
    layout: Layout = layout_of(panel.grid)
    first = np.where(begun.any(axis=1), layout.day[begun.argmax(axis=1)], layout.days)
    return np.asarray(first, dtype=np.int64)


def _rows(panel: Panel, rows: npt.NDArray[np.int64]) -> Panel:
    return replace(
        panel,
        series=tuple(panel.series[row] for row in rows.tolist()),
        values=panel.values[rows],
        known=panel.known[rows],
        teaches=panel.teaches[rows],
        weights=None if panel.weights is None else panel.weights[rows],
    )


def _walked(panel: Panel, kind: Kind) -> Baseline:
    layout = layout_of(panel.grid)
    walk = Walk(panel, kind, layout)
    length = panel.grid.length_ratio if kind.adds_up else np.ones(len(panel.grid))
    return Baseline(
        expected=layout.row(walk.expected) * length,
        variance=layout.row(walk.variance) * length,
        shared=layout.row(walk.shared) * length,
        weeks=layout.row(walk.weeks),
        p_empty=layout.row(walk.p_empty),
        is_empty=layout.row(walk.is_empty) > 0,
        busy=layout.spread_out(walk.busy),
        days=layout.spread_out(walk.usable_days),
    )
