"""A daemon for tests: its engine says what a test wants, and its clock stands where it was put."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from detector.daemon import Daemon, Standing
from detector.errors import ConfigError, StoreBusy, StoreError
from detector.model.notification import Notification
from detector.model.rulebook import RuleBook
from detector.model.state import MetricState
from detector.model.tick import TickReport
from worlds import a_book

__all__ = ["HandClock", "Heard", "MemoryStore", "ScriptedEngine", "a_daemon"]

NINE = datetime(2026, 3, 10, 9, tzinfo=UTC)


@dataclass
class HandClock:
    """Goes on when it is told to; `step` sets it without time going by."""

    at: datetime = NINE
    elapsed: float = 1000.0

    def now(self) -> datetime:
        return self.at

    def elapsed_s(self) -> float:
        return self.elapsed

    def go_on(self, length: timedelta = timedelta(minutes=1)) -> None:
        self.at += length
        self.elapsed += length.total_seconds()

    def step(self, length: timedelta) -> None:
        self.at += length


class Heard:
    """A reporter that notes what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, tuple[Any, ...]]] = []

    def __getattr__(self, name: str) -> Callable[..., None]:
        def note(*said: object) -> None:
            self.told.append((name, said))

        return note

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.told]

    def of(self, name: str) -> list[tuple[Any, ...]]:
        return [said for told, said in self.told if told == name]


@dataclass
class MemoryStore:
    """What a daemon itself wants of a store."""

    is_taken: bool = False
    is_lost: bool = False
    pruned: list[datetime] = field(default_factory=list)
    states: dict[str, MetricState] = field(default_factory=dict)

    @contextmanager
    def lease(self, patience_s: float = 0.0) -> Iterator[None]:
        del patience_s
        if self.is_taken:
            raise StoreBusy("another daemon runs on this store")
        self.is_lost = False
        yield

    def check_lease(self) -> None:
        if self.is_lost:
            raise StoreError("the server restarted")

    def metric_states(self) -> dict[str, MetricState]:
        return self.states

    def prune(self, before: datetime) -> int:
        self.pruned.append(before)
        return 0


@dataclass
class ScriptedEngine:
    """Ticks as it is told to, and loads what is put before it."""

    book: RuleBook = field(default_factory=a_book)
    store: Any = field(default_factory=MemoryStore)
    fails: list[Exception | None] = field(default_factory=list)
    next_book: RuleBook | ConfigError | None = None
    ticks: list[tuple[datetime, tuple[Notification, ...]]] = field(default_factory=list)
    shouted: list[Notification] = field(default_factory=list)
    watched: tuple[Path, ...] = ()
    is_hurried: bool = False

    def tick(self, at: datetime, news: Sequence[Notification]) -> TickReport:
        error = self.fails.pop(0) if self.fails else None
        if error is not None:
            raise error
        self.ticks.append((at, tuple(news)))
        return TickReport(at)

    def load(self) -> RuleBook:
        if isinstance(self.next_book, ConfigError):
            raise self.next_book
        return self.next_book or self.book

    def swap(self, book: RuleBook) -> None:
        self.book = book

    def files(self) -> Sequence[Path]:
        return self.watched

    def shout(self, notifications: Sequence[Notification]) -> None:
        self.shouted.extend(notifications)

    def hurry(self) -> None:
        self.is_hurried = True

    def finish_sending(self) -> None:
        pass

    @property
    def news(self) -> list[Notification]:
        """All that ticks were given to send."""
        return [one for _, news in self.ticks for one in news]


def a_daemon(engine: ScriptedEngine, clock: HandClock | None = None) -> tuple[Daemon, Heard, HandClock]:
    """Ready to be driven minute by minute; nothing of it runs by itself."""
    clock, heard = clock or HandClock(), Heard()
    return Daemon(engine, clock, heard, None, Standing(clock.elapsed_s())), heard, clock
