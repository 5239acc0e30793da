"""A configuration, with everything that a command needs of it.

Adapters are imported inside the functions that need them: `detector deploy add` must not wait for pandas or apprise.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from detector.config.load import load, load_settings
from detector.errors import Fault, SourceError
from detector.model.deploy import Deploy
from detector.model.notification import Notification, Reason, SendResult
from detector.model.rulebook import RuleBook, Settings
from detector.model.span import Span
from detector.model.tick import TickReport
from detector.pipeline.world import World
from detector.ports import Clock, MetricSource, Notifier, Progress, Store

if TYPE_CHECKING:
    from detector.adapters.sources import SqlSource

__all__ = [
    "App",
    "check_live",
    "load_book",
    "load_settings_of",
    "open_app",
    "open_store_of",
    "send_test",
    "system_clock",
]


def system_clock() -> Clock:
    from detector.adapters.clock import SystemClock

    return SystemClock()


def load_settings_of(path: Path) -> Settings:
    """detector.yml alone.

    Raises:
        ConfigError: it is wrong.
    """
    return load_settings(path, os.environ)


def load_book(path: Path, *, check_channels: bool = False) -> RuleBook:
    """detector.yml and all rules; `check_channels` has apprise look at every address, which takes it a second.

    Raises:
        ConfigError: detector.yml is wrong; mistakes in rules are in the book.
    """
    complain: Callable[[str], str | None] | None = None
    if check_channels:
        from detector.adapters.notify.apprise_notifier import complaint_about

        complain = complaint_about
    return load(path, os.environ, complain)


@contextmanager
def open_store_of(settings: Settings) -> Iterator[Store]:
    """The store, made or upgraded where needed.

    Raises:
        StoreError: it cannot be opened.
    """
    from detector.adapters.store import open_store

    store = open_store(settings.store.hidden)
    try:
        yield store
    finally:
        store.close()


def open_source_of(settings: Settings, name: str) -> "SqlSource":
    """One source, which has not connected yet; it can be no file of the store's."""
    from detector.adapters.sources import open_source
    from detector.adapters.store.place import place_of

    own = [path] if (path := place_of(settings.store.hidden).path) else []
    return open_source(settings.sources[name], own)


@contextmanager
def _open_sources(settings: Settings) -> Iterator[Mapping[str, MetricSource]]:
    sources = {name: open_source_of(settings, name) for name in settings.sources}
    try:
        yield sources
    finally:
        for source in sources.values():
            source.close()


def apprise() -> Notifier:
    from detector.adapters.notify.apprise_notifier import AppriseNotifier

    return AppriseNotifier()


@dataclass(frozen=True, slots=True)
class App:
    """A configuration with everything it needs, ready to tick."""

    book: RuleBook
    world: World

    @property
    def store(self) -> Store:
        return self.world.store

    @property
    def progress(self) -> Progress:
        return self.world.progress

    def tick(self, at: datetime, news: Sequence[Notification] = ()) -> TickReport:
        from detector.pipeline.tick import run_tick

        return run_tick(self.book, self.world, at, news)

    def replay(self, from_at: datetime, to_at: datetime) -> Iterator[TickReport]:
        from detector.pipeline.replay import replay

        yield from replay(self.book, self.world, Span(from_at, to_at))

    def add_deploy(self, deploy: Deploy) -> bool:
        return self.store.add_deploy(deploy)


@contextmanager
def open_app(config: Path, *, progress: Progress | None = None, notifier: Notifier | None = None) -> Iterator[App]:
    """Everything that a tick needs.

    Raises:
        ConfigError: detector.yml is wrong.
        StoreError: the store cannot be opened.
    """
    from detector.adapters.progress import TerminalProgress

    book = load_book(config)
    with open_store_of(book.settings) as store, _open_sources(book.settings) as sources:
        yield App(book, World(store, sources, notifier or apprise(), progress or TerminalProgress()))


def check_live(book: RuleBook) -> tuple[list[Fault], list[Fault]]:
    """Ask every metric's source once; what it complains of, and what is worth a warning."""
    faults: list[Fault] = []
    warnings: list[Fault] = []
    with _open_sources(book.settings) as sources:
        for metric in book.metrics.values():
            file, _, line = metric.place.rpartition(":")
            where = (file or metric.place, int(line) if line.isdigit() else 0, 1)
            try:
                told = sources[metric.source].probe(metric)
            except SourceError as error:
                faults.append(Fault(*where, f"{metric.name}: {error}"))
            else:
                warnings.extend(Fault(*where, f"{metric.name}: {warning}") for warning in told)
    return faults, warnings


def send_test(settings: Settings, team: str, now: datetime) -> list[SendResult]:
    """A test message to each channel of a team, at once and past the outbox."""
    from detector.alerting.wording import write_test

    title, body = write_test(team, now)
    notification = Notification(f"test/{team}/{now.isoformat()}", team, Reason.TEST, title, body, now)
    notifier = apprise()
    return [notifier.send(channel, notification, may_repeat=False) for channel in settings.teams[team].notify]
