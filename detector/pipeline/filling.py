"""From rows to buckets: what an empty bucket means, and how a new reading joins what was read before."""

import numpy as np

from detector.model.grid import DAY_S, grid_of
from detector.model.metric import EmptyMeans, Metric
from detector.model.panel import Bools, Floats, Panel
from detector.model.rows import BucketRows, MemberRows
from detector.model.span import Span, epoch_s
from detector.model.state import HistoryBlock, MemberBlock

__all__ = ["changed_starts", "continued", "daily_panel_of", "fill", "fill_members", "merge", "panel_of", "without"]


def fill(metric: Metric, span: Span, rows: BucketRows, *, has_begun: bool) -> HistoryBlock:
    """The span's buckets with what the rows say of them.

    A bucket without rows is zero or missing, as the rule says; but before the first row that ever was, nothing is
    known: a shop that did not exist yet sold nothing that could teach. A NULL is never a zero.
    """
    grid = grid_of(metric.timezone, metric.every_s, span)
    n = len(grid)
    values, weights = np.full(n, np.nan), np.full(n, np.nan)
    seen = np.isin(grid.starts, rows.starts)
    at = np.searchsorted(grid.starts, rows.starts)
    values[at] = rows.values
    if rows.weights is not None:
        weights[at] = rows.weights
    if metric.empty is EmptyMeans.ZERO:
        begun = np.full(n, has_begun) | np.maximum.accumulate(seen)
        values[~seen & begun] = 0.0
    for stretch in rows.ambiguous:
        inside = (grid.starts < epoch_s(stretch.end_at)) & (grid.ends > epoch_s(stretch.start_at))
        values[inside] = np.nan
    known = np.isfinite(values)
    taught = np.ones(n, dtype=bool)
    return HistoryBlock(metric.name, grid.starts, values, known, taught, None if rows.weights is None else weights)


def fill_members(metric: Metric, rows: MemberRows, begun: Bools) -> MemberBlock:
    """The same for all members at once; `begun`, shape (m,), are those that had rows before."""
    values = rows.values.copy()
    if metric.empty is EmptyMeans.ZERO:
        values[~rows.seen & (begun[:, None] | np.logical_or.accumulate(rows.seen, axis=1))] = 0.0
    ends = np.append(rows.starts[1:], rows.starts[-1:] + metric.every_s)
    for stretch in rows.ambiguous:
        values[:, (rows.starts < epoch_s(stretch.end_at)) & (ends > epoch_s(stretch.start_at))] = np.nan
    return MemberBlock(metric.name, rows.starts, values, np.ones(values.shape, dtype=bool), rows.weights)


def merge(old: HistoryBlock | None, new: HistoryBlock) -> HistoryBlock:
    """The old buckets with the new reading over them; what may not teach stays so."""
    if old is None or old.starts.size == 0:
        return new
    stays = ~np.isin(old.starts, new.starts)
    spoiled = old.starts[~old.teaches]
    starts = np.concatenate([old.starts[stays], new.starts])
    order = np.argsort(starts, kind="stable")
    weights = None
    if new.weights is not None:
        before = np.full(old.starts.size, np.nan) if old.weights is None else old.weights
        weights = np.concatenate([before[stays], new.weights])[order]
    return HistoryBlock(
        metric=new.metric,
        starts=starts[order],
        values=np.concatenate([old.values[stays], new.values])[order],
        known=np.concatenate([old.known[stays], new.known])[order],
        teaches=np.concatenate([old.teaches[stays], new.teaches & ~np.isin(new.starts, spoiled)])[order],
        weights=weights,
    )


def continued(old: HistoryBlock | None, new: HistoryBlock) -> HistoryBlock:
    """The new buckets with the old ones that lie before them; without weights."""
    if old is None or not new.starts.size:
        return new
    before = old.starts < new.starts[0]
    parts = ((old.starts, new.starts), (old.values, new.values), (old.known, new.known), (old.teaches, new.teaches))
    return HistoryBlock(new.metric, *(np.concatenate([one[before], other]) for one, other in parts))


def changed_starts(old: HistoryBlock | None, new: HistoryBlock) -> frozenset[int]:
    """Starts of the buckets that were read before, and now say something else."""
    if old is None:
        return frozenset()
    both, at_old, at_new = np.intersect1d(old.starts, new.starts, assume_unique=True, return_indices=True)
    before, after = old.values[at_old], new.values[at_new]
    same = (before == after) | (np.isnan(before) & np.isnan(after))
    return frozenset(both[~same].tolist())


def without(block: HistoryBlock, starts: frozenset[int]) -> HistoryBlock:
    """The block with some buckets unknown."""
    if not starts:
        return block
    gone = np.isin(block.starts, sorted(starts))
    values = np.where(gone, np.nan, block.values)
    return HistoryBlock(block.metric, block.starts, values, block.known & ~gone, block.teaches, block.weights)


def panel_of(metric: Metric, block: HistoryBlock, span: Span, is_holiday: Bools | None = None) -> Panel:
    """A Panel of one row over the span; buckets that the block lacks are unknown."""
    grid = grid_of(metric.timezone, metric.every_s, span)
    at = np.searchsorted(grid.starts, block.starts)
    inside = at < len(grid)
    inside[inside] = grid.starts[at[inside]] == block.starts[inside]
    at = at[inside]

    def row(source: Floats | Bools, empty: float | bool) -> Floats:  # noqa: FBT001 - a fill value, not a flag
        out = np.full((1, len(grid)), empty)
        out[0, at] = source[inside]
        return out

    return Panel(
        series=(metric.name,),
        grid=grid,
        values=row(block.values, np.nan),
        known=row(block.known, empty=False).astype(bool),
        teaches=row(block.teaches, empty=True).astype(bool),
        is_holiday=np.zeros(len(grid), dtype=bool) if is_holiday is None else is_holiday,
        weights=None if block.weights is None else row(block.weights, np.nan),
    )


def daily_panel_of(metric: Metric, block: HistoryBlock, span: Span) -> Panel:
    """A Panel of one row with the sums of the local days of a span that ends at a midnight, from its first whole one.

    A day is known where all of its buckets are, and teaches where all of those do.
    """
    grid = grid_of(metric.timezone, DAY_S, span)
    inside = block.known & (block.starts >= grid.starts[0]) & (block.starts < grid.ends[-1])
    day = np.searchsorted(grid.starts, block.starts[inside], side="right") - 1
    values, spoilt = block.values[inside], ~block.teaches[inside]
    sums, there, broken = (np.bincount(day, each, len(grid)) for each in (values, np.ones(day.size), spoilt))
    known = there >= (grid.ends - grid.starts) // metric.every_s
    return Panel(
        series=(metric.name,),
        grid=grid,
        values=np.where(known, sums, np.nan)[None],
        known=known[None],
        teaches=(broken == 0)[None],
        is_holiday=np.zeros(len(grid), dtype=bool),
    )
