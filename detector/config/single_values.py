"""One value of a file at a time: what it must look like. Each function returns the value in its final type.

All raise NotUsable with a text for people: what was written, and what to write instead.
"""

import re
from datetime import date
from difflib import get_close_matches
from enum import StrEnum
from typing import TypeVar
from urllib.parse import urlsplit

from detector.config.holiday_codes import HOLIDAY_CODES
from detector.config.words import NotUsable, did_you_mean, shown
from detector.model.metric import FalseAlarms

__all__ = [
    "column",
    "false_alarms",
    "holiday_code",
    "is_catalog",
    "iso_date",
    "line",
    "listen_address",
    "name",
    "not_negative",
    "number",
    "one_of",
    "table",
    "web_url",
]

Word = TypeVar("Word", bound=StrEnum)

_MAX_LINE = 200
_NAME = re.compile(r"[^\W_][\w.-]{0,79}")
_COLUMN = re.compile(r"[^\W\d][\w$]{0,127}")
_RATE = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,6})?) per (day|week|month|quarter|year)s?")
_LONG_RATE = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,6})?) (?:per|in|every) ([0-9]{1,3}) (day|week|month|quarter|year)s?")
_HOLIDAYS = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CATALOGS = ("pg_", "sqlite_", "information_schema", "mysql", "performance_schema", "sys")


def line(value: object) -> str:
    """One line of text."""
    if not isinstance(value, str):
        raise NotUsable(f"{shown(value)} is not text: put it in quotes" if _is_scalar(value) else _no_text(value))
    text = str(value).strip()
    if not text or "\n" in text or len(text) > _MAX_LINE:
        raise NotUsable(f"{shown(value)} must be one line of 1 to {_MAX_LINE} characters")
    return text


def _no_text(value: object) -> str:
    return "must be text, not a list: write one name without brackets" if isinstance(value, list) else "must be text"


def _is_scalar(value: object) -> bool:
    return not isinstance(value, dict | list)


def name(value: object) -> str:
    """A name that can stand in a full name, on a command line and in a URL."""
    text = line(value)
    if not _NAME.fullmatch(text):
        raise NotUsable(f"{shown(value)} is no name: letters, digits, `_`, `-` and `.`, a letter or digit first")
    return text


def number(value: object) -> float:
    """A finite number."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    hint = ": write it without quotes" if isinstance(value, str) and re.fullmatch(r"-?[0-9.]+", value) else ""
    raise NotUsable(f"{shown(value)} is no number{hint or ': write digits and a decimal point only'}")


def not_negative(value: object) -> float:
    """A number of 0 or more."""
    if (found := number(value)) < 0:
        raise NotUsable(f"{shown(value)} cannot be negative: write 0 or more")
    return found


def one_of(value: object, words: type[Word]) -> Word:
    """A member of an enum by its value."""
    names = [word.value for word in words]
    if isinstance(value, str) and value in names:
        return words(str(value))
    guess = did_you_mean(value, names) if isinstance(value, str) else ""
    raise NotUsable(f"{shown(value)} is not one of {', '.join(names)}{guess if 'mean' in guess else ''}")


def false_alarms(value: object) -> FalseAlarms:
    """`N per day|week|month|quarter|year`, N above 0."""
    text = " ".join(value.lower().split()) if isinstance(value, str) else ""
    if found := _RATE.fullmatch(text):
        if (count := float(found[1])) > 0:
            return FalseAlarms(count, found[2])
        raise NotUsable(f"{shown(value)} cannot be kept: every detector errs now and then; write 1 per year")
    if found := _LONG_RATE.fullmatch(text):
        count, length = float(found[1]), int(found[2])
        raise NotUsable(f"{shown(value)} has two numbers: write {_fewer(count, length, found[3])}")
    is_count = isinstance(value, int) and value > 0
    fix = f"{value} per month" if is_count else "N per day|week|month|quarter|year, such as 1 per month"
    raise NotUsable(f"{shown(value)} is no rate of false alarms: write {fix}")


def _fewer(count: float, length: int, per: str) -> str:
    return f"{count / length:.3g} per {per}" if length else f"1 per {per}"


def holiday_code(value: object) -> str:
    """A country, or a country and its part, of which the days are known."""
    if isinstance(value, str) and value in HOLIDAY_CODES:
        return str(value)
    fix = value.strip().upper().replace("_", "-") if isinstance(value, str) else ""
    if fix in HOLIDAY_CODES:
        hint = f"; did you mean {fix}?"
    elif _HOLIDAYS.fullmatch(fix):
        hint = f"; near codes: {', '.join(_near_codes(fix))}"
    else:
        hint = ""
    raise NotUsable(f"{shown(value)} is no holiday calendar: write a country such as DE, or a part of it, DE-BY{hint}")


def _near_codes(code: str) -> list[str]:
    """Parts of the same country if there is such a country, otherwise countries."""
    country = code.partition("-")[0]
    parts = sorted(known for known in HOLIDAY_CODES if known.startswith(f"{country}-"))
    if country in HOLIDAY_CODES:
        return get_close_matches(code, parts, 3, 0.8) or parts[:3] or [country]
    countries = sorted(known for known in HOLIDAY_CODES if "-" not in known)
    return get_close_matches(country, countries, 3, 0.5) or countries[:3]


def iso_date(value: object) -> date:
    """A day as `2026-12-24`."""
    if isinstance(value, str) and _ISO_DATE.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise NotUsable(f"{shown(value)} is not in the calendar") from None
    raise NotUsable(f"{shown(value)} is no date: write year-month-day, such as 2026-12-24")


def column(value: object) -> str:
    """A column's plain name, as it stands in the database."""
    text = line(value)
    if _COLUMN.fullmatch(text):
        return text
    raise NotUsable(f"{shown(value)} is no column: write its bare name, or use `sql:` for anything else")


def table(value: object) -> str:
    """A table's plain name, perhaps behind its schema's; no system catalog."""
    text = line(value)
    parts = text.split(".")
    if len(parts) > 3 or not all(_COLUMN.fullmatch(part) for part in parts):  # noqa: PLR2004 - catalog, schema, table
        raise NotUsable(f"{shown(value)} is no table: write `table` or `schema.table`, or use `sql:`")
    if is_catalog(*parts):
        raise NotUsable(f"{shown(value)} belongs to the database itself: watch a table of your own")
    return text


def is_catalog(*parts: str) -> bool:
    """Whether a qualified table name leads into the database's own tables."""
    first, last = parts[0].lower(), parts[-1].lower()
    in_schema = len(parts) > 1 and (first in _CATALOGS or first.startswith("pg_"))
    return in_schema or last.startswith(("pg_", "sqlite_"))


def web_url(value: object) -> str:
    """An http or https address, without the slash at its end."""
    text = line(value)
    try:
        parts = urlsplit(text)
        is_usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and not parts.username
    except ValueError:
        is_usable = False
    if not is_usable or re.search(r"\s", text):
        raise NotUsable(f"{shown(value)} is no web address: write https://… without a user name")
    return text.rstrip("/")


def listen_address(value: object) -> str:
    """`host:port`."""
    text = line(value) if isinstance(value, str) else ""
    host, _, port = text.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or int(port[:6]) > 65535:  # noqa: PLR2004 - TCP's largest
        raise NotUsable(f"{shown(value)} is no address to listen at: write host:port, such as 127.0.0.1:8080")
    return text
