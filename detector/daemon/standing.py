"""How the daemon is, for whoever asks about its health."""

from dataclasses import dataclass
from datetime import datetime

__all__ = ["PERIOD_S", "Standing"]

PERIOD_S = 60.0
"""One tick a minute."""


@dataclass(slots=True)
class Standing:
    """Written by the daemon's threads, read by the HTTP server's; each field for itself is whole at any time.

    Attributes:
        sign_s: by the stopwatch, when the ticking side last showed that it moves: a tick, or a piece of a long one.
        last_tick_at: when a tick last came to its end.
        is_leader: this daemon has the store's lease.
        is_stopping: it was told to end.
        trouble: what keeps ticks from being recorded; empty while all is well.
    """

    sign_s: float
    last_tick_at: datetime | None = None
    is_leader: bool = False
    is_stopping: bool = False
    trouble: str = ""

    def is_alive(self, elapsed_s: float) -> bool:
        """Something moved within two periods."""
        return elapsed_s - self.sign_s <= 2 * PERIOD_S

    @property
    def is_ready(self) -> bool:
        """Ticks come to their end, and are recorded."""
        return self.is_leader and not self.is_stopping and not self.trouble and self.last_tick_at is not None
