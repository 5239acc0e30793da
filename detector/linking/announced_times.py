"""Times as other systems write them."""

import re
from datetime import UTC, date, datetime, time
from decimal import Decimal
from math import isfinite
from zoneinfo import ZoneInfo

from detector.linking.report_texts import parse_instant

__all__ = ["instant_of"]

_OFFSET = re.compile(r"(?P<wall>.*\d) ?(?P<offset>[+-]\d\d:?\d\d)(?: [A-Z]{2,5})?", re.ASCII)
# `2021-04-28 21:50:00 +0200` is GitLab's; `2021-04-28 19:50:00 +0000 UTC` is how Go prints a time.
_ZULU = re.compile(r"(?P<wall>.*\d) ?(?:UTC|Z|z)", re.ASCII)
_NUMBER = re.compile(r"\d{9,19}(?:\.\d{1,9})?", re.ASCII)

_PER_SECOND = ((1e11, 1.0), (1e14, 1e3), (1e17, 1e6), (1e20, 1e9))
# As seconds 1e11 is the year 5138, and as milliseconds 1973: what lies above is counted in smaller units.


def instant_of(value: object, timezone: str) -> datetime:
    """In UTC; a time without an offset is in `timezone`, a number counts from 1970 in s, ms, µs or ns, by its size.

    Raises:
        ValueError: it is no time, or none at which anything was sold; completes `FIELD ...`.
    """
    if isinstance(value, datetime):
        at = value if value.tzinfo is not None else value.replace(tzinfo=ZoneInfo(timezone))
        return parse_instant(at.isoformat(), timezone)
    if isinstance(value, date):
        return parse_instant(datetime.combine(value, time.min).isoformat(), timezone)
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return _counted(float(value))
    if not isinstance(value, str):
        raise ValueError("is no time; send it as 2026-03-10T09:06:00Z")  # noqa: TRY004 - one error for all that is none
    text = value.strip()
    if _NUMBER.fullmatch(text):
        return _counted(float(text))
    if found := _OFFSET.fullmatch(text[:60]):
        text = found["wall"] + found["offset"]
    elif found := _ZULU.fullmatch(text[:60]):
        text = found["wall"] + "+00:00"
    return parse_instant(text, timezone)


def _counted(number: float) -> datetime:
    divisor = next((divisor for limit, divisor in _PER_SECOND if abs(number) < limit), None)
    if divisor is None or not isfinite(number):
        raise ValueError("is no time; send it as 2026-03-10T09:06:00Z")
    return parse_instant(datetime.fromtimestamp(round(number / divisor, 3), UTC).isoformat(), "UTC")
