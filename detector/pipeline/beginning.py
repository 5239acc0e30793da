"""When an anomaly began, and whether it is over, from judged buckets of any lengths."""

from collections.abc import Sequence

from detector.model.metric import Kind
from detector.model.span import Span, at_epoch
from detector.model.verdict import Onset, Outcome
from detector.stats.course import follow_course
from detector.stats.course_rows import rows_of
from detector.stats.onset import find_onset, onset_of

__all__ = ["ends_among", "onset_among"]

_HARDLY = 1e-4
"""Ends that fit so much worse than the best of them, or than that it lasts, tell no cause from another."""


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


def ends_among(outcomes: Sequence[Outcome], kind: Kind, *, is_drop: bool) -> tuple[tuple[Span, float], ...]:
    """When it may have ended: spans with how much better an end in each fits than that it lasts; in order of time.

    By the course of the buckets, as in `detector suspects`: an end within a bucket shows in its value. Empty where it
    cannot be told: of a share or a level, and where nothing was expected.

    Args:
        outcomes: in order of time, from some before the first anomalous one to the newest.
        kind: of the metric.
        is_drop: there is too little.
    """
    rows = rows_of(outcomes) if kind.adds_up else None
    if rows is None or not rows.value.size:
        return ()
    course = follow_course(rows, outcomes[-1].span.end_at, is_drop=is_drop)
    least = _HARDLY * max(1.0, float(course.end_odds.max()))
    return tuple(
        (Span(at_epoch(at - width / 2.0), at_epoch(at + width / 2.0)), odds)
        for at, width, odds in zip(
            course.ends_s.tolist(), course.end_width_s.tolist(), course.end_odds.tolist(), strict=True
        )
        if odds > least
    )
