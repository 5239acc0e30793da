"""When an anomaly began, from judged buckets of any lengths."""

from collections.abc import Sequence

from detector.model.metric import Kind
from detector.model.verdict import Onset, Outcome
from detector.stats.course import follow_course
from detector.stats.course_rows import rows_of
from detector.stats.onset import find_onset, onset_of

__all__ = ["onset_among"]


def onset_among(outcomes: Sequence[Outcome], first: int, kind: Kind, *, is_drop: bool) -> Onset:
    """The distribution of the start, at the latest in the first anomalous bucket.

    Amounts and counts by the course of their buckets, sudden or over a ramp, as in `detector suspects`; a share or a
    level by one sudden change.

    Args:
        outcomes: in order of time, from some before the first anomalous one to the newest of its run.
        first: index of the first anomalous one.
        kind: of the metric.
        is_drop: there is too little.
    """
    if kind.adds_up:
        rows = rows_of(outcomes)
        pieces = follow_course(rows, outcomes[-1].span.end_at, is_drop=is_drop).onset.pieces if rows.value.size else ()
        begun = [piece for piece in pieces if piece[0].start_at < outcomes[first].span.end_at]
        if begun:
            return onset_of(begun)
    return find_onset(outcomes, first, kind)
