"""Locks that a killed process cannot keep: one for the tick, one for as long as a daemon runs."""

import errno
import fcntl
import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from detector.adapters.store.engines import make_engine
from detector.adapters.store.place import Place
from detector.adapters.store.trouble import translated
from detector.errors import StoreBusy, StoreError

__all__ = ["LEASE", "TICK", "Lock", "Purpose", "held", "lock_of"]

_RETRY_S = 0.05
_LOCK_NOT_AVAILABLE = "55P03"


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a lock is for.

    Attributes:
        name: of the file beside the database, and in the key of the server's lock.
        holder: who else has it.
        doing: what that one does; `the store (…)` follows.
        remedy: what to do about it.
        kept: completes `cannot …` where it is lost.
    """

    name: str
    holder: str
    doing: str
    remedy: str
    kept: str


TICK = Purpose(
    "lock",
    "another detector",
    "is in the middle of a tick on",
    "wait for it to finish, or stop it, and try again",
    "keep the store for this tick alone",
)
LEASE = Purpose(
    "daemon",
    "another daemon",
    "runs on",
    "one store takes one daemon: stop that one, or give this one a store of its own",
    "keep the store for this daemon alone",
)


class Lock(Protocol):
    """Held by one thread of one process, or by nobody; `check` and `is_held` may be called from any thread."""

    purpose: Purpose

    def take(self, patience_s: float) -> bool:
        """Take it, waiting so long at most; false: somebody else had it all the time."""
        ...

    def release(self) -> None:
        """Give it back."""
        ...

    def check(self) -> None:
        """Raise StoreError where the lock was lost while it was thought to be held."""
        ...

    @property
    def is_held(self) -> bool:
        """Taken here and not given back; it may be lost all the same."""
        ...

    def holder(self) -> str:
        """Who has it, in words."""
        ...


def lock_of(place: Place, purpose: Purpose = TICK) -> Lock:
    if place.is_postgres:
        return AdvisoryLock(place, purpose)
    if place.path is None:
        return MemoryLock(purpose)
    return FileLock(place, purpose, place.path.with_name(f"{place.path.name}.{purpose.name}"))


@contextmanager
def held(lock: Lock, place: Place, patience_s: float) -> Iterator[None]:
    """Wait for the lock.

    Raises:
        StoreBusy: somebody else had it all the time.
    """
    if not lock.take(patience_s):
        waited = f" and did not leave within {patience_s:g} s" if patience_s else ""
        purpose = lock.purpose
        raise StoreBusy(f"{lock.holder()} {purpose.doing} the store ({place.label}){waited}; {purpose.remedy}")
    try:
        yield
    finally:
        lock.release()


class MemoryLock:
    """For a store in memory, which no other process sees."""

    def __init__(self, purpose: Purpose) -> None:
        self.purpose = purpose
        self._lock = threading.Lock()

    def take(self, patience_s: float) -> bool:
        return self._lock.acquire(timeout=patience_s)

    def release(self) -> None:
        self._lock.release()

    def check(self) -> None:
        """It cannot be lost."""

    @property
    def is_held(self) -> bool:
        return self._lock.locked()

    def holder(self) -> str:
        return "another thread"


class FileLock:
    """flock on a file beside the database: the kernel takes it back from a process that dies, however it dies."""

    def __init__(self, place: Place, purpose: Purpose, path: Path) -> None:
        self.purpose = purpose
        self._place = place
        self._path = path
        self._file: int | None = None
        self._turn = threading.Lock()  # else one thread would look at a file that another one has just closed

    def take(self, patience_s: float) -> bool:
        pause = threading.Event()
        for _ in range(round(patience_s / _RETRY_S)):
            if self._try():
                return True
            pause.wait(_RETRY_S)
        return self._try()

    def _try(self) -> bool:
        with translated("lock the store", self._place):
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                os.close(file)
                if error.errno in {errno.EAGAIN, errno.EACCES}:
                    return False
                raise
            if not self._is(file):  # deleted and made anew by somebody between the two calls
                os.close(file)
                return False
        with suppress(OSError):  # who holds it is a courtesy, for which a full disk has no room
            os.ftruncate(file, 0)
            os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
        with self._turn:
            self._file = file
        return True

    def _is(self, file: int) -> bool:
        try:
            return os.path.samestat(os.fstat(file), self._path.stat())
        except FileNotFoundError:
            return False

    def release(self) -> None:
        with self._turn:
            file, self._file = self._file, None
            if file is not None:
                with suppress(OSError):
                    os.ftruncate(file, 0)
                os.close(file)

    def check(self) -> None:
        with self._turn, translated(self.purpose.kept, self._place):
            if self._file is not None and not self._is(self._file):
                raise StoreError(f"{self._path} was deleted while this detector held it; leave it where it is")

    @property
    def is_held(self) -> bool:
        return self._file is not None

    def holder(self) -> str:
        number = ""
        with suppress(OSError):
            number = self._path.read_text().strip()
        return f"{self.purpose.holder} (process {number})" if number else self.purpose.holder


class AdvisoryLock:
    """A session's advisory lock: the server takes it back when the connection ends.

    It has a connection of its own, so that trouble on the others does not lose it. A pooler in transaction mode would
    hand that connection to others; `store` must name the server itself.
    """

    def __init__(self, place: Place, purpose: Purpose) -> None:
        self.purpose = purpose
        self._place = place
        self._engine = make_engine(place, pooled=False).execution_options(isolation_level="AUTOCOMMIT")
        self._connection: Connection | None = None
        self._session = 0
        self._turn = threading.Lock()  # a connection serves one thread at a time

    def take(self, patience_s: float) -> bool:
        with translated("lock the store", self._place):
            connection = self._engine.connect()
            try:
                session = _lock(connection, self.purpose, patience_s)
            except SQLAlchemyError as error:
                connection.close()
                if isinstance(error, OperationalError) and _is_taken(error):
                    return False
                raise
        with self._turn:
            self._connection, self._session = connection, session
        return True

    def release(self) -> None:
        with self._turn:
            connection, self._connection = self._connection, None
            if connection is None:
                return
            with suppress(SQLAlchemyError):  # a connection that is lost has lost the lock as well
                connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _key(connection, self.purpose)})
            connection.close()

    def check(self) -> None:
        with self._turn, translated(self.purpose.kept, self._place):
            if self._connection is None:
                return
            if self._connection.scalar(_SESSION) != self._session:  # the lock stayed behind with the other session
                raise StoreError(
                    f"cannot {self.purpose.kept}: the connection to the store ({self._place.label}) became another "
                    "one; `store` must name the server itself, not a pooler in transaction mode",
                )

    @property
    def is_held(self) -> bool:
        return self._connection is not None

    def holder(self) -> str:
        return self.purpose.holder


_SESSION = text("SELECT pg_backend_pid()")

# A server may be told to end sessions that are silent; this one is silent for as long as all goes well.
_STAY = text(
    "SELECT set_config('lock_timeout', :patience, false), (SELECT set_config(name, '0', false) FROM pg_settings "
    "WHERE name = 'idle_session_timeout')",
)


def _lock(connection: Connection, purpose: Purpose, patience_s: float) -> int:
    """Returns the number of the session that has it."""
    patience = f"{max(1, round(patience_s * 1000))}ms"  # 0 would mean for ever
    connection.execute(_STAY, {"patience": patience})
    connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _key(connection, purpose)})
    return int(connection.scalar(_SESSION) or 0)


def _is_taken(error: OperationalError) -> bool:
    return getattr(error.orig, "sqlstate", None) == _LOCK_NOT_AVAILABLE


def _key(connection: Connection, purpose: Purpose) -> int:
    """64 bits from the schema's name: PostgreSQL keeps advisory locks apart by database, but not by schema."""
    schema = connection.scalar(text("SELECT current_schema()"))
    of = "store" if purpose is TICK else purpose.name  # a detector of an earlier version knows the tick's lock so
    digest = hashlib.sha256(f"detector {of} {schema}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)
