"""What drivers and the system raise, as StoreErrors that say what was attempted, why it failed and what to do."""

import errno
import json
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from detector.adapters.store.place import Place
from detector.errors import StoreBusy, StoreDamaged, StoreError, StoreFull

__all__ = ["Unreadable", "damaged", "decoding", "translated"]

_LONGEST = 200
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)

_FULL = "free some space on its disk; nothing that was kept is lost, and the next attempt goes on"
_SQLITE_BUSY = "another program holds it; try again when that one is done"
# Result codes of https://www.sqlite.org/rescode.html

_SQLITE: dict[int, tuple[type[StoreError], str]] = {
    3: (StoreError, "let this user read and write the file and its directory"),
    5: (StoreBusy, _SQLITE_BUSY),
    6: (StoreBusy, _SQLITE_BUSY),
    8: (StoreError, "let this user write to the file and its directory"),
    10: (StoreError, "the disk answers with errors or is full; look at the system's log"),
    11: (StoreDamaged, ""),
    13: (StoreFull, _FULL),
    14: (StoreError, "its directory must exist, and this user must be able to write there"),
    26: (StoreDamaged, ""),
    4874: (StoreFull, _FULL),  # an extended code: no room for the index of the write-ahead log
}

_POSTGRES_GONE = "the server must be up and reachable; the next attempt connects anew"
_POSTGRES_WHO = "look at the user and password in `store`"
_POSTGRES_NO_DATABASE = "make the database first: CREATE DATABASE"
# Error codes of https://www.postgresql.org/docs/current/errcodes-appendix.html, the longest prefix first
_POSTGRES: tuple[tuple[str, type[StoreError], str], ...] = (
    ("53100", StoreFull, "free some space on the server's disk; nothing that was kept is lost"),
    ("53300", StoreError, "the server has no connection left; raise max_connections or close some"),
    ("25006", StoreError, "the server is read-only; point `store` at the primary"),
    ("28", StoreError, _POSTGRES_WHO),
    ("3D000", StoreError, _POSTGRES_NO_DATABASE),
    ("3F000", StoreError, "make the schema first: CREATE SCHEMA"),
    ("40", StoreBusy, "another detector wrote at the same time; try again"),
    ("42501", StoreError, "the user needs CREATE on the schema, and must own the detector's tables"),
    ("42P01", StoreDamaged, ""),
    ("42703", StoreDamaged, ""),
    ("42P07", StoreError, "other tables of the same name are there; give the detector a database or schema of its own"),
    ("55P03", StoreBusy, "another detector is writing; try again when that one is done"),
    ("XX", StoreDamaged, ""),
    ("08", StoreError, _POSTGRES_GONE),
    ("57P", StoreError, _POSTGRES_GONE),
)

# A connection that is refused comes without a code; a server that speaks another language gets the first of these.
_POSTGRES_REFUSED = (
    ("", _POSTGRES_GONE),
    ("authentication failed", _POSTGRES_WHO),
    ("no password supplied", _POSTGRES_WHO),
    ("no pg_hba.conf entry", "the server does not let this user in from here; see its pg_hba.conf"),
    ("does not exist", _POSTGRES_NO_DATABASE),
    ("invalid connection option", "look at what stands behind the ? in `store`"),
)


class Unreadable(Exception):
    """A row that no detector wrote."""


@contextmanager
def translated(attempted: str, place: Place) -> Iterator[None]:
    """`attempted` completes `cannot …`. Statements and their parameters stay out of the message."""
    try:
        yield
    except SQLAlchemyError as error:
        kind, fix = _judge(error, place)
        text = _text(error.orig if isinstance(error, DBAPIError) and error.orig is not None else error, place)
        if kind is StoreDamaged:
            raise damaged(place, text) from None
        raise kind(f"cannot {attempted}: the store ({place.label}) says: {text}; {fix}") from None
    except UnicodeDecodeError as error:  # SQLite quotes damaged text, which its driver then fails to read
        raise damaged(place, f"while trying to {attempted}: {error.reason}") from error
    except Unreadable as error:
        raise damaged(place, f"while trying to {attempted}: {error}") from error
    except OSError as error:
        if error.errno in _NO_SPACE:
            raise StoreFull(
                f"cannot {attempted}: {error.strerror}: {error.filename or place.label}; {_FULL}"
            ) from error
        raise StoreError(f"cannot {attempted}: {error.strerror}: {error.filename}; {_fix(error)}") from error


def _fix(error: OSError) -> str:
    if error.errno == errno.EROFS:
        return "the store must lie where the detector may write: change `store:`, in a container to its volume"
    return "this user must be able to write there"


@contextmanager
def decoding() -> Iterator[None]:
    """Around what turns rows into values: where it fails, the row is not what was written.

    Raises:
        Unreadable: for `translated` to complete.
    """
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
        # What a flipped bit does to JSON, to an enum's word, to a packed array or to a time.
        what = "not JSON" if isinstance(error, json.JSONDecodeError) else f"{type(error).__name__}: {error}"
        raise Unreadable(what[:_LONGEST]) from error


def damaged(place: Place, what: str) -> StoreDamaged:
    return StoreDamaged(f"the store ({place.label}) is damaged: {what}; {place.way_back}")


def _judge(error: SQLAlchemyError, place: Place) -> tuple[type[StoreError], str]:
    original = error.orig if isinstance(error, DBAPIError) else None
    if place.is_postgres:
        state = getattr(original, "sqlstate", None)
        if state is None:
            text = str(original or error)
            return StoreError, [fix for words, fix in _POSTGRES_REFUSED if words in text][-1]
        return next(((kind, fix) for prefix, kind, fix in _POSTGRES if state.startswith(prefix)), (StoreError, _OURS))
    text = str(original)
    if text.startswith(("no such table", "no such column", "Could not decode")):
        return StoreDamaged, ""
    code = getattr(original, "sqlite_errorcode", None) or 0
    return _SQLITE.get(code) or _SQLITE.get(code & 0xFF, (StoreError, _OURS))


_OURS = "please report this"


def _text(error: BaseException, place: Place) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return place.scrub(lines[0])[:_LONGEST]
