"""detector score: files in, verdicts out, without a configuration."""

from pathlib import Path

import numpy as np
import pytest

from command import Answer, detector
from rhythms import a_shop, at_zero

WEEKS = 6
DOWN = WEEKS * 168 - 30  # in the afternoon of the last day but one


@pytest.fixture(scope="module")
def shop() -> list[str]:
    """Six weeks of sales with six empty hours; two gaps."""
    panel = at_zero(a_shop(seed=3, days=7 * WEEKS), DOWN, 6)
    stamps = np.datetime_as_string(panel.grid.starts.astype("datetime64[s]"))
    rows = [f"{stamp},{value:.2f}" for stamp, value in zip(stamps, panel.values[0], strict=True)]
    del rows[700]
    rows[800] = rows[800].split(",")[0] + ","
    return rows


def write(path: Path, rows: list[str]) -> Path:
    path.write_text("\n".join(["timestamp,value", *rows]) + "\n", encoding="utf-8")
    return path


def score(source: Path, out: Path, *options: str, **environ: str) -> Answer:
    return detector("score", str(source), "--out", str(out), *options, environ=environ)


def answer(path: Path) -> list[list[str]]:
    return [line.split(",") for line in path.read_text(encoding="utf-8").splitlines()]


def test_outage_is_found_in_a_file(tmp_path: Path, shop: list[str]) -> None:
    """One row for each bucket, with what was expected, and the empty hours anomalous."""
    done = score(write(tmp_path / "a.csv", shop), tmp_path / "out.csv")
    assert (done.code, done.out, done.err) == (0, "", "")
    header, *rows = answer(tmp_path / "out.csv")
    assert header == ["timestamp", "value", "expected", "low", "high", "score", "verdict"]
    assert len(rows) == WEEKS * 168
    assert rows[0] == ["2026-01-05T00:00:00+00:00", shop[0].split(",")[1].rstrip("0"), "", "", "", "", "learning"]
    assert rows[700][1:2] + rows[700][5:] == ["", "", "missing"]
    assert rows[801][1:2] + rows[801][5:] == ["", "", "missing"]
    assert "anomalous" in {row[-1] for row in rows[DOWN : DOWN + 2]}
    normal = [row for row in rows if row[-1] == "normal"]
    assert len(normal) > 0.6 * len(rows)
    assert all(float(row[3]) <= float(row[2]) <= float(row[4]) for row in normal)


def test_cut_input_leaves_earlier_rows(tmp_path: Path, shop: list[str]) -> None:
    """Rows after a cut change no byte before it; neither do timezone, locale and hash seed of the machine."""
    score(write(tmp_path / "a.csv", shop), tmp_path / "whole.csv")
    whole = (tmp_path / "whole.csv").read_text(encoding="utf-8")
    for cut in (5, 400, 905):
        elsewhere = {"TZ": "Pacific/Auckland", "LC_ALL": "de_DE.UTF-8", "PYTHONHASHSEED": str(cut)}
        score(write(tmp_path / "a.csv", shop[:cut]), tmp_path / "part.csv", **elsewhere)
        part = (tmp_path / "part.csv").read_text(encoding="utf-8")
        assert part == whole[: len(part)]


def test_folder_is_judged_file_by_file(tmp_path: Path, shop: list[str]) -> None:
    """Every file of the index gets what it gets alone; what is wrong in one ends with 1 and spoils no other."""
    folder = tmp_path / "in"
    folder.mkdir()
    write(folder / "a.csv", shop)
    write(folder / "b.csv", shop[:-100])
    write(folder / "broken.csv", [*shop[:4], "yesterday,4"])
    (folder / "index.csv").write_text(
        "name,kind,on,source\na,count,rise,x\nb,,,y\nbroken,count,,z\nc,sales,,z\ngone,,,\na,,,\n", encoding="utf-8"
    )
    done = score(folder, tmp_path / "out")
    assert done.code == 1
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.csv", "b.csv"]
    told = done.err.splitlines()
    assert [line.split("/")[-1] for line in told[:2]] == [
        "index.csv:5: kind: 'sales' is not one of revenue, count, ratio, gauge",
        "index.csv:7: 'a' stands in line 2 already; leave one of them",
    ]
    assert "broken.csv:6: 'yesterday' is no time" in done.err
    assert "gone.csv: cannot be read" in done.err
    assert told[-1] == "4 of 6 files could not be judged"
    score(folder / "a.csv", tmp_path / "a.csv", "--kind", "count", "--on", "rise")
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "out" / "a.csv").read_bytes()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--kind", "money"], "--kind: 'money' is not one of"),
        (["--bucket", "7m"], "--bucket: '7m' is no bucket length"),
        (["--timezone", "Mars"], "--timezone: 'Mars' is an unknown timezone"),
        (["--holidays", "XX"], "--holidays: 'XX' is no holiday calendar"),
        (["--false-alarms", "never"], "--false-alarms: 'never' is no rate"),
        (["--on", "left"], "--on: 'left' is not one of"),
    ],
)
def test_wrong_option_is_a_wrong_call(tmp_path: Path, options: list[str], told: str) -> None:
    """An option that cannot be ends with 2, one line that says what to write, and no output."""
    write(tmp_path / "a.csv", ["2026-01-05T00:00,1"])
    done = score(tmp_path / "a.csv", tmp_path / "out.csv", *options)
    assert (done.code, done.out, len(done.err.splitlines())) == (2, "", 1)
    assert told in done.err
    assert not (tmp_path / "out.csv").exists()


def test_wrong_file_is_a_wrong_call(tmp_path: Path) -> None:
    """A single file that cannot be read ends with 2; so do a folder without index.csv and an output over its input."""
    path = write(tmp_path / "a.csv", ["2026-01-05T00:00,x"])
    assert score(path, tmp_path / "out.csv").code == 2
    told = score(tmp_path, tmp_path / "out")
    assert told.code == 2
    assert "index.csv: cannot be read: No such file" in told.err
    assert "is INPUT itself" in score(path, path).err


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    """Where the answer cannot be written, it is said why."""
    said = score(write(tmp_path / "in.csv", ["2026-03-10T00:00Z,1"]), tmp_path / "no" / "out.csv")
    assert said.code == 2
    assert "cannot be written: " in said.err
    assert "None" not in said.err
    assert "non-existent directory" in said.err


def test_what_does_not_look_like_what_it_is_said_to_be_is_told(tmp_path: Path) -> None:
    """Days in buckets of hours, and amounts below zero: a line on standard error each; the answer is there, and 0."""
    days = np.arange("2026-01-05", "2026-02-14", dtype="datetime64[D]")
    (tmp_path / "in").mkdir()
    write(tmp_path / "in" / "days.csv", [f"{day},{4000 + place % 7}" for place, day in enumerate(days)])
    write(tmp_path / "in" / "costs.csv", [f"{day}T{hour:02},-{100 + hour}" for day in days for hour in range(24)])
    (tmp_path / "in" / "index.csv").write_text("name\ndays\ncosts\n", encoding="utf-8")
    done = score(tmp_path / "in", tmp_path / "out")
    assert (done.code, done.out) == (0, "")
    costs, daily = sorted(done.err.splitlines())
    assert costs.startswith(f"warning: {tmp_path / 'in' / 'costs.csv'}: 960 of 960 values are below 0")
    assert daily.startswith(f"warning: {tmp_path / 'in' / 'days.csv'}: no day has more than one value")
    assert len(answer(tmp_path / "out" / "days.csv")) == 1 + 24 * 39 + 1
    alone = score(tmp_path / "in" / "days.csv", tmp_path / "one.csv", "--bucket", "1d")
    assert (alone.code, alone.out, alone.err) == (0, "", "")
