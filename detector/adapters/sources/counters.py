"""How many statements and rows a source has cost, for tests of query manners and for telemetry."""

from dataclasses import dataclass, field
from threading import Lock

__all__ = ["Counters"]


@dataclass(slots=True)
class Counters:
    """What was asked since the source was opened.

    Attributes:
        statements: all that were sent, but for settings of the session.
        scans: those among them that read a table over a span of time (`read`, `read_segments`).
        rows: that came back.
    """

    statements: int = 0
    scans: int = 0
    rows: int = 0
    _lock: Lock = field(default_factory=Lock, repr=False)

    def add(self, rows: int, *, is_scan: bool) -> None:
        with self._lock:
            self.statements += 1
            self.scans += is_scan
            self.rows += rows
