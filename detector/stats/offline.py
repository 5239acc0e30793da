"""Judging files: the whole past of many series, each bucket by what came before it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
import pandas as pd

from detector.errors import UsageError
from detector.model.grid import Grid
from detector.model.metric import Direction, Kind
from detector.model.panel import Panel
from detector.stats.calendar import with_calendar
from detector.stats.judge import Judgement, VerdictCode, Watch, judge
from detector.stats.misfits import misfits
from detector.stats.readings import Readings, read_series

__all__ = ["Job", "Scored", "Series", "score_files", "score_series"]

# Buckets times series of one panel: its some fifty arrays stay near the processor.
_CELLS = 300_000
_VERDICTS = np.array([code.name.lower() for code in sorted(VerdictCode)])
COLUMNS = ("timestamp", "value", "expected", "low", "high", "score", "verdict")


@dataclass(frozen=True, slots=True)
class Series:
    """What a file holds and what is watched in it.

    Attributes:
        kind, on: law and bad side.
        every_s, timezone: how its buckets are cut.
        holidays: code of its public holidays, or None.
        false_alarms_per_s: tolerated rate.
    """

    kind: Kind
    every_s: int
    timezone: str
    holidays: str | None
    on: Direction
    false_alarms_per_s: float


@dataclass(frozen=True, slots=True)
class Job:
    """One file to judge, and where the answer goes."""

    source: Path
    target: Path
    series: Series


@dataclass(frozen=True, slots=True)
class Scored:
    """What became of one file.

    Attributes:
        job: which one.
        error: what was wrong with it, so that there is no answer; or None.
        doubts: what in it does not look like what it is said to be, a line each.
    """

    job: Job
    error: UsageError | None
    doubts: Sequence[str] = ()


@dataclass(frozen=True, slots=True, eq=False)
class _Loaded:
    job: Job
    readings: Readings


def score_files(jobs: Sequence[Job]) -> Iterator[Scored]:
    """Judge each file and write its answer; yields each one as it is done.

    Series on one grid are judged in one panel; no digit of a row depends on which.
    """
    loaded: list[_Loaded] = []
    for job in jobs:
        try:
            readings = read_series(job.source, job.series.every_s, job.series.timezone)
        except UsageError as error:
            yield Scored(job, error)
        else:
            if readings is None:
                yield Scored(job, _written(job.target, pd.DataFrame(columns=list(COLUMNS))))
            else:
                loaded.append(_Loaded(job, readings))
    loaded.sort(key=_panel_key)
    for _, same in groupby(loaded, key=_panel_key):
        for part in _parts(list(same)):
            frames = score_series(part[0].job.series, [one.readings for one in part])
            yield from (_scored(one, frame) for one, frame in zip(part, frames, strict=True))


def _scored(one: _Loaded, frame: pd.DataFrame) -> Scored:
    doubts = [f"{one.job.source}: {told}" for told in misfits(one.readings, one.job.series.kind)]
    return Scored(one.job, _written(one.job.target, frame), doubts)


def _panel_key(one: _Loaded) -> tuple[str, ...]:
    series = one.job.series
    words = (series.kind, series.every_s, series.timezone, series.holidays, series.on, series.false_alarms_per_s)
    return (*(str(word) for word in words), f"{int(one.readings.grid.starts[0]):020d}")


def _parts(same: list[_Loaded]) -> Iterator[list[_Loaded]]:
    same.sort(key=lambda one: len(one.readings.grid))
    while same:
        rows = max(_CELLS // len(same[-1].readings.grid), 1)
        yield same[-rows:]
        del same[-rows:]


def score_series(series: Series, readings: Sequence[Readings]) -> list[pd.DataFrame]:
    """Judge series that begin with the same bucket; a frame of COLUMNS for each.

    Args:
        series: what is watched in all of them.
        readings: with equal first buckets; the shorter ones end earlier.
    """
    grid = max((one.grid for one in readings), key=len)
    values = np.full((len(readings), len(grid)), np.nan)
    for row, one in enumerate(readings):
        values[row, : one.numbers.size] = one.numbers
    names = tuple(str(row) for row in range(len(readings)))
    panel = Panel(
        names,
        grid,
        values,
        known=np.isfinite(values),
        teaches=np.ones(values.shape, dtype=bool),
        is_holiday=np.zeros(len(grid), dtype=bool),
    )
    watch = Watch(series.kind, series.on, series.false_alarms_per_s)
    judgement = judge(with_calendar(panel, series.holidays, ()), watch, len(grid))
    return [_answer(one.grid, one, judgement, row) for row, one in enumerate(readings)]


def _answer(grid: Grid, readings: Readings, judgement: Judgement, row: int) -> pd.DataFrame:
    count = len(grid)
    stamps = np.datetime_as_string(grid.starts.astype("datetime64[s]"))
    columns = {"timestamp": np.char.add(stamps, "+00:00"), "value": readings.numbers}
    columns |= {name: getattr(judgement, name)[row, :count] for name in ("expected", "low", "high", "score")}
    return pd.DataFrame(columns | {"verdict": _VERDICTS[judgement.verdict[row, :count]]})


def _written(path: Path, frame: pd.DataFrame) -> UsageError | None:
    try:
        frame.to_csv(path, index=False, lineterminator="\n", encoding="utf-8")
    except OSError as error:
        return UsageError(f"{path}: cannot be written: {error.strerror or error}; choose another --out")
    return None
