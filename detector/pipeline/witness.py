"""Late: a witness tells a dead pipeline from a dead shop."""

from collections.abc import Mapping
from datetime import datetime

import numpy as np

from detector.model.span import epoch_s
from detector.model.state import HistoryBlock
from detector.pipeline.pull import Pulled
from detector.pipeline.world import World

__all__ = ["late_starts"]


def late_starts(one: Pulled, others: Mapping[str, Pulled], world: World, now: datetime) -> frozenset[int]:
    """Starts of due buckets that are empty while the witness has nothing newer either.

    Raises:
        SourceError: the witness could not be asked.
    """
    witness = one.metric.witness
    judged = [(epoch_s(span.start_at), epoch_s(span.end_at)) for span in one.due.judge]
    empty = [(start, end) for start, end in judged if not _has_activity(one.block, start, end)]
    if witness is None or not empty:
        return frozenset()
    if witness.table is not None and witness.time is not None:
        newest = world.sources[one.metric.source].newest_row(witness.table, witness.time, now)
        alive_until = -1 if newest is None else epoch_s(newest)
        return frozenset(start for start, _ in empty if alive_until < start)
    block = _block_of(witness.metric or "", others, world, one)
    return frozenset(start for start, end in empty if block is None or not _has_activity(block, start, end))


def _block_of(name: str, others: Mapping[str, Pulled], world: World, one: Pulled) -> HistoryBlock | None:
    if name in others:
        return others[name].block
    return world.store.history([name], one.due.judge[0].start_at).get(name)


def _has_activity(block: HistoryBlock, start: int, end: int) -> bool:
    inside = (block.starts >= start) & (block.starts < end) & block.known
    return bool(np.any(block.values[inside] != 0))
