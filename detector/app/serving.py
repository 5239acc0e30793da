"""The daemon, put together: engine, log, telemetry, dead man's switch and HTTP."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import structlog

from detector.adapters.logs import set_up_logs
from detector.adapters.reporting import Reporting
from detector.adapters.scrubbing import secrets_in
from detector.adapters.telemetry import CONTENT_TYPE, Telemetry
from detector.app.composing import apprise, load_book, load_settings_of, open_store_of, system_clock
from detector.app.engine import AppEngine, files_of
from detector.daemon import Daemon, Print, Standing, fingerprint, run_daemon
from detector.errors import ConfigError
from detector.model.rulebook import Settings
from detector.ports import Clock, Notifier
from detector.web.application import make_application
from detector.web.desk import Desk, Health
from detector.web.receivers import receivers_of
from detector.web.receiving import Receiver
from detector.web.server import Server

__all__ = ["open_daemon", "serve"]

_TURN_S = 0.0005
"""Who reads a source or answers a request needs the interpreter for moments, a dozen times a query; while a tick judges
it would wait for each of them as long as Python lets one thread go on, which is 5 ms if nobody says otherwise."""


def serve(config: Path) -> None:
    """Run until SIGTERM or SIGINT.

    Raises:
        ConfigError, UsageError: detector.yml is wrong, or its address is taken.
        StoreError: the store cannot be opened.
    """
    with open_daemon(config) as daemon:
        run_daemon(daemon)


@contextmanager
def open_daemon(
    config: Path, *, clock: Clock | None = None, notifier: Notifier | None = None, out: TextIO = sys.stdout
) -> Iterator[Daemon]:
    """A daemon that is ready to run; its address is listened at already.

    Raises:
        ConfigError, UsageError, StoreError: as above.
    """
    seen, clock = _seen(config), clock or system_clock()
    book = load_book(config, check_channels=True)
    settings = book.settings
    with ExitStack() as stack:
        stack.callback(sys.setswitchinterval, sys.getswitchinterval())
        sys.setswitchinterval(_TURN_S)
        logs = set_up_logs(out, is_terminal=out.isatty(), secrets=secrets_in(settings), timezone=settings.timezone)
        stack.callback(logs.close)
        store = stack.enter_context(open_store_of(settings))
        store.verify()
        telemetry = Telemetry(clock.elapsed_s)
        standing = Standing(clock.elapsed_s())
        engine = AppEngine.start(
            config, book, store, telemetry.watched_notifier(notifier or apprise()), Pulse(standing, clock),
            telemetry.watched,
        )  # fmt: skip
        stack.callback(engine.close)
        server = Server(make_application(_desk(engine, clock, standing, telemetry)), settings.http.listen)
        stack.callback(server.stop, 0.0)
        reporter = Reporting(logs, telemetry, store, clock)
        yield Daemon(engine, clock, reporter, Front(server, engine), standing, seen)


def _seen(config: Path) -> Print | None:
    """The files before they are read: opening a large store takes minutes, in which a checkout may go on."""
    try:
        return fingerprint(files_of(load_settings_of(config)))
    except ConfigError:
        return None  # loading all of it says what is wrong


@dataclass(frozen=True, slots=True)
class Pulse:
    """Progress as a sign of life: whoever reads ten weeks of history is not dead."""

    standing: Standing
    clock: Clock

    def step(self, text: str, done: int, total: int) -> None:
        """Something moved."""
        del text, done, total
        self.standing.sign_s = self.clock.elapsed_s()


@dataclass(frozen=True, slots=True)
class Front:
    """The server as the daemon wants it."""

    server: Server
    engine: AppEngine

    def start(self) -> None:
        """Answer from now on."""
        self.server.start(has_tokens=bool(self.engine.book.settings.http.tokens))
        structlog.get_logger("detector.web").info("listening", url=self.server.url)

    def stop(self, patience_s: float) -> None:
        """Answer no more."""
        self.server.stop(patience_s)


def _desk(engine: AppEngine, clock: Clock, standing: Standing, telemetry: Telemetry) -> Desk:
    def health() -> Health:
        return Health(
            silent_s=clock.elapsed_s() - standing.sign_s,
            ticked_at=standing.last_tick_at,
            reads_store=not standing.trouble,
            has_rules=True,  # it would not have started without; what a reload brings is checked before
            has_lease=standing.is_leader,
            ticks_end=not standing.is_broken,
        )

    return Desk(
        store=engine.store,
        clock=clock,
        book=lambda: engine.book,
        health=health,
        render_metrics=lambda: (telemetry.render(), CONTENT_TYPE),
        feeds=_Receivers(engine),
        refused=telemetry.request_refused,
        reported=telemetry.deploys_reported,
    )


class _Receivers:
    """Made anew with each load."""

    def __init__(self, engine: AppEngine) -> None:
        self._engine = engine
        self._settings: Settings | None = None
        self._made: Mapping[str, Receiver] = {}

    def __call__(self) -> Mapping[str, Receiver]:
        settings = self._engine.book.settings
        if settings is not self._settings:
            self._made, self._settings = receivers_of(settings), settings
        return self._made
