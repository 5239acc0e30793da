"""When to try a message again that could not be sent."""

from datetime import datetime, timedelta

__all__ = ["retry_at"]

_WAITS_MIN = (1, 2, 5, 15, 30, 60)
"""Short enough for a blip, and no flood for a destination that recovers; then hourly."""

_MOST_ATTEMPTS = 41
"""The hourly tail reaches 36 hours after the first attempt: a weekend's night shift can repair a destination, and what
is older than that nobody wants to be woken for."""

_LONGEST_ASKED = timedelta(days=1)


def retry_at(attempts: int, now: datetime, retry_after_s: float | None = None) -> datetime | None:
    """When the next attempt is due; None when it is given up.

    Args:
        attempts: begun so far, this one included; from 1.
        now: when the attempt failed.
        retry_after_s: what the destination asked for; never tried earlier than that, but a day at most is believed.
    """
    if attempts >= _MOST_ATTEMPTS:
        return None
    wait = timedelta(minutes=_WAITS_MIN[min(max(attempts, 1), len(_WAITS_MIN)) - 1])
    asked = timedelta(seconds=min(max(retry_after_s or 0.0, 0.0), _LONGEST_ASKED.total_seconds()))
    return now + max(wait, asked)
