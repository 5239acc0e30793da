"""A copy of a store while others read and write it."""

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from detector.adapters.store.place import Place
from detector.adapters.store.schema import HEAD, VERSION_TABLE
from detector.adapters.store.tables import metadata
from detector.adapters.store.trouble import translated
from detector.errors import StoreDamaged, StoreError

__all__ = ["copy_file", "refuse_on_server"]


def copy_file(connection: Connection, place: Place, file: Path) -> int:
    """Complete or not at all; a kill leaves at most a part under another name. Returns its size in bytes.

    Raises:
        StoreError: the file exists or cannot be written.
        StoreDamaged: the copy is not whole, so what was copied is not either.
    """
    _refuse_existing(file)
    driver: Any = connection.connection.driver_connection
    target = Place(place.url, str(file), file)
    with translated("back the store up", target):
        number, name = tempfile.mkstemp(prefix=f".{file.name}.", suffix=".part", dir=file.parent)  # mode 0600
        os.close(number)
        part = Path(name)
        try:
            with _known_errors(), closing(sqlite3.connect(part, isolation_level=None)) as copy:
                driver.backup(copy)  # in one step: in many, each write of others would begin it anew
                copy.execute("PRAGMA journal_mode=DELETE")  # one file, and readable where nothing may be written
                _verify(copy, place)
            return _publish(part, file)
        finally:
            part.unlink(missing_ok=True)


@contextmanager
def _known_errors() -> Iterator[None]:
    """The driver's own, as they come from SQLAlchemy elsewhere."""
    try:
        yield
    except sqlite3.Error as error:
        raise DBAPIError(None, None, error) from error


def _refuse_existing(file: Path) -> None:
    if not file.parent.is_dir():
        raise StoreError(f"cannot back up into {file}: there is no directory {file.parent}; make it first")
    if file.exists() or file.is_symlink():
        raise StoreError(f"cannot back up into {file}: it exists, and no backup is overwritten; name another file")


def _verify(copy: sqlite3.Connection, place: Place) -> None:
    found = str(copy.execute("PRAGMA integrity_check(1)").fetchone()[0])
    if found != "ok":
        raise StoreDamaged(f"the copy of the store ({place.label}) is damaged: {found[:200]}; {place.way_back}")
    revisions = copy.execute(f"SELECT version_num FROM {VERSION_TABLE}").fetchall()  # noqa: S608 - a constant
    if revisions != [(HEAD,)]:
        raise StoreError(
            f"the store ({place.label}) was upgraded by a newer detector while it was to be copied; back it up with "
            "that one",
        )


def _publish(part: Path, file: Path) -> int:
    with part.open("rb") as written:
        os.fsync(written.fileno())
        size = os.fstat(written.fileno()).st_size
    try:
        os.link(part, file)  # unlike a renaming it never replaces what somebody put there meanwhile
    except FileExistsError:
        _refuse_existing(file)
    except OSError:  # a file system without links
        _refuse_existing(file)
        part.rename(file)
    directory = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
    return size


def refuse_on_server(connection: Connection, place: Place, file: Path) -> StoreError:
    """The server's own tool copies it better; its words, to be completed with a password only."""
    schema = connection.scalar(text("SELECT current_schema()"))
    tables = " ".join(f"--table={schema}.{name}" for name in sorted([*metadata.tables, VERSION_TABLE]))
    url = place.url.set(drivername="postgresql", password=None, query={})
    return StoreError(
        f"the store ({place.label}) is kept by a server that has a tool of its own for this; run: "
        f"pg_dump --format=custom --file={file} {tables} {url.render_as_string()}",
    )
