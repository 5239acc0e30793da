"""The real daemon, put together as `detector run` does it, with a clock that a test moves on."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

from daemon_desk import Caller
from daemons import HandClock
from detector.app.serving import Front, open_daemon
from detector.daemon import Daemon

__all__ = ["MINUTE", "DaemonByHand", "daemon_by_hand"]

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class DaemonByHand:
    """It answers HTTP by itself, and ticks when the clock is moved on."""

    daemon: Daemon
    clock: HandClock
    caller: Caller
    _out: io.StringIO

    def go_on_until(self, at: datetime, step: timedelta = MINUTE) -> None:
        """A tick after every step, the last one at `at`."""
        while self.clock.now() < at:
            self.clock.go_on(min(step, at - self.clock.now()))
            self.daemon.minutes.tick()

    @property
    def log(self) -> list[dict[str, Any]]:
        """Every line so far."""
        return [json.loads(line) for line in self._out.getvalue().splitlines()]


@contextmanager
def daemon_by_hand(config: Path, start_at: datetime) -> Iterator[DaemonByHand]:
    """Started, with its first tick done. Messages go out through apprise, as they really do."""
    clock, out = HandClock(start_at), io.StringIO()
    with open_daemon(config, clock=clock, out=out) as daemon:
        front = cast(Front, daemon.server)
        front.start()
        daemon.reporter.started(daemon.engine.book)
        try:
            daemon.minutes.tick()
            yield DaemonByHand(daemon, clock, Caller(front.server.address[1]), out)
        finally:
            front.stop(1.0)
            daemon.lease.give_back()
            daemon.reporter.stopped()
