"""The SQL of the short form: one statement, aggregated by the database.

A bucket is numbered with whole-number arithmetic on the time column's axis: buckets of nominal length in a row are one
division, and a bucket that a clock change makes longer or shorter is named outright. So the numbers are the grid's own,
whatever the zone, and no date function of any database is asked to know it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import sqlalchemy as sa

from detector.adapters.sources.axis_sql import LabelText, WholeQuotient
from detector.adapters.sources.time_columns import Number, Seconds, TimeColumn
from detector.model.grid import Grid
from detector.model.metric import Kind, ShortForm

__all__ = [
    "members_statement",
    "newest_statement",
    "read_statement",
    "sample_statement",
    "segments_statement",
    "type_statement",
    "volumes_statement",
]

SAMPLES = 50
_SHARED = 64  # parts of statements: the metrics of a tick that share a column of time are asked for the same buckets
Select = sa.Select[Any]
Expression = sa.ColumnElement[Any]


@dataclass(frozen=True, slots=True)
class _Run:
    """Buckets in a row, from number `first`; `start` and `end` on the axis; only a run of regular ones has several."""

    first: int
    start: int
    end: int
    is_regular: bool


def table_of(name: str) -> sa.TableClause:
    """A table by the name an owner gives, with the schema before a dot."""
    schema, _, table = name.rpartition(".")
    return sa.table(table, schema=schema or None)


def type_statement(table: str, time: str) -> Select:
    """No row, but the time column's type."""
    return sa.select(_column(time)).select_from(table_of(table)).limit(0)


def sample_statement(table: str, time: str) -> sa.CompoundSelect[Any]:
    """A few values of the time column, with the least and the greatest: numbers sort before texts."""
    column = _column(time)
    first = sa.select(column).select_from(table_of(table)).where(column.is_not(None)).limit(SAMPLES).subquery()
    ends = (sa.select(end(column)).select_from(table_of(table)) for end in (sa.func.min, sa.func.max))
    return sa.union_all(sa.select(first), *ends)


def _column(name: str) -> sa.ColumnClause[Any]:
    return sa.column(name)


def read_statement(query: ShortForm, kind: Kind, column: TimeColumn, grid: Grid) -> Select:
    """Columns `bucket` (its number in the grid) and the value's own: `value`, or `numerator` and `denominator`."""
    select = sa.select(_bucket(column, grid).label("bucket"), *_values(query, kind))
    return _of_rows(select, query, column, grid).group_by(sa.literal_column("1")).limit(len(grid) + 1)


def segments_statement(
    query: ShortForm, kind: Kind, column: TimeColumn, grids: Mapping[int, Grid], split: str
) -> Select:
    """Columns `part`, `bucket`, `segment`, `place` (1 for the largest) and the value's, of each numbered grid.

    `query.limit` segments of each at most.
    """
    parts = [_segments_of_part(query, kind, column, grid, split, part).subquery() for part, grid in grids.items()]
    every = sa.union_all(*(sa.select(part) for part in parts)).subquery("parts")
    return sa.select(every).limit(query.limit * sum(map(len, grids.values())) + 1)


def _segments_of_part(query: ShortForm, kind: Kind, column: TimeColumn, grid: Grid, split: str, part: int) -> Select:
    segment = sa.func.coalesce(sa.cast(sa.column(split), sa.Text), "(none)")
    cells = (
        _of_rows(
            sa.select(
                _bucket(column, grid).label("bucket"),
                segment.label("segment"),
                *_values(query, kind),
                sa.func.count().label("row_count"),
            ),
            query,
            column,
            grid,
        )
        .group_by(sa.literal_column("1"), sa.literal_column("2"))
        .subquery("cells")
    )
    volume = sa.func.sum(cells.c[_volume(query, kind)]).over(partition_by=cells.c.segment)
    sized = sa.select(cells, sa.func.coalesce(volume, 0).label("volume")).subquery("sized")
    place = sa.func.dense_rank().over(order_by=(sized.c.volume.desc(), sized.c.segment))
    placed = sa.select(sized, place.label("place")).subquery("placed")
    names = ["bucket", "segment", "place", *(value.name for value in _values(query, kind))]
    number: sa.Label[int] = sa.literal_column(str(part)).label("part")
    return sa.select(number, *(placed.c[name] for name in names)).where(placed.c.place <= query.limit)


def volumes_statement(query: ShortForm, kind: Kind, column: TimeColumn, grid: Grid, each: str, most: int) -> Select:
    """Columns `member` and `volume`, the largest first."""
    volume = sa.func.count() if _volume(query, kind) == "row_count" else _written(_volume_of(query))
    select = sa.select(
        LabelText(_column(each)).label("member"), sa.func.coalesce(volume, sa.literal_column("0")).label("volume")
    )
    grouped = _of_rows(select, query, column, grid).group_by(sa.literal_column("1"))
    return grouped.order_by(sa.literal_column("2").desc(), sa.literal_column("1")).limit(most)


def members_statement(
    query: ShortForm, kind: Kind, column: TimeColumn, grid: Grid, each: str, names: Sequence[str]
) -> Select:
    """Columns `bucket`, `member` and the value's own, of these values of the column `each`."""
    label = LabelText(_column(each))
    select = sa.select(_bucket(column, grid).label("bucket"), label.label("member"), *_values(query, kind))
    rows = _of_rows(select, query, column, grid).where(label.in_(names))
    cells = len(names) * len(grid)
    return rows.group_by(sa.literal_column("1"), sa.literal_column("2")).limit(cells + 1)


def newest_statement(table: str, column: TimeColumn, before_axis_s: int) -> Select:
    """Column `newest`: the place on the axis of the newest row; an index on the column answers at once."""
    newest = column.second().label("newest")
    select = sa.select(newest).select_from(table_of(table)).where(column.before(before_axis_s))
    return select.order_by(column.column.desc()).limit(1)


def _of_rows(select: Select, query: ShortForm, column: TimeColumn, grid: Grid) -> Select:
    select = select.select_from(table_of(query.table)).where(*_between(column, grid))
    return select.where(_written(query.where)) if query.where else select


@lru_cache(maxsize=_SHARED)
def _between(column: TimeColumn, grid: Grid) -> tuple[sa.ColumnElement[bool], ...]:
    start, end = column.on_axis(np.array([grid.starts[0], grid.ends[-1]], dtype=np.int64))
    return column.since(int(start)), column.before(int(end))


def _values(query: ShortForm, kind: Kind) -> tuple[sa.Label[Any], ...]:
    if kind is Kind.RATIO and query.numerator and query.denominator:
        return (_written(query.numerator).label("numerator"), _written(query.denominator).label("denominator"))
    return (_written(query.value or "count(*)").label("value"),)


def _volume(query: ShortForm, kind: Kind) -> str:
    if kind.adds_up:
        return "value"
    return "denominator" if kind is Kind.RATIO and query.denominator else "row_count"


def _volume_of(query: ShortForm) -> str:
    return query.denominator or query.value or "count(*)"


def _written(expression: str) -> Expression:
    # The brackets keep it one expression; the line break ends a comment.
    return sa.literal_column(f"({expression}\n)")


@lru_cache(maxsize=_SHARED)
def _bucket(column: TimeColumn, grid: Grid) -> Number:
    second = column.second()
    runs = list(_runs(column.on_axis(np.append(grid.starts, grid.ends[-1])), grid.every_s))
    numbers = [_number(second, run, grid.every_s) for run in runs]
    if len(runs) == 1:
        return numbers[0]
    return sa.case(
        *((second < _whole(run.end), number) for run, number in zip(runs[:-1], numbers[:-1], strict=True)),
        else_=numbers[-1],
    )


def _number(second: Number, run: _Run, every_s: int) -> Number:
    if not run.is_regular:
        return _whole(run.first)
    return _whole(run.first) + WholeQuotient(second - _whole(run.start), _whole(every_s))


def _runs(bounds: Seconds, every_s: int) -> Iterator[_Run]:
    """Where each bucket starts on the axis and the last one ends, as few runs; buckets without length drop out."""
    run: _Run | None = None
    for number, (start, end) in enumerate(pairwise(bounds.tolist())):
        if start == end:
            continue
        is_regular = end - start == every_s
        if run is not None and run.is_regular and is_regular and number - run.first == (start - run.start) // every_s:
            run = _Run(run.first, run.start, end, is_regular=True)
            continue
        if run is not None:
            yield run
        run = _Run(number, start, end, is_regular)
    if run is not None:
        yield run


def _whole(number: int) -> Number:
    return sa.literal(number, sa.BigInteger)
