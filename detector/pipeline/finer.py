"""A finer onset: the hours around the start of an anomaly are read again in five-minute buckets.

Whether a deploy of eight minutes before the hour can have done it is decided by minutes, and an hour's value does not
tell them. Nothing here ever holds a message back.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np

from detector.errors import SourceError
from detector.model.incident import IncidentMetric
from detector.model.metric import Kind, Metric, ShortForm
from detector.model.rows import BucketRows
from detector.model.span import Span, at_epoch, epoch_s
from detector.model.verdict import Onset, Outcome, OutcomeKind
from detector.pipeline.beginning import onset_among
from detector.pipeline.costing import costed
from detector.pipeline.filling import fill
from detector.pipeline.judging import CONTEXT
from detector.ports import MetricSource
from detector.stats.onset import find_onset, onset_of

__all__ = ["refine_onset"]

FINE_S = 300
COARSE_S = 1800
"""Buckets shorter than half an hour are fine enough."""

LONGEST_S = 3600
"""Within longer ones the time of day makes the level, and their sum says nothing of it: a usual night would look like
the start. (A day in five-minute pieces would also be gigabytes of likelihoods.)"""

BEFORE, MOST = 2, 4
"""Whole buckets that are read again: two before the first anomalous one, and at most four in all."""

INSIDE = 0.7
"""The hours that are read again must hold this much of the onset's probability, or they are the wrong ones."""

CLUMPING = 1.3
"""Sales come in clumps: within an hour they vary somewhat more than independent ones would. A guess, on the careful
side: the larger it is, the wider the onset."""


def refine_onset(
    metric: Metric, part: IncidentMetric, timeline: Sequence[Outcome], source: MetricSource
) -> IncidentMetric:
    """The part with its onset to the minute where the source can tell, and as it was where it cannot."""
    fits = isinstance(metric.query, ShortForm) and metric.kind is not Kind.GAUGE
    fits = fits and COARSE_S <= metric.every_s <= LONGEST_S
    coarse = _around(timeline, part)
    if not fits or not coarse or part.bound is not None or sum(_mass(part.onset, one.span) for one in coarse) < INSIDE:
        return part
    span = Span(coarse[0].span.start_at, coarse[-1].span.end_at)
    fine = replace(metric, every_s=FINE_S)
    try:
        rows = source.read(fine, span)
    except SourceError:
        return part  # the message matters more than the minute in it
    outcomes = _fine_outcomes(fine, coarse, span, rows)
    if not outcomes:
        return part
    if metric.kind.adds_up:
        onset = _followed(part, metric, timeline, (coarse, outcomes))
        return costed(replace(part, onset=onset), metric.kind, timeline)
    first = len(outcomes) - 1
    fine_onset = find_onset(outcomes, first, metric.kind, reach=first, back_decay=1.0)
    return costed(replace(part, onset=_blended(part.onset, fine_onset, coarse)), metric.kind, timeline)


def _followed(
    part: IncidentMetric, metric: Metric, timeline: Sequence[Outcome], again: tuple[Sequence[Outcome], list[Outcome]]
) -> Onset:
    """From the timeline with some of its buckets (first of `again`) told by those that were read in their place."""
    coarse, fine = again
    read = Span(coarse[0].span.start_at, coarse[-1].span.end_at)
    before = _since_the_last_anomaly([one for one in timeline if one.span.end_at <= read.start_at])[-CONTEXT // 2 :]
    rows = [*before, *fine]  # no later ones: a tick that catches up must find what each tick would have found
    return onset_among(rows, len(rows) - 1, metric.kind, is_drop=part.is_drop)


def _since_the_last_anomaly(before: Sequence[Outcome]) -> Sequence[Outcome]:
    """What was wrong before was another matter, and is no sign of this one's beginning."""
    wrong = [place for place, one in enumerate(before) if one.kind is OutcomeKind.ANOMALOUS]
    return before[wrong[-1] + 1 :] if wrong else before


def _blended(coarse: Onset, fine: Onset, buckets: Sequence[Outcome]) -> Onset:
    """Of a share: the bucket from the coarse numbers, the minute in it from the fine ones.

    What varies from hour to hour for its own reasons looks like a change of level to the minutes; only the coarse
    noise knows of it. Buckets in which the fine numbers see nothing at all stay as they were.
    """
    pieces: list[tuple[Span, float]] = []
    read_again: list[Span] = []
    for bucket in buckets:
        mass = _mass(coarse, bucket.span)
        inside = [piece for piece in fine.pieces if _is_in(piece[0], bucket.span)]
        whole = sum(share for _, share in inside)
        if whole > 0:
            read_again.append(bucket.span)
            pieces += [(span, mass * share / whole) for span, share in inside]
    pieces += [piece for piece in coarse.pieces if not any(_is_in(piece[0], span) for span in read_again)]
    return onset_of(sorted(pieces))


def _mass(onset: Onset, span: Span) -> float:
    return sum(share for piece, share in onset.pieces if _is_in(piece, span))


def _is_in(piece: Span, span: Span) -> bool:
    return span.start_at <= piece.start_at and piece.end_at <= span.end_at


def _around(timeline: Sequence[Outcome], part: IncidentMetric) -> list[Outcome]:
    """The first anomalous bucket and those before it, as far as something is known of all of them."""
    first = next((i for i, outcome in enumerate(timeline) if outcome.span.start_at >= part.span.start_at), None)
    if first is None:
        return []
    until = first + (MOST - BEFORE if timeline[first].in_range else 1)  # a slow one may have begun later than it seems
    chosen = [one for one in timeline[max(0, first - BEFORE) : until] if one.span.end_at <= part.span.end_at]
    return [one for one in chosen if one.value is not None and one.expected is not None and one.spread is not None]


def _fine_outcomes(fine: Metric, coarse: Sequence[Outcome], span: Span, rows: BucketRows) -> list[Outcome]:
    """Five-minute buckets with what was expected of each, bent by the slope from hour to hour, and their noise."""
    block = fill(fine, span, rows, has_begun=True)
    middles = np.array([epoch_s(one.span.start_at + one.span.length / 2) for one in coarse], dtype=np.float64)
    at = block.starts + FINE_S / 2
    parts = np.array([one.span.length / timedelta(seconds=FINE_S) for one in coarse])
    expected, spread = (np.array([getattr(one, name) or 0.0 for one in coarse]) for name in ("expected", "spread"))
    if fine.kind.adds_up:
        usual, noise = np.interp(at, middles, expected / parts), np.interp(at, middles, spread / np.sqrt(parts))
    else:  # a ratio is as noisy as its denominator is small
        whole = np.interp(at, middles, [one.weight or 0.0 for one in coarse])
        shares = whole if block.weights is None else np.maximum(whole, 1.0) / np.maximum(block.weights, 1.0)
        usual, noise = np.interp(at, middles, expected), np.interp(at, middles, spread) * np.sqrt(shares)
    return [
        Outcome(
            metric=fine.name,
            span=Span(at_epoch(start), at_epoch(start + FINE_S)),
            kind=OutcomeKind.NORMAL,
            judged_at=coarse[0].judged_at,
            value=value,
            expected=usual_here,
            spread=CLUMPING * noise_here,
        )
        for start, value, usual_here, noise_here in zip(
            block.starts.tolist(), block.values.tolist(), usual.tolist(), noise.tolist(), strict=True
        )
        if np.isfinite([value, noise_here]).all()
    ]
