"""How an anomaly went: when it began, how much it took, and whether it has ended, from rows of any length."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from detector.model.panel import Floats
from detector.model.span import Span, at_epoch
from detector.model.verdict import Onset
from detector.stats.course_rows import Rows
from detector.stats.onset import onset_of

__all__ = ["Course", "follow_course"]

Places = npt.NDArray[np.intp]

_PIECE_S = 300.0
"""Starts and ends are told apart to five minutes: below that clocks and rollouts blur them."""

_DROPS = 1.0 - np.concatenate([np.arange(0.05, 1.0, 0.05), [1.0]])
_RISES = np.exp(np.linspace(np.log(1.1), np.log(8.0), 20))
"""Levels that are tried, as parts of what is usual; all alike before the numbers are looked at."""

_LASTS, _ENDS = 0.6, 0.4
"""What is judged lasts more often than it has passed. A guess."""

_RAMPS_S = ((0.0, 0.79), (1800.0, 0.07), (5400.0, 0.07), (14400.0, 0.07))
"""An outage is sudden more often than not; caches, rollouts and queues make it grow over minutes or hours. Guesses."""

_SOON_H, _OVER_H = 2.0, 8.0
"""Anomalies are judged soon after they began, and seldom long after they ended: a start loses by its age as one over
the age plus two hours, an end by half in five and a half. Broad on purpose."""

_DAY_BEFORE_H, _TOO_EARLY = 24.0, 6.0
"""Rows of the day before are there to compare with: a start among them loses so much (a log)."""

_LEAST = 0.02
"""No bucket is expected to be emptier than this part of the usual: late payments and test orders come in any outage."""

_OUT_SDS = 2.5758  # of 99 in 100 normal values
_HOPELESS = 14.0  # logs below the best start: one in a million, and worth no ramp
_SURE = 50.0  # log of odds: enough to be sure of, and far from where exp overflows
_HARDLY = 1e-5  # a piece less likely than this names no deploy


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """What the rows tell of an anomaly.

    Attributes:
        onset: when it began.
        first: index of the first row that it touches so that one can see it.
        left: levels tried, as parts of what is usual, shape (k,).
        left_chance: their probabilities, shape (k,).
        ends_s: ends tried, in seconds since 1970, shape (e,).
        end_width_s: how much time each of them stands for, shape (e,).
        end_odds: how much better each fits than an anomaly that still lasts, shape (e,).
    """

    onset: Onset
    first: int
    left: Floats
    left_chance: Floats
    ends_s: Floats
    end_width_s: Floats
    end_odds: Floats


@dataclass(frozen=True, slots=True, eq=False)
class _Grid:
    """Instants at which something may begin or end: the middles of pieces of rows; all shape (p,)."""

    row: Places
    part: Floats
    at_s: Floats
    width_s: Floats


def follow_course(rows: Rows, as_of: datetime, *, is_drop: bool) -> Course:
    """The distribution of start, level and end of the one change that explains the rows best.

    A single change point with a level after it, sudden or over a ramp, that lasts or has ended; the row in which it
    begins or ends is affected for a part of its time. Levels, ramps and ends are integrated out (Smith, Biometrika 62,
    1975, for the single change point).

    Args:
        rows: what is known, from a day or more before the anomaly; at least one row.
        as_of: the moment of judging.
        is_drop: looks for less than usual; else for more.
    """
    left = _DROPS if is_drop else _RISES
    grid = _grid(rows)
    total = np.concatenate([np.zeros((1, left.size)), np.cumsum(_log_gain(rows, left), axis=0)])
    ends = _ends(rows, left, total, grid)
    age_h = np.maximum((as_of.timestamp() - grid.at_s) / 3600.0, 0.0)
    after = np.logaddexp(
        total[-1] + np.log(_LASTS), _from_behind(ends + _log_end_prior(grid, age_h)[:, None], grid, rows.value.size)
    )
    begun = _begun(rows, left, grid, total, after, _log_prior(rows, grid, age_h))
    weight = _by_start(begun, after, grid.row.size)
    share = np.exp(weight - weight.max())
    share /= share.sum()
    by_level: Floats = share.sum(axis=0)
    onset = _onset(grid, share.sum(axis=1))
    first = _first_touched(rows, onset, is_drop=is_drop)
    odds = _end_odds(begun, ends, total, grid)
    return Course(onset, first, left, by_level, grid.at_s, grid.width_s, odds)


def _grid(rows: Rows) -> _Grid:
    counts = np.maximum(np.round(rows.length_s / _PIECE_S), 1).astype(np.intp)
    row: Places = np.repeat(np.arange(rows.value.size), counts)
    part = (np.arange(row.size) - np.repeat(np.cumsum(counts) - counts, counts) + 0.5) / counts[row]
    return _Grid(row, part, rows.start_s[row] + part * rows.length_s[row], rows.length_s[row] / counts[row])


def _log_prior(rows: Rows, grid: _Grid, age_h: Floats) -> Floats:
    """Anomalies are judged soon after they began; rows of a day before them are there to compare with."""
    prior = np.log(grid.width_s) - np.log(age_h + _SOON_H)
    since_first_h = (grid.at_s - rows.start_s[0]) / 3600.0
    free = since_first_h >= min(_DAY_BEFORE_H, since_first_h[-1] / 2.0)
    return np.where(free, prior, prior - _TOO_EARLY)


def _log_end_prior(grid: _Grid, age_h: Floats) -> Floats:
    """Nobody judges what has been over for a day: an end loses by its age."""
    weight = grid.width_s * np.exp(-age_h / _OVER_H)
    prior: Floats = np.log(_ENDS * weight / weight.sum())
    return prior


def _log_gain(rows: Rows, level: Floats, row: Places | slice = slice(None)) -> Floats:
    """Log likelihood of rows at a level, against nothing being wrong; shape of (rows, levels).

    Quasi-Poisson: (v log mean - mean) / dispersion, exact for counts, and right in mean and variance for amounts.
    """
    kept = np.maximum(level, _LEAST)
    value, expected = np.maximum(rows.value[row], 0.0)[:, None], rows.expected[row][:, None]
    gain: Floats = (value * np.log(kept) - expected * (kept - 1.0)) / rows.dispersion[row][:, None]
    return gain


def _ends(rows: Rows, left: Floats, total: Floats, grid: _Grid) -> Floats:
    """Log likelihood of the rows up to each end, as if it had begun before them all."""
    level = 1.0 - grid.part[:, None] * (1.0 - left[None, :])
    ends: Floats = total[grid.row] + _log_gain(rows, level, grid.row)
    return ends


def _from_behind(ends: Floats, grid: _Grid, count: int) -> Floats:
    """Log of the sum over the ends in each row and in later ones, shape (count + 1, levels)."""
    nothing = np.full((1, ends.shape[1]), -np.inf)
    summed = np.concatenate([np.logaddexp.accumulate(ends[::-1], axis=0)[::-1], nothing])
    behind: Floats = summed[np.searchsorted(grid.row, np.arange(count + 1))]
    return behind


@dataclass(frozen=True, slots=True, eq=False)
class _Begun:
    """Starts with one ramp: their places on the grid, the row from which on all is lost, and the weight up to there."""

    place: Places
    whole_from: Places
    weight: Floats


def _begun(rows: Rows, left: Floats, grid: _Grid, total: Floats, after: Floats, prior: Floats) -> list[_Begun]:
    """Log weight of each start and level up to the row in which its ramp ends, for each ramp."""
    found: list[_Begun] = []
    hopeful: Places = np.arange(grid.row.size)
    for ramp_s, chance in _RAMPS_S:
        sum_ = np.zeros((hopeful.size, left.size))
        start_s, at = grid.at_s[hopeful], grid.row[hopeful].copy()
        going = np.arange(hopeful.size)
        while going.size:
            row = at[going]
            affected = _mean_ramp(rows.start_s[row], rows.length_s[row], start_s[going], ramp_s)
            sum_[going] += _log_gain(rows, 1.0 - affected[:, None] * (1.0 - left[None, :]), row)
            at[going] += 1
            going = going[at[going] < rows.value.size]
            going = going[rows.start_s[at[going]] < start_s[going] + ramp_s]
        weight = sum_ - total[at] + prior[hopeful][:, None] + np.log(chance)
        found.append(_Begun(hopeful, at, weight))
        if ramp_s == 0:
            hopeful = _worth_a_ramp(grid, (weight + after[at]).max(axis=1))
    return found


def _worth_a_ramp(grid: _Grid, best: Floats) -> Places:
    """Starts from the longest ramp before the first sudden one that is not hopeless to the last such one."""
    good = grid.at_s[best >= best.max() - _HOPELESS]
    longest = _RAMPS_S[-1][0]
    return np.flatnonzero((grid.at_s >= good.min() - longest) & (grid.at_s <= good.max()))


def _by_start(begun: Sequence[_Begun], after: Floats, count: int) -> Floats:
    """Log weight of each start and level over all ramps, whether it has ended or not."""
    found = np.full((count, after.shape[1]), -np.inf)
    for one in begun:
        found[one.place] = np.logaddexp(found[one.place], one.weight + after[one.whole_from])
    return found


def _end_odds(begun: Sequence[_Begun], ends: Floats, total: Floats, grid: _Grid) -> Floats:
    """How much better an end at each instant fits than that it lasts, over all starts before it and all levels."""
    count = total.shape[0] - 1
    rows = np.full((count + 1, total.shape[1]), -np.inf)
    for one in begun:
        order = np.argsort(one.whole_from, kind="stable")
        places, firsts = np.unique(one.whole_from[order], return_index=True)
        rows[places] = np.logaddexp(rows[places], np.logaddexp.reduceat(one.weight[order], firsts, axis=0))
    until = np.logaddexp.accumulate(rows, axis=0)
    lasts = np.logaddexp.reduce(until[-1] + total[-1])
    logs = np.logaddexp.reduce(until[grid.row] + ends, axis=1) - lasts
    odds: Floats = np.exp(logs - max(float(logs.max()) - _SURE, 0.0))  # that it lasts is out of the question then
    return odds


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


def _onset(grid: _Grid, chances: Floats) -> Onset:
    pieces = [
        (Span(at_epoch(at - width / 2), at_epoch(at + width / 2)), chance)
        for at, width, chance in zip(grid.at_s.tolist(), grid.width_s.tolist(), chances.tolist(), strict=True)
        if chance > _HARDLY
    ]
    return onset_of(pieces)


def _first_touched(rows: Rows, onset: Onset, *, is_drop: bool) -> int:
    """The row of the likeliest start; the one after it where only that one is out of its range."""
    begun = int(np.searchsorted(rows.start_s + rows.length_s, onset.likely.timestamp(), side="right"))
    begun = min(begun, rows.value.size - 1)
    off = (rows.expected - rows.value) * (1.0 if is_drop else -1.0) > _OUT_SDS * rows.spread
    following = min(begun + 1, rows.value.size - 1)
    return following if off[following] and not off[begun] else begun
