"""Durations as people write them: `30s`, `5m`, `1h`, `2d`, also `1h30m`."""

import re

from detector.config.words import NotUsable, shown
from detector.model.grid import DAY_S, HOUR_S

__all__ = ["EVERY", "duration_s", "every_s", "written"]

_UNITS = {"d": DAY_S, "h": HOUR_S, "m": 60, "s": 1}
_DURATION = re.compile(r"(?:([0-9]{1,6})d)?(?:([0-9]{1,6})h)?(?:([0-9]{1,6})m)?(?:([0-9]{1,6})s)?")
_CLOCK = re.compile(r"([0-9]{1,3}):([0-9]{2})(:[0-9]{2})?")
_SPELT = re.compile(r"([0-9]{1,6}) ?(seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|weeks?|w)", re.IGNORECASE)

# Bucket lengths: all divide a day, so that every local midnight is the start of a bucket.
EVERY = {
    "1m": 60,
    "5m": 300,
    "10m": 600,
    "15m": 900,
    "30m": 1800,
    "1h": HOUR_S,
    "2h": 2 * HOUR_S,
    "3h": 3 * HOUR_S,
    "4h": 4 * HOUR_S,
    "6h": 6 * HOUR_S,
    "12h": 12 * HOUR_S,
    "1d": DAY_S,
}


def written(seconds: int) -> str:
    """The shortest way to write a duration: `90m`, `2d`."""
    unit = next(unit for unit, length in _UNITS.items() if seconds % length == 0)
    return f"{seconds // _UNITS[unit]}{unit}" if seconds else "0s"


def duration_s(value: object, low_s: int, high_s: int) -> int:
    """Read a duration in seconds.

    Raises:
        NotUsable: not a duration, or outside of `low_s` to `high_s`; the text names what to write.
    """
    seconds = _seconds(value)
    if not low_s <= seconds <= high_s:
        raise NotUsable(f"{shown(value)} is out of range: from {written(low_s)} to {written(high_s)}")
    return seconds


def every_s(value: object) -> int:
    """Read a bucket length in seconds.

    Raises:
        NotUsable: not a duration, or not one of `EVERY`.
    """
    seconds = _seconds(value)
    if seconds not in EVERY.values():
        near = min(EVERY, key=lambda name: abs(EVERY[name] - seconds))
        raise NotUsable(f"{shown(value)} is no bucket length: take one of {' '.join(EVERY)} (nearest: {near})")
    return seconds


def _seconds(value: object) -> int:
    if not isinstance(value, str):
        raise NotUsable(f"{shown(value)} is no duration: write a number and its unit, such as 30s, 5m, 1h, 2d")
    text = value.strip()
    found = _DURATION.fullmatch(text)
    if found is None or not text:
        raise NotUsable(f"{shown(value)} is no duration{_advice(text)}")
    return sum(int(count or 0) * length for count, length in zip(found.groups(), _UNITS.values(), strict=True))


def _advice(text: str) -> str:
    if text.startswith("-"):
        return ": it cannot be negative"
    if found := _CLOCK.fullmatch(text):
        return f": write {int(found[1])}h{int(found[2])}m"
    if found := _SPELT.fullmatch(text):
        unit = found[2][0].lower()
        return f": write {int(found[1]) * 7}d" if unit == "w" else f": write {int(found[1])}{unit}"
    return ": write a number and its unit, such as 30s, 5m, 1h, 2d"
