"""One series from a CSV file, laid on the buckets of its grid."""

import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from detector.errors import UsageError
from detector.model.grid import DAY_S, Grid, grid_of
from detector.model.panel import Floats
from detector.model.span import Span, at_epoch

__all__ = ["Readings", "read_series"]

_COLUMNS = ("timestamp", "value")
_OFFSET = r"\d:?\d\d\S*(?:Z|[+-]\d\d(?::?\d\d)?)$"  # after a time of day: the end of a mere date looks like one
_TOO_MANY = re.compile(r"Expected (\d+) fields in line (\d+), saw (\d+)")
_YEARS = (1971, 2200)
_NO_TIME = "is no time: write ISO 8601, such as 2026-03-10T07:00:00+00:00"
_LONGEST_SHOWN = 80

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Readings:
    """A series from its first row to its last: nan where a bucket has no row or an empty value, shape (n,)."""

    grid: Grid
    numbers: Floats


def read_series(path: Path, every_s: int, timezone: str) -> Readings | None:
    """Read `timestamp,value`; None where the file has no rows.

    A timestamp is ISO 8601; one without an offset is wall time in `timezone`. In the hour that a clock change repeats,
    two such rows are the first and the second in the order of the file; one alone cannot be told apart, and both are
    missing.

    Raises:
        UsageError: names the file, the line, what stands there and what to write instead.
    """
    frame = _frame(path)
    lines = frame.index.to_numpy(dtype=np.int64)
    if lines.size == 0:
        return None
    numbers = _numbers(path, frame["value"])
    local, utc = _instants(path, frame["timestamp"])
    named = np.where(local >= 0, local, utc)
    margin = timedelta(seconds=2 * DAY_S)
    grid = grid_of(timezone, every_s, Span(at_epoch(int(named.min())) - margin, at_epoch(int(named.max())) + margin))
    place = _places(path, frame, grid, local, utc)
    clear = place >= 0
    _refuse_twins(path, place[clear], lines[clear])
    if not clear.any():
        return None
    first, last = int(place[clear].min()), int(place[clear].max())
    laid = np.full(last - first + 1, np.nan)
    laid[place[clear] - first] = numbers[clear]
    return Readings(grid[first : last + 1], laid)


def _frame(path: Path) -> pd.DataFrame:
    """The two columns as text, indexed by line."""
    try:
        # Without a header, so that no line may have more fields than the first.
        cells = pd.read_csv(
            path, header=None, dtype=str, keep_default_na=False, skip_blank_lines=False, encoding="utf-8-sig"
        )
    except pd.errors.EmptyDataError:
        raise UsageError(f"{path}:1: the file is empty; its first line must be timestamp,value") from None
    except pd.errors.ParserError as error:
        found = _TOO_MANY.search(str(error))
        told = f":{found[2]}: {found[3]} fields where the header has {found[1]}" if found else f": {error}"
        raise UsageError(f"{path}{told}; write one timestamp and one value a line") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path}: no UTF-8 text; write it as UTF-8") from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}; name a CSV file that exists") from None
    cells = cells.fillna("")
    header = [str(name).strip() for name in cells.iloc[0]]
    absent = [name for name in _COLUMNS if name not in header]
    if absent:
        told = f"{_shown(','.join(header))} has no column {absent[0]}"
        raise UsageError(f"{path}:1: {told}; the first line must be timestamp,value")
    frame = pd.DataFrame({name: cells.iloc[1:, header.index(name)] for name in _COLUMNS})
    frame.index = pd.RangeIndex(2, len(frame) + 2)
    frame = frame.apply(lambda column: column.str.strip())
    return frame[(frame["timestamp"] != "") | (frame["value"] != "")]


def _numbers(path: Path, texts: pd.Series) -> Floats:
    filled = texts != ""
    numbers = pd.to_numeric(texts.where(filled, "0"), errors="coerce").to_numpy(dtype=np.float64)
    wrong = np.flatnonzero(~np.isfinite(numbers))
    if wrong.size:
        raise _error(
            path, texts, wrong[0], "is no number: write digits and a decimal point, or nothing where it is missing"
        )
    return np.where(filled, numbers, np.nan)


def _instants(path: Path, texts: pd.Series) -> tuple[Numbers, Numbers]:
    """Seconds since 1970 of wall time where the text has no offset, and of UTC where it has one; -1 elsewhere."""
    has_offset = texts.str.contains(_OFFSET, regex=True)
    found = []
    for which in (~has_offset, has_offset):
        stamps = pd.to_datetime(texts.where(which), format="ISO8601", errors="coerce", utc=True)
        inside = stamps.dt.year.between(*_YEARS)
        wrong = np.flatnonzero((which & ~inside).to_numpy())
        if wrong.size:
            is_time = bool(stamps.notna().iloc[wrong[0]])
            told = f"lies outside the years {_YEARS[0]} to {_YEARS[1]}: correct the year" if is_time else _NO_TIME
            raise _error(path, texts, wrong[0], told)
        seconds = stamps.where(inside, pd.Timestamp(0, tz="UTC")).dt.as_unit("s").astype("int64").to_numpy()
        found.append(np.where(which, seconds, -1))
    return found[0], found[1]


def _places(path: Path, frame: pd.DataFrame, grid: Grid, local: Numbers, utc: Numbers) -> Numbers:
    """The bucket of each row; -1 for a row that stands alone in an hour that comes twice."""
    place = np.searchsorted(grid.starts, utc, side="right") - 1
    order = np.argsort(grid.walls, kind="stable")
    walls, wall = grid.walls[order], local - local % grid.every_s
    left, right = np.searchsorted(walls, wall, "left"), np.searchsorted(walls, wall, "right")
    is_local = local >= 0
    gone = np.flatnonzero(is_local & (left == right))
    if gone.size:
        told = f"is left out by a clock change in {grid.timezone}: write its offset, or say the timezone that it is in"
        raise _error(path, frame["timestamp"], gone[0], told)
    place = np.where(is_local, order[np.minimum(left, len(grid) - 1)], place)
    twice = np.flatnonzero(is_local & (right - left > 1))
    for hour in np.unique(wall[twice]).tolist():
        rows = twice[wall[twice] == hour]
        if rows.size == 1:
            place[rows] = -1
        else:  # a third row stays on the second bucket, and is refused as its twin
            place[rows[1:]] = order[left[rows[1:]] + 1]
    return np.asarray(place, dtype=np.int64)


def _refuse_twins(path: Path, place: Numbers, lines: Numbers) -> None:
    order = np.argsort(place, kind="stable")
    same = np.flatnonzero(np.diff(place[order]) == 0)
    if same.size:
        one, other = lines[order[same[0]]], lines[order[same[0] + 1]]
        raise UsageError(
            f"{path}:{other}: the bucket of line {one} once more; leave one row for each bucket, or add them up"
        )


def _error(path: Path, texts: pd.Series, row: int, told: str) -> UsageError:
    return UsageError(f"{path}:{texts.index[row]}: {_shown(texts.iloc[row])} {told}")


def _shown(text: str) -> str:
    plain = "".join(char if char.isprintable() else " " for char in text)
    return f"'{plain if len(plain) <= _LONGEST_SHOWN else plain[: _LONGEST_SHOWN - 1] + '…'}'"
