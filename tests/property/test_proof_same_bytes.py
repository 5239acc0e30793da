"""`detector score` writes the same bytes wherever it runs, and whatever else lies in the folder."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from command import detector
from detector.model.metric import Direction, Kind
from detector.model.panel import Panel
from detector.stats.judge import judge
from detector.stats.offline import Series, score_series
from detector.stats.readings import Readings
from rhythms import a_watch, at_zero
from varied import Rhythm, a_grid, simulated

ZONES = {"berlin": "Europe/Berlin", "york": "America/New_York", "utc": "UTC"}
HOME: Mapping[str, str] = {"TZ": "UTC", "LC_ALL": "C", "PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1"}
# Where a locale is not installed the C one is taken, by Python as by every program: the test holds on any machine.
ELSEWHERE: Sequence[Mapping[str, str]] = (
    {"TZ": "Pacific/Auckland", "LC_ALL": "de_DE.UTF-8", "PYTHONHASHSEED": "1", "OMP_NUM_THREADS": "2"},
    {"TZ": "America/St_Johns", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "4294967295", "OMP_NUM_THREADS": "3"},
    {"TZ": "Asia/Kathmandu", "LC_ALL": "POSIX", "PYTHONHASHSEED": "77", "PYTHONUTF8": "0", "LANG": "tr_TR.UTF-8"},
)


def a_series(seed: int) -> tuple[Panel, str]:
    """One file's series: kinds, zones, buckets and lengths by turns; an outage, gaps, no round numbers."""
    kind, zone = list(Kind)[seed % 4], list(ZONES)[seed % 3]
    every_s = [3600, 3600, 1800][seed // 4 % 3]
    grid = a_grid(ZONES[zone], date(2026, 2, 20 + seed % 2), 32 - seed % 5, every_s)
    rhythm = Rhythm(float(3.0 ** (seed % 7)) * (10 if kind is Kind.RATIO else 1))
    panel = at_zero(simulated(kind, grid, seed=seed, rhythm=rhythm), len(grid) - 60, 9, left=0.3)
    values = np.where(np.random.default_rng(seed).random(panel.values.shape) < 0.02, np.nan, panel.values)
    return replace(panel, values=values, known=np.isfinite(values)), zone


def lines_of(panel: Panel) -> list[str]:
    stamps = np.datetime_as_string(panel.grid.starts.astype("datetime64[s]"))
    written = ["" if np.isnan(value) else repr(float(value)) for value in panel.values[0]]
    return [f"{stamp}+00:00,{value}\n" for stamp, value in zip(stamps, written, strict=True)]


def a_folder(folder: Path, seeds: Sequence[int], *, shuffled: int | None = None) -> Path:
    """The files of the seeds and their index; rows and lines in another order where a seed for that is given."""
    folder.mkdir()
    rng = np.random.default_rng(shuffled)
    index = []
    for seed in seeds:
        panel, zone = a_series(seed)
        lines = lines_of(panel)
        if shuffled is not None:
            lines = [lines[place] for place in rng.permutation(len(lines))]
        (folder / f"s{seed}.csv").write_text("timestamp,value\n" + "".join(lines), encoding="utf-8")
        bucket = {3600: "1h", 1800: "30m"}[panel.grid.every_s]
        holidays = "DE" if zone == "berlin" else ""
        on = list(Direction)[seed % 3]
        index.append(f"s{seed},{list(Kind)[seed % 4]},{bucket},{ZONES[zone]},{holidays},{on}\n")
    if shuffled is not None:
        index = [index[place] for place in rng.permutation(len(index))]
    (folder / "index.csv").write_text("name,kind,bucket,timezone,holidays,on\n" + "".join(index), encoding="utf-8")
    return folder


def scored(folder: Path, out: Path, environ: Mapping[str, str]) -> dict[str, bytes]:
    done = detector("score", str(folder), "--out", str(out), environ=dict(environ))
    assert (done.code, done.err) == (0, "")
    return {path.name: path.read_bytes() for path in out.iterdir()}


SEEDS = range(13)


@pytest.fixture(scope="module", name="at_home")
def as_written_at_home(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("home")
    return scored(a_folder(folder / "in", SEEDS), folder / "out", HOME)


@pytest.mark.parametrize("place", range(len(ELSEWHERE)))
def test_place_and_order_change_no_byte(tmp_path: Path, at_home: dict[str, bytes], place: int) -> None:
    """Another timezone, locale, hash seed and number of threads, with rows and files in another order."""
    folder = a_folder(tmp_path / "in", SEEDS, shuffled=place)
    assert scored(folder, tmp_path / "out", ELSEWHERE[place]) == at_home


def columns_of(answer: bytes) -> list[list[str]]:
    rows = [line.split(",") for line in answer.decode().splitlines()[1:]]
    return [list(column) for column in zip(*rows, strict=True)]


def as_floats(cells: Sequence[Sequence[str]]) -> np.ndarray:
    return np.array([[float(cell or "nan") for cell in one] for one in cells])


def test_another_processor_changes_no_verdict(tmp_path: Path, at_home: dict[str, bytes]) -> None:
    """Numpy rounds exp and log otherwise without wide vectors: last digits may differ, and no verdict does."""
    known = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
    narrow = {**HOME, "NPY_DISABLE_CPU_FEATURES": " ".join(known)}
    found = scored(a_folder(tmp_path / "in", SEEDS), tmp_path / "out", narrow)
    assert found.keys() == at_home.keys()
    for name, answer in found.items():
        (times, *numbers, verdicts), (at_times, *at_numbers, at_verdicts) = (
            columns_of(answer),
            columns_of(at_home[name]),
        )
        assert (times, verdicts) == (at_times, at_verdicts)
        assert np.allclose(as_floats(numbers), as_floats(at_numbers), rtol=1e-9, atol=1e-9, equal_nan=True)


def test_neighbours_change_no_byte(tmp_path: Path, at_home: dict[str, bytes]) -> None:
    """A third of the files, with one that was not there before: each reads as it did among all."""
    found = scored(a_folder(tmp_path / "in", [9, 21, 3, 0, 12], shuffled=5), tmp_path / "out", ELSEWHERE[0])
    assert set(found) == {"s9.csv", "s21.csv", "s3.csv", "s0.csv", "s12.csv"}
    assert all(found[name] == at_home[name] for name in found if name != "s21.csv")


@pytest.mark.parametrize("kind", list(Kind))
def test_series_are_scored_as_the_judge_judges_them(kind: Kind) -> None:
    """Three series that begin together and end apart: each has the judge's numbers for it alone, to its own end."""
    grid = a_grid("Europe/Berlin", date(2026, 3, 2), 35)
    panel = replace(simulated(kind, grid, seed=71, series=3), weights=None)
    counts = (len(grid), 600, len(grid) - 1)
    readings = [Readings(grid[:count], panel.values[row, :count]) for row, count in enumerate(counts)]
    watch = a_watch(kind, Direction.BOTH)
    series = Series(kind, 3600, "Europe/Berlin", None, Direction.BOTH, watch.false_alarms_per_s)
    for row, frame in enumerate(score_series(series, readings)):
        alone = judge(panel.rows(np.array([row])).cut(slice(0, counts[row])), watch, counts[row])
        for name in ("expected", "low", "high", "score"):
            assert np.array_equal(frame[name].to_numpy(), getattr(alone, name)[0], equal_nan=True), name
        words = np.array(["normal", "anomalous", "learning", "missing"])[alone.verdict[0]]
        assert frame["verdict"].tolist() == words.tolist()
        assert len(frame) == counts[row]
