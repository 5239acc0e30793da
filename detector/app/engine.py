"""The configuration at work in a daemon: ticks follow it, a reload exchanges it, the store stays."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from threading import Timer

from detector.app.composing import App, load_book, open_source_of
from detector.model.notification import Notification
from detector.model.rulebook import RuleBook, Settings, Source
from detector.model.secret import Secret
from detector.model.tick import TickReport
from detector.pipeline.announcing import Listening, RowsHeard
from detector.pipeline.lanes import Job, Threads
from detector.pipeline.pulled import Failed, Pulled
from detector.pipeline.sent import Sent
from detector.pipeline.world import World
from detector.ports import MetricSource, Notifier, Progress, Store

__all__ = ["AppEngine", "Opened", "files_of"]

SOURCES_AT_ONCE, CHANNELS_AT_ONCE = 8, 16

PATIENCE_S = 10.0
"""How long a tick waits for slow sources, and for slow channels; they go on without it."""

LAST_SENDS_S = 4.0
"""How long a daemon that was told to end lets messages that are on their way arrive."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A source that is open, and what closes it; `asked` is the same source as ticks see it."""

    settings: Source
    asked: MetricSource
    close: Callable[[], None]


Watch = Callable[[str, MetricSource], MetricSource]


def _reading() -> Threads[Pulled | Failed]:
    return Threads("reading", SOURCES_AT_ONCE, PATIENCE_S)


@dataclass(slots=True)
class AppEngine:
    """What `detector.daemon` drives.

    Attributes:
        config: detector.yml.
        app: what ticks that begin now follow.
        watch: puts a stopwatch around a source.
    """

    config: Path
    app: App
    watch: Watch
    _opened: dict[str, Opened]
    _reading: Threads[Pulled | Failed]
    _sending: Threads[Sent]
    _listening: Threads[RowsHeard]
    _shouting: Threads[None] = field(default_factory=lambda: Threads("shouting", CHANNELS_AT_ONCE, PATIENCE_S))

    @classmethod
    def start(
        cls, config: Path, book: RuleBook, store: Store, notifier: Notifier, progress: Progress, watch: Watch
    ) -> "AppEngine":
        """Open every source of the book, none of which connects yet."""
        opened = _open(book, {}, watch)
        reading, sending = _reading(), Threads[Sent]("sending", CHANNELS_AT_ONCE, PATIENCE_S)
        listening = Threads[RowsHeard]("listening", SOURCES_AT_ONCE, PATIENCE_S)
        world = World(store, _asked(opened), notifier, progress, reading, sending, Listening(listening))
        return cls(config, App(book, world), watch, opened, reading, sending, listening)

    @property
    def book(self) -> RuleBook:
        return self.app.book

    @property
    def store(self) -> Store:
        return self.app.store

    def tick(self, at: datetime, news: Sequence[Notification]) -> TickReport:
        return self.app.tick(at, news)

    def load(self) -> RuleBook:
        return load_book(self.config, check_channels=True)

    def swap(self, book: RuleBook) -> None:
        """Sources that have not changed keep their connections; what was read of the others for older rules is lost."""
        before, opened = self._opened, _open(book, self._opened, self.watch)
        reading = _reading()
        self._reading.retire()  # what it is reading for older rules must not get into the history of the new ones
        self.app = App(book, replace(self.app.world, sources=_asked(opened), reading=reading))
        self._opened, self._reading = opened, reading
        for name, source in before.items():
            if opened.get(name) is not source:
                source.close()  # a connection in use is closed when it comes back

    def files(self) -> Sequence[Path]:
        return files_of(self.book.settings)

    def shout(self, notifications: Sequence[Notification]) -> None:
        teams = self.book.settings.teams
        by_team: dict[str, list[Notification]] = {}
        for notification in notifications:
            by_team.setdefault(notification.team, []).append(notification)
        for name, messages in by_team.items():
            for number, channel in enumerate(teams[name].notify if name in teams else ()):
                # One that hangs must neither delay another channel nor cost what is to be shouted next.
                lane = f"team {name}, channel {number + 1}, {messages[0].key}"
                self._shouting.start(lane, self._shouter(channel, messages))

    def _shouter(self, channel: Secret, messages: Sequence[Notification]) -> Job[None]:
        notifier = self.app.world.notifier

        def send(_tell: Callable[[None], None]) -> None:
            for message in messages:
                notifier.send(channel, message, may_repeat=True)

        return send

    def hurry(self) -> None:
        self._reading.hurry()
        self._listening.hurry()
        timer = Timer(LAST_SENDS_S, self._sending.hurry)
        timer.daemon = True
        timer.start()

    def finish_sending(self) -> None:
        self._sending.wait(self._sending.busy)  # until they are told to hurry as well

    def close(self) -> None:
        """Let go of all sources."""
        for source in self._opened.values():
            source.close()


def files_of(settings: Settings) -> Sequence[Path]:
    """What a configuration is read from: files and folders."""
    return (settings.path, settings.rules, *settings.secret_files)


def _open(book: RuleBook, before: Mapping[str, Opened], watch: Watch) -> dict[str, Opened]:
    return {name: _kept(book, name, before.get(name), watch) for name in book.settings.sources}


def _kept(book: RuleBook, name: str, before: Opened | None, watch: Watch) -> Opened:
    settings = book.settings.sources[name]
    if before is not None and _same(before.settings, settings):
        return before
    source = open_source_of(book.settings, name)
    return Opened(settings, watch(name, source), source.close)


def _same(one: Source, other: Source) -> bool:
    return replace(one, place="") == replace(other, place="")


def _asked(opened: Mapping[str, Opened]) -> dict[str, MetricSource]:
    return {name: one.asked for name, one in opened.items()}
