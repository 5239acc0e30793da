"""Where: which segments of a split column carry an anomaly. Nothing here ever holds a message back."""

from datetime import timedelta

from detector.errors import SourceError
from detector.linking.segments import find_whereabouts
from detector.model.incident import IncidentMetric, Whereabouts
from detector.model.metric import Metric, ShortForm
from detector.model.rows import SegmentRows
from detector.model.span import Span
from detector.ports import MetricSource

__all__ = ["look_where"]

WEEKS_BACK = (1, 2, 3, 4)
"""The same hours of four earlier weeks say how the whole usually divides: enough to even out one odd week."""


def look_where(metric: Metric, part: IncidentMetric, source: MetricSource) -> tuple[Whereabouts, ...]:
    """One entry per split column that could be read."""
    if not isinstance(metric.query, ShortForm):
        return ()
    found: list[Whereabouts] = []
    for column in metric.query.split:
        try:
            now = source.read_segments(metric, column, part.span)
            reference = [_read_earlier(metric, column, part.span, weeks, source) for weeks in WEEKS_BACK]
        except SourceError:
            continue  # the message matters more than this line of it
        found.append(find_whereabouts(now, reference, is_drop=part.is_drop, adds_up=metric.kind.adds_up))
    return tuple(found)


def _read_earlier(metric: Metric, column: str, span: Span, weeks: int, source: MetricSource) -> SegmentRows:
    back = timedelta(weeks=weeks)
    return source.read_segments(metric, column, Span(span.start_at - back, span.end_at - back))
