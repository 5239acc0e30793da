"""Where: which segments of a split column carry an anomaly. Nothing here ever holds a message back."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

from detector.errors import SourceError
from detector.linking.levels import find_levels, gathered, spread_of
from detector.linking.segments import find_whereabouts
from detector.model.incident import IncidentMetric, Level, Whereabouts
from detector.model.metric import Kind, Metric, ShortForm
from detector.model.rows import SegmentRows
from detector.model.span import Span
from detector.pipeline.judging import CONTEXT
from detector.ports import MetricSource

__all__ = ["WEEKS_BACK", "as_told", "look_again", "look_where", "rest_of"]

WEEKS_BACK = (1, 2, 3, 4)
"""The same hours of four earlier weeks say how the whole usually divides: enough to even out one odd week."""

AGAIN_AT = 2
"""Read again each time the anomaly has become so many times as long: two days take six readings, not forty-eight."""

MATTERS = 0.01  # of the whole; a smaller rest is the error of two sums


def look_where(metric: Metric, part: IncidentMetric, source: MetricSource) -> tuple[Whereabouts, ...]:
    """One entry per split column, and what is known of other columns; only what is not known is asked for."""
    known = {one.column: one for one in part.where}
    asked = [column for column in _columns(metric) if column not in known]
    found = known | {column: _look(metric, column, part, source) for column in asked}
    return tuple(found[column] for column in dict.fromkeys((*_columns(metric), *known)))


def look_again(metric: Metric, part: IncidentMetric, source: MetricSource) -> IncidentMetric:
    """The part of an anomaly that goes on, with what its segments hold by now; where it is stays as it was told."""
    length = part.span.length
    if part.ended_at is not None or part.normal_in_a_row > 0 or length > CONTEXT * timedelta(seconds=metric.every_s):
        return part
    known = {one.column: one for one in part.where}
    for column in _columns(metric):
        before = known.get(column)
        if before is not None and (column == metric.each or not _is_due(before, length)):
            continue
        part = replace(part, where=as_told(part.where, _look(metric, column, part, source)))
    return part


def _is_due(before: Whereabouts, length: timedelta) -> bool:
    return before.span is None or length >= AGAIN_AT * before.span.length


def as_told(before: Iterable[Whereabouts], now: Whereabouts) -> tuple[Whereabouts, ...]:
    """All columns with one of them as it is now; what the team may have been told of it stays."""
    known = {one.column: one for one in before}
    told = known.get(now.column)
    if told is not None and told.is_clear:
        now = replace(now, everywhere=told.everywhere, segments=told.segments)
    if told is not None and not now.levels:
        now = replace(now, levels=told.levels, rest=told.rest, span=now.span or told.span)
    return tuple((known | {now.column: now}).values())


def _columns(metric: Metric) -> Sequence[str]:
    return metric.query.split if isinstance(metric.query, ShortForm) else ()


def _look(metric: Metric, column: str, part: IncidentMetric, source: MetricSource) -> Whereabouts:
    """What one column tells; nothing where it cannot be read."""
    try:
        now, *reference = source.read_segments(metric, column, [part.span, *_earlier(part.span)])
    except SourceError:
        return Whereabouts(column, everywhere=False, span=part.span)  # the message matters more than this line of it
    found = find_whereabouts(now, reference, is_drop=part.is_drop, adds_up=metric.kind.adds_up)
    levels, rest = _levels(metric, part, now, reference)
    return replace(found, levels=levels, rest=rest, span=part.span)


def _earlier(span: Span) -> list[Span]:
    return [Span(span.start_at - timedelta(weeks=one), span.end_at - timedelta(weeks=one)) for one in WEEKS_BACK]


def _levels(
    metric: Metric, part: IncidentMetric, now: SegmentRows, reference: Sequence[SegmentRows]
) -> tuple[tuple[Level, ...], Level | None]:
    """What each segment held; beyond the largest ones that a source tells, the rest of the whole."""
    if not metric.kind.adds_up and (metric.kind is not Kind.RATIO or now.weights is None):
        return (), None  # of these a segment says nothing of how much it holds
    most = metric.query.limit if isinstance(metric.query, ShortForm) else 0
    is_all = all(len(one.segments) < most for one in (now, *reference))
    is_known = part.bound is None  # what a bound stands in for is not known
    levels = find_levels(now, reference, part.expected if is_known and is_all else None, part.noise)
    rest = None
    if is_known and levels and not is_all and metric.kind.adds_up:
        rest = rest_of(part, sum(one.value for one in levels), sum(one.expected for one in levels))
    return gathered(levels, rest)


def rest_of(part: IncidentMetric, value: float, expected: float) -> Level | None:
    """What is left of the whole beside what its segments hold together, if it is more than the error of the sums."""
    left = part.expected - expected
    if part.noise is None or left <= MATTERS * part.expected:
        return None
    return Level("", part.value - value, left, spread_of(part.noise, left, part.expected))
