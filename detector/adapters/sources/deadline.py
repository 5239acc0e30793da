"""What ends a statement that runs too long, whatever the server's own limit became."""

import os
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Event, Thread
from time import monotonic
from typing import Any

import psycopg

__all__ = ["Deadline", "cut_off_postgres", "cut_off_sqlite"]

GRACE_S = 1.0  # for a cancelled statement to end, before the connection itself is cut
STEPS = 10_000  # of SQLite's virtual machine between two looks at the clock: about a millisecond


@dataclass(slots=True)
class Deadline:
    """Tells afterwards whether it was the deadline that ended the statement."""

    seconds: float
    passed: bool = False


@contextmanager
def cut_off_sqlite(connection: sqlite3.Connection, deadline: Deadline) -> Iterator[None]:
    ends_at = monotonic() + deadline.seconds

    def is_over() -> bool:
        deadline.passed = monotonic() >= ends_at
        return deadline.passed

    connection.set_progress_handler(is_over, STEPS)
    try:
        yield
    finally:
        connection.set_progress_handler(None, STEPS)


@contextmanager
def cut_off_postgres(connection: "psycopg.Connection[Any]", deadline: Deadline) -> Iterator[None]:
    done = Event()

    def watch() -> None:
        if done.wait(deadline.seconds):
            return
        deadline.passed = True
        with suppress(psycopg.Error):  # the server may be gone; the cut below needs none
            connection.cancel_safe(timeout=GRACE_S)
        if not done.wait(GRACE_S):
            _cut(connection)

    watcher = Thread(target=watch, name="source-deadline", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()  # a cancellation under way must not hit the connection's next statement


def _cut(connection: "psycopg.Connection[Any]") -> None:
    with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(connection.fileno())) as same:
        same.shutdown(socket.SHUT_RDWR)
