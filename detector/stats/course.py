"""How an anomaly went: when it began, how much it took, and whether it has ended, from rows of any length."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from detector.model.panel import Floats
from detector.model.span import Span, at_epoch, epoch_s
from detector.model.verdict import Onset, Outcome
from detector.stats.onset import onset_of

__all__ = ["Course", "Rows", "follow_course", "rows_of"]

Places = npt.NDArray[np.intp]

_PIECE_S = 300.0
_DROPS = 1.0 - np.concatenate([np.arange(0.05, 1.0, 0.05), [1.0]])
_RISES = np.exp(np.linspace(np.log(1.1), np.log(8.0), 20))
_LASTS, _ENDS = 0.6, 0.4
_RAMPS_S = ((0.0, 0.70), (1800.0, 0.10), (5400.0, 0.10), (14400.0, 0.10))
_LEAST = 0.02
_OUT_SDS = 2.5758


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Buckets in order of time, of any lengths; all shape (n,), times in seconds since 1970."""

    start_s: Floats
    length_s: Floats
    value: Floats
    expected: Floats
    spread: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """What the rows tell of an anomaly.

    Attributes:
        onset: when it began.
        first: index of the first row that it touches so that one can see it.
        left: levels tried, as parts of what is usual, shape (k,).
        left_chance: their probabilities, shape (k,).
        ends_s: ends tried, in seconds since 1970, shape (e,).
        end_odds: how much better each fits than an anomaly that still lasts, shape (e,).
    """

    onset: Onset
    first: int
    left: Floats
    left_chance: Floats
    ends_s: Floats
    end_odds: Floats


def rows_of(outcomes: Sequence[Outcome]) -> Rows:
    """The outcomes of which something is known, in order of time."""
    known = [one for one in outcomes if None not in (one.value, one.expected, one.spread)]
    table = [
        (epoch_s(one.span.start_at), one.span.length.total_seconds(), one.value, one.expected, one.spread)
        for one in sorted(known, key=lambda one: one.span)
    ]
    return Rows(*np.array(table, dtype=np.float64).reshape(-1, 5).T)


def follow_course(rows: Rows, as_of: datetime, *, is_drop: bool) -> Course:
    """The distribution of start, level and end of the one change that explains the rows best."""
    left = _DROPS if is_drop else _RISES
    gain = _log_gain(rows, left[None, :], np.ones((1, 1)))
    total = np.concatenate([np.zeros((1, left.size)), np.cumsum(gain, axis=0)])
    ends = _ends(rows, left, total)
    after = np.logaddexp(total[-1] + np.log(_LASTS), _from_behind(ends) + np.log(_ENDS / max(ends.shape[0], 1)))
    index, part = _starts(rows)
    weight = _by_start(rows, left, (index, part), (total, after))
    start_s = rows.start_s[index] + part * rows.length_s[index]
    age_h = np.maximum((as_of.timestamp() - start_s) / 3600.0, 0.0)
    width = np.minimum(rows.length_s[index], _PIECE_S)
    weight += (np.log(width) - np.log(age_h + 2.0))[:, None]
    share = np.exp(weight - weight.max())
    share /= share.sum()
    by_start, by_level = share.sum(axis=1), share.sum(axis=0)
    pieces = [
        (Span(at_epoch(at - long / 2), at_epoch(at + long / 2)), chance)
        for at, long, chance in zip(start_s.tolist(), width.tolist(), by_start.tolist(), strict=True)
    ]
    onset = onset_of(pieces)
    first = _first_touched(rows, onset, is_drop=is_drop)
    return Course(
        onset, first, left, by_level, rows.start_s + rows.length_s / 2, _end_odds(ends, total, by_level, first)
    )


def _first_touched(rows: Rows, onset: Onset, *, is_drop: bool) -> int:
    """The row of the likeliest start; the one after it where only that one is out of its range."""
    begun = int(np.searchsorted(rows.start_s + rows.length_s, onset.likely.timestamp(), side="right"))
    begun = min(begun, rows.value.size - 1)
    off = (rows.expected - rows.value) * (1.0 if is_drop else -1.0) > _OUT_SDS * rows.spread
    following = min(begun + 1, rows.value.size - 1)
    return following if off[following] and not off[begun] else begun


def _log_gain(rows: Rows, left: Floats, part: Floats) -> Floats:
    """Log likelihood of each row against nothing being wrong, if `part` of it has the level `left`.

    Quasi-Poisson: (v log mean - mean) / dispersion, exact for counts, and right in mean and variance for amounts.
    """
    return _gain(rows.value[:, None], rows.expected[:, None], rows.spread[:, None], 1.0 - part * (1.0 - left))


def _gain(value: Floats, expected: Floats, spread: Floats, level: Floats) -> Floats:
    usual = np.maximum(expected, 1e-12)
    dispersion = np.maximum(spread**2 / usual, 1e-12)
    kept = np.maximum(level, _LEAST)
    gain: Floats = (np.maximum(value, 0.0) * np.log(kept) - usual * (kept - 1.0)) / dispersion
    return gain


def _starts(rows: Rows) -> tuple[Places, Floats]:
    counts = np.maximum(np.round(rows.length_s / _PIECE_S), 1).astype(int)
    index: Places = np.repeat(np.arange(rows.value.size), counts)
    offset = np.arange(index.size) - np.repeat(np.cumsum(counts) - counts, counts)
    part: Floats = (offset + 0.5) / counts[index]
    return index, part


def _ends(rows: Rows, left: Floats, total: Floats) -> Floats:
    halves = np.stack([_log_gain(rows, left[None, :], np.full((1, 1), part)) for part in (1 / 6, 1 / 2, 5 / 6)])
    ends: Floats = total[:-1] + np.logaddexp.reduce(halves, axis=0) - np.log(3.0)
    return ends


def _from_behind(ends: Floats) -> Floats:
    nothing = np.full((1, ends.shape[1]), -np.inf)
    return np.concatenate([np.logaddexp.accumulate(ends[::-1], axis=0)[::-1], nothing])


def _by_start(rows: Rows, left: Floats, starts: tuple[Places, Floats], sums: tuple[Floats, Floats]) -> Floats:
    index, part = starts
    total, after = sums
    start_s = rows.start_s[index] + part * rows.length_s[index]
    found = []
    count = rows.value.size
    for ramp_s, chance in _RAMPS_S:
        sum_ = np.zeros((index.size, left.size))
        at = index.copy()
        reached = start_s + ramp_s
        while True:
            place = np.minimum(at, count - 1)
            active = (at < count) & ((rows.start_s[place] < reached) | (at == index))
            if not active.any():
                break
            row = np.where(active, at, 0)
            affected = _mean_ramp(rows.start_s[row], rows.length_s[row], start_s, ramp_s)
            level = 1.0 - affected[:, None] * (1.0 - left[None, :])
            gain = _gain(rows.value[row][:, None], rows.expected[row][:, None], rows.spread[row][:, None], level)
            sum_ += np.where(active[:, None], gain, 0.0)
            at = at + active
        found.append(sum_ + (after - total)[np.minimum(at, count)] + np.log(chance))
    weight: Floats = np.logaddexp.reduce(found, axis=0)
    return weight


def _mean_ramp(row_s: Floats, length_s: Floats, start_s: Floats, ramp_s: float) -> Floats:
    """Mean over each row of a change that grows evenly from 0 at its start to 1 after the ramp."""
    begin, end = row_s - start_s, row_s + length_s - start_s
    if ramp_s <= 0:
        whole: Floats = np.clip(end / length_s, 0.0, 1.0)
        return whole

    def area(at: Floats) -> Floats:
        inside = np.clip(at, 0.0, ramp_s)
        grown: Floats = inside**2 / (2.0 * ramp_s) + np.maximum(at - ramp_s, 0.0)
        return grown

    mean: Floats = (area(end) - area(begin)) / length_s
    return mean


def _end_odds(ends: Floats, total: Floats, by_level: Floats, first: int) -> Floats:
    odds: Floats = np.exp(np.clip(ends - total[-1], -50, 50)) @ by_level
    odds[: first + 1] = 0.0
    return odds
