"""Judging buckets: expectation, band, one score for all series, and the verdict."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from math import log

import numpy as np
import numpy.typing as npt

from detector.model.metric import Direction, Kind
from detector.model.panel import Bools, Floats, Panel
from detector.model.state import Seasons
from detector.stats.band import band_of, quantile_of
from detector.stats.baseline import Baseline, baseline_of
from detector.stats.calibration import threshold_of
from detector.stats.coverage import deviates_of, reaches
from detector.stats.evidence import depression, elevation, silence, window_sums
from detector.stats.layout import Layout, layout_of
from detector.stats.profile import Follows
from detector.stats.recent import recent_of
from detector.stats.scoring import score_of
from detector.stats.slots import steadied

__all__ = ["Judgement", "VerdictCode", "Watch", "judge"]

_LEARNING_DAYS = 13.5  # two weeks of buckets less a few lost ones; a grid of whole days needs twice as many
_DAILY_LEARNING_DAYS = 27.0
# Between closed and open a bucket is thin: below this part of a busy one, and lost in its own noise.
_THIN, _THIN_DEVIATIONS = 0.25, 1.5
# Buckets times series that are judged at a time: their some hundred arrays stay near the processor, and memory small.
_CELLS = 300_000
_USUAL = 1.645  # one-sided, 95 of 100 normal buckets


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


def judge(panel: Panel, watch: Watch, newest: int, seasons: Sequence[Seasons] | None = None) -> Judgement:
    """Judge the newest buckets of every series, each by itself and those before it alone.

    Args:
        panel: history and the buckets to judge; ten weeks are enough, two the least.
        watch: what to look for.
        newest: how many buckets at the end of the panel, at least 1.
        seasons: what each series follows, found from before the buckets to judge; without them hour and weekday both.
    """
    follows = Follows.of(seasons, len(panel.series))
    rows = max(_CELLS // max(len(panel.grid), 1), 1)
    if len(panel.series) <= rows:
        return _judge(panel, watch, newest, follows)
    places = [np.arange(start, min(start + rows, len(panel.series))) for start in range(0, len(panel.series), rows)]
    parts = [_judge(panel.rows(place), watch, newest, follows.rows(place)) for place in places]
    names = Judgement.__dataclass_fields__
    return Judgement(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


def _judge(panel: Panel, watch: Watch, newest: int, follows: Follows) -> Judgement:
    layout = layout_of(panel.grid)
    base = baseline_of(panel, watch.kind, follows)
    usable = panel.known & np.isfinite(panel.values)
    values = np.where(usable, panel.values, 0.0)
    recent = recent_of(values, usable & panel.teaches, watch.kind, base)
    sums = window_sums(values, usable, base, recent, layout)
    part = slice(max(len(panel.grid) - newest, 0), None)
    active = usable & np.isfinite(base.expected) & (base.variance > 0)
    if watch.kind.adds_up:
        is_thin = (base.expected < _THIN * base.busy) & (base.expected < _THIN_DEVIATIONS * np.sqrt(base.variance))
        active &= (base.expected > 0) & ~is_thin
    channels: list[tuple[bool, Floats]] = []
    teaching = _teaching_days(panel, layout)
    learned = _has_learned(panel, base)[:, layout.first[:-1]]
    lessons = active & (layout.spread_out(teaching.astype(float)) > 0)
    if watch.on is not Direction.RISE:
        quiet = silence(base, usable) if watch.kind.adds_up else None
        low, has_part = depression(sums)
        low = np.where(has_part, steadied(low, lessons, layout), 0.0)
        channels.append((True, score_of(low, quiet, active, (teaching, learned), layout, part)))
    if watch.on is not Direction.DROP:
        high, has_part = elevation(sums, watch.kind)
        high = np.where(has_part, steadied(high, lessons, layout), 0.0)
        channels.append((False, score_of(high, None, active, (teaching, learned), layout, part)))
    score, is_drop = channels[0][1], np.full(channels[0][1].shape, channels[0][0])
    if len(channels) > 1:  # two chances of a false alarm instead of one
        is_drop = score >= channels[1][1]
        score = np.maximum(score, channels[1][1]) - log(2.0)
    return _judgement(panel, watch, base, sums[0].expected, (score, is_drop), part)


def _teaching_days(panel: Panel, layout: Layout) -> Bools:
    """Days whose maxima say what is usual, (m, days): no day off nor one near it, no past incident."""
    off = panel.is_holiday if panel.is_unsettled is None else panel.is_holiday | panel.is_unsettled
    spoilt = panel.known & (~panel.teaches | off)
    teaching: Bools = np.nan_to_num(layout.table(spoilt.astype(float))).max(axis=2) == 0
    return teaching


def _has_learned(panel: Panel, base: Baseline) -> Bools:
    """Enough usable days lie before the bucket's own, (m, n)."""
    learned: Bools = base.days >= (_DAILY_LEARNING_DAYS if panel.grid.slots_per_day == 1 else _LEARNING_DAYS)
    return learned


def _range(
    panel: Panel, kind: Kind, base: Baseline, expected: Floats, layout: Layout, part: slice
) -> tuple[Floats, Floats]:
    known = panel.known & np.isfinite(panel.values) & np.isfinite(base.expected)
    mean, variance = np.where(np.isfinite(base.expected), expected, 0.0), np.where(known, base.variance, 0.0)
    values = np.where(known, panel.values, 0.0)
    counts = known & _has_learned(panel, base)
    if kind.adds_up:
        counts &= (values != 0) | (mean >= _THIN * base.busy)  # how often the night is empty says nothing of noon
    down, up = reaches(deviates_of(values, mean, variance, kind), counts, layout)
    return -layout.spread_out(down)[:, part], layout.spread_out(up)[:, part]


def _judgement(
    panel: Panel, watch: Watch, base: Baseline, expected: Floats, found: tuple[Floats, Bools], part: slice
) -> Judgement:
    score, is_drop = found
    layout = layout_of(panel.grid)
    values, known = panel.values[:, part], panel.known[:, part] & np.isfinite(panel.values[:, part])
    ready = _has_learned(panel, base)[:, part] & np.isfinite(base.expected[:, part])
    mean = np.where(known, expected[:, part], base.expected[:, part])
    mean = np.where(ready, np.maximum(mean, 0.0) if watch.kind.adds_up else mean, 0.0)
    variance = np.where(ready, base.variance[:, part], 0.0)
    reach = _range(panel, watch.kind, base, expected, layout, part)
    low, high = band_of(mean, variance, watch.kind, reach, (base.p_empty[:, part], _never_negative(panel)[:, part]))
    verdict = np.where(ready, np.where(score > threshold_of(watch.false_alarms_per_s), 1, 0), 2)
    below, above = _beyond(values, known, watch)
    verdict = np.where(below | above, 1, verdict)
    verdict = np.where(known, verdict, 3).astype(np.int8)
    shown = ready & known
    in_range = known & ready & ~below & ~above & _is_usual(values, mean, variance, base, watch, part)
    return Judgement(
        expected=np.where(ready, mean, np.nan),
        low=np.where(ready, low, np.nan),
        high=np.where(ready, high, np.nan),
        spread=np.where(ready, np.sqrt(variance), np.nan),
        score=np.where(shown, score, np.nan),
        verdict=verdict,
        is_drop=(is_drop | below) & ~above,
        in_range=in_range,
    )


def _never_negative(panel: Panel) -> Bools:
    """No value before the bucket was below 0, (m, n)."""
    lowest = np.minimum.accumulate(np.where(panel.known, panel.values, 0.0), axis=1)
    never: Bools = np.concatenate([np.zeros((lowest.shape[0], 1)), lowest[:, :-1]], axis=1) >= 0
    return never


def _beyond(values: Floats, known: Bools, watch: Watch) -> tuple[Bools, Bools]:
    never = np.zeros(values.shape, dtype=bool)
    safe = np.where(known, values, 0.0)
    below = never if watch.below is None else known & (safe < watch.below)
    above = never if watch.above is None else known & (safe > watch.above)
    return below, above


def _is_usual(values: Floats, mean: Floats, variance: Floats, base: Baseline, watch: Watch, part: slice) -> Bools:
    """On the watched side within 95 of 100 normal buckets; an empty bucket never tells that sales are back."""
    safe = np.where(np.isfinite(values), values, 0.0)
    usual = np.ones(values.shape, dtype=bool)
    if watch.on is not Direction.RISE:
        usual &= safe >= quantile_of(mean, variance, watch.kind, -_USUAL)
    if watch.on is not Direction.DROP:
        usual &= safe <= quantile_of(mean, variance, watch.kind, _USUAL)
    if watch.kind.adds_up:
        usual &= (mean > 0) & (base.expected[:, part] > 0)
        if watch.on is not Direction.RISE:
            usual &= ~base.is_empty[:, part]
    return usual
