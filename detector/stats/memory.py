"""The walk over the days before today, kept while today goes on."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from hashlib import blake2b
from threading import Lock

import numpy as np

from detector.model.metric import Kind
from detector.model.panel import Panel
from detector.stats.layout import Layout, layout_of
from detector.stats.profile import Follows
from detector.stats.walk import Walk

__all__ = ["kept", "walk_of"]

_FEW = 4  # series in a panel; larger ones are walked faster per series, and would fill the memory
_MOST = 1024  # about 170 kB each for ten weeks of hours; with fewer than there are metrics none is ever found again


class _Kept:
    """The newest walk of each panel of few series: yesterday's is of no use today, and would stay for weeks."""

    def __init__(self, most: int) -> None:
        """Of more than `most` panels those that were asked for last."""
        self._most = most
        self._walks: OrderedDict[tuple[str, ...], tuple[bytes, Walk]] = OrderedDict()
        self._turn = Lock()

    def get(self, series: tuple[str, ...], digest: bytes, make: Callable[[], Walk]) -> Walk:
        """The walk over what the digest stands for."""
        with self._turn:
            known = self._walks.get(series)
            if known is not None and known[0] == digest:
                self._walks.move_to_end(series)
                return known[1]
        walk = make()
        with self._turn:
            self._walks[series] = (digest, walk)
            self._walks.move_to_end(series)
            while len(self._walks) > self._most:
                self._walks.popitem(last=False)
        return walk

    def clear(self) -> None:
        """Forget all of them."""
        with self._turn:
            self._walks.clear()


kept = _Kept(_MOST)


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
    return kept.get(
        tuple(panel.series),
        _digest(history, kind, follows),
        lambda: Walk(history, kind, layout_of(history.grid), follows),
    )


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
