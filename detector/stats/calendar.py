"""Which buckets lie on a day off."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from difflib import get_close_matches
from functools import lru_cache
from zlib import crc32

import numpy as np
import numpy.typing as npt

from detector.model.grid import Grid
from detector.model.panel import Bools, Panel

__all__ = ["holiday_flags", "occasions", "unsettled_flags", "with_calendar"]

_EPOCH = date(1970, 1, 1)
_ONE_DAY = timedelta(days=1)
_SATURDAY = 5
_LONGEST_BRIDGE = 4  # working days between two days off: the week after Christmas
_FURTHEST = _LONGEST_BRIDGE + 2  # days between a day that is near a holiday and it
_SHARE_OF_PARTS = 0.1  # of the parts of a country; what fewer of them celebrate moves little of the whole


def with_calendar(panel: Panel, code: str | None, own_dates: Sequence[date]) -> Panel:
    """The panel with its days off, the days near one, and which each of them is.

    Raises:
        ValueError: an unknown code.
    """
    off, near, occasion = _days_of(panel.grid, code, tuple(own_dates))
    return replace(panel, is_holiday=off, is_unsettled=near, occasion=occasion)


@lru_cache(maxsize=32)
def _days_of(grid: Grid, code: str | None, own_dates: tuple[date, ...]) -> tuple[Bools, Bools, npt.NDArray[np.int64]]:
    """Once for all metrics of a tick that share a grid; read-only, for so they share them."""
    found = (
        holiday_flags(grid, code, own_dates),
        unsettled_flags(grid, code, own_dates),
        occasions(grid, code, own_dates),
    )
    for array in found:
        array.setflags(write=False)
    return found


def holiday_flags(grid: Grid, code: str | None, own_dates: Sequence[date]) -> Bools:
    """True for buckets whose local day is a public holiday of `code` or one of the owner's own dates, shape (n,).

    Args:
        grid: the buckets.
        code: country (`DE`) or country and subdivision (`DE-BY`) as python-holidays knows them, or None.
        own_dates: further days off, in the grid's timezone.

    Raises:
        ValueError: an unknown code; the message names near ones.
    """
    days, place = np.unique(grid.local_day, return_inverse=True)
    dates = [_EPOCH + timedelta(days=int(day)) for day in days]
    off = set(own_dates).union(_public_holidays(code, tuple(sorted({day.year for day in dates}))))
    is_off = np.array([day in off for day in dates], dtype=bool)
    return is_off[place.reshape(-1)]


def unsettled_flags(grid: Grid, code: str | None, own_dates: Sequence[date]) -> Bools:
    """True for buckets on days on which some trade as on a day off, and most as ever, shape (n,).

    These are the day before a day off and the one after it, the weekend that touches one, the days between two that are
    less than a week apart with four working days at most between them, and the holidays of a part of the country, if a
    tenth of its parts or more have them. No day off is among them.

    Raises:
        ValueError: an unknown code.
    """
    days, place = np.unique(grid.local_day, return_inverse=True)
    dates = [_EPOCH + timedelta(days=int(day)) for day in days]
    years = tuple(range(dates[0].year - 1, dates[-1].year + 2))
    off = frozenset(own_dates).union(_public_holidays(code, years))
    unsettled = _near(off).union(_regional_holidays(code, years)) - off
    return np.array([day in unsettled for day in dates], dtype=bool)[place.reshape(-1)]


def occasions(grid: Grid, code: str | None, own_dates: Sequence[date]) -> npt.NDArray[np.int64]:
    """A number for each holiday by its name and the distance from it, the same every year; 0 on plain days, shape (n,).

    Days off are known by their names, own dates by their day of the year, holidays of parts of the country by theirs,
    other days near one by the nearest and how many days lie between.

    Raises:
        ValueError: an unknown code.
    """
    days, place = np.unique(grid.local_day, return_inverse=True)
    dates = [_EPOCH + timedelta(days=int(day)) for day in days]
    years = tuple(range(dates[0].year - 1, dates[-1].year + 2))
    named = _names(code, tuple(sorted(own_dates)), years)
    numbers = [crc32(named[day].encode()) if day in named else 0 for day in dates]
    return np.array(numbers, dtype=np.int64)[place.reshape(-1)]


@lru_cache(maxsize=256)
def _names(code: str | None, own_dates: tuple[date, ...], years: tuple[int, ...]) -> dict[date, str]:
    off = {day: f"{day:%m-%d}" for day in own_dates} | _public_holidays(code, years)
    regional = _regional_holidays(code, years)
    named = dict(off)
    for day in _near(frozenset(off)) - off.keys():
        ahead = min((step for step in range(-_FURTHEST, _FURTHEST + 1) if day - step * _ONE_DAY in off), key=abs)
        named[day] = f"{off[day - ahead * _ONE_DAY]} {ahead:+d}"
    return named | {day: name for day, name in regional.items() if day not in off}


@lru_cache(maxsize=256)
def _near(off: frozenset[date]) -> frozenset[date]:
    near: set[date] = set()
    for day in off:
        for step in (_ONE_DAY, -_ONE_DAY):
            at = day + step
            near.add(at)
            while at.weekday() >= _SATURDAY:
                near.add(at)
                at += step
        until_next: list[date] = []
        for ahead in range(1, _FURTHEST + 1):  # within a week, a weekend in it or not
            at = day + ahead * _ONE_DAY
            if at in off:
                near.update(until_next)
                break
            until_next.append(at)
            if sum(one.weekday() < _SATURDAY for one in until_next) > _LONGEST_BRIDGE:
                break
    return frozenset(near)


@lru_cache(maxsize=256)
def _regional_holidays(code: str | None, years: tuple[int, ...]) -> dict[date, str]:
    if code is None or "-" in code:
        return {}
    import holidays  # noqa: PLC0415  a third of a second that only rules with a calendar should pay

    country = code.strip().upper()
    parts = holidays.country_holidays(country).subdivisions
    every = [dict(holidays.country_holidays(country, subdiv=part, years=years)) for part in parts]
    seen = Counter(day for one in every for day in one)
    names = {day: name for one in reversed(every) for day, name in one.items()}
    return {day: names[day] for day, count in seen.items() if count >= _SHARE_OF_PARTS * len(parts)}


@lru_cache(maxsize=256)
def _public_holidays(code: str | None, years: tuple[int, ...]) -> dict[date, str]:
    if code is None:
        return {}
    import holidays  # noqa: PLC0415  a third of a second that only rules with a calendar should pay

    country, _, subdivision = code.strip().upper().partition("-")
    supported = holidays.list_supported_countries()
    if country not in supported:
        raise ValueError(_unknown(code, country, sorted(supported), ""))
    if subdivision and subdivision not in supported[country]:
        raise ValueError(_unknown(code, subdivision, sorted(supported[country]), f"{country}-"))
    return dict(holidays.country_holidays(country, subdiv=subdivision or None, years=years))


def _unknown(code: str, part: str, valid: list[str], prefix: str) -> str:
    near = get_close_matches(part, valid, n=3, cutoff=0.4) or [word for word in valid if word[:1] == part[:1]][:3]
    offer = ", ".join(prefix + word for word in near or valid[:3]) or prefix.rstrip("-")
    return f"no holidays are known for {code!r}; near codes: {offer}"
