"""Notices that the configuration's files have changed, however they were changed.

Files are compared by what `stat` says of them and of every folder on the way, links followed: a checkout that writes
file by file, a ConfigMap whose link is swapped, an editor that renames. No notification service is asked, since none of
them works on every file system that containers mount.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

__all__ = ["FileWatch"]

Print = tuple[tuple[str, int, int, int], ...]


class FileWatch:
    """Looks again and again; says once that there is something new, when it has stopped changing.

    A checkout takes a moment: what two looks in a row see alike is taken to be complete.
    """

    def __init__(self, watched: Callable[[], Iterable[Path]]) -> None:
        """`watched` are files and folders; of a folder everything below it counts."""
        self._watched = watched
        self._loaded = self._seen = fingerprint(watched())

    def has_changed(self) -> bool:
        """True once for each new state that has settled."""
        now = fingerprint(self._watched())
        has_settled, self._seen = now == self._seen, now
        if now == self._loaded or not has_settled:
            return False
        self._loaded = now
        return True

    def taken(self) -> None:
        """What is there now was loaded by other means."""
        self._loaded = self._seen = fingerprint(self._watched())


def fingerprint(watched: Iterable[Path]) -> Print:
    """Name, inode, size and time of change of everything there is; what cannot be read is left out."""
    return tuple(sorted(told for path in watched for told in _below(path)))


def _below(path: Path) -> Iterator[tuple[str, int, int, int]]:
    if not path.is_dir():
        yield from _stat(str(path))
        return
    for folder, folders, files in os.walk(path, followlinks=True):
        folders[:] = [name for name in folders if not name.startswith(".git")]
        for name in files:
            yield from _stat(os.path.join(folder, name))  # noqa: PTH118 - thousands of them, every other second


def _stat(path: str) -> Iterator[tuple[str, int, int, int]]:
    try:
        found = os.stat(path)  # noqa: PTH116 - as above
    except OSError:
        return
    yield path, found.st_ino, found.st_size, found.st_mtime_ns
