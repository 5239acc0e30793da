"""Rows around an anomaly, and how much of their noise is chance and how much the baseline's own error."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from detector.model.panel import Floats
from detector.model.span import epoch_s
from detector.model.verdict import Outcome
from detector.stats.magnitude import cut

__all__ = ["Rows", "rows_of"]

_SHARED_H = 1.5
"""The baseline's own error lasts for hours: rows within so many hours share it, and prove less together than apart.
The error may last longer; but the minute of a sudden fall is seen against its neighbours, which share it."""

_UNLIKE = 1.5
"""Rows must differ by this factor in what they expect before chance and error can be told apart."""

_UNKNOWN_PART = 0.25
"""Where all rows expect alike, nothing tells chance from error: this part of the smallest variance is taken for it."""

_FROM_NOTHING = 8.0
"""What never was has no usual rate: the most that came is taken for so many times as much, the largest rise tried."""

_NOTHING = 1e-9  # of what the busiest row expects: a row that expects less tells nothing of relative errors


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Buckets in order of time, of any lengths; all shape (n,), times in seconds since 1970.

    Attributes:
        start_s, length_s: where each lies.
        value, expected: what came, and what was expected.
        spread: standard deviation of a normal value.
        dispersion: variance over expectation, larger where rows share their error, so that they may be multiplied.
        wander: standard deviation of the baseline's own slow error, as a part of what is expected.
    """

    start_s: Floats
    length_s: Floats
    value: Floats
    expected: Floats
    spread: Floats
    dispersion: Floats
    wander: float

    @property
    def end_s(self) -> Floats:
        """Where each ends."""
        end: Floats = self.start_s + self.length_s
        return end

    def own_dispersion(self, row: int) -> float:
        """Variance over expectation by chance alone, of whatever adds up to rows from one on."""
        usual = np.maximum(self.expected[row:], 1e-12)
        chance = np.maximum(self.spread[row:] ** 2 - (self.wander * usual) ** 2, 0.0) / usual
        return float(np.median(chance))


def rows_of(outcomes: Sequence[Outcome]) -> Rows:
    """The outcomes of which something is known, in order of time."""
    known = [one for one in outcomes if None not in (one.value, one.expected, one.spread)]
    table = [
        (epoch_s(one.span.start_at), one.span.length.total_seconds(), one.value, one.expected, one.spread)
        for one in sorted(known, key=lambda one: one.span)
    ]
    start_s, length_s, *numbers = np.array(table, dtype=np.float64).reshape(-1, 5).T
    value, expected, spread = (cut(each) for each in numbers)
    if not expected.any():
        expected = np.full(expected.shape, np.abs(value).max(initial=1e-12) / _FROM_NOTHING)
    wander = _wander(expected, spread)
    usual = np.maximum(expected, 1e-12)
    more = np.maximum(_SHARED_H * 3600.0 / length_s - 1.0, 0.0)
    dispersion = np.maximum((spread**2 + more * (wander * usual) ** 2) / usual, 1e-12)
    dispersion[(expected <= 0) & (spread <= 0)] = np.inf  # closed: a stray order there tells of no beginning and no end
    return Rows(start_s, length_s, value, expected, spread, dispersion, wander)


def _wander(expected: Floats, spread: Floats) -> float:
    """Chance shrinks where more is expected, (sd / e)^2 = a / e + w^2, and the baseline's error does not.

    Least squares of relative errors for both, w^2 between none and the smallest square.
    """
    some = (expected > _NOTHING * expected.max(initial=0.0)) & (spread > 0)
    if not some.any():
        return 0.0
    square, inverse = (spread[some] / expected[some]) ** 2, 1.0 / expected[some]
    least = float(square.min())
    if inverse.max() < _UNLIKE * inverse.min():
        return float(np.sqrt(_UNKNOWN_PART * least))
    left, right = inverse / square, 1.0 / square
    top = float(right.sum() * (left @ left) - left.sum() * (left @ right))
    below = float((right @ right) * (left @ left) - (left @ right) ** 2)
    return float(np.sqrt(np.clip(top / below if below > 0 else 0.0, 0.0, least)))
