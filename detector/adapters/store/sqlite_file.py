"""The file of a SQLite store: whether it is there and whole, and how it comes into being."""

import os
from collections.abc import Callable
from pathlib import Path

from detector.adapters.store.place import Place
from detector.adapters.store.trouble import damaged
from detector.errors import StoreDamaged, StoreError

__all__ = ["exists", "make"]

_HEADER = 100  # bytes; the page size stands at 16, https://www.sqlite.org/fileformat.html


def exists(path: Path, place: Place) -> bool:
    """Asked before SQLite is: it would make an empty file by connecting, and fill up one that was cut off.

    Raises:
        StoreDamaged: it is empty, or ends in the middle of a page.
        StoreError: there is no directory for it.
    """
    if not path.parent.is_dir():
        raise StoreError(f"cannot open the store ({place.label}): there is no directory {path.parent}; make it first")
    if not path.is_file():
        return path.exists()
    size = path.stat().st_size
    if size == 0:
        raise StoreDamaged(
            f"the store ({place.label}) is an empty file, and a store never is: put a backup in its place; or, if "
            "there never was anything in it, delete it, and it is made anew",
        )
    if not _has_content(_beside(path, "-wal")) and size % _page_size(path):  # the journal may hold the rest of a page
        raise damaged(place, f"its {size} bytes end in the middle of a page")
    return True


def _page_size(path: Path) -> int:
    with path.open("rb") as file:
        header = file.read(_HEADER)
    size = int.from_bytes(header[16:18], "big")
    return 65536 if size == 1 else size or 1


def _beside(path: Path, end: str) -> Path:
    return path.with_name(path.name + end)


def _has_content(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0


def make(path: Path, place: Place, fill: Callable[[Place], None]) -> None:
    """Build the file under another name and move it into place: half a store is never seen, even after a kill."""
    journal = _beside(path, "-wal")
    if _has_content(journal):
        raise StoreDamaged(
            f"the store ({place.label}) is gone, but its journal {journal.name} is still there: put the file back; or, "
            "to begin anew, delete the journal too",
        )
    new = _beside(path, ".new")
    for left_over in (new, *(_beside(new, end) for end in ("-wal", "-shm", "-journal"))):
        left_over.unlink(missing_ok=True)
    os.close(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))  # SQLite gives its journals the same mode
    fill(Place(place.url.set(database=str(new)), place.label, new))
    new.rename(path)
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
