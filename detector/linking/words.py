"""Lengths of time and lists as people say them; never a clock time, which depends on where one reads it."""

from datetime import timedelta

__all__ = ["duration"]

_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 86400


def duration(length: timedelta) -> str:
    """A length of time as precise as it helps: `8 min`, `1 h 35 min`, `7 h`, `3 days`; its sign is dropped."""
    minutes = round(abs(length.total_seconds()) / _MINUTE_S)
    if minutes == 0:
        return "less than a minute"
    if minutes * _MINUTE_S < _HOUR_S:
        return f"{minutes} min"
    if minutes * _MINUTE_S < 6 * _HOUR_S:
        hours, rest = divmod(minutes, 60)
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    if minutes * _MINUTE_S < 2 * _DAY_S:
        return f"{round(minutes * _MINUTE_S / _HOUR_S)} h"
    return f"{round(minutes * _MINUTE_S / _DAY_S)} days"
