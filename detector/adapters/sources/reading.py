"""A source: one statement a call, in errors of our own."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

import numpy as np

from detector.adapters.sources.answers import (
    Answer,
    bucket_starts,
    member_rows,
    segment_rows,
    values_and_weights,
    volumes_of,
)
from detector.adapters.sources.asking import Asker
from detector.adapters.sources.counters import Counters
from detector.adapters.sources.databases import Database
from detector.adapters.sources.long_form import NAMES, long_statement, postgres_bounds
from detector.adapters.sources.mysql_text import closed
from detector.adapters.sources.owner_rows import long_rows
from detector.adapters.sources.roles import clock_statement, role_statement, role_warnings
from detector.adapters.sources.statements import (
    members_statement,
    newest_statement,
    read_statement,
    sample_statement,
    segments_statement,
    type_statement,
    volumes_statement,
)
from detector.adapters.sources.table_rows import rows_statement, table_rows
from detector.adapters.sources.time_columns import ColumnKind, TimeColumn, kind_of_samples, kind_of_type
from detector.adapters.sources.walls import ambiguous_spans
from detector.errors import QueryRejected, SourceError
from detector.model.feed import TableRow
from detector.model.grid import DAY_S, HOUR_S, Grid, grid_of
from detector.model.metric import LongForm, Metric, ShortForm
from detector.model.rows import BucketRows, MemberRows, SegmentRows
from detector.model.rulebook import Source
from detector.model.span import Span, at_epoch, epoch_s

__all__ = ["SqlSource", "open_source"]

MOST_ROWS = 10_000

MOST_MEMBER_BYTES = 64 * 1024 * 1024
"""Each row of a member's bucket says its name again; who raises `limit` to thousands has asked for that."""


def open_source(source: Source, keep_out: Iterable[Path] = ()) -> "SqlSource":
    """A source that connects at its first question, and tells then what is wrong with its URL.

    `keep_out` are files that it may not be, such as the store.
    """
    return SqlSource(source, Asker(source, keep_out))


class SqlSource:
    """A MetricSource on SQLite, PostgreSQL, MySQL or MariaDB."""

    def __init__(self, source: Source, asker: Asker) -> None:
        self._name = source.name
        self._zone = source.timezone
        self._asker = asker
        self._columns: dict[tuple[str, str, str], TimeColumn] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def counters(self) -> Counters:
        """How many statements and rows it has cost so far."""
        return self._asker.counters

    def close(self) -> None:
        self._asker.close()

    def read(self, metric: Metric, span: Span) -> BucketRows:
        grid = grid_of(metric.timezone, metric.every_s, span)
        with self._attempt(f"reading {metric.name}"):
            if isinstance(metric.query, LongForm):
                return self._read_long(metric, metric.query, span)
            return self._read_short(metric, self._closed(metric.query), grid)

    def read_segments(self, metric: Metric, column: str, spans: Sequence[Span]) -> tuple[SegmentRows, ...]:
        grids = [grid_of(metric.timezone, metric.every_s, span) for span in spans]
        with self._attempt(f"reading {metric.name} by {column}"):
            if not isinstance(metric.query, ShortForm):
                raise QueryRejected("a SELECT of the owner's cannot be split; use table, time and value")
            query = self._closed(metric.query)
            time = self._column(query.table, query.time, metric.timezone)
            asked = {number: grid for number, grid in enumerate(grids) if _has_room(time, grid)}
            answer = None
            if asked:
                statement = segments_statement(query, metric.kind, time, asked, column)
                answer = self._asker.ask(statement, metric.timezone, query.limit * sum(map(len, asked.values())))
            return tuple(segment_rows(answer, metric, column, grid, part) for part, grid in enumerate(grids))

    def volumes(self, metric: Metric, span: Span, most: int) -> Mapping[str, float]:
        grid = grid_of(metric.timezone, metric.every_s, span)
        with self._attempt(f"comparing the sizes of {metric.name} by {metric.each}"):
            query, each = self._each(metric)
            time = self._column(query.table, query.time, metric.timezone)
            if not _has_room(time, grid):
                return {}
            statement = volumes_statement(query, metric.kind, time, grid, each, most)
            return volumes_of(self._asker.ask(statement, metric.timezone, most, most_bytes=MOST_MEMBER_BYTES))

    def read_members(self, metric: Metric, names: Sequence[str], span: Span) -> MemberRows:
        grid = grid_of(metric.timezone, metric.every_s, span)
        with self._attempt(f"reading {metric.name} for each {metric.each}"):
            query, each = self._each(metric)
            time = self._column(query.table, query.time, metric.timezone)
            ambiguous = _ambiguous(time, grid)
            if not names or not _has_room(time, grid):
                return member_rows(None, names, grid, ambiguous)
            statement = members_statement(query, metric.kind, time, grid, each, names)
            most_rows = len(names) * len(grid)
            answer = self._asker.ask(statement, metric.timezone, most_rows, most_bytes=MOST_MEMBER_BYTES)
            return member_rows(answer, names, grid, ambiguous)

    def _each(self, metric: Metric) -> tuple[ShortForm, str]:
        if not isinstance(metric.query, ShortForm) or metric.query.each is None:
            raise QueryRejected("there is no column whose values are series of their own; name it in `each`")
        return self._closed(metric.query), metric.query.each

    def newest_row(self, table: str, time: str, before: datetime) -> datetime | None:
        with self._attempt(f"looking for the newest row of {table}"):
            column = self._column(table, time, self._zone)
            before_axis_s = int(column.on_axis(np.array([epoch_s(before)], dtype=np.int64))[0])
            answer = self._asker.ask(newest_statement(table, column, before_axis_s), self._zone, 1, is_scan=False)
            newest = answer.column("newest")
            return at_epoch(column.instant(int(newest[0]))) if newest else None

    def rows(self, table: str, columns: Sequence[str], time: str, span: Span, limit: int) -> tuple[TableRow, ...]:
        with self._attempt(f"reading the deploys in {table}"):
            column = self._column(table, time, self._zone)
            statement = rows_statement(table, columns, column, span, limit)
            return table_rows(self._asker.ask(statement, self._zone, limit, is_scan=False), columns, column)

    def probe(self, metric: Metric) -> tuple[str, ...]:
        warnings: tuple[str, ...] = ()
        with self._attempt("asking what the role may do"):
            database = self._asker.database
            if (statement := role_statement(database)) is not None:
                rights = self._asker.ask(statement, "UTC", MOST_ROWS, is_scan=False)
                warnings += role_warnings(rights, self._name, database)
        span = self._newest_buckets(metric)
        rows = self.read(metric, span)
        warnings += rows.warnings
        if not rows.starts.size:
            warnings += (f"no rows from {span.start_at:%Y-%m-%d %H:%M} to {span.end_at:%Y-%m-%d %H:%M} UTC",)
        elif np.isnan(rows.values).all():
            warnings += (f"value is NULL in all {rows.starts.size} of the newest buckets",)
        if isinstance(metric.query, ShortForm):
            if (
                metric.every_s < DAY_S
                and self._column(metric.query.table, metric.query.time, metric.timezone).kind.is_date
            ):
                warnings += (f"column {metric.query.time} is a date, which has no hours; write every: 1d",)
            for column in dict.fromkeys(filter(None, (*metric.query.split, metric.query.each))):
                self.read_segments(metric, column, [span])
        return warnings

    def _newest_buckets(self, metric: Metric) -> Span:
        """The bucket of the newest row, or of the database's own clock, and those of the hour before."""
        with self._attempt("reading its clock"):
            statement = clock_statement(self._asker.database)
            now = at_epoch(int(self._asker.ask(statement, "UTC", 1, is_scan=False).column("now")[0]))
        query = metric.query
        newest = self.newest_row(query.table, query.time, now) if query.table and query.time else None
        until = (newest or now) + timedelta(seconds=1)
        around = Span(until - timedelta(seconds=metric.every_s + 2 * DAY_S), until)
        grid = grid_of(metric.timezone, metric.every_s, around)
        buckets = max(1, HOUR_S // metric.every_s)
        return Span(grid.span(-buckets).start_at, grid.span(-1).end_at)

    def _read_short(self, metric: Metric, query: ShortForm, grid: Grid) -> BucketRows:
        time = self._column(query.table, query.time, metric.timezone)
        ambiguous = _ambiguous(time, grid)
        if not _has_room(time, grid):
            return BucketRows(np.empty(0, dtype=np.int64), np.empty(0), ambiguous=ambiguous)
        answer = self._asker.ask(read_statement(query, metric.kind, time, grid), metric.timezone, len(grid))
        starts = bucket_starts(answer, grid)
        values, weights = values_and_weights(answer)
        order = np.argsort(starts)
        weights = None if weights is None else weights[order]
        return BucketRows(starts[order], values[order], weights, ambiguous, time.warnings)

    def _read_long(self, metric: Metric, query: LongForm, span: Span) -> BucketRows:
        most_rows = max(MOST_ROWS, len(grid_of(metric.timezone, metric.every_s, span)))
        database = self._asker.database
        wall_zone, date_zone = self._zone, metric.timezone
        if database is Database.POSTGRES:
            bounds = postgres_bounds(span, self._zone)
        else:
            column = self._compared(metric, query)
            bounds = _bounds(column, span)
            if column.kind is ColumnKind.INSTANT:  # of MySQL, where the session sees an instant as UTC's wall clock
                wall_zone = date_zone = "UTC"
        statement = long_statement(query.sql, bounds, most_rows, database)
        return long_rows(self._asker.ask(statement, metric.timezone, most_rows), metric, span, wall_zone, date_zone)

    def _compared(self, metric: Metric, query: LongForm) -> TimeColumn:
        """The column that `:start` is compared with, as far as the SQL tells."""
        if query.table and query.time:
            return self._column(query.table, query.time, metric.timezone)
        if self._asker.database is Database.MYSQL and self._zone != "UTC":
            raise QueryRejected(
                "the SQL does not tell which column `:start` is compared with, and a DATETIME takes another time than "
                "a TIMESTAMP: write t.column >= :start, with the column of a table and nothing around it"
            )
        return self._unknown(query.time or "")

    def _closed(self, query: ShortForm) -> ShortForm:
        """The owner's expressions, none of which ends the statement around it."""
        if self._asker.database is not Database.MYSQL:
            return query  # the others refuse that themselves
        value, numerator, denominator, where = (
            None if written is None else closed(written)
            for written in (query.value, query.numerator, query.denominator, query.where)
        )
        return replace(query, value=value, numerator=numerator, denominator=denominator, where=where)

    def _column(self, table: str, time: str, date_zone: str) -> TimeColumn:
        key = (table, time, date_zone)
        known = self._columns.get(key)
        if known is not None:
            return known
        statement = type_statement(table, time) if self._asker.database.has_types else sample_statement(table, time)
        found = self._kind(time, self._asker.ask(statement, "UTC", MOST_ROWS, is_scan=False), date_zone)
        if found is None:
            return self._unknown(time)
        self._columns[key] = found
        return found

    def _kind(self, time: str, answer: Answer, date_zone: str) -> TimeColumn | None:
        database = self._asker.database
        if database.has_types:
            return kind_of_type(time, answer.types[0], database, source_zone=self._zone, date_zone=date_zone)
        samples = [row[0] for row in answer.rows if row[0] is not None]
        return kind_of_samples(time, samples, source_zone=self._zone, date_zone=date_zone)

    def _unknown(self, time: str) -> TimeColumn:
        # An empty table has no rows of any kind; asking it all the same finds mistakes in the rule.
        return TimeColumn(time, ColumnKind.TEXT_WALL, self._zone)

    @contextmanager
    def _attempt(self, what: str) -> Iterator[None]:
        try:
            yield
        except SourceError as error:
            self._columns.clear()  # the table may have been changed since its column was looked at
            raise type(error)(f"source {self._name}: {what}: {error}") from None


def _bounds(column: TimeColumn, span: Span) -> dict[str, int | str]:
    ends = (span.start_at, span.end_at)
    axis = column.on_axis(np.array([epoch_s(at) for at in ends], dtype=np.int64)).tolist()
    return {name: column.written(at_s) for name, at_s in zip(NAMES, axis, strict=True)}


def _ambiguous(time: TimeColumn, grid: Grid) -> tuple[Span, ...]:
    has_walls = not time.kind.is_instant and not time.kind.is_date
    return ambiguous_spans(time.timezone, grid) if has_walls else ()


def _has_room(time: TimeColumn, grid: Grid) -> bool:
    """Whether any row can be in there: none is in an hour that a clock without zone shows a second time."""
    if not len(grid):
        return False
    start, end = time.on_axis(np.array([grid.starts[0], grid.ends[-1]], dtype=np.int64))
    return bool(start < end)
