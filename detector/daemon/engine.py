"""What the daemon drives, without knowing how it is built."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

from detector.model.notification import Notification
from detector.model.rulebook import RuleBook
from detector.model.tick import TickReport
from detector.ports import Store

__all__ = ["Engine", "Server"]


class Engine(Protocol):
    """A configuration at work, which can be exchanged for another one between two ticks."""

    @property
    def book(self) -> RuleBook:
        """The rules that hold now."""
        ...

    @property
    def store(self) -> Store:
        """Stays the same for as long as the daemon runs."""
        ...

    def tick(self, at: datetime, news: Sequence[Notification]) -> TickReport:
        """One evaluation of everything that is due, with its sign of life in the store.

        Raises:
            StoreError: nothing was recorded.
            TickAbandoned: told to hurry.
        """
        ...

    def load(self) -> RuleBook:
        """Read the configuration again; nothing else happens yet.

        Raises:
            ConfigError: detector.yml is wrong; mistakes in rules are in the book.
        """
        ...

    def swap(self, book: RuleBook) -> None:
        """Ticks that begin from now on follow this book."""
        ...

    def files(self) -> Sequence[Path]:
        """What the configuration was read from: files and folders."""
        ...

    def shout(self, notifications: Sequence[Notification]) -> None:
        """Send past the outbox, for when the store cannot keep one; returns at once."""
        ...

    def hurry(self) -> None:
        """Wait for nothing any more: a tick under way ends at its next chance."""
        ...

    def finish_sending(self) -> None:
        """After `hurry`: let messages that are on their way arrive, for some seconds at most."""
        ...


class Server(Protocol):
    """The HTTP side."""

    def start(self) -> None:
        """Answer from now on."""
        ...

    def stop(self, patience_s: float) -> None:
        """Finish what is being answered, for so long at most."""
        ...
