"""What an anomaly costs, by the buckets around it and by when it began."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from detector.alerting.runs import NORMAL_TO_RESOLVE
from detector.model.incident import IncidentMetric
from detector.model.metric import Kind
from detector.model.span import Span
from detector.model.verdict import Outcome
from detector.stats.loss import find_loss

__all__ = ["costed"]


def costed(part: IncidentMetric, kind: Kind, timeline: Sequence[Outcome]) -> IncidentMetric:
    """The part with what is missing over its span, by its onset; outcomes in order of time."""
    span = part.span
    during = [one for one in timeline if span.start_at <= one.span.start_at and one.span.end_at <= span.end_at]
    later = [one for one in timeline if one.span.start_at >= span.end_at] if part.normal_in_a_row else []
    before = [
        (one, _part_since(part.onset.earliest, one.span))
        for one in timeline
        if part.onset.earliest < one.span.end_at <= span.start_at
    ]
    return replace(part, loss=find_loss(during, kind, part.is_drop, later[:NORMAL_TO_RESOLVE], before))


def _part_since(at: datetime, span: Span) -> float:
    return min((span.end_at - at) / span.length, 1.0)
