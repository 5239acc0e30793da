"""Judge members: all values of a rule's `each` column at once, as one Panel, beside the metric's whole."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from detector.alerting.due import HISTORY
from detector.errors import SourceError
from detector.model.grid import Grid, grid_of
from detector.model.incident import Incident, IncidentMetric
from detector.model.metric import Member, Metric
from detector.model.panel import Bools, Floats, Panel
from detector.model.span import Span, epoch_s
from detector.model.state import MemberBlock, Members, Seasons
from detector.model.verdict import Outcome
from detector.pipeline.anomalies import outcomes_since
from detector.pipeline.filling import fill_members
from detector.pipeline.judging import CONTEXT, member_watch_of
from detector.pipeline.pulled import Pulled, PulledMembers
from detector.pipeline.recall import Memory
from detector.pipeline.teaching_members import members_with_lessons
from detector.ports import Store
from detector.stats.calendar import with_calendar
from detector.stats.judge import Company, Judgement, company_of, judge

__all__ = ["Weighed", "lost_of", "member_metric", "weigh_members"]

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Weighed:
    """All members of a metric, judged.

    Attributes:
        one, members: what was pulled.
        fresh: what was read by this tick.
        told: ten weeks of every member, as they were read.
        panel: the same as they were judged: without what is over, which neither teaches nor counts.
        company: what thin members lean on.
        judgement: of the newest buckets, arrays of shape (m, newest).
        changed: shape (m, n); buckets read before that now say something else.
        recorded: outcomes of the members in whose incident somebody waits for the end, by row.
    """

    one: Pulled
    members: PulledMembers
    fresh: MemberBlock
    told: Panel
    panel: Panel
    company: Company | None
    judgement: Judgement
    changed: Bools
    recorded: Mapping[int, tuple[Outcome, ...]]

    @property
    def metric(self) -> Metric:
        """The rule's metric."""
        return self.one.metric

    @property
    def newest(self) -> int:
        """How many buckets were judged."""
        return int(self.judgement.verdict.shape[1])

    @property
    def due(self) -> Indices:
        """Columns of the due buckets, among those that were judged."""
        first = len(self.told.grid) - self.newest
        starts = [epoch_s(span.start_at) for span in self.members.due.judge]
        columns: Indices = np.searchsorted(self.told.grid.starts, np.array(starts, dtype=np.int64)) - first
        return columns

    def rejudged(self, row: int, over: Sequence[Span]) -> Judgement:
        """One member again, without more that is over."""
        alone = self.panel.rows(np.array([row]))
        gone = np.zeros(len(alone.grid), dtype=bool)
        for span in over:
            gone |= _inside(alone.grid, span)
        alone = _without(alone, gone[None, :])
        return _judged(self.one, alone, self.company, len(self.members.state.names), self.newest)


def member_metric(metric: Metric, member: Member) -> Metric:
    """The rule as it holds for one member: under the name of its series, and without bounds on the whole."""
    return replace(metric, name=member.of(metric.name), alert=replace(metric.alert, below=None, above=None))


def weigh_members(one: Pulled, memory: Memory, late: frozenset[int], store: Store) -> Weighed:
    """Judge all members with due buckets; a few passes over arrays, whatever their number.

    Raises:
        SourceError: no members were read.
        StoreError: the store failed.
    """
    members, metric = one.members, one.metric
    if members is None:
        raise one.members_error or SourceError("no members were read")
    closed_end = members.due.closed_end
    grid = grid_of(metric.timezone, metric.every_s, Span(closed_end - HISTORY, closed_end))
    stored = store.member_history(metric.name, closed_end - HISTORY)
    fresh = _fresh(metric, members, stored, late)
    told, changed = _told(metric, members.state, grid, stored, fresh)
    told, fresh = members_with_lessons(told, fresh, members.state, (*memory.ended, *memory.live))
    alive = _alive(metric, members.state, memory)
    recorded = {
        row: store.outcomes(one_metric.name, outcomes_since(one_metric, memory, closed_end))
        for row, one_metric in ((row, member_metric(metric, part_member(part))) for row, part in alive.items())
    }
    revised = [
        epoch_s(outcome.span.start_at)
        for row, outcomes in recorded.items()
        for outcome in outcomes
        if changed[row, grid.index_of(epoch_s(outcome.span.start_at))]
    ]
    first = min([epoch_s(members.due.judge[0].start_at), *revised])
    newest = min(len(grid), int(np.sum(grid.starts >= first)) + CONTEXT)
    panel = _without(told, _over(metric, members.state, grid, memory, alive))
    company = company_of(panel, metric.kind, _seasons_of(one, panel))
    judgement = _judged(one, panel, company, len(members.state.names), newest)
    return Weighed(one, members, fresh, told, panel, company, judgement, changed, recorded)


def part_member(part: IncidentMetric) -> Member:
    """Of a part that is known to be about a member."""
    if part.member is None:
        raise AssertionError(f"{part.metric}: not about a member")
    return part.member


def _judged(one: Pulled, panel: Panel, company: Company | None, members: int, newest: int) -> Judgement:
    watch = member_watch_of(one.metric, members)
    return judge(panel, watch, newest, _seasons_of(one, panel), together=company or False)


def _seasons_of(one: Pulled, panel: Panel) -> Sequence[Seasons] | None:
    seasons = one.state.seasons
    return None if seasons is None else [seasons] * len(panel.series)


def _fresh(metric: Metric, members: PulledMembers, stored: MemberBlock | None, late: frozenset[int]) -> MemberBlock:
    """What was read by this tick; what a witness calls late has not turned into zero."""
    begun = np.zeros(len(members.state.names), dtype=bool)
    if stored is not None:
        before = stored.starts < members.rows[0].starts[0]
        begun |= np.isfinite(stored.values[:, before]).any(axis=1)
    blocks: list[MemberBlock] = []
    for rows in members.rows:
        blocks.append(fill_members(metric, rows, begun))
        begun |= np.isfinite(blocks[-1].values).any(axis=1)
    starts = np.concatenate([block.starts for block in blocks])
    values = np.concatenate([block.values for block in blocks], axis=1)
    values[:, np.isin(starts, sorted(late))] = np.nan
    weights = None
    if any(block.weights is not None for block in blocks):
        parts = [np.full(block.values.shape, np.nan) if block.weights is None else block.weights for block in blocks]
        weights = np.concatenate(parts, axis=1)
    return MemberBlock(metric.name, starts, values, np.ones(values.shape, dtype=bool), weights)


def _told(
    metric: Metric, members: Members, grid: Grid, stored: MemberBlock | None, fresh: MemberBlock
) -> tuple[Panel, Bools]:
    """The stored buckets with the new reading over them, and what it has changed."""
    shape = (len(members.names), len(grid))
    values, teaches, changed = np.full(shape, np.nan), np.ones(shape, dtype=bool), np.zeros(shape, dtype=bool)
    is_weighted = fresh.weights is not None or (stored is not None and stored.weights is not None)
    weights = np.full(shape, np.nan) if is_weighted else None
    for block in (stored, fresh):
        if block is None:
            continue
        at, inside = _places(grid, block.starts)
        new = block.values[:, inside]
        if block is fresh and stored is not None:
            was_read = np.isin(block.starts[inside], stored.starts)
            before = values[:, at]
            changed[:, at] = was_read & (before != new) & ~(np.isnan(before) & np.isnan(new))
        values[:, at] = new
        teaches[:, at] &= block.teaches[:, inside]
        if weights is not None and block.weights is not None:
            weights[:, at] = block.weights[:, inside]
    panel = Panel(
        series=members.names,
        grid=grid,
        values=values,
        known=np.isfinite(values),
        teaches=teaches,
        is_holiday=np.zeros(len(grid), dtype=bool),
        weights=weights,
        whose=metric.name,
    )
    return with_calendar(panel, metric.holidays, metric.calendar), changed


def _places(grid: Grid, starts: Indices) -> tuple[Indices, Bools]:
    at = np.searchsorted(grid.starts, starts)
    inside = at < len(grid)
    inside[inside] = grid.starts[at[inside]] == starts[inside]
    return at[inside], inside


def _alive(metric: Metric, members: Members, memory: Memory) -> dict[int, IncidentMetric]:
    """Members in a live incident, or in one that a person closed while it went on, by row."""
    row = {name: place for place, name in enumerate(members.names)}
    going_on = (*(one for one in memory.ended if one.closed_by is not None), *memory.live)
    return {
        row[part.member.name]: part
        for part in _parts(metric, going_on)
        if part.member is not None and part.ended_at is None and part.member.name in row
    }


def _parts(metric: Metric, incidents: Iterable[Incident]) -> Iterable[IncidentMetric]:
    return (part for incident in incidents for part in incident.metrics if part.metric == metric.name)


def _over(
    metric: Metric, members: Members, grid: Grid, memory: Memory, alive: Mapping[int, IncidentMetric]
) -> Bools | None:
    """Buckets in past incidents of the whole or of the member, (m, n); None where there are none."""
    row = {name: place for place, name in enumerate(members.names)}
    over = [part for part in _parts(metric, (*memory.ended, *memory.live)) if part.ended_at is not None]
    if not over:
        return None
    masked = [(part, part.masked) for part in over]
    gone = np.zeros((len(members.names), len(grid)), dtype=bool)
    for part, span in masked:
        rows = slice(None) if part.member is None else row.get(part.member.name)
        if rows is not None and span is not None:
            gone[rows, _inside(grid, span)] = True
    for place, part in alive.items():  # what goes on counts, also where the whole is back
        gone[place, grid.starts >= epoch_s(part.span.start_at)] = False
    return gone


def _inside(grid: Grid, span: Span) -> Bools:
    return (grid.starts >= epoch_s(span.start_at)) & (grid.starts < epoch_s(span.end_at))


def _without(panel: Panel, gone: Bools | None) -> Panel:
    if gone is None:
        return panel
    return replace(panel, values=np.where(gone, np.nan, panel.values), known=panel.known & ~gone)


def lost_of(weighed: Weighed, columns: Indices, is_anomalous: Bools) -> Floats:
    """What each member misses in its anomalous ones of some judged buckets, shape (m,)."""
    told = weighed.told.cut(slice(-weighed.newest, None))
    gap = np.abs(weighed.judgement.expected[:, columns] - told.values[:, columns])
    if told.weights is not None:
        gap = gap * np.nan_to_num(told.weights[:, columns])
    lost: Floats = np.where(is_anomalous, np.nan_to_num(gap), 0.0).sum(axis=1)
    return lost
