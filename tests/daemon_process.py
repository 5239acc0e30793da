"""`detector run` as a process with the real clock, and what it logs, line by line."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Condition, Event, Thread
from typing import Any
from urllib.parse import urlsplit

from daemon_desk import Caller

__all__ = ["RunningDaemon", "running_daemon", "wait_until"]

SAFETY_NET_S = 90.0
"""No figure of the product: on a machine that is busy with other things, a test should wait rather than fail."""

Line = dict[str, Any]


class RunningDaemon:
    """One process from its start to its end."""

    def __init__(self, config: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "detector", "run", "-c", str(config)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
            text=True,
        )
        self._lines: list[Line] = []
        self._has_ended = False
        self._changed = Condition()
        self._reader = Thread(target=self._read, name="log of the daemon")
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for text in self._process.stdout:
            line = json.loads(text) if text.startswith("{") else {"event": text.rstrip()}
            with self._changed:
                self._lines.append({**line, "heard_s": time.monotonic()})
                self._changed.notify_all()
        with self._changed:
            self._has_ended = True
            self._changed.notify_all()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def log(self) -> tuple[Line, ...]:
        """Every line so far; `heard_s` is when it came, by the monotonic clock."""
        with self._changed:
            return tuple(self._lines)

    def wait_for(self, event: str, after: int = 0, **said: object) -> Line:
        """The first such line that has so many before it."""

        def found() -> Line | None:
            fits = (line for line in self._lines[after:] if line["event"] == event and said.items() <= line.items())
            return next(fits, None)

        with self._changed:
            self._changed.wait_for(lambda: found() or self._has_ended, SAFETY_NET_S)
            line = found()
            assert line is not None, f"no line {event!r} {said} in\n{self._told()}"
            return line

    def _told(self) -> str:
        return "\n".join(json.dumps(line) for line in self._lines)

    @property
    def caller(self) -> Caller:
        """A client, as soon as it listens."""
        port = urlsplit(self.wait_for("listening")["url"]).port
        assert port is not None
        return Caller(port)

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def kill(self) -> None:
        """SIGKILL, and wait for its end."""
        self._process.kill()
        self._process.wait()

    def end(self) -> tuple[int, float]:
        """SIGTERM; exit code, and how many seconds it took."""
        begun_s = time.monotonic()
        self._process.terminate()
        code = self._process.wait(SAFETY_NET_S)
        return code, time.monotonic() - begun_s

    def close(self) -> None:
        """End it, whatever it is doing."""
        if self._process.poll() is None:
            self.kill()
        self._reader.join()
        assert self._process.stdout is not None
        self._process.stdout.close()


@contextmanager
def running_daemon(config: Path) -> Iterator[RunningDaemon]:
    running = RunningDaemon(config)
    try:
        yield running
    finally:
        running.close()


def wait_until(is_so: Callable[[], bool], what: str) -> None:
    """Ask again and again, for what no line tells."""
    deadline, pause = time.monotonic() + SAFETY_NET_S, Event()
    while not is_so():
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        pause.wait(0.05)
