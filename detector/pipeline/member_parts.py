"""From judged members to their parts in incidents: only those that are anomalous or in an incident are looked at."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import cast

import numpy as np

from detector.model.incident import IncidentMetric
from detector.model.metric import Member, Metric
from detector.model.rows import BucketRows
from detector.model.span import Span, epoch_s
from detector.model.state import HistoryBlock, MemberBlock, Members
from detector.model.verdict import Outcome
from detector.pipeline.anomalies import Found, outcomes_since, over_spans
from detector.pipeline.finer import refine_onset
from detector.pipeline.in_order import go_through
from detector.pipeline.judge_members import Weighed, lost_of, member_metric
from detector.pipeline.judging import Judged, judged_of
from detector.pipeline.pulled import Pulled
from detector.pipeline.recall import Memory
from detector.pipeline.teaching import lessons_of
from detector.pipeline.where_members import with_members
from detector.pipeline.world import World
from detector.ports import MetricSource, Store
from detector.stats.judge import Judgement, VerdictCode

__all__ = ["MOST_LISTED", "MemberFindings", "find_members"]

MOST_LISTED = 20
"""Members of one metric that an incident lists; of more it says how many. A message names five."""


@dataclass(frozen=True, slots=True, eq=False)
class MemberFindings:
    """What a tick found about the members of one metric.

    Attributes:
        metric: the rule's.
        state: how far they are now.
        fresh: what was read by this tick.
        found: how parts in live incidents go on, and members that nothing was known of, largest loss first.
        outcomes: to be recorded: of members in an incident only, from where their anomaly began.
        beyond: members that are anomalous as well, beyond the `MOST_LISTED` largest.
    """

    metric: Metric
    state: Members
    fresh: MemberBlock
    found: tuple[Found, ...]
    outcomes: tuple[Outcome, ...]
    beyond: int


def find_members(
    weighed: Weighed, memory: Memory, world: World, late: frozenset[int], now: datetime, *, is_finer: bool
) -> MemberFindings:
    """Carry the parts of members on, and find new anomalies among the others.

    `is_finer`: ask for the minute in which the largest new one began, by which the suspects are ranked.
    """
    is_anomalous = weighed.judgement.verdict[:, weighed.due] == VerdictCode.ANOMALOUS
    fresh_rows = is_anomalous.any(axis=1)
    fresh_rows[list(weighed.recorded)] = False
    lost = np.where(fresh_rows, lost_of(weighed, weighed.due, is_anomalous), -1.0)
    largest = np.argsort(-lost, kind="stable")[: min(MOST_LISTED, int(fresh_rows.sum()))].tolist()
    found: list[Found] = []
    outcomes: list[Outcome] = []
    for row in (*weighed.recorded, *largest):  # a handful: all others are arrays and stay so
        judged, one = _look_at(row, weighed, memory, world.store, late, now)
        if is_finer and one.fresh and row in largest[:1]:
            one = _with_finer_onset(one, judged, world.sources[weighed.metric.source])
        found.append(one)
        outcomes += _to_record(judged, one)
    members = weighed.members
    return MemberFindings(
        metric=weighed.metric,
        state=replace(members.state, read_until=members.due.closed_end, judged_until=members.due.judge[-1].end_at),
        fresh=weighed.fresh,
        found=tuple(found),
        outcomes=tuple(outcomes),
        beyond=int(fresh_rows.sum()) - len(largest),
    )


def _look_at(
    row: int, weighed: Weighed, memory: Memory, store: Store, late: frozenset[int], now: datetime
) -> tuple[Judged, Found]:
    member = Member(weighed.metric.each or "", weighed.told.series[row])
    metric = member_metric(weighed.metric, member)
    told = weighed.told.rows(np.array([row])).cut(slice(-weighed.newest, None))
    due = replace(weighed.members.due, skip=())
    block = HistoryBlock(metric.name, told.grid.starts, told.values[0], told.known[0], told.teaches[0])
    changed = frozenset(weighed.told.grid.starts[weighed.changed[row]].tolist())
    pulled = Pulled(metric, weighed.one.state, due, block, block, changed, ambiguous=weighed.one.ambiguous)
    recorded = weighed.recorded.get(row)
    if recorded is None:
        recorded = store.outcomes(metric.name, outcomes_since(metric, memory, due.closed_end))
    over, levels = over_spans(metric.name, memory), lessons_of(metric.name, (*memory.ended, *memory.live)).levels

    def judge_again(over: Sequence[Span]) -> Judged:
        return judged_of(pulled, (told, weighed.rejudged(row, over)), recorded, (*over, *levels), late, now)

    first = judged_of(pulled, (told, _one_row(weighed.judgement, row)), recorded, (*over, *levels), late, now)
    judged, found = go_through(first, judge_again, over, memory)
    named = [None if part is None else _named(part, weighed, member) for part in (found.continued, *found.fresh)]
    return judged, Found(metric, named[0], tuple(part for part in named[1:] if part is not None))


def _one_row(judgement: Judgement, row: int) -> Judgement:
    return Judgement(**{name: getattr(judgement, name)[[row]] for name in Judgement.__dataclass_fields__})


def _named(part: IncidentMetric, weighed: Weighed, member: Member) -> IncidentMetric:
    """As a part of the rule's metric; where it fell is known."""
    return with_members(replace(part, metric=weighed.metric.name, member=member), weighed)


def _to_record(judged: Judged, found: Found) -> list[Outcome]:
    """What is due and revised, and for what is new all that belongs to it: nothing was recorded of that so far."""
    due = {epoch_s(outcome.span.start_at) for outcome in (*judged.due, *judged.revised)}
    begun = [
        outcome
        for outcome in judged.timeline
        if epoch_s(outcome.span.start_at) not in due
        and any(part.span.start_at <= outcome.span.start_at < part.span.end_at for part in found.fresh)
    ]
    return [*begun, *judged.revised, *judged.due]


@dataclass(frozen=True, slots=True)
class _OfMember:
    """A source that reads one member where it is asked for a metric."""

    source: MetricSource
    name: str

    def read(self, metric: Metric, span: Span) -> BucketRows:
        rows = self.source.read_members(metric, [self.name], span)
        seen = rows.seen[0]
        weights = None if rows.weights is None else rows.weights[0, seen]
        return BucketRows(rows.starts[seen], rows.values[0, seen], weights, rows.ambiguous)


def _with_finer_onset(one: Found, judged: Judged, source: MetricSource) -> Found:
    part, *others = one.fresh
    name = "" if part.member is None else part.member.name
    asked = cast("MetricSource", _OfMember(source, name))  # for nothing but buckets
    return replace(one, fresh=(refine_onset(one.metric, part, judged.timeline, asked), *others))
