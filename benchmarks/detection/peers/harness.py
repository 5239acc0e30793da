"""What peers share: from an input folder to an output folder, and fits that are made anew each week.

Every peer is a program, `python -m benchmarks.detection.peers.NAME INPUT OUTPUT`, run by the Python of an environment
of its own.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.detection.series_files import (
    WARM_UP_H,
    WEEK_H,
    Answer,
    Floats,
    Ints,
    Series,
    read_folder,
    write_answer,
)

__all__ = ["Outlook", "Past", "answer_of", "filled", "run", "weekly"]

PAST_H = 10 * WEEK_H
_NORMAL_99 = 2.576  # 99 of 100 draws of a normal law lie within that many sd
VERDICT_SD = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class Past:
    """What a weekly fit may see: at most ten weeks of a series, their hours of the week, and which hours come next."""

    series: Series
    values: Floats
    slots: Ints
    ahead: slice


@dataclass(frozen=True, slots=True, eq=False)
class Outlook:
    """Mean and sd of the hours ahead."""

    mean: Floats
    sd: Floats


def run(judge: Callable[[Series], Answer]) -> None:
    """Answer every file of the input folder."""
    source, out = (Path(argument) for argument in sys.argv[1:3])
    out.mkdir(parents=True, exist_ok=True)
    for series in read_folder(source):
        write_answer(out / f"{series.name}.csv", series, judge(series))


def answer_of(series: Series, mean: Floats, sd: Floats) -> Answer:
    """Deviations in sd on the watched side, the verdict at three. Without a sd nothing can be said of an hour."""
    known = np.isfinite(mean) & (np.nan_to_num(sd) > 0)
    known[:WARM_UP_H] = False
    sd = np.where(known, sd, np.nan)
    score = (series.values - mean) / sd * (1 if series.on == "rise" else -1)
    low, high = mean - _NORMAL_99 * sd, mean + _NORMAL_99 * sd
    return Answer(np.where(known, mean, np.nan), low, high, score, np.nan_to_num(score) > VERDICT_SD)


def filled(past: Past) -> Floats:
    """Its values, with the mean of the same hour of the week where one is missing."""
    values = past.values.copy()
    for hour in np.flatnonzero(~np.isfinite(values)).tolist():
        same = past.values[past.slots == past.slots[hour]]
        values[hour] = np.nanmean(same) if np.isfinite(same).any() else 0.0
    return values


def weekly(fit: Callable[[Past], Outlook]) -> Callable[[Series], Answer]:
    """A scorer that fits on the last ten weeks, once a week, and compares the next one with what it said."""

    def judge(series: Series) -> Answer:
        slots, count = series.slots(), series.values.size
        mean, sd = np.full(count, np.nan), np.full(count, np.nan)
        for at in range(WARM_UP_H, count, WEEK_H):
            seen, ahead = slice(max(at - PAST_H, 0), at), slice(at, min(at + WEEK_H, count))
            outlook = fit(Past(series, series.values[seen], slots[seen], ahead))
            mean[ahead], sd[ahead] = outlook.mean[: ahead.stop - at], outlook.sd[: ahead.stop - at]
        return answer_of(series, mean, sd)

    return judge
