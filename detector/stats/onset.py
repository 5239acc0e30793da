"""When an anomaly began: a distribution over instants, finer than the bucket where the numbers allow."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import isfinite

import numpy as np

from detector.model.metric import Kind
from detector.model.panel import Floats
from detector.model.span import Span
from detector.model.verdict import Onset, Outcome

__all__ = ["find_onset"]

PIECES = 12  # of a bucket: five minutes of an hour
_REACH = 12  # buckets before the first anomalous one in which a slow fall may have begun
_FACTORS = np.linspace(0.0, 3.0, 61)  # what may be left of the usual level; above 1 for rises
_TAIL_DEGREES = 6.0  # of Student's t: one odd bucket must not move the start by itself
_COVERED = 0.90
# An outage is sudden more often than not, and the detector is quick: each bucket further back than the first anomalous
# one is less likely by this factor before the numbers are looked at.
_BACK_DECAY = 0.7


@dataclass(frozen=True, slots=True, eq=False)
class _Row:
    """Known buckets as arrays: where each stands among the outcomes, value, expectation and sd."""

    at: Floats
    value: Floats
    expected: Floats
    spread: Floats


def find_onset(outcomes: Sequence[Outcome], first: int, kind: Kind) -> Onset:
    """The distribution of the start of a change of level, given what was expected and what came.

    A bucket in which the change came at a part f of its length is expected to hold e (f + (1 - f) q), later ones e q,
    earlier ones e; q, what is left of the level, is integrated out over a flat prior (the single change-point model of
    Smith, Biometrika 62, 1975, with a fraction for the bucket in which it happens). Ratios and gauges follow the same
    law: a mean over a bucket mixes before and after by time.

    Args:
        outcomes: up to 48 consecutive buckets, ending with the newest.
        first: index of the first anomalous one.
        kind: of the metric.

    Raises:
        IndexError: `first` is not among them.
    """
    if not 0 <= first < len(outcomes):
        msg = f"bucket {first} is not among {len(outcomes)} outcomes"
        raise IndexError(msg)
    begin = max(0, first - _REACH)
    end = _end_of_run(outcomes, first)
    row = _row_of(outcomes[begin:end])
    starts = np.arange((first - begin + 1) * PIECES)  # at the latest in the last moments of the first anomalous bucket
    log_weight = _log_likelihood(row, (starts + 0.5) / PIECES, _floor_of(kind))
    back = np.maximum(first - begin - starts // PIECES, 0)
    log_weight = log_weight + back * np.log(_BACK_DECAY)
    weight = np.exp(log_weight - log_weight.max())
    return _onset([outcome.span for outcome in outcomes[begin : first + 1]], weight / weight.sum())


def _end_of_run(outcomes: Sequence[Outcome], first: int) -> int:
    """Buckets after a recovery say nothing about the start: stop where two in a row are in range again."""
    for index in range(first + 1, len(outcomes) - 1):
        if outcomes[index].in_range and outcomes[index + 1].in_range:
            return index
    return len(outcomes)


def _row_of(outcomes: Sequence[Outcome]) -> _Row:
    rows = [
        (float(at), outcome.value, outcome.expected, outcome.spread)
        for at, outcome in enumerate(outcomes)
        if outcome.value is not None and outcome.expected is not None and outcome.spread is not None
    ]
    table = np.array([row for row in rows if all(isfinite(part) for part in row)], dtype=np.float64).reshape(-1, 4)
    return _Row(table[:, 0], table[:, 1], table[:, 2], table[:, 3])


def _floor_of(kind: Kind) -> float:
    """Part of the noise that stays when nothing is sold; a gauge is as noisy at any level."""
    return 0.05 if kind.adds_up else 1.0


def _log_likelihood(row: _Row, starts: Floats, floor: float) -> Floats:
    """Log likelihood of each start (in buckets since the first one), shape of `starts`."""
    if row.at.size == 0:
        return np.zeros(starts.shape)
    after = np.clip(row.at[None, :] + 1.0 - starts[:, None], 0.0, 1.0)  # part of the bucket after the start
    left = 1.0 - after[:, :, None] * (1.0 - _FACTORS)
    mean = row.expected[None, :, None] * left
    size = np.maximum(row.spread, 0.02 * np.abs(row.expected))
    size = np.where(size > 0, size, 1.0)
    spread = size[None, :, None] * np.sqrt(np.clip(np.abs(left), floor, None) if floor < 1.0 else np.ones(left.shape))
    deviate = (row.value[None, :, None] - mean) / spread
    log_density = -np.log(spread) - 0.5 * (_TAIL_DEGREES + 1.0) * np.log1p(deviate * deviate / _TAIL_DEGREES)
    by_factor = log_density.sum(axis=1)
    top = by_factor.max(axis=1)
    total: Floats = top + np.log(np.exp(by_factor - top[:, None]).mean(axis=1))
    return total


def _onset(spans: Sequence[Span], weight: Floats) -> Onset:
    pieces: list[tuple[Span, float]] = []
    for index, share in enumerate(weight.tolist()):
        span, part = spans[index // PIECES], index % PIECES
        step = span.length / PIECES
        pieces.append((Span(span.start_at + step * part, span.start_at + step * (part + 1)), share))
    kept = _joined([piece for piece in pieces if piece[1] > 1e-4])  # noqa: PLR2004  nothing that could name a deploy
    whole = sum(share for _, share in kept)
    kept = [(span, share / whole) for span, share in kept]
    outside = (1.0 - _COVERED) / 2.0
    return Onset(
        earliest=_instant(kept, outside),
        likely=_instant(kept, 0.5),
        latest=_instant(kept, 1.0 - outside),
        pieces=tuple(kept),
    )


def _joined(pieces: list[tuple[Span, float]]) -> list[tuple[Span, float]]:
    return pieces


def _instant(pieces: Sequence[tuple[Span, float]], level: float) -> datetime:
    """The instant before which `level` of the probability lies."""
    passed = 0.0
    for span, share in pieces:
        if passed + share >= level:
            return span.start_at + span.length * ((level - passed) / share)
        passed += share
    return pieces[-1][0].end_at
