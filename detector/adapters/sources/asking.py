"""One statement to the database and its answer: read-only, cut off at its deadline, rolled back."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pymysql
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from detector.adapters.sources.answers import Answer
from detector.adapters.sources.counters import Counters
from detector.adapters.sources.databases import Database
from detector.adapters.sources.deadline import Deadline, cut_off_mysql, cut_off_postgres, cut_off_sqlite
from detector.adapters.sources.engines import fence_postgres, fence_sqlite, open_engine
from detector.adapters.sources.faults import Scrub, told
from detector.adapters.sources.long_form import DriverSql
from detector.adapters.sources.mysql_engines import fence_mysql
from detector.errors import BadRows, SourceUnavailable
from detector.model.rulebook import Source

__all__ = ["Asker"]

MOST_BYTES = 8 * 1024 * 1024
Statement = sa.Executable | DriverSql


class Asker:
    """Asks one database; `counters` tell how often."""

    def __init__(self, source: Source, keep_out: Iterable[Path]) -> None:
        self.counters = Counters()
        try:
            self._opened: sa.Engine | str = open_engine(source, keep_out)
        except SourceUnavailable as error:
            self._opened = str(error)  # told at every question, so that one wrong URL stops no other source
        self._timeout_s = source.timeout_s
        self._scrub = Scrub(source)

    @property
    def _engine(self) -> sa.Engine:
        if isinstance(self._opened, str):
            raise SourceUnavailable(self._opened)
        return self._opened

    @property
    def database(self) -> Database:
        return Database(self._engine.dialect.name)

    def close(self) -> None:
        if not isinstance(self._opened, str):
            self._opened.dispose()

    def ask(
        self,
        statement: Statement,
        timezone: str,
        most_rows: int,
        *,
        is_scan: bool = True,
        most_bytes: int = MOST_BYTES,
    ) -> Answer:
        """The whole answer, in a session whose zone is `timezone`.

        Raises:
            SourceError: the database's trouble in our words; more rows or bytes than a metric can have.
        """
        deadline = Deadline(self._timeout_s)
        try:
            answer = self._answer(statement, timezone, deadline)
        except (SQLAlchemyError, psycopg.Error, pymysql.MySQLError, sqlite3.Error, UnicodeError) as error:
            # The driver's text may hold what the URL holds, so it is not chained.
            raise told(error, self._scrub, deadline) from None
        self.counters.add(len(answer.rows), is_scan=is_scan)
        _check_size(answer, most_rows, most_bytes)
        return answer

    def _answer(self, statement: Statement, timezone: str, deadline: Deadline) -> Answer:
        try:
            return self._answer_once(statement, timezone, deadline)
        except DBAPIError as error:
            # A connection kept from the last tick may be gone with a restart; a ping first would need a deadline too.
            if deadline.passed or not error.connection_invalidated:
                raise
            return self._answer_once(statement, timezone, deadline)

    def _answer_once(self, statement: Statement, timezone: str, deadline: Deadline) -> Answer:
        with self._engine.connect() as connection, self._fenced(connection, timezone, deadline):
            result = _send(connection, statement)
            types = _types(result)
            answer = Answer(tuple(result.keys()), result.all(), types)
            connection.rollback()  # here, for it too may find a silent server
            return answer

    @contextmanager
    def _fenced(self, connection: sa.Connection, timezone: str, deadline: Deadline) -> Iterator[None]:
        raw = connection.connection.driver_connection
        if isinstance(raw, sqlite3.Connection):
            fence_sqlite(raw)
            with cut_off_sqlite(raw, deadline):
                yield
        elif isinstance(raw, psycopg.Connection):
            with cut_off_postgres(raw, deadline):
                fence_postgres(connection, timezone, deadline.seconds)
                yield
        elif isinstance(raw, pymysql.Connection):
            try:
                with cut_off_mysql(raw, deadline, connection.info["connect"]):
                    fence_mysql(connection, deadline.seconds)
                    yield
            finally:
                if deadline.passed:
                    connection.invalidate()


def _send(connection: sa.Connection, statement: Statement) -> sa.CursorResult[Any]:
    if isinstance(statement, DriverSql):
        return connection.exec_driver_sql(statement.sql, dict(statement.values))
    return connection.execute(statement)


def _types(result: sa.CursorResult[Any]) -> tuple[int, ...]:
    cursor: Any = result.cursor
    return tuple(column[1] or 0 for column in cursor.description or ())  # SQLite has None for each type


def _check_size(answer: Answer, most_rows: int, most_bytes: int) -> None:
    if len(answer.rows) > most_rows:
        raise BadRows(f"more than {most_rows} rows: return one row for each bucket between :start and :end")
    size = sum(len(value) for row in answer.rows for value in row if isinstance(value, str | bytes))
    if size > most_bytes:
        raise BadRows(f"{size} bytes of text, more than {most_bytes}: return numbers")
