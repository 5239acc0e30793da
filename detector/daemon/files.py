"""Notices that the configuration's files have changed, however they were changed.

Files are compared by what `stat` says of them at the end of every link: a checkout that writes file by file, a
ConfigMap whose link is swapped, an editor that renames. No notification service is asked, since none of
them works on every file system that containers mount.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

__all__ = ["FileWatch", "Print", "fingerprint"]

Print = tuple[tuple[str, int, int, int], ...]

_RULES = (".yml", ".yaml")  # the second are not read, but named by a warning


class FileWatch:
    """Looks again and again; says once that there is something new, when it has stopped changing.

    A checkout takes a moment: what two looks in a row see alike is taken to be complete.
    """

    def __init__(self, watched: Callable[[], Iterable[Path]], loaded: Print | None = None) -> None:
        """`watched` are files and folders; of a folder every rule file below it counts.

        `loaded` is what was there before they were read; None: nothing has changed since.
        """
        self._watched = watched
        self._loaded = self._seen = fingerprint(watched()) if loaded is None else loaded

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
    """Of a folder the files that can be rules: in `rules: .` the store lies beside them, written every minute."""
    if not os.path.isdir(path):  # noqa: PTH112 - Path.is_dir raises where a folder on the way cannot be entered
        yield from _stat(str(path))
        return
    for folder, folders, files in os.walk(path):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            if name.lower().endswith(_RULES):
                yield from _stat(os.path.join(folder, name))  # noqa: PTH118 - thousands of them, every other second


def _stat(path: str) -> Iterator[tuple[str, int, int, int]]:
    try:
        found = os.stat(path)  # noqa: PTH116 - as above
    except OSError:
        return
    yield path, found.st_ino, found.st_size, found.st_mtime_ns
