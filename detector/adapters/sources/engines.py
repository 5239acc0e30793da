"""Connections that cannot write, with their limits: one engine and one pool per source."""

import sqlite3
import stat
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from detector.adapters.sources.mysql_engines import mysql_engine
from detector.config.authority import STRAY_AT, has_stray_at
from detector.errors import SourceUnavailable
from detector.model.rulebook import Source

__all__ = ["fence_postgres", "fence_sqlite", "open_engine"]

CONNECTIONS = 2  # a source is asked two things at a time at most
CONNECT_S = 10
LOCK_S = 5.0
RECYCLE_S = 60  # idle connections are dropped by firewalls without a word
LARGEST_VALUE = 8 * 1024 * 1024  # bytes

# https://www.sqlite.org/c3ref/c_alter_table.html: no ATTACH, no PRAGMA, no transaction, nothing that writes
ALLOWED = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE})
FORBIDDEN_FUNCTIONS = frozenset({"load_extension", "readfile", "writefile", "edit", "fts3_tokenizer"})


def open_engine(source: Source, keep_out: Iterable[Path]) -> sa.Engine:
    """An engine that has not connected yet; `keep_out` are files that no source may be, such as the store.

    Raises:
        SourceUnavailable: a URL of another kind.
    """
    try:
        url = sa.make_url(source.url.hidden)
    except (SQLAlchemyError, ValueError):
        raise SourceUnavailable(f"{source.url} is no database URL") from None
    match url.get_backend_name():
        case "sqlite" if url.database:
            return _sqlite(source, Path(url.database), tuple(keep_out))
        case "postgresql" | "postgres":
            return _postgres(source, url)
        case "sqlite":
            raise SourceUnavailable(f"{source.url} names no file; write sqlite:///path/to/file")
        case "mysql" | "mariadb":
            return mysql_engine(source, url)
        case other:
            raise SourceUnavailable(f"{other} is not supported; use sqlite, postgresql or mysql")


def _postgres(source: Source, url: sa.URL) -> sa.Engine:
    limits: dict[str, Any] = {
        "application_name": "detector",
        "connect_timeout": CONNECT_S,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": CONNECT_S * 1000,
    }
    limits = {name: value for name, value in limits.items() if name not in url.query}
    if has_stray_at(source.url.hidden):
        raise SourceUnavailable(f"{source.url} {STRAY_AT}")
    try:
        engine = sa.create_engine(
            url.set(drivername="postgresql+psycopg"),
            connect_args={**limits, "prepare_threshold": None},  # poolers lose prepared statements
            pool_size=CONNECTIONS,
            max_overflow=0,
            pool_timeout=source.timeout_s,
            pool_recycle=RECYCLE_S,
            use_native_hstore=False,  # it would ask the server for a type that is not needed
            hide_parameters=True,
        )
    except (SQLAlchemyError, ValueError, TypeError):
        raise SourceUnavailable(f"{source.url} is no PostgreSQL URL") from None
    sa.event.listen(engine, "connect", _read_only, insert=True)
    return engine


def _read_only(connection: "psycopg.Connection[Any]", _record: object) -> None:
    connection.read_only = True  # every transaction starts as BEGIN READ ONLY, and the pool rolls it back


def fence_postgres(connection: sa.Connection, timezone: str, timeout_s: float) -> None:
    """Zone and limits of this transaction; they end with it, so that a pooler hands none of them on."""
    settings = {
        "TimeZone": timezone,
        "statement_timeout": f"{timeout_s * 1000:.0f}ms",
        "lock_timeout": f"{min(LOCK_S, timeout_s) * 1000:.0f}ms",
    }
    connection.execute(sa.select(*(sa.func.set_config(name, value, sa.true()) for name, value in settings.items())))


def _sqlite(source: Source, file: Path, keep_out: tuple[Path, ...]) -> sa.Engine:
    return sa.create_engine(
        "sqlite://",
        creator=_sqlite_opener(source, file, keep_out),
        poolclass=sa.NullPool,  # a file that was replaced is a new file; opening one takes no time
        hide_parameters=True,
    )


def _sqlite_opener(source: Source, file: Path, keep_out: tuple[Path, ...]) -> Callable[[], sqlite3.Connection]:
    def connect() -> sqlite3.Connection:
        _check_file(file, keep_out)
        wait_s = min(LOCK_S, source.timeout_s)
        uri = f"file:{quote(str(file.absolute()))}?mode=ro"
        connection = sqlite3.connect(uri, uri=True, timeout=wait_s, check_same_thread=False)
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LARGEST_VALUE)
        connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        return connection

    return connect


def _check_file(file: Path, keep_out: tuple[Path, ...]) -> None:
    try:
        found = file.stat()
    except OSError as error:
        raise SourceUnavailable(f"{file}: {error.strerror}; name an existing SQLite file") from None
    if not stat.S_ISREG(found.st_mode):
        raise SourceUnavailable(f"{file} is no regular file; name an existing SQLite file")
    if any(own.exists() and own.samefile(file) for own in keep_out):
        raise SourceUnavailable(f"{file} is the detector's own store; name the owners' database")


def fence_sqlite(connection: sqlite3.Connection) -> None:
    """Only reading, by SQLite's own look at every step of a statement."""
    connection.set_authorizer(_authorize)


def _authorize(action: int, _first: str | None, second: str | None, _database: str | None, _by: str | None) -> int:
    if action not in ALLOWED:
        return sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_FUNCTION and (second or "").lower() in FORBIDDEN_FUNCTIONS:
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK
