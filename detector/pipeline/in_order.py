"""Judge several due buckets as if each had been judged in its time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from detector.model.span import Span
from detector.model.verdict import Outcome, OutcomeKind
from detector.pipeline.anomalies import Found, find_parts, over_spans
from detector.pipeline.judging import Judged, Seen, judge_metric, see
from detector.pipeline.pulled import Pulled
from detector.pipeline.recall import Memory
from detector.pipeline.teaching import Lessons

__all__ = ["Case", "case_of", "go_through", "judge_in_order"]


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """All that one metric's due buckets are judged by.

    Attributes:
        one: what was pulled.
        recorded: current outcomes of its last buckets, in order of time.
        over: spans of its past incidents.
        late: starts of due buckets that a witness calls late.
        lessons: what its incidents say of its buckets.
        seen: its history as it is judged.
    """

    one: Pulled
    recorded: tuple[Outcome, ...]
    over: tuple[Span, ...]
    late: frozenset[int]
    lessons: Lessons
    seen: Seen


def case_of(one: Pulled, recorded: tuple[Outcome, ...], memory: Memory, late: frozenset[int], lessons: Lessons) -> Case:
    over = over_spans(one.metric.name, memory)
    return Case(one, recorded, over, late, lessons, see(one, recorded, over, late, lessons))


def judge_in_order(case: Case, memory: Memory, now: datetime) -> tuple[Judged, Found]:
    """Judge what is due, and find the anomalies in it.

    An anomaly that ended among the due buckets is no evidence against those after it, as it would have been none had
    each been judged in its time.
    """
    one, recorded, late, lessons = case.one, case.recorded, case.late, case.lessons

    def judged(seen: Seen, over: Sequence[Span]) -> Judged:
        return judge_metric(one, seen, recorded, (*over, *lessons.levels), late, now)

    def judge_again(over: Sequence[Span]) -> Judged:
        return judged(see(one, recorded, over, late, lessons), over)

    return go_through(judged(case.seen, case.over), judge_again, case.over, memory)


def go_through(
    first: Judged, judge_again: Callable[[Sequence[Span]], Judged], over: Sequence[Span], memory: Memory
) -> tuple[Judged, Found]:
    """The outcomes and anomalies of one series, judged again without each anomaly that ended among what is due.

    Args:
        first: as judged with what was over before.
        judge_again: the same with more that is over.
        over: spans of what was over before.
        memory: what was known before the tick.
    """
    judged = _side_by_side(first)
    found = find_parts(judged, memory)
    for _ in judged.due:  # each turn ends one anomaly more
        ended = min((span for span in _ended(found) if span not in over), key=lambda span: span.end_at, default=None)
        if ended is None or not any(_is_evidence_after(ended, outcome) for outcome in judged.due):
            break
        over = (*over, ended)
        judged = _with_later(judged, judge_again(over), ended.end_at)
        found = find_parts(judged, memory)
    return judged, found


def _side_by_side(judged: Judged) -> Judged:
    """After a change of `every` outcomes of both lengths are known of the same hours: each hour counts once."""
    kept: list[Outcome] = []
    for outcome in judged.timeline:
        if not kept or outcome.span.start_at >= kept[-1].span.end_at:
            kept.append(outcome)
    return replace(judged, timeline=tuple(kept))


def _ended(found: Found) -> tuple[Span, ...]:
    parts = (found.continued, *found.fresh)
    masked = (part.masked for part in parts if part is not None and part.ended_at is not None)
    return tuple(span for span in masked if span is not None)


def _is_evidence_after(ended: Span, outcome: Outcome) -> bool:
    return outcome.kind is OutcomeKind.ANOMALOUS and outcome.span.start_at >= ended.end_at


def _with_later(judged: Judged, again: Judged, since: datetime) -> Judged:
    """The outcomes as they were first judged, but those since then as judged again."""
    later = {one.span: one for one in again.due if one.span.start_at >= since}
    return replace(
        judged,
        due=tuple(later.get(one.span, one) for one in judged.due),
        timeline=tuple(later.get(one.span, one) for one in judged.timeline),
    )
