"""CSV files become series on a grid, or say what is wrong with them."""

from pathlib import Path

import numpy as np
import pytest

from detector.errors import UsageError
from detector.model.grid import DAY_S, HOUR_S
from detector.model.span import at_epoch
from detector.stats.readings import Readings, read_series

HEADER = "timestamp,value\n"


def read(tmp_path: Path, rows: str, timezone: str = "UTC", every_s: int = HOUR_S) -> Readings:
    path = tmp_path / "a.csv"
    path.write_text(HEADER + rows, encoding="utf-8")
    found = read_series(path, every_s, timezone)
    assert found is not None
    return found


def starts(readings: Readings) -> list[str]:
    return [at_epoch(int(start)).isoformat()[:16] for start in readings.grid.starts]


def test_gaps_and_empty_values_are_missing(tmp_path: Path) -> None:
    """A bucket without a row between two, or with an empty value, is nan; a zero is zero."""
    found = read(tmp_path, "2026-03-10T00:00,4\n2026-03-10T01:00,\n2026-03-10T03:00,0\n")
    assert np.array_equal(found.numbers, [4.0, np.nan, np.nan, 0.0], equal_nan=True)


def test_rows_may_come_unsorted_and_between_boundaries(tmp_path: Path) -> None:
    """A row belongs to the bucket that its time falls into."""
    found = read(tmp_path, "2026-03-10T02:59:59,2\n\n 2026-03-10 01:07 , 1.5 \n")
    assert starts(found) == ["2026-03-10T01:00", "2026-03-10T02:00"]
    assert found.numbers.tolist() == [1.5, 2.0]


def test_offset_wins_over_timezone(tmp_path: Path) -> None:
    """Times with an offset are instants; those without are wall time in the timezone; both may stand in one file."""
    found = read(tmp_path, "2026-03-10T08:00:00+01:00,1\n2026-03-10T09:00,2\n2026-03-10T09:00:00Z,3\n", "Europe/Berlin")
    assert starts(found) == ["2026-03-10T07:00", "2026-03-10T08:00", "2026-03-10T09:00"]
    assert found.numbers.tolist() == [1.0, 2.0, 3.0]


def test_repeated_hour_needs_two_rows_or_an_offset(tmp_path: Path) -> None:
    """Two wall times of the repeated hour are its first and second in the order of the file; one alone says nothing."""
    around = "2026-10-25T01:00,1\n2026-10-25T02:00,2\n{}2026-10-25T03:00,4\n"
    both = read(tmp_path, around.format("2026-10-25T02:00,3\n"), "Europe/Berlin")
    assert both.numbers.tolist() == [1.0, 2.0, 3.0, 4.0]
    alone = read(tmp_path, around.format(""), "Europe/Berlin")
    assert np.array_equal(alone.numbers, [1.0, np.nan, np.nan, 4.0], equal_nan=True)


def test_days_are_cut_by_the_timezone(tmp_path: Path) -> None:
    """A bucket of a day may be a mere date, and has the length that its day has."""
    found = read(tmp_path, "2026-03-28,1\n2026-03-29,2\n2026-03-30,3\n", "Europe/Berlin", DAY_S)
    assert found.numbers.tolist() == [1.0, 2.0, 3.0]
    assert (found.grid.ends - found.grid.starts).tolist() == [24 * HOUR_S, 23 * HOUR_S, 24 * HOUR_S]


def test_file_without_rows_is_an_empty_series(tmp_path: Path) -> None:
    """A header alone is no mistake."""
    path = tmp_path / "a.csv"
    path.write_text(HEADER, encoding="utf-8")
    assert read_series(path, HOUR_S, "UTC") is None


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("2026-03-10T00:00,1\n2026-03-10T01:00,1 000\n", ":3: '1 000' is no number: write digits"),
        ("2026-03-10T00:00,inf\n", ":2: 'inf' is no number"),
        ("10.03.2026 00:00,1\n", ":2: '10.03.2026 00:00' is no time: write ISO 8601"),
        (",1\n", ":2: '' is no time"),
        ("0001-01-01T00:00,1\n", ":2: '0001-01-01T00:00' lies outside the years 1971 to 2200: correct the year"),
        ("2026-03-10T00:00,1\n2026-03-10T01:00,1\n2026-03-10T00:30,1\n", ":4: the bucket of line 2 once more"),
        ("2026-03-10T00:00,1,5,6\n", ":2: 4 fields where the header has 2"),
        ("2026-03-29T02:30,1\n", ":2: '2026-03-29T02:30' is left out by a clock change in Europe/Berlin: write its"),
        ("2026-10-25T02:00,1\n" * 3, ":4: the bucket of line 3 once more"),
    ],
)
def test_mistakes_name_file_line_value_and_fix(tmp_path: Path, rows: str, told: str) -> None:
    """Each mistake of a file is one line that leads to it."""
    with pytest.raises(UsageError) as caught:
        read(tmp_path, rows, "Europe/Berlin")
    assert f"{tmp_path / 'a.csv'}{told}" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", ":1: the file is empty"),
        (b"time,value\n1,2\n", ":1: 'time,value' has no column timestamp"),
        (b"timestamp,value\n\xff\xfe,1\n", ": no UTF-8 text"),
    ],
)
def test_files_that_are_no_series(tmp_path: Path, content: bytes, told: str) -> None:
    """A file of another kind is refused with what its first line must be."""
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=r"a\.csv") as caught:
        read_series(path, HOUR_S, "UTC")
    assert told in str(caught.value)


def test_absent_file_is_told(tmp_path: Path) -> None:
    """A file that is not there is named."""
    with pytest.raises(UsageError, match=r"gone\.csv: cannot be read: No such file"):
        read_series(tmp_path / "gone.csv", HOUR_S, "UTC")
