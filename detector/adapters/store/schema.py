"""Which revision of the tables a store has, and the way to the newest one."""

import os
import re
from collections.abc import Callable
from enum import Enum, auto
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from detector.adapters.store.engines import make_engine, writers
from detector.adapters.store.locks import Lock, held
from detector.adapters.store.place import Place
from detector.adapters.store.tables import metadata
from detector.adapters.store.trouble import damaged, translated
from detector.errors import StoreDamaged, StoreError, StoreTooNew

__all__ = ["HEAD", "VERSION_TABLE", "bring_up_to_date"]

HEAD = "0001"  # revision of the newest file in migrations/versions
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
    if place.path is not None and not place.path.parent.is_dir():
        raise StoreError(
            f"cannot open the store ({place.label}): there is no directory {place.path.parent}; make it first"
        )
    with translated("open the store", place):
        if _exists(place) and _look(engine, place, head) is _Schema.CURRENT:
            return
        with held(lock, place, _UPGRADE_PATIENCE_S):
            if not _exists(place):
                _make_file(place)
            elif _look(engine, place, head) is not _Schema.CURRENT:
                _upgrade(engine, place)


def _exists(place: Place) -> bool:
    """Whether there is something to connect to; SQLite would make an empty file by connecting."""
    return place.path is None or place.path.exists()


def _look(engine: Engine, place: Place, head: str) -> _Schema:
    with engine.connect() as connection:
        tables = set(sa.inspect(connection).get_table_names())
        if VERSION_TABLE not in tables:
            return _without_version(place, tables)
        revisions = connection.scalars(sa.select(_version.c.version_num)).all()
    revision = revisions[0] if len(revisions) == 1 else ""
    if not re.fullmatch(r"\d{4}", revision):
        raise damaged(place, "it does not say which detector wrote it")
    if revision > head:
        raise StoreTooNew(
            f"the store ({place.label}) was upgraded by a newer detector (its tables are {revision}, this one knows up "
            f"to {head}); run that detector, or put back the backup from before the upgrade",
        )
    return _Schema.CURRENT if revision == head else _Schema.OLD


def _without_version(place: Place, tables: set[str]) -> _Schema:
    """A SQLite file comes into being complete (see `_make_file`): one without a version was cut off, or is not ours."""
    if place.path is not None:
        if place.path.stat().st_size == 0:
            raise StoreDamaged(
                f"the store ({place.label}) is an empty file, and a store never is: put a backup in its place; or, if "
                "there never was anything in it, delete it, and it is made anew",
            )
        raise damaged(place, "it is no store of the detector, or lost the table that says which detector wrote it")
    if ours := sorted(tables & set(metadata.tables)):
        raise damaged(
            place,
            f"it has a table {ours[0]}, but none that says which detector wrote it; if the table is of another "
            "program, give the detector a database or schema of its own",
        )
    return _Schema.ABSENT


def _make_file(place: Place) -> None:
    """Build the file under another name and move it into place: half a store is never seen, even after a kill."""
    path = place.path
    if path is None:
        raise AssertionError("only files are made")
    journal = path.with_name(path.name + "-wal")
    if journal.exists() and journal.stat().st_size:
        raise StoreDamaged(
            f"the store ({place.label}) is gone, but its journal {journal.name} is still there: put the file back; or, "
            "to begin anew, delete the journal too",
        )
    new = path.with_name(path.name + ".new")
    for left_over in (new, *(new.with_name(new.name + end) for end in ("-wal", "-shm", "-journal"))):
        left_over.unlink(missing_ok=True)
    os.close(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))  # SQLite gives its journals the same mode
    building = Place(place.url.set(database=str(new)), place.label, new)
    _upgrade(make_engine(building, pooled=False), building)
    new.rename(path)
    _sync_directory(path.parent)


def _sync_directory(path: Path) -> None:
    directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _upgrade(engine: Engine, place: Place) -> None:
    """One transaction; the way leads through Alembic, whose import takes longer than most commands."""
    from detector.adapters.store.migrating import migrate  # noqa: PLC0415 - see above

    if place.path is None:
        _in_transaction(engine, migrate)
    else:  # a table that is rebuilt is dropped in between, which foreign keys would not let pass
        _in_transaction(make_engine(place, pooled=False, foreign_keys=False), migrate)


def _in_transaction(engine: Engine, work: Callable[[Connection], None]) -> None:
    with writers(engine).begin() as connection:
        work(connection)
        if connection.dialect.name == "sqlite" and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
            raise AssertionError("a migration left a row that refers to nothing")
