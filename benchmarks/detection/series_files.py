"""The files of `detector score`, as every scorer of this benchmark reads and writes them. Needs numpy only."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

HOUR_S = 3600
WEEK_H = 168
WARM_UP_H = 8 * WEEK_H  # before it nothing is judged by anybody
INDEX = ("name", "kind", "bucket", "timezone", "holidays", "on")
ANSWER = ("timestamp", "value", "expected", "low", "high", "score", "verdict")


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """One hourly series without gaps in time.

    Attributes:
        name: of its file, without .csv.
        kind: count or revenue.
        start_h: its first hour, counted from 1970 in UTC.
        values: one for each hour; nan is missing.
        timezone, holidays, on: as in index.csv.
    """

    name: str
    kind: str
    start_h: int
    values: Floats
    timezone: str = "UTC"
    holidays: str = ""
    on: str = "drop"

    def local(self) -> list[datetime]:
        """The wall time at which each hour begins."""
        zone = ZoneInfo(self.timezone)
        return [datetime.fromtimestamp((self.start_h + hour) * HOUR_S, zone) for hour in range(self.values.size)]

    def slots(self) -> Ints:
        """The hour of the week on the wall, Monday 0:00 being 0."""
        return np.array([at.weekday() * 24 + at.hour for at in self.local()], dtype=np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What a scorer says, one for each hour; `anomalous` is its own verdict, `score` what thresholds are set on."""

    expected: Floats
    low: Floats
    high: Floats
    score: Floats
    anomalous: Bools


def stamp(hour: int) -> str:
    """An hour since 1970 as the files have it."""
    return datetime.fromtimestamp(hour * HOUR_S, UTC).isoformat()


def read_rows(path: Path) -> list[dict[str, str]]:
    """The rows of a table with a head."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def write_rows(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table with a head."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def write_folder(folder: Path, series: Sequence[Series]) -> None:
    """An input folder: index.csv, and a file for each series."""
    folder.mkdir(parents=True, exist_ok=True)
    index = ((one.name, one.kind, "1h", one.timezone, one.holidays, one.on) for one in series)
    write_rows(folder / "index.csv", INDEX, index)
    for one in series:
        pairs = ((stamp(one.start_h + hour), _text(value)) for hour, value in enumerate(one.values.tolist()))
        write_rows(folder / f"{one.name}.csv", ANSWER[:2], pairs)


def read_folder(folder: Path) -> Iterator[Series]:
    """The hourly counts and revenues of an input folder; what is of another kind or grid is left out."""
    for row in read_rows(folder / "index.csv"):
        if row["kind"] not in {"count", "revenue"}:
            continue
        zone = row.get("timezone") or "UTC"
        hours, values = _readings(folder / f"{row['name']}.csv", zone)
        if hours.size < 2 or np.median(np.diff(hours)) != 1 or np.any(hours != np.rint(hours)):
            continue
        start_h = int(hours[0])
        grid = np.full(int(hours[-1]) - start_h + 1, np.nan)
        grid[(hours - start_h).astype(np.int64)] = values
        yield Series(row["name"], row["kind"], start_h, grid, zone, row.get("holidays") or "", row.get("on") or "drop")


def _readings(path: Path, timezone: str) -> tuple[Floats, Floats]:
    """Hours since 1970 in order, and values; a wall time that comes twice is the repeated hour of autumn."""
    zone, seen = ZoneInfo(timezone), set[datetime]()
    hours, values = [], []
    for row in read_rows(path):
        at = datetime.fromisoformat(row["timestamp"])
        if at.tzinfo is None:
            at = at.replace(tzinfo=zone, fold=int(at in seen))
            seen.add(at.replace(tzinfo=None))
        hours.append(at.timestamp() / HOUR_S)
        values.append(float(row["value"]) if row["value"] else np.nan)
    order = np.argsort(hours, kind="stable")
    return np.array(hours)[order], np.array(values)[order]


def write_answer(path: Path, series: Series, answer: Answer) -> None:
    """An output file. Hours without a score are `missing` where the value is, else `learning`."""
    words = np.where(np.isfinite(answer.score), np.where(answer.anomalous, "anomalous", "normal"), "learning")
    words = np.where(np.isfinite(series.values), words, "missing")
    columns = (series.values, answer.expected, answer.low, answer.high, answer.score)
    texts = [[_text(value) for value in column.tolist()] for column in columns]
    stamps = [stamp(series.start_h + hour) for hour in range(series.values.size)]
    write_rows(path, ANSWER, zip(stamps, *texts, words.tolist(), strict=True))


def read_answer(path: Path) -> tuple[Floats, Answer]:
    """The values and the answer in an output file of any scorer."""
    rows = read_rows(path)
    numbers = {name: np.array([float(row[name] or "nan") for row in rows]) for name in ANSWER[1:6]}
    anomalous = np.array([row["verdict"] == "anomalous" for row in rows], dtype=bool)
    return numbers.pop("value"), Answer(**numbers, anomalous=anomalous)


def _text(value: float) -> str:
    return "" if np.isnan(value) else repr(value)
