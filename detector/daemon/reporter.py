"""Whom the daemon tells what happens to it: logs, telemetry, the dead man's switch."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from detector.daemon.changes import Change
from detector.errors import Fault
from detector.model.rulebook import RuleBook
from detector.model.tick import TickReport

__all__ = ["Overrun", "Reporter"]


class Overrun(StrEnum):
    """How a minute got no tick of its own; the next one makes up for it."""

    MISSED = "missed"
    STILL_RUNNING = "still_running"
    BROKEN = "broken"


class Reporter(Protocol):
    """Says and counts; never raises, and never takes long."""

    def started(self, book: RuleBook) -> None:
        """The daemon is about to tick."""
        ...

    def standing_by(self, why: str) -> None:
        """Another daemon has the store; this one waits for it to end."""
        ...

    def tick_begins(self, at: datetime, lag_s: float) -> None:
        """A tick starts, so long after its minute."""
        ...

    def ticked(self, report: TickReport, seconds: float) -> None:
        """A tick has come to its end, and so has its sign of life in the store."""
        ...

    def tick_failed(self, at: datetime, error: Exception) -> None:
        """A tick recorded nothing."""
        ...

    def overran(self, how: Overrun, why: str) -> None:
        """A minute got no tick of its own."""
        ...

    def reloaded(self, book: RuleBook, changes: Sequence[Change]) -> None:
        """Other rules hold from now on."""
        ...

    def reload_refused(self, faults: Sequence[Fault]) -> None:
        """What was read cannot be used; nothing has changed."""
        ...

    def holds_later(self, keys: Sequence[str]) -> None:
        """Keys of detector.yml that are different since the start, and hold from the next one only."""
        ...

    def housework_failed(self, error: Exception) -> None:
        """What is over could not be forgotten; it is tried again the next day."""
        ...

    def clock_stepped(self, step_s: float) -> None:
        """The clock was set while the daemon ran; negative: back."""
        ...

    def stopped(self) -> None:
        """The daemon has come to its end."""
        ...
