"""Cases: clean and broken copies of every series in one input folder, and the truth beside it."""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from benchmarks.detection.faults import FAULTS, Fit, break_series, places
from benchmarks.detection.series_files import WARM_UP_H, WEEK_H, Floats, Series, read_folder, read_rows, write_folder
from benchmarks.detection.series_files import write_rows as write_table

__all__ = ["Planted", "Source", "cases_of", "read_truth", "real_sources", "write_cases"]

_DROPS = tuple(name for name, fault in FAULTS.items() if fault.on == "drop")
_DROP_COPIES = 3
_APART_H = 14 * 24  # of the spans of one copy, each with one fault in its middle
_EDGE_H = 48
_SHORTEST_WEEKS, _LONGEST_WEEKS = 14, 52
_TRUTH = ("copy", "series", "fault", "at")


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A series to break, and the orders behind it where they are known."""

    series: Series
    orders: Floats | None = None


@dataclass(frozen=True, slots=True)
class Planted:
    """A fault: in which copy of which series, of which kind, from which hour of the series on."""

    copy: str
    series: str
    fault: str
    at: int


def real_sources(folder: Path) -> Iterator[Source]:
    """Counts and revenues of a folder, hourly and of 14 weeks at least; of longer ones the last 52."""
    for one in read_folder(folder):
        cut = max(one.values.size - _LONGEST_WEEKS * WEEK_H, 0)
        if one.values.size >= _SHORTEST_WEEKS * WEEK_H:
            yield Source(replace(one, start_h=one.start_h + cut, values=one.values[cut:], on="drop"))


def cases_of(seed: int, source: Source) -> tuple[list[Series], list[Planted]]:
    """A clean copy for drops and one for rises, three copies with drops, one that counts twice."""
    series, fit = source.series, places(source.series)
    copies = [replace(series, name=clean_copy(series.name, side), on=side) for side in ("drop", "rise")]
    planted: list[Planted] = []
    for number in range(_DROP_COPIES + 1):
        is_rise = number == _DROP_COPIES
        name = f"{series.name}-{'double' if is_rise else f'broken{number + 1}'}"
        rng = np.random.default_rng([seed, zlib.crc32(name.encode()), number])
        kinds = ["double"] * len(_DROPS) if is_rise else [*rng.permutation(_DROPS), *rng.permutation(_DROPS)]
        values = series.values
        for fault, at in _spread(rng, fit, kinds):
            broken = replace(series, values=values)
            values = break_series(rng, broken, FAULTS[fault], at, source.orders)
            planted.append(Planted(name, series.name, fault, at))
        copies.append(replace(series, name=name, values=values, on="rise" if is_rise else "drop"))
    return copies, planted


def clean_copy(series: str, side: str) -> str:
    """The name of the copy that has no fault and is watched for that side."""
    return f"{series}-clean-{side}"


def _spread(rng: np.random.Generator, fit: Fit, kinds: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Each kind in a span of its own, in their order; a sparse outage where a kind for busy hours has no fair place."""
    judged = fit.busy.size - WARM_UP_H
    count = max(min(len(kinds), judged // _APART_H), 1)
    edges = np.linspace(WARM_UP_H, fit.busy.size, count + 1).astype(int).tolist()
    for kind, (first, last) in zip(kinds, pairwise(edges), strict=False):
        span = slice(first + _EDGE_H, last - _EDGE_H)
        takes = kind if fit.busy[span].any() or FAULTS[kind].on == "rise" else "sparse"
        fair = (fit.sparse if FAULTS[takes].sparse else fit.busy)[span]
        if fair.any():
            yield takes, span.start + int(rng.choice(np.flatnonzero(fair)))


def write_cases(folder: Path, seed: int, sources: Sequence[Source], sides: Sequence[str] = ("drop", "rise")) -> None:
    """FOLDER/input, as `detector score` reads it, and FOLDER/truth.csv, of what is watched for these sides."""
    made = [cases_of(seed, source) for source in sources]
    write_folder(folder / "input", [copy for copies, _ in made for copy in copies if copy.on in sides])
    truth = (one for _, planted in made for one in planted if FAULTS[one.fault].on in sides)
    write_table(folder / "truth.csv", _TRUTH, ((one.copy, one.series, one.fault, one.at) for one in truth))


def read_truth(folder: Path) -> list[Planted]:
    """What FOLDER/truth.csv says."""
    rows = read_rows(folder / "truth.csv")
    return [Planted(row["copy"], row["series"], row["fault"], int(row["at"])) for row in rows]
