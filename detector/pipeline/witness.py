"""Late: a witness tells a dead pipeline from a dead shop."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np

from detector.model.span import at_epoch, epoch_s
from detector.model.state import HistoryBlock
from detector.model.verdict import Outcome, OutcomeKind
from detector.pipeline.pulled import Pulled
from detector.pipeline.world import World

__all__ = ["late_starts"]


def late_starts(
    one: Pulled, recorded: Sequence[Outcome], others: Mapping[str, Pulled], world: World, now: datetime
) -> frozenset[int]:
    """Starts of buckets, due ones and those that were late, that are empty while the witness has nothing newer either.

    Raises:
        SourceError: the witness could not be asked.
    """
    witness = one.metric.witness
    if witness is None:
        return frozenset()
    still_late = [outcome.span for outcome in recorded if outcome.kind is OutcomeKind.LATE]
    asked = {(epoch_s(span.start_at), epoch_s(span.end_at)) for span in (*still_late, *one.due.judge)}
    empty = [(start, end) for start, end in sorted(asked) if not _has_activity(one.block, start, end)]
    if not empty:
        return frozenset()
    if witness.table is not None and witness.time is not None:
        newest = world.sources[one.metric.source].newest_row(witness.table, witness.time, now)
        alive_until = -1 if newest is None else epoch_s(newest)
        return frozenset(start for start, _ in empty if alive_until < start)
    block = _block_of(witness.metric or "", others, world, at_epoch(empty[0][0]))
    return frozenset(start for start, end in empty if block is None or not _has_activity(block, start, end))


def _block_of(name: str, others: Mapping[str, Pulled], world: World, since: datetime) -> HistoryBlock | None:
    if name in others:
        return others[name].block
    return world.store.history([name], since).get(name)


def _has_activity(block: HistoryBlock, start: int, end: int) -> bool:
    inside = (block.starts >= start) & (block.starts < end) & block.known
    return bool(np.any(block.values[inside] != 0))
