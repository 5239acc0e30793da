"""Which buckets teach: none inside an incident, but those at a level that stays.

It follows from the incidents alone, so that no order of ticks, restart or new reading makes a difference.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from detector.model.grid import Grid
from detector.model.incident import Incident
from detector.model.panel import Bools
from detector.model.span import Span, epoch_s
from detector.model.state import HistoryBlock
from detector.pipeline.filling import merge
from detector.pipeline.pulled import Pulled

__all__ = ["Lessons", "inside", "lessons_of", "with_lessons"]


@dataclass(frozen=True, slots=True)
class Lessons:
    """What the incidents of one series say of its buckets.

    Attributes:
        masked: spans in which nothing teaches.
        levels: spans from the beginning of a level that stays to the end of its incident; in order of time.
    """

    masked: tuple[Span, ...] = ()
    levels: tuple[Span, ...] = ()

    def teaches(self, starts: npt.NDArray[np.int64], before: Bools) -> Bools:
        """Which of some buckets teach, where `before` is what is known of incidents too old to be among these."""
        taught: Bools = (before | inside(starts, self.levels)) & ~inside(starts, self.masked)
        return taught

    def begins_level(self, grid: Grid) -> Bools | None:
        """The first buckets of the levels, (n,); None where the grid has none."""
        begun = np.zeros(len(grid), dtype=bool)
        for level in self.levels:
            since = epoch_s(level.start_at)
            if len(grid) and int(grid.starts[0]) <= since <= int(grid.starts[-1]):
                begun[int(np.searchsorted(grid.starts, since))] = True
        return begun if begun.any() else None


def inside(starts: npt.NDArray[np.int64], spans: Iterable[Span]) -> Bools:
    """Which buckets start in one of the spans."""
    found = np.zeros(starts.shape, dtype=bool)
    for span in spans:
        found |= (starts >= epoch_s(span.start_at)) & (starts < epoch_s(span.end_at))
    return found


def lessons_of(series: str, incidents: Iterable[Incident]) -> Lessons:
    """Of the whole of a metric, or of one of its members by itself."""
    parts = [part for incident in incidents for part in incident.metrics if part.series == series]
    masked = {part.masked for part in parts}
    levels = {part.level for part in parts}
    return Lessons(
        tuple(sorted(span for span in masked if span is not None)),
        tuple(sorted(span for span in levels if span is not None)),
    )


def with_lessons(pulled: Pulled, lessons: Lessons) -> Pulled:
    """What was pulled, with a history that teaches as it should; what teaches again is written anew by this tick."""
    block = pulled.block
    teaches = lessons.teaches(block.starts, block.teaches)
    again = teaches & ~block.teaches
    if np.array_equal(teaches, block.teaches):
        return pulled
    block = replace(block, teaches=teaches)
    fresh = merge(_some(block, again), pulled.fresh) if again.any() else pulled.fresh
    return replace(pulled, block=block, fresh=fresh)


def _some(block: HistoryBlock, which: Bools) -> HistoryBlock:
    weights = None if block.weights is None else block.weights[which]
    return HistoryBlock(
        block.metric, block.starts[which], block.values[which], block.known[which], block.teaches[which], weights
    )
