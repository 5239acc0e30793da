"""Timezones by IANA name; abbreviations and paths are no names."""

import re
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from detector.config.words import NotUsable, nearest, shown

__all__ = ["abbreviation_warning", "zone_name"]

_NAME = re.compile(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+){0,2}")
_ABBREVIATION = re.compile(r"[A-Z]{3,4}([0-9]?[A-Z]{3})?")
_PLAIN = frozenset({"UTC", "UCT", "GMT", "PRC", "ROC", "ROK"})  # as unambiguous as a full name
# Files of the zone database that are no places of their own: leap seconds, the machine's zone.
_NOT_PLACES = ("right/", "posix/", "localtime", "posixrules", "Factory")

# What an abbreviation most often means; each also means something else somewhere, which is why none is taken as is.
_MEANT = {
    "AEDT": "Australia/Sydney",
    "AEST": "Australia/Sydney",
    "BST": "Europe/London",
    "CDT": "America/Chicago",
    "CEST": "Europe/Berlin",
    "CET": "Europe/Berlin",
    "CST": "America/Chicago",
    "EDT": "America/New_York",
    "EEST": "Europe/Helsinki",
    "EET": "Europe/Helsinki",
    "EST": "America/New_York",
    "HST": "Pacific/Honolulu",
    "IST": "Asia/Kolkata",
    "JST": "Asia/Tokyo",
    "MDT": "America/Denver",
    "MET": "Europe/Berlin",
    "MST": "America/Denver",
    "PDT": "America/Los_Angeles",
    "PST": "America/Los_Angeles",
    "WET": "Europe/Lisbon",
}


def zone_name(value: object) -> str:
    """An existing timezone's name.

    Raises:
        NotUsable: not one; the text names the nearest, or says that the machine has no timezone data.
    """
    if not isinstance(value, str):
        raise NotUsable(f"{shown(value)} is no timezone: write a name such as Europe/Berlin")
    text = str(value)
    if not _NAME.fullmatch(text) or text.startswith(_NOT_PLACES):
        raise NotUsable(f"{shown(value)} is no timezone{_guess(text)}")
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: the name of a folder, such as Europe
        raise NotUsable(f"{shown(value)} is an unknown timezone{_guess(text)}") from None
    return text


def abbreviation_warning(name: str) -> str | None:
    """Why a valid name is a trap: `EST` stays on winter time all year."""
    if name in _PLAIN or not _ABBREVIATION.fullmatch(name):
        return None
    meant = _MEANT.get(name[:3], "a full name such as Europe/Berlin")
    return f"{shown(name)} is an abbreviation, and may not follow summer time: write {meant}"


def _guess(text: str) -> str:
    names = {name for name in available_timezones() if not name.startswith(_NOT_PLACES)}
    if not names:
        return "; this machine has no timezone data: install tzdata"
    found = _MEANT.get(text.upper()) or _by_city(text, names) or nearest(text, names)
    return f"; did you mean {found}?" if found else "; names look like Europe/Berlin or UTC"


def _by_city(text: str, names: set[str]) -> str | None:
    city = text.rsplit("/", 1)[-1].replace(" ", "_").lower()
    return next((name for name in sorted(names) if name.lower().endswith("/" + city)), None)
