"""When an anomaly began: a distribution over instants, finer than the bucket where the numbers allow."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from detector.model.metric import Kind
from detector.model.panel import Floats
from detector.model.span import Span
from detector.model.verdict import Onset, Outcome
from detector.stats.magnitude import cut

__all__ = ["find_onset", "onset_of"]

_PIECES = 12  # of a bucket: five minutes of an hour
_REACH = 12  # buckets before the first anomalous one in which a slow fall may have begun
_LEVELS, _MOST = 41, 20.0  # how many levels after the change are tried, and up to how many times the usual one
_QUIETEST = 0.02  # of the variance stays when nothing is sold
_LEAST_SD = 0.02  # of what is expected: no baseline is surer than that
_SPARE = (
    1.25  # levels are tried up to so many times the furthest one that was seen, and to 1.5 times the usual at least
)
_LEAST_REACH = 1.5
# Amounts come in grains (one sale: variance over mean; one trial of a ratio), and a density must not say more than a
# chance can: one grain's width around the mean has at most probability 1, so the sd is at least 1 / sqrt(2 pi) grains.
_GRAIN = 0.4
_TAIL_DEGREES = 6.0  # of Student's t: one odd bucket must not move the start by itself
_COVERED = 0.90
_NOTHING = 1e-4  # a piece less likely than this names no deploy
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


def find_onset(
    outcomes: Sequence[Outcome], first: int, kind: Kind, *, reach: int = _REACH, back_decay: float = _BACK_DECAY
) -> Onset:
    """The distribution of the start of a change of level, given what was expected and what came.

    A bucket in which the change came at a part f of its length is expected to hold e (f + (1 - f) q), later ones e q,
    earlier ones e; q, what is left of the level, is integrated out over a flat prior (the single change-point model of
    Smith, Biometrika 62, 1975, with a fraction for the bucket in which it happens). Ratios follow the same law, for a
    mean over a bucket mixes before and after by time; a gauge moves by a step instead of a factor.

    Args:
        outcomes: up to 48 consecutive buckets, ending with the newest.
        first: index of the first anomalous one.
        kind: of the metric.
        reach: how many buckets before `first` it may have begun in.
        back_decay: prior odds of each bucket against the one after it; 1 where `first` only bounds the start.

    Raises:
        IndexError: `first` is not among them.
    """
    if not 0 <= first < len(outcomes):
        msg = f"bucket {first} is not among {len(outcomes)} outcomes"
        raise IndexError(msg)
    begin = max(0, first - reach)
    end = _end_of_run(outcomes, first)
    row = _row_of(outcomes[begin:end])
    pieces = np.arange((first - begin + 1) * _PIECES)  # at the latest in the last moments of the first anomalous bucket
    edges = np.arange(2 * pieces.size + 1) / (2.0 * _PIECES)
    log_weight = _log_likelihood(row, edges, _levels(row, kind))
    weight = np.exp(log_weight - log_weight.max())
    inside = (weight[:-1:2] + 4.0 * weight[1::2] + weight[2::2]) / 6.0  # Simpson's rule over each piece
    inside = inside * back_decay ** np.maximum(first - begin - pieces // _PIECES, 0)
    return _onset([outcome.span for outcome in outcomes[begin : first + 1]], inside / inside.sum())


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
    table = np.array(rows, dtype=np.float64).reshape(-1, 4)
    value, expected, spread = (cut(column) for column in table.T[1:])
    # Closed hours, where nothing is expected and nothing varies, say nothing of when it began.
    telling = np.isfinite(table).all(axis=1) & ((expected != 0) | (spread > 0))
    return _Row(table[telling, 0], value[telling], expected[telling], spread[telling])


@dataclass(frozen=True, slots=True, eq=False)
class _Levels:
    """What a bucket wholly after the change may hold, (rows, levels), and the noise that goes with it.

    `lumps` is the variance, per row, of the share of a bucket's trials that came in a given part of its time: a ratio
    mixes before and after by trials, not by minutes, and few trials come unevenly.
    """

    mean: Floats
    spread: Floats
    lumps: Floats


def _levels(row: _Row, kind: Kind) -> _Levels:
    size = np.maximum(row.spread, _LEAST_SD * np.abs(row.expected))
    size = np.where(size > 0, size, 1.0)[:, None]
    if kind is Kind.GAUGE:  # a gauge may be around 0: it moves by a step, and is as noisy as before
        reach = _SPARE * np.abs(row.value - row.expected).max(initial=0.0)
        mean = row.expected[:, None] + np.linspace(-reach, reach, _LEVELS)
        return _Levels(mean, np.broadcast_to(size, mean.shape), np.zeros(row.at.size))
    usual = np.where(row.expected > 0, row.expected, 1.0)
    most = max(_LEAST_REACH, _SPARE * float((np.abs(row.value) / usual).max(initial=0.0)))
    left = np.linspace(0.0, min(most, _MOST), _LEVELS)
    grain = _lumps(row) if kind is Kind.RATIO else np.where(row.expected > 0, size[:, 0] ** 2 / usual, 0.0)
    spread = np.maximum(size * np.sqrt(np.maximum(left, _QUIETEST)), _GRAIN * grain[:, None])
    lumps = grain if kind is Kind.RATIO else np.zeros(row.at.size)
    return _Levels(row.expected[:, None] * left, spread, lumps)


def _lumps(row: _Row) -> Floats:
    """One over the number of trials of each row, which a binomial share's noise tells: n = p (1 - p) / sd^2."""
    chance = np.clip(row.expected, 0.01, 0.99)
    trials = chance * (1.0 - chance) / np.maximum(row.spread, 1e-9) ** 2
    share: Floats = 1.0 / np.maximum(trials, 1.0)
    return share


def _log_likelihood(row: _Row, starts: Floats, levels: _Levels) -> Floats:
    """Log likelihood of each start (in buckets since the first one), shape of `starts`."""
    if row.at.size == 0:
        return np.zeros(starts.shape)
    after = np.clip(row.at[None, :] + 1.0 - starts[:, None], 0.0, 1.0)[:, :, None]  # part of the bucket after the start
    mean = row.expected[:, None] * (1.0 - after) + levels.mean * after
    before_variance = np.maximum(row.spread, _LEAST_SD * np.abs(row.expected))[:, None] ** 2
    variance = before_variance * (1.0 - after) + levels.spread**2 * after
    variance = variance + levels.lumps[:, None] * after * (1.0 - after) * (row.expected[:, None] - levels.mean) ** 2
    deviate = (row.value[:, None] - mean) ** 2 / variance
    log_density = -0.5 * np.log(variance) - 0.5 * (_TAIL_DEGREES + 1.0) * np.log1p(deviate / _TAIL_DEGREES)
    by_level = log_density.sum(axis=1)
    top = by_level.max(axis=1)
    total: Floats = top + np.log(np.exp(by_level - top[:, None]).mean(axis=1))
    return total


def _onset(spans: Sequence[Span], weight: Floats) -> Onset:
    pieces: list[tuple[Span, float]] = []
    for index, share in enumerate(weight.tolist()):
        span, part = spans[index // _PIECES], index % _PIECES
        step = span.length / _PIECES
        pieces.append((Span(span.start_at + step * part, span.start_at + step * (part + 1)), share))
    return onset_of(pieces)


def onset_of(pieces: Sequence[tuple[Span, float]]) -> Onset:
    """The onset with these pieces, in order of time; their weights need not sum to 1, but some must be positive."""
    total = sum(share for _, share in pieces)
    kept = [piece for piece in pieces if piece[1] > _NOTHING * total]
    whole = sum(share for _, share in kept)
    kept = [(span, share / whole) for span, share in kept]
    outside = (1.0 - _COVERED) / 2.0
    return Onset(
        earliest=_instant(kept, outside),
        likely=_instant(kept, 0.5),
        latest=_instant(kept, 1.0 - outside),
        pieces=tuple(kept),
    )


def _instant(pieces: Sequence[tuple[Span, float]], level: float) -> datetime:
    """The instant before which `level` of the probability lies."""
    passed = 0.0
    for span, share in pieces:
        if passed + share >= level:
            return span.start_at + span.length * ((level - passed) / share)
        passed += share
    return pieces[-1][0].end_at
