"""The walk over the days before today, kept while today goes on."""

from dataclasses import dataclass, field, replace
from functools import lru_cache
from hashlib import blake2b

import numpy as np

from detector.model.metric import Kind
from detector.model.panel import Panel
from detector.stats.layout import Layout, layout_of
from detector.stats.profile import Follows
from detector.stats.walk import Walk

__all__ = ["walk_of"]

_FEW = 4  # series in a panel; larger ones are walked faster per series, and would fill the memory
_KEPT = 1024  # about 100 kB each for ten weeks of hours; with fewer than there are metrics none is ever found again


@dataclass(frozen=True, slots=True)
class _History:
    """A panel up to today's midnight, equal to another one if all that a walk reads is."""

    digest: bytes
    panel: Panel = field(compare=False)
    kind: Kind = field(compare=False)
    follows: Follows = field(compare=False)


def walk_of(panel: Panel, kind: Kind, layout: Layout, follows: Follows) -> Walk:
    """The walk over a panel that begins at a local midnight.

    What it says of a day depends on the days before and the seasons alone; so the ticks of one day share one walk. The
    result is the same with and without the memory.
    """
    today = int(layout.first[-2])
    if panel.weights is not None or len(panel.series) > _FEW:
        return Walk(panel, kind, layout, follows)
    history = panel.cut(slice(0, today + 1))
    blank = np.arange(today + 1) < today
    history = replace(history, values=np.where(blank, history.values, np.nan), known=history.known & blank)
    return _walk(_History(_digest(history, kind, follows), history, kind, follows))


@lru_cache(maxsize=_KEPT)
def _walk(history: _History) -> Walk:
    return Walk(history.panel, history.kind, layout_of(history.panel.grid), history.follows)


def _digest(panel: Panel, kind: Kind, follows: Follows) -> bytes:
    grid = panel.grid
    found = blake2b(f"{kind} {grid.every_s} {panel.values.shape}".encode(), digest_size=16)
    for array in (
        grid.starts,
        grid.ends,
        grid.walls,
        panel.values,
        panel.teaches,
        panel.is_holiday,
        np.zeros(0) if panel.is_unsettled is None else panel.is_unsettled,
        follows.day,
        follows.week,
    ):
        found.update(np.ascontiguousarray(array).tobytes())
    return found.digest()
