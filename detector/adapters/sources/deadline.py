"""What ends a statement that runs too long, whatever the server's own limit became."""

import os
import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Event, Thread
from time import monotonic
from typing import Any

import psycopg
import pymysql
from pymysql.constants import ER

from detector.adapters.sources.mysql_engines import kill_query

__all__ = ["Deadline", "cut_off_mysql", "cut_off_postgres", "cut_off_sqlite"]

GRACE_S = 1.0  # for a cancelled statement to end, before the connection itself is cut
STEPS = 10_000  # of SQLite's virtual machine between two looks at the clock: about a millisecond


@dataclass(slots=True)
class Deadline:
    """Tells afterwards whether it was the deadline that ended the statement."""

    seconds: float
    passed: bool = False


@contextmanager
def cut_off_sqlite(connection: sqlite3.Connection, deadline: Deadline) -> Iterator[None]:
    """Ctrl-C stays Ctrl-C: SQLite itself drops what its callback raises, and tells of an interrupted statement only."""
    ends_at = monotonic() + deadline.seconds
    raised: list[BaseException] = []

    def is_over() -> bool:
        try:
            deadline.passed = monotonic() >= ends_at
        except BaseException as error:  # noqa: BLE001 - a signal arrives wherever Python runs; raised again below
            raised.append(error)
            return True
        return deadline.passed

    connection.set_progress_handler(is_over, STEPS)
    try:
        yield
    except Exception as error:
        if _is_interruption(error) and not deadline.passed:
            # A signal may also arrive before the callback's first line; then nothing is left of it but this.
            raise (raised[0] if raised else KeyboardInterrupt()) from None
        raise
    finally:
        connection.set_progress_handler(None, STEPS)


def _is_interruption(error: Exception) -> bool:
    code = getattr(getattr(error, "orig", error), "sqlite_errorcode", None)
    return code == sqlite3.SQLITE_INTERRUPT


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


@contextmanager
def cut_off_mysql(
    connection: "pymysql.Connection[Any]", deadline: Deadline, connect: Callable[..., "pymysql.Connection[Any]"]
) -> Iterator[None]:
    """Afterwards a connection whose deadline has passed is of no more use: a KILL may still be on its way to it."""
    done = Event()
    thread_id = int(connection.thread_id())  # type: ignore[no-untyped-call]  # its stubs leave this one out

    def kill() -> None:
        with suppress(pymysql.MySQLError):  # the server may be gone; the cut below needs none
            kill_query(connect, thread_id)

    def watch() -> None:
        if done.wait(deadline.seconds):
            return
        deadline.passed = True
        Thread(target=kill, name="source-kill", daemon=True).start()  # may take as long as the cut would wait
        if not done.wait(GRACE_S):
            _cut_mysql(connection)

    watcher = Thread(target=watch, name="source-deadline", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
    if deadline.passed:  # SLEEP() does not fail when it is killed
        raise pymysql.OperationalError(ER.QUERY_INTERRUPTED, "Query execution was interrupted")


def _cut(connection: "psycopg.Connection[Any]") -> None:
    with suppress(OSError, psycopg.Error):
        _cut_socket(connection.fileno())


def _cut_mysql(connection: "pymysql.Connection[Any]") -> None:
    connected: Any = getattr(connection, "_sock", None)  # the driver has no other way to it
    with suppress(OSError, AttributeError):  # it was closed by the other thread meanwhile
        _cut_socket(connected.fileno())


def _cut_socket(fileno: int) -> None:
    with socket.socket(fileno=os.dup(fileno)) as same:
        same.shutdown(socket.SHUT_RDWR)
