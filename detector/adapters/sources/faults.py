"""Driver errors in words for people, without secrets."""

import re
import sqlite3
from urllib.parse import quote, quote_plus

import psycopg
import pymysql
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from detector.adapters.sources.advice import AGAIN, NO_COLUMN, NO_TABLE, READ_ONLY, SERVER_AWAY, TOO_SLOW
from detector.adapters.sources.deadline import Deadline
from detector.adapters.sources.mysql_faults import mysql_kind, mysql_words
from detector.config.authority import masked, secret_parts
from detector.errors import BadRows, QueryRejected, SourceError, SourceTimeout, SourceUnavailable
from detector.model.rulebook import Source

__all__ = ["Scrub", "told"]

SHOWN = 300
SHORTEST_WORD = 4
SERVER_PREFIX = re.compile(r'^(connection failed: )?connection to server (at|on socket) "[^"]*".*? failed: ')

# By SQLSTATE, longest prefix first: what it means here, and what a person does about it.
# https://www.postgresql.org/docs/current/errcodes-appendix.html
STATES: tuple[tuple[str, type[SourceError], str], ...] = (
    ("57014", SourceTimeout, TOO_SLOW),
    ("55P03", SourceUnavailable, "another session holds a lock on the table; the next tick tries again"),
    ("25006", QueryRejected, READ_ONLY),
    ("42501", QueryRejected, "let the role read it: GRANT SELECT ON the table TO the role"),
    ("42P01", QueryRejected, NO_TABLE),
    ("42703", QueryRejected, NO_COLUMN),
    ("42725", QueryRejected, "write CAST(:start AS timestamptz)"),
    ("42P18", QueryRejected, "write CAST(:start AS timestamptz)"),
    ("42883", QueryRejected, "check the function and its types; for a time write CAST(:start AS timestamptz)"),
    ("22007", QueryRejected, "compare `:start` and `:end` with a time column, or write CAST(:start AS timestamptz)"),
    ("28", SourceUnavailable, "check user and password in the source's `url`"),
    ("3D", SourceUnavailable, "check the database's name in the source's `url`"),
    ("40", SourceUnavailable, AGAIN),
    ("42", QueryRejected, "correct the metric's SQL"),
    ("22", QueryRejected, "correct the metric's SQL, or the rows it stumbles over"),
    ("0A", QueryRejected, "write one SELECT that this database supports"),
    ("21", QueryRejected, "correct the metric's SQL"),
)
# A refused connection comes without SQLSTATE, in the server's language.
REFUSALS = (
    (re.compile(r"password|authentication|pg_hba\.conf|role .* does not exist"), "check user and password"),
    (re.compile(r"database .* does not exist"), "check the database's name"),
)

# https://www.sqlite.org/rescode.html, primary codes
SQLITE_CODES: dict[int, tuple[type[SourceError], str]] = {
    sqlite3.SQLITE_ERROR: (QueryRejected, "correct the metric's SQL"),
    sqlite3.SQLITE_AUTH: (QueryRejected, READ_ONLY),
    sqlite3.SQLITE_READONLY: (QueryRejected, READ_ONLY),
    sqlite3.SQLITE_TOOBIG: (QueryRejected, "return numbers, not large texts"),
    sqlite3.SQLITE_MISMATCH: (QueryRejected, "correct the metric's SQL"),
    sqlite3.SQLITE_RANGE: (QueryRejected, "correct the metric's SQL"),
    sqlite3.SQLITE_INTERRUPT: (SourceTimeout, TOO_SLOW),
    sqlite3.SQLITE_BUSY: (SourceUnavailable, "another program holds the file; the next tick tries again"),
    sqlite3.SQLITE_LOCKED: (SourceUnavailable, "another program holds the file; the next tick tries again"),
    sqlite3.SQLITE_NOTADB: (SourceUnavailable, "name a SQLite file in the source's `url`"),
    sqlite3.SQLITE_CORRUPT: (SourceUnavailable, "the file is damaged: restore it"),
    sqlite3.SQLITE_CANTOPEN: (SourceUnavailable, "let the detector's user read the file and enter its folder"),
}


class Scrub:
    """Takes a source's secrets out of texts."""

    def __init__(self, source: Source) -> None:
        self._hidden = {source.url.hidden, *secret_parts(source.url.hidden)}
        try:
            url = sa.make_url(source.url.hidden)
        except (SQLAlchemyError, ValueError):
            return
        values = [url.password, *(value for several in url.normalized_query.values() for value in several)]
        for value in values:
            if value:
                # Drivers quote an option's words one by one.
                words = [word for word in re.split(r"[\s=]+", value) if len(word) >= SHORTEST_WORD]
                self._hidden |= {value, quote(value, safe=""), quote_plus(value), *words}

    def __call__(self, text: str) -> str:
        return masked(text, frozenset(self._hidden))


def told(error: Exception, scrub: Scrub, deadline: Deadline) -> SourceError:
    """What a driver's error is called here, with its own first line and what to do."""
    original = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    kind, fix = _kind_and_fix(original)
    if deadline.passed or kind is SourceTimeout:
        return SourceTimeout(f"cancelled after {deadline.seconds:g} s; {TOO_SLOW}")
    return kind(scrub(f"{_first_line(original)}; {fix}"))


def _kind_and_fix(error: BaseException) -> tuple[type[SourceError], str]:
    if isinstance(error, sqlite3.Error):
        return _sqlite_kind(error)
    if isinstance(error, pymysql.MySQLError):
        return mysql_kind(error)
    if isinstance(error, psycopg.Error):
        state = error.sqlstate or ""
        for prefix, kind, fix in STATES:
            if state.startswith(prefix):
                near = error.diag.message_hint if fix is NO_COLUMN else None
                return kind, f"{fix}; {near.rstrip('.')}" if near else fix
        if not state and isinstance(error, psycopg.DataError):
            return BadRows, "return times from year 1 to 9999 and plain numbers"
        if not state:
            return SourceUnavailable, _what_to_check(str(error))
    return SourceUnavailable, SERVER_AWAY


def _what_to_check(message: str) -> str:
    checks = (f"{check} in the source's `url`" for words, check in REFUSALS if words.search(message))
    return next(checks, SERVER_AWAY)


def _sqlite_kind(error: sqlite3.Error) -> tuple[type[SourceError], str]:
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:  # raised by Python's module before SQLite saw the statement, such as two statements in one
        return QueryRejected, "write one SELECT; only `:start` and `:end` are bound"
    for words, fix in (("no such table", NO_TABLE), ("no such column", NO_COLUMN)):
        if str(error).startswith(words):
            return QueryRejected, fix
    return SQLITE_CODES.get(code & 0xFF, (SourceUnavailable, AGAIN))


def _first_line(error: BaseException) -> str:
    text = mysql_words(error) if isinstance(error, pymysql.MySQLError) else str(error)
    lines = text.strip().splitlines() or [type(error).__name__]
    return SERVER_PREFIX.sub("connection failed: ", lines[0])[:SHOWN].rstrip(".; ")
