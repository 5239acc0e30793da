"""Messages past the outbox, for when the store or the tick itself fails; each of them once an hour."""

from collections.abc import Sequence

from detector.daemon.engine import Engine
from detector.model.notification import Notification

__all__ = ["AGAIN_AFTER_S", "HourlyVoice"]

AGAIN_AFTER_S = 3600.0
"""What cannot be kept cannot be remembered as said: an hour of quiet is kept in memory instead."""


class HourlyVoice:
    """Says what was not said within the hour."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._said_s: dict[str, float] = {}

    def say(self, notifications: Sequence[Notification], elapsed_s: float) -> bool:
        """Whether there was anything that had not been said lately."""
        self._said_s = {key: said_s for key, said_s in self._said_s.items() if elapsed_s - said_s < AGAIN_AFTER_S}
        fresh = [one for one in notifications if one.key not in self._said_s]
        self._said_s |= {one.key: elapsed_s for one in fresh}
        if fresh:
            self._engine.shout(fresh)
        return bool(fresh)
