"""Connections set up so that what is committed is on disk, and writers wait for each other instead of failing."""

import sqlite3
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, NullPool, StaticPool, create_engine, event, text

from detector.adapters.store.place import Place

if TYPE_CHECKING:
    import psycopg

__all__ = ["BUSY_S", "bare", "make_engine", "writers"]

BUSY_S = 10
_WRITES = "detector_writes"
_BARE = "detector_bare"
_WRITER_KEY = 0x6465_7465_6374_0001  # "detect" and a number: where PostgreSQL's writers queue

# Writers queue as they do on SQLite, so that "read, then decide what to write" needs no other guard; and a server that
# was told to answer before a commit is on disk waits for the disk with ours.
_TO_WRITE = text(
    "SELECT set_config('lock_timeout', :patience, true), pg_advisory_xact_lock(:key), "
    "CASE current_setting('synchronous_commit') WHEN 'off' THEN set_config('synchronous_commit', 'on', true) END",
)

# The defaults of Linux notice a dead server after hours; these after about half a minute.
_PATIENCE_WITH_SERVER = {
    "connect_timeout": "10",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "25000",
    "application_name": "detector",
}


# The server's side of the same: else what a machine held that lost its power stays held for the two hours of Linux.
_PATIENCE_OF_SERVER = (
    "SELECT set_config('tcp_keepalives_idle', '10', false), set_config('tcp_keepalives_interval', '5', false), "
    "set_config('tcp_keepalives_count', '3', false)"
)


def make_engine(place: Place, *, pooled: bool = True, foreign_keys: bool = True) -> Engine:
    """An engine of which `writers` is the part for transactions that write."""
    if place.is_postgres:
        return _postgres(place, pooled=pooled)
    return _sqlite(place, pooled=pooled, foreign_keys=foreign_keys)


def writers(engine: Engine) -> Engine:
    return engine.execution_options(**{_WRITES: True})


def bare(engine: Engine) -> Engine:
    """For what SQLite does outside of transactions only."""
    return engine.execution_options(**{_BARE: True})


def _writes(connection: Connection) -> bool:
    return bool(connection.get_execution_options().get(_WRITES))


def _sqlite(place: Place, *, pooled: bool, foreign_keys: bool) -> Engine:
    options: dict[str, Any] = {"connect_args": {"timeout": BUSY_S, "check_same_thread": False}}
    if place.path is None:
        options["poolclass"] = StaticPool  # a second connection would be a second, empty store
    elif not pooled:
        options["poolclass"] = NullPool
    engine = create_engine(place.url, hide_parameters=True, **options)

    @event.listens_for(engine, "connect")
    def set_up(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # the driver's own idea of when to begin is in nobody's way
        for pragma in (
            "page_size=8192",  # of a new file: three packed weeks fill a page, while of 4,096 bytes one wastes half
            "synchronous=FULL",  # with a write-ahead log anything less may lose the last commits with the power
            f"foreign_keys={'ON' if foreign_keys else 'OFF'}",
            "cell_size_check=ON",  # find damage when a page is read, not after it was copied elsewhere
            "trusted_schema=OFF",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that reads and only then writes fails at once when another writes; one that says at its start
        # that it will write waits for its turn.
        if not connection.get_execution_options().get(_BARE):
            connection.exec_driver_sql("BEGIN IMMEDIATE" if _writes(connection) else "BEGIN")

    return engine


def _postgres(place: Place, *, pooled: bool) -> Engine:
    url = place.url.update_query_dict({**_PATIENCE_WITH_SERVER, **place.url.query})
    options: dict[str, Any] = {"pool_pre_ping": True} if pooled else {"poolclass": NullPool}
    engine = create_engine(url, hide_parameters=True, **options)

    @event.listens_for(engine, "connect")
    def set_up(connection: "psycopg.Connection", _record: object) -> None:
        connection.execute(_PATIENCE_OF_SERVER)
        connection.commit()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if _writes(connection):
            connection.execute(_TO_WRITE, {"patience": f"{BUSY_S}s", "key": _WRITER_KEY})

    return engine
