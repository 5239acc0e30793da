"""index.csv: which files of a folder `detector score` judges, and what each of them holds."""

import csv
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from detector.config.durations import every_s
from detector.config.single_values import false_alarms, holiday_code, one_of
from detector.config.words import NotUsable, shown
from detector.config.zones import zone_name
from detector.errors import UsageError
from detector.model.metric import Direction, Kind
from detector.stats.offline import Job, Series

__all__ = ["read_index", "series_of"]

_OF_A_SERIES = ("kind", "bucket", "timezone", "holidays", "on")


def series_of(words: Mapping[str, str], place: Callable[[str], str]) -> Series:
    """What is watched, from the words of options or of a line.

    Raises:
        UsageError: a word that cannot be; `place` tells where it stands.
    """
    asked = ""
    try:
        for asked, read in (("kind", _kind), ("bucket", every_s), ("timezone", zone_name), ("on", _side)):
            read(words[asked])
        asked = "holidays"
        code = holiday_code(words["holidays"]) if words["holidays"] else None
        asked = "false_alarms"
        rate = false_alarms(words["false_alarms"])
    except NotUsable as error:
        raise UsageError(f"{place(asked)}: {error}") from None
    return Series(
        _kind(words["kind"]), every_s(words["bucket"]), words["timezone"], code, _side(words["on"]), rate.per_second
    )


def _kind(word: object) -> Kind:
    return one_of(word, Kind)


def _side(word: object) -> Direction:
    return one_of(word, Direction)


def read_index(folder: Path, out: Path, words: Mapping[str, str]) -> tuple[list[Job], list[UsageError]]:
    """The jobs of a folder, and what is wrong with lines of its index.

    A column that is absent or empty takes the word of the command line.

    Raises:
        UsageError: there is no index, or it cannot be read as one.
    """
    path = folder / "index.csv"
    if out.exists() and out.samefile(folder):
        raise UsageError(f"--out {out}: is INPUT itself; name another folder")
    jobs: list[Job] = []
    wrong: list[UsageError] = []
    seen: dict[str, int] = {}
    for line, row in _rows(path):
        try:
            name = _name(row.get("name") or "", f"{path}:{line}", seen)
            seen[name] = line
            own = {key: row[key].strip() for key in _OF_A_SERIES if (row.get(key) or "").strip()}
            series = series_of({**words, **own}, lambda key, line=line: f"{path}:{line}: {key}")  # type: ignore[misc]  # a default binds the line
            jobs.append(Job(folder / f"{name}.csv", out / f"{name}.csv", series))
        except UsageError as error:
            wrong.append(error)
    return jobs, wrong


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if "name" not in (reader.fieldnames or ()):
                raise UsageError(f"{path}:1: has no column name; the first line must be name,kind,...")
            for row in reader:
                yield reader.line_num, row
    except OSError as error:
        raise UsageError(
            f"{path}: cannot be read: {error.strerror}; it names the files to judge: name,kind,..."
        ) from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path}: {error}; write it as UTF-8 text with commas") from None


def _name(text: str, place: str, seen: Mapping[str, int]) -> str:
    name = text.strip()
    if not name or Path(name).name != name or name == "index" or not name.isprintable():
        raise UsageError(
            f"{place}: {shown(name)} is no name of a file beside it; write it without folder and without .csv"
        )
    if name in seen:
        raise UsageError(f"{place}: {shown(name)} stands in line {seen[name]} already; leave one of them")
    return name
