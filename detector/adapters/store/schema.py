"""Which revision of the tables a store has, and the way to the newest one."""

import re
from collections.abc import Callable
from enum import Enum, auto

import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from detector.adapters.store import sqlite_file
from detector.adapters.store.engines import bare, make_engine, writers
from detector.adapters.store.locks import Lock, held
from detector.adapters.store.place import Place
from detector.adapters.store.tables import metadata
from detector.adapters.store.trouble import damaged, translated
from detector.errors import StoreTooNew

__all__ = ["HEAD", "VERSION_TABLE", "bring_up_to_date"]

HEAD = "0004"  # revision of the newest file in migrations/versions
VERSION_TABLE = "detector_version"

_UPGRADE_PATIENCE_S = 30.0  # another process makes or upgrades the tables; that takes a second, on a slow disk some

_version = sa.Table(VERSION_TABLE, sa.MetaData(), sa.Column("version_num", sa.String(32)))


class _Schema(Enum):
    ABSENT = auto()
    OLD = auto()
    CURRENT = auto()


def bring_up_to_date(engine: Engine, place: Place, lock: Lock, head: str = HEAD) -> None:
    """Make or upgrade the tables; one process at a time, and nothing at all when they are current.

    Raises:
        StoreTooNew: a newer detector was here.
        StoreDamaged: what is there is no store, or half of one.
    """
    with translated("open the store", place):
        if not _exists(place) or _look(engine, place, head) is not _Schema.CURRENT:
            with held(lock, place, _UPGRADE_PATIENCE_S):
                if place.path is not None and not _exists(place):
                    sqlite_file.make(place.path, place, lambda building: _upgrade(engine, building))
                elif _look(engine, place, head) is not _Schema.CURRENT:
                    _upgrade(engine, place)
        if place.path is not None:
            _log_ahead(engine)


def _exists(place: Place) -> bool:
    return place.path is None or sqlite_file.exists(place.path, place)


def _log_ahead(engine: Engine) -> None:
    """With a write-ahead log readers and the writer do not block each other; the file remembers it.

    Asked for only now, as it changes the file, which could have been of another program.
    """
    with bare(engine).connect() as connection:
        connection.exec_driver_sql("PRAGMA journal_mode=WAL")


def _look(engine: Engine, place: Place, head: str) -> _Schema:
    with engine.connect() as connection:
        tables = set(sa.inspect(connection).get_table_names())
        if VERSION_TABLE not in tables:
            return _without_version(place, tables)
        revisions = connection.scalars(sa.select(_version.c.version_num)).all()
    revision = revisions[0] if len(revisions) == 1 else ""
    if not isinstance(revision, str) or not re.fullmatch(r"\d{4}", revision):  # SQLite hands out what a bit made of it
        raise damaged(place, "it does not say which detector wrote it")
    if revision > head:
        raise StoreTooNew(
            f"the store ({place.label}) was upgraded by a newer detector (its tables are {revision}, this one knows up "
            f"to {head}); run that detector, or put back the backup from before the upgrade",
        )
    return _Schema.CURRENT if revision == head else _Schema.OLD


def _without_version(place: Place, tables: set[str]) -> _Schema:
    """A SQLite file comes into being complete: without a version it was cut off, or is not ours."""
    if place.path is not None:
        raise damaged(place, "it is no store of the detector, or lost the table that says which detector wrote it")
    if ours := sorted(tables & set(metadata.tables)):
        raise damaged(
            place,
            f"it has a table {ours[0]}, but none that says which detector wrote it; if the table is of another "
            "program, give the detector a database or schema of its own",
        )
    return _Schema.ABSENT


def _upgrade(engine: Engine, place: Place) -> None:
    """One transaction; the way leads through Alembic, whose import takes longer than most commands."""
    from detector.adapters.store.migrating import migrate  # noqa: PLC0415 - see above

    if place.path is not None:  # a table that is rebuilt is dropped in between, which foreign keys would not let pass
        engine = make_engine(place, pooled=False, foreign_keys=False)
    _in_transaction(engine, migrate)


def _in_transaction(engine: Engine, work: Callable[[Connection], None]) -> None:
    with writers(engine).begin() as connection:
        work(connection)
        if connection.dialect.name == "sqlite" and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
            raise AssertionError("a migration left a row that refers to nothing")
