"""From what was found in a bucket to what is said of it."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import IntEnum
from math import log
from typing import Self

import numpy as np
import numpy.typing as npt

from detector.model.metric import Direction, Kind
from detector.model.panel import Bools, Floats, Panel
from detector.stats.band import quantile_of, rounded
from detector.stats.calibration import threshold_of
from detector.stats.outlook import Buckets, Outlook, Weighed

__all__ = ["Judgement", "VerdictCode", "Watch", "joined", "judged", "unjudged"]

_USUAL = 1.645  # one-sided, 95 of 100 normal buckets
_MUCH = 1.0  # purchases in a busy bucket, beside which an hour without any for weeks is closed


class VerdictCode(IntEnum):
    """What was found about one bucket."""

    NORMAL = 0
    ANOMALOUS = 1
    LEARNING = 2
    MISSING = 3


@dataclass(frozen=True, slots=True)
class Watch:
    """What an owner wants to hear of.

    Attributes:
        kind: which law the numbers follow.
        on: the bad side.
        false_alarms_per_s: tolerated rate, 1/s.
        below, above: hard bounds on the value, or None.
    """

    kind: Kind
    on: Direction
    false_alarms_per_s: float
    below: float | None = None
    above: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """The newest buckets of every series, each array of shape (m, newest).

    Attributes:
        expected: mean of a normal bucket; nan while learning.
        low, high: 99 of 100 normal buckets lie between.
        spread: sd of a normal bucket around `expected`.
        score: minus the natural logarithm of how many false alarms of at least this weight a day of this series brings;
            3.4 is one a month. nan while learning and where the value is missing.
        verdict: VerdictCode, int8.
        is_drop: the stronger evidence is for values below what is usual.
        in_range: the value alone is usual on the watched side, and a real one.
    """

    expected: Floats
    low: Floats
    high: Floats
    spread: Floats
    score: Floats
    verdict: npt.NDArray[np.int8]
    is_drop: Bools
    in_range: Bools

    def rows(self, rows: npt.NDArray[np.int64]) -> Self:
        """Some of the series."""
        return type(self)(*(getattr(self, one.name).take(rows, axis=0) for one in fields(self)))

    def first(self, count: int) -> Self:
        """Its first so many buckets."""
        return type(self)(*(getattr(self, one.name)[:, :count] for one in fields(self)))

    def last(self, count: int) -> Self:
        """Its last so many buckets."""
        first = self.verdict.shape[1] - count
        return type(self)(*(getattr(self, one.name)[:, first:] for one in fields(self)))


def unjudged(panel: Panel, watch: Watch, newest: int) -> Judgement:
    """The newest buckets of a panel with nothing to compare them with: only the owner's bounds hold."""
    values, known = panel.values[:, -newest:], panel.known[:, -newest:] & np.isfinite(panel.values[:, -newest:])
    below, above = _beyond(values, known, watch)
    never = np.zeros(values.shape, dtype=bool)
    verdict = np.where(known, np.where(below | above, VerdictCode.ANOMALOUS, VerdictCode.LEARNING), VerdictCode.MISSING)
    return Judgement(
        expected=np.full(values.shape, np.nan),
        low=np.full(values.shape, np.nan),
        high=np.full(values.shape, np.nan),
        spread=np.full(values.shape, np.nan),
        score=np.full(values.shape, np.nan),
        verdict=verdict.astype(np.int8),
        is_drop=(below | (watch.on is not Direction.RISE)) & ~above,
        in_range=never,
    )


def judged(outlook: Outlook, weighed: Weighed, buckets: Buckets, watch: Watch, newest: int) -> Judgement:
    """The newest of the buckets that were weighed."""
    k = slice(weighed.ready.shape[0] - newest, None)
    of_day = slice(buckets.values.shape[0] - newest, None)
    values, known = buckets.values[of_day], buckets.known[of_day]
    ready, adds_up = weighed.ready[k], watch.kind.adds_up
    mean = np.where(ready, weighed.expected[k], 0.0)
    mean, variance = np.maximum(mean, 0.0) if adds_up else mean, np.where(ready, weighed.variance[k], 0.0)
    is_positive = _lowest_before(outlook, buckets, newest) >= 0
    is_closed = weighed.is_closed[k] & (outlook.expected.busy >= _MUCH)
    low, high = rounded(weighed.low[k], weighed.high[k], watch.kind, weighed.p_empty[k], is_positive, is_closed)
    score, is_drop = _scores(outlook, weighed, k)
    verdict = np.where(ready, np.where(score > threshold_of(watch.false_alarms_per_s), 1, 0), VerdictCode.LEARNING)
    below, above = _beyond(values, known, watch)
    verdict = np.where(below | above, VerdictCode.ANOMALOUS, verdict)
    is_usual = _is_usual(values, mean, variance, watch)
    if adds_up:
        is_usual &= (mean > 0) & ~weighed.is_closed[k]
        if watch.on is not Direction.RISE:  # an empty bucket never tells that sales are back
            is_usual &= ~weighed.is_empty[k]
    return Judgement(
        expected=np.where(ready, mean, np.nan).T,
        low=np.where(ready, low, np.nan).T,
        high=np.where(ready, high, np.nan).T,
        spread=np.where(ready, np.sqrt(variance), np.nan).T,
        score=np.where(ready & known, score, np.nan).T,
        verdict=np.where(known, verdict, VerdictCode.MISSING).astype(np.int8).T,
        is_drop=((is_drop | below) & ~above).T,
        in_range=(known & ready & ~below & ~above & is_usual).T,
    )


def joined(parts: Sequence[Judgement]) -> Judgement:
    """Judgements of the same series, one after the other."""
    names = [one.name for one in fields(Judgement)]
    return Judgement(**{name: np.concatenate([getattr(part, name) for part in parts], axis=1) for name in names})


def _scores(outlook: Outlook, weighed: Weighed, k: slice) -> tuple[Floats, Bools]:
    """The larger score of the watched directions, and whether it is that of a drop."""
    scores = [side.scale.scores(found.evidence[:, k]) for side, found in zip(outlook.sides, weighed.sides, strict=True)]
    if len(scores) == 1:
        return scores[0], np.full(scores[0].shape, outlook.sides[0].is_drop)
    drop, rise = scores
    return np.maximum(drop, rise) - log(2.0), drop >= rise  # two chances of a false alarm instead of one


def _lowest_before(outlook: Outlook, buckets: Buckets, newest: int) -> Floats:
    """The least value before each of the newest buckets, or 0."""
    values = np.where(buckets.known, buckets.values, 0.0)
    first = values.shape[0] - newest
    least = np.minimum(outlook.lowest, values[:first].min(axis=0, initial=np.inf))
    return np.minimum.accumulate(np.concatenate([least[None], values[first:-1]]), axis=0)


def _beyond(values: Floats, known: Bools, watch: Watch) -> tuple[Bools, Bools]:
    never = np.zeros(values.shape, dtype=bool)
    safe = np.where(known, values, 0.0)
    below = never if watch.below is None else known & (safe < watch.below)
    above = never if watch.above is None else known & (safe > watch.above)
    return below, above


def _is_usual(values: Floats, mean: Floats, variance: Floats, watch: Watch) -> Bools:
    """On the watched side within 95 of 100 normal buckets."""
    safe = np.where(np.isfinite(values), values, 0.0)
    usual: Bools = np.ones(values.shape, dtype=bool)
    if watch.on is not Direction.RISE:
        usual &= safe >= quantile_of(mean, variance, watch.kind, -_USUAL)
    if watch.on is not Direction.DROP:
        usual &= safe <= quantile_of(mean, variance, watch.kind, _USUAL)
    return usual
