"""What a metric follows, in words."""

from math import log
from statistics import median

from detector.model.state import DaysOfMonth, Seasons

__all__ = ["follows"]

MOST_TOLD, LEAST_TOLD = 3, 0.1
"""Days of the month that are named: so many, and only those that differ by so much from a plain one."""

HALF = 15
"""Later days are counted back from the last of the month, where days are counted from both ends."""


def follows(seasons: Seasons | None) -> str:
    """The part of a line of `detector status`."""
    if seasons is None:
        return "taken to follow hour of day and day of week"
    found = [season for season, is_there in (("hour of day", seasons.day), ("day of week", seasons.week)) if is_there]
    said = "taken to follow" if seasons.is_assumed else "follows"
    month = "" if seasons.month is None or not seasons.month.is_season else f", and day of month{_told(seasons.month)}"
    return f"{said} {' and '.join(found) or 'neither hour of day nor day of week'}{month}"


def _told(month: DaysOfMonth) -> str:
    """The days that differ most, in the order of the month."""
    factors = month.from_ends or month.from_first
    plain = median(factors)
    beside = {day: factor / plain for day, factor in enumerate(factors, start=1)}
    far = [day for day, factor in beside.items() if abs(factor - 1.0) >= LEAST_TOLD]
    far = sorted(sorted(far, key=lambda day: -abs(log(beside[day])))[:MOST_TOLD])
    names = [_name(day, len(factors), counts_back=bool(month.from_ends)) for day in far]
    told = [f"{name} {100 * (beside[day] - 1.0):+.0f} %" for day, name in zip(far, names, strict=True)]
    return f" ({', '.join(told)})" if told else ""


def _name(day: int, last: int, *, counts_back: bool) -> str:
    if not counts_back or day <= HALF:
        return _ordinal(day)
    return "last" if day == last else f"{_ordinal(last - day + 1)} last"


def _ordinal(number: int) -> str:
    is_teen = number in {11, 12, 13}
    return f"{number}{'th' if is_teen else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"
