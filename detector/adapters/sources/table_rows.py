"""Rows of a table as they are, for tables of deploys: some columns, in order of a time column."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import sqlalchemy as sa

from detector.adapters.sources.answers import Answer
from detector.adapters.sources.statements import table_of
from detector.adapters.sources.time_columns import TimeColumn
from detector.model.feed import TableRow
from detector.model.span import Span, at_epoch, epoch_s

__all__ = ["rows_statement", "table_rows"]

_PLAIN = (str, int, float, Decimal, datetime, date, list, dict, type(None))


def rows_statement(table: str, columns: Sequence[str], column: TimeColumn, span: Span, limit: int) -> sa.Select[Any]:
    """First the place of each row on the axis of its time column, then the columns."""
    ends = np.array([epoch_s(span.start_at), epoch_s(span.end_at)], dtype=np.int64)
    start, end = column.on_axis(ends).tolist()
    second = column.second()
    named: list[sa.ColumnClause[Any]] = [sa.column(name) for name in columns]
    select = sa.select(second, *named).select_from(table_of(table)).where(column.since(start), column.before(end))
    return select.order_by(second).limit(limit)


def table_rows(answer: Answer, columns: Sequence[str], column: TimeColumn) -> tuple[TableRow, ...]:
    """What is neither text nor number nor time is its text, such as a UUID."""
    return tuple(
        TableRow(at_epoch(column.instant(int(row[0]))), dict(zip(columns, map(_plain, row[1:]), strict=True)))
        for row in answer.rows
    )


def _plain(value: object) -> object:
    return value if isinstance(value, _PLAIN) else str(value)
