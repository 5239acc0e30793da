"""One tick at a time on one store, and a lock that a killed process cannot keep."""

import fcntl
import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from detector.adapters.store.engines import make_engine
from detector.adapters.store.place import Place
from detector.adapters.store.trouble import translated
from detector.errors import StoreBusy, StoreError

__all__ = ["Lock", "held", "lock_of"]

_RETRY_S = 0.05
_LOCK_NOT_AVAILABLE = "55P03"


class Lock(Protocol):
    """Held by one thread of one process, or by nobody."""

    def take(self, patience_s: float) -> bool:
        """Take it, waiting so long at most; false: somebody else had it all the time."""
        ...

    def release(self) -> None:
        """Give it back."""
        ...

    def check(self) -> None:
        """Raise StoreError where the lock was lost while it was thought to be held."""
        ...

    def holder(self) -> str:
        """Who has it, in words."""
        ...


def lock_of(place: Place) -> Lock:
    if place.is_postgres:
        return AdvisoryLock(place)
    return MemoryLock() if place.path is None else FileLock(place, place.path.with_name(place.path.name + ".lock"))


@contextmanager
def held(lock: Lock, place: Place, patience_s: float) -> Iterator[None]:
    """Wait for the lock.

    Raises:
        StoreBusy: somebody else had it all the time.
    """
    if not lock.take(patience_s):
        raise StoreBusy(
            f"{lock.holder()} is in the middle of a tick on the store ({place.label}) and did not leave within "
            f"{patience_s:g} s; wait for it to finish, or stop it, and try again",
        )
    try:
        yield
    finally:
        lock.release()


class MemoryLock:
    """For a store in memory, which no other process sees."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def take(self, patience_s: float) -> bool:
        return self._lock.acquire(timeout=patience_s)

    def release(self) -> None:
        self._lock.release()

    def check(self) -> None:
        """It cannot be lost."""

    def holder(self) -> str:
        return "another thread"


class FileLock:
    """flock on a file beside the database: the kernel takes it back from a process that dies, however it dies."""

    def __init__(self, place: Place, path: Path) -> None:
        self._place = place
        self._path = path
        self._file: int | None = None

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
            except BlockingIOError:
                os.close(file)
                return False
            if not self._is(file):  # deleted and made anew by somebody between the two calls
                os.close(file)
                return False
            os.ftruncate(file, 0)
            os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
        self._file = file
        return True

    def _is(self, file: int) -> bool:
        return self._path.exists() and os.path.samestat(os.fstat(file), self._path.stat())

    def release(self) -> None:
        if self._file is not None:
            file, self._file = self._file, None
            os.ftruncate(file, 0)
            os.close(file)

    def check(self) -> None:
        if self._file is not None and not self._is(self._file):
            raise StoreError(f"{self._path} was deleted while this detector held it; leave it where it is")

    def holder(self) -> str:
        number = self._path.read_text().strip() if self._path.exists() else ""
        return f"another detector (process {number})" if number else "another detector"


class AdvisoryLock:
    """A session's advisory lock: the server takes it back when the connection ends.

    It has a connection of its own, so that trouble on the others does not lose it. A pooler in transaction mode would
    hand that connection to others; `store` must name the server itself.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._engine = make_engine(place, pooled=False).execution_options(isolation_level="AUTOCOMMIT")
        self._connection: Connection | None = None

    def take(self, patience_s: float) -> bool:
        with translated("lock the store", self._place):
            connection = self._engine.connect()
            try:
                patience = f"{max(1, round(patience_s * 1000))}ms"  # 0 would mean for ever
                connection.execute(text("SELECT set_config('lock_timeout', :patience, false)"), {"patience": patience})
                connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _key(connection)})
            except SQLAlchemyError as error:
                connection.close()
                if isinstance(error, OperationalError) and _is_taken(error):
                    return False
                raise
        self._connection = connection
        return True

    def release(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(SQLAlchemyError):  # a connection that is lost has lost the lock as well
                connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _key(connection)})
            connection.close()

    def check(self) -> None:
        if self._connection is not None:
            with translated("keep the store for this tick alone", self._place):
                self._connection.execute(text("SELECT 1"))

    def holder(self) -> str:
        return "another detector"


def _is_taken(error: OperationalError) -> bool:
    return getattr(error.orig, "sqlstate", None) == _LOCK_NOT_AVAILABLE


def _key(connection: Connection) -> int:
    """64 bits from the schema's name: PostgreSQL keeps advisory locks apart by database, but not by schema."""
    schema = connection.scalar(text("SELECT current_schema()"))
    digest = hashlib.sha256(f"detector store {schema}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)
