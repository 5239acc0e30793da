"""How the daemon is, for whoever asks about its health."""

from dataclasses import dataclass
from datetime import datetime

__all__ = ["Standing"]


@dataclass(slots=True)
class Standing:
    """Written by the daemon's threads, read by the HTTP server's; each field for itself is whole at any time.

    Attributes:
        sign_s: by the stopwatch, when the ticking side last showed that it moves: a tick, or a piece of a long one.
        last_tick_at: when a tick last came to its end.
        is_leader: this daemon has the store's lease.
        is_stopping: it was told to end.
        trouble: what keeps ticks from being recorded; empty while all is well.
        is_broken: the newest tick ended by a mistake of the detector.
    """

    sign_s: float
    last_tick_at: datetime | None = None
    is_leader: bool = False
    is_stopping: bool = False
    trouble: str = ""
    is_broken: bool = False
