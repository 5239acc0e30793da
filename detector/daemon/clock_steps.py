"""Notices that the clock was set while the daemon ran."""

from dataclasses import dataclass
from datetime import datetime, timedelta

__all__ = ["HOLD", "LEAST_STEP", "ClockSteps"]

LEAST_STEP = timedelta(minutes=1)
"""NTP slews what is smaller; a second more or less changes no bucket."""

HOLD = timedelta(minutes=10)
"""After a step ahead nothing is judged for so long: buckets that have not come to their end would look empty, and a
clock that was set wrong is mostly set right within minutes."""


@dataclass(slots=True)
class ClockSteps:
    """Compares the clock with a stopwatch that nobody can set.

    Attributes:
        at, elapsed_s: when the two were last compared.
        hold_until_s: until when, by the stopwatch, nothing is judged.
    """

    at: datetime
    elapsed_s: float
    hold_until_s: float = 0.0

    def look(self, now: datetime, elapsed_s: float) -> timedelta:
        """How far the clock was set since the last look; zero for less than `LEAST_STEP`."""
        step = (now - self.at) - timedelta(seconds=elapsed_s - self.elapsed_s)
        self.at, self.elapsed_s = now, elapsed_s
        if abs(step) < LEAST_STEP:
            return timedelta()
        # A step back ends the wait as well: it puts right what a step ahead did.
        self.hold_until_s = elapsed_s + HOLD.total_seconds() if step > timedelta() else 0.0
        return step

    def is_on_hold(self, elapsed_s: float) -> bool:
        """Whether a step ahead is so fresh that nothing should be judged by it."""
        return elapsed_s < self.hold_until_s
