"""Runs daemons that somebody else kills: imports the product once, then forks a child for every line it is given.

A line is JSON: `config`, `log` (a file), `from` and `to` (what the daemon's clock goes through), and for planted faults
`mark_first` (marks a message as sent before it sends it) and `die_at_send` (ends itself with SIGKILL when it is about
to send that message, counted from 1). The child answers with its process id, and with `tick` whenever one begins;
`done STATUS` follows once it has ended.

The child is the daemon as `detector run` puts it together, HTTP, lanes and scheduler included, but for its clock and
its minutes: the clock stands during a tick and then moves to the next minute at which an hour falls due, and the next
tick follows at once, so that a week takes seconds. A child goes on where the one before it was killed; at the end of
the span it tells itself to end, as a service manager would.
"""

import json
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Any, cast

import statsmodels.tsa.seasonal  # noqa: F401 - a refit imports it, which should not be in every child
from apscheduler.triggers.date import DateTrigger

import detector.pipeline.tick  # noqa: F401 - as above
from detector.adapters.notify.apprise_notifier import AppriseNotifier
from detector.app.engine import AppEngine
from detector.app.serving import open_daemon
from detector.daemon import Daemon, run_daemon
from detector.daemon.minutes import Minutes
from detector.model.notification import Delivery, Notification, SendResult
from detector.model.secret import Secret
from detector.ports import Store

HOUR, LATENESS = timedelta(hours=1), timedelta(minutes=5)
NO_OTHER_TICKS = DateTrigger(datetime(9000, 1, 1, tzinfo=UTC))


class Dying:
    """Sends through apprise, and dies when it is about to send message number `at`."""

    def __init__(self, at: int) -> None:
        self._left = at
        self._turn = Lock()
        self._notifier = AppriseNotifier()

    def send(self, channel: Secret, notification: Notification, *, may_repeat: bool) -> SendResult:
        with self._turn:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return self._notifier.send(channel, notification, may_repeat=may_repeat)


class MarksFirst:
    """The fault that an outbox exists against, planted: a message is marked as sent before it is."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def begin_delivery(self, delivery: Delivery, at: datetime) -> None:
        self._store.begin_delivery(delivery, at)
        self._store.end_delivery(delivery, SendResult(ok=True), at, None)

    def end_delivery(self, *_: object) -> None:
        """It is marked already."""


class StoryClock:
    """Moves when the story does."""

    def __init__(self, start_at: datetime) -> None:
        self.at = self._start_at = start_at

    def now(self) -> datetime:
        return self.at

    def elapsed_s(self) -> float:
        return (self.at - self._start_at).total_seconds()

    def move_on(self) -> None:
        """To the next minute at which an hour falls due."""
        self.at = (self.at - LATENESS).replace(minute=0) + HOUR + LATENESS


class StoryMinutes(Minutes):
    """The daemon's minutes, one after the other, without those at which nothing falls due."""

    def __init__(self, daemon: Daemon, clock: StoryClock, end_at: datetime) -> None:
        super().__init__(daemon.engine, clock, daemon.reporter, daemon.standing, daemon.lease)
        self._story, self._end_at = clock, end_at

    def tick(self) -> None:
        while self._story.at <= self._end_at:
            say("tick")
            super().tick()
            if self._standing.last_tick_at == self._story.at:  # else it failed, and is made up for
                self._story.move_on()
            elif not self._standing.is_leader:  # the daemon ticks again when the one before it is really gone
                return
        os.kill(os.getpid(), signal.SIGTERM)


def child(said: Mapping[str, Any]) -> None:
    notifier = Dying(said["die_at_send"]) if said.get("die_at_send") else None
    clock = StoryClock(datetime.fromisoformat(said["from"]))
    with (
        Path(said["log"]).open("a", encoding="utf-8") as log,
        open_daemon(Path(said["config"]), clock=clock, notifier=notifier, out=log) as daemon,
    ):
        engine = cast(AppEngine, daemon.engine)
        if said.get("mark_first"):
            store = cast(Store, MarksFirst(engine.store))
            engine.app = replace(engine.app, world=replace(engine.app.world, store=store))
        clock.at = max(clock.at, engine.store.last_beat_at() or clock.at)
        clock.move_on()
        daemon.minutes = StoryMinutes(daemon, clock, datetime.fromisoformat(said["to"]))
        run_daemon(daemon, NO_OTHER_TICKS)


def say(text: str) -> None:
    os.write(sys.stdout.fileno(), f"{text}\n".encode())


def warm_up(config: Path) -> None:
    """Have all that is made once in a process, such as apprise's list of services, made before the first fork."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, open_daemon(config, out=nowhere):
        pass


def main() -> None:
    is_warm = False
    for line in sys.stdin:
        if not is_warm:
            warm_up(Path(json.loads(line)["config"]))
            is_warm = True
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                say(str(os.getpid()))
                child(json.loads(line))
                status = 0
            finally:
                sys.stderr.flush()
                os._exit(status)
        say(f"done {os.waitpid(pid, 0)[1]}")


if __name__ == "__main__":
    main()
