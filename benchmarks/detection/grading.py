"""Grades answers: false alarms, faults found in time, and how soon, at the thresholds of one false alarm a month."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.detection.cases import Planted, clean_copy
from benchmarks.detection.faults import FAULTS
from benchmarks.detection.series_files import WARM_UP_H, Answer, Bools, Floats, read_answer

__all__ = ["HEADLINE", "Found", "Grade", "Reading", "episodes", "found", "grade", "threshold"]

HEADLINE = ("outage", "partial", "half", "third", "fifth", "leak")
MONTH_H = 24 * 365.25 / 12
_GAP_H, _STANDING_H = 12, 24


@dataclass(frozen=True, slots=True)
class Found:
    """How one fault fared: whether in time, and after how many hours if at all (0: in its first hour)."""

    fault: str
    in_time: bool
    after_h: int | None


@dataclass(frozen=True, slots=True)
class Reading:
    """What one way of setting thresholds finds.

    Attributes:
        recall: for each kind of fault, the share found in time.
        headline: the mean of it over HEADLINE.
        delay_h: for each kind, the median hours to the first alarm of what was found while it lasted.
        false_alarms: a month, over all clean copies watched for drops.
    """

    recall: Mapping[str, float]
    headline: float
    delay_h: Mapping[str, float]
    false_alarms: float


@dataclass(frozen=True, slots=True)
class Grade:
    """One scorer.

    Attributes:
        own: with its own verdicts.
        shared: with one threshold for all series, at one false alarm a series and month.
        single: with one threshold for each series, at one a month.
        worst: own false alarms a month of the worst series.
        inside: share of clean hours inside [low, high].
    """

    own: Reading
    shared: Reading
    single: Reading
    worst: float
    inside: float


def episodes(alarms: Bools) -> int:
    """How often somebody would be called: a gap of more than 12 hours, or 24 hours of standing alarm, calls again."""
    count, last, called = 0, -_GAP_H - 1, 0
    for hour in np.flatnonzero(alarms).tolist():
        if hour - last > _GAP_H or hour - called >= _STANDING_H:
            count, called = count + 1, hour
        last = hour
    return count


def threshold(scores: Sequence[Floats], per_month: float = 1.0) -> float:
    """The lowest score above which all series together call that often in each of their months, by bisection."""
    levels = np.unique(np.concatenate([score[np.isfinite(score)] for score in scores]))
    if not levels.size:
        return np.inf
    allowed, low, high = per_month * sum(score.size for score in scores) / MONTH_H, -1, levels.size - 1
    while high - low > 1:
        middle = (low + high) // 2
        calls = sum(episodes(_above(score, float(levels[middle]))) for score in scores)
        low, high = (low, middle) if calls <= allowed else (middle, high)
    return float(levels[high])


def _above(score: Floats, level: float) -> Bools:
    above: Bools = np.nan_to_num(score, nan=-np.inf) > level
    return above


def found(planted: Planted, alarms: Bools) -> Found:
    """Whether and when an alarm is seen while the fault lasts; one that stands already counts as one."""
    fault = FAULTS[planted.fault]
    hours = np.flatnonzero(alarms[planted.at : planted.at + len(fault.kept)])
    after = int(hours[0]) if hours.size else None
    return Found(planted.fault, after is not None and after < fault.within_h, after)


def grade(folder: Path, names: Sequence[str], truth: Sequence[Planted]) -> Grade:
    """Grade the answers of a folder: for those series, each with a clean copy for each side on which it has faults."""
    sides = sorted({FAULTS[one.fault].on for one in truth})
    broken = {name: read_answer(folder / f"{name}.csv")[1] for name in {one.copy for one in truth}}
    clean = {(side, name): read_answer(folder / f"{clean_copy(name, side)}.csv") for side in sides for name in names}
    judged = {at: answer.score[WARM_UP_H:] for at, (_, answer) in clean.items()}
    shared = {side: threshold([score for at, score in judged.items() if at[0] == side]) for side in sides}
    single = {at: threshold([score]) for at, score in judged.items()}
    own = {name: clean["drop", name][1].anomalous[WARM_UP_H:] for name in names}

    def by_levels(level_of: Mapping[tuple[str, str], float]) -> Reading:
        fates = [
            found(one, _above(broken[one.copy].score, level_of[FAULTS[one.fault].on, one.series])) for one in truth
        ]
        return _reading(fates, [_above(judged["drop", name], level_of["drop", name]) for name in names])

    return Grade(
        own=_reading([found(one, broken[one.copy].anomalous) for one in truth], [*own.values()]),
        shared=by_levels({at: shared[at[0]] for at in judged}),
        single=by_levels(single),
        worst=max(_monthly([alarms]) for alarms in own.values()),
        inside=_inside([clean["drop", name] for name in names]),
    )


def _monthly(alarms: Sequence[Bools]) -> float:
    return sum(episodes(one) for one in alarms) / (sum(one.size for one in alarms) / MONTH_H)


def _reading(fates: Sequence[Found], alarms: Sequence[Bools]) -> Reading:
    of: defaultdict[str, list[Found]] = defaultdict(list)
    for fate in fates:
        of[fate.fault].append(fate)
    recall = {fault: float(np.mean([one.in_time for one in them])) for fault, them in of.items()}
    delays = {fault: [one.after_h for one in them if one.after_h is not None] for fault, them in of.items()}
    headline = float(np.mean([recall[fault] for fault in HEADLINE if fault in recall]))
    medians = {fault: float(np.median(them)) for fault, them in delays.items() if them}
    return Reading(recall, headline, medians, _monthly(alarms))


def _inside(answers: Sequence[tuple[Floats, Answer]]) -> float:
    """Share of the judged hours whose value lies in the range that should hold 99 of 100."""
    known, within = 0, 0
    for values, answer in answers:
        value, low, high = values[WARM_UP_H:], answer.low[WARM_UP_H:], answer.high[WARM_UP_H:]
        known += int(np.isfinite(value + low + high).sum())
        within += int(((value >= low) & (value <= high)).sum())
    return within / known if known else float("nan")
