"""What kind of time a column holds, and how SQL compares it without hiding it from its index.

A column's **axis** counts seconds: of UTC where the column holds instants, of the wall clock where it has no zone.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum, auto

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from detector.adapters.sources.axis_sql import EpochSecond
from detector.adapters.sources.databases import Database
from detector.adapters.sources.walls import instants_of, walls_of
from detector.errors import BadRows
from detector.model.span import at_epoch

__all__ = ["ColumnKind", "TimeColumn", "kind_of_samples", "kind_of_type"]

Seconds = npt.NDArray[np.int64]
Condition = sa.ColumnElement[bool]
Number = sa.ColumnElement[int]

MILLISECONDS_FROM = 1e11  # as seconds this is the year 5138, as milliseconds 1973
SECONDS_FROM = 1e8  # 1973; below it may be days, Julian days or a mere number
TYPE_KINDS = {
    Database.POSTGRES: {1184: "INSTANT", 1114: "WALL", 1082: "DATE"},  # pg_type.dat: timestamptz, timestamp, date
    Database.MYSQL: {7: "INSTANT", 12: "WALL", 10: "DATE", 14: "DATE"},  # field_types.h: timestamp, datetime, date
}
ISO = re.compile(
    r"\d{4}-\d\d-\d\d"
    r"(?:(?P<separator>[ T])\d\d:\d\d(?P<seconds>:\d\d(?:\.\d+)?)?(?P<offset> ?(?:Z|z|[+-]\d\d:\d\d))?)?"
)
WHAT_IS_READ = (
    "write YYYY-MM-DD HH:MM:SS, with an offset such as +01:00 or Z where there is one, "
    "or seconds or milliseconds since 1970"
)
SHOWN = 80


class ColumnKind(Enum):
    """INSTANT, WALL and DATE are types of PostgreSQL and MySQL; the others are what people put into SQLite."""

    INSTANT = auto()
    WALL = auto()
    DATE = auto()
    TEXT_INSTANT = auto()
    TEXT_WALL = auto()
    TEXT_DATE = auto()
    EPOCH_S = auto()
    EPOCH_MS = auto()

    @property
    def is_instant(self) -> bool:
        return self in {ColumnKind.INSTANT, ColumnKind.TEXT_INSTANT, ColumnKind.EPOCH_S, ColumnKind.EPOCH_MS}

    @property
    def is_date(self) -> bool:
        return self in {ColumnKind.DATE, ColumnKind.TEXT_DATE}


@dataclass(frozen=True, slots=True)
class TimeColumn:
    """A time column of a known kind; `timezone` is where its wall clock hangs, for kinds without a zone.

    `separator` and `offset` are how SQLite's texts are written; an offset of None means there are several.
    `warnings` tell of values that are no times.
    """

    name: str
    kind: ColumnKind
    timezone: str
    separator: str = " "
    offset: timedelta | None = timedelta(0)
    warnings: tuple[str, ...] = ()

    @property
    def column(self) -> sa.ColumnClause[object]:
        return sa.column(self.name)

    def on_axis(self, at_s: Seconds) -> Seconds:
        """Where the column's axis reaches each instant."""
        return at_s if self.kind.is_instant else walls_of(self.timezone, at_s)

    def instant(self, axis_s: int) -> int:
        """The instant of a place on the axis."""
        if self.kind.is_instant or axis_s < 0:  # before 1970 stands no time that anybody meant
            return axis_s
        return int(instants_of(self.timezone, np.array([axis_s], dtype=np.int64))[0])

    def second(self) -> Number:
        """A row's place on the axis, in whole seconds."""
        column = self.column
        match self.kind:
            case ColumnKind.INSTANT | ColumnKind.WALL | ColumnKind.DATE:
                return EpochSecond(column)
            case ColumnKind.EPOCH_S:
                return sa.cast(column, sa.Integer)
            case ColumnKind.EPOCH_MS:
                return sa.cast(column, sa.Integer) // 1000
            case ColumnKind.TEXT_INSTANT:
                # The fraction is cut out, for SQLite rounds it to milliseconds and 59.9996 would be the next minute.
                offset = sa.case((sa.func.substr(column, -1).in_(["Z", "z"]), "Z"), else_=sa.func.substr(column, -6))
                return _unix_second(sa.func.substr(column, 1, 19).concat(offset))
            case ColumnKind.TEXT_WALL | ColumnKind.TEXT_DATE:
                return _unix_second(sa.func.substr(column, 1, 19))

    def before(self, axis_s: int) -> Condition:
        """Rows before a place on the axis; the bare column is compared, so that an index serves."""
        coarse = self.column < self._bound(axis_s, days=2 if self.kind is ColumnKind.TEXT_INSTANT else 1)
        return sa.and_(coarse, self.second() < axis_s) if self._is_text else coarse

    def since(self, axis_s: int) -> Condition:
        """Rows at or after a place on the axis."""
        coarse = self.column >= self._bound(axis_s, days=-1 if self.kind is ColumnKind.TEXT_INSTANT else 0)
        return sa.and_(coarse, self.second() >= axis_s) if self._is_text else coarse

    def written(self, axis_s: int) -> int | str:
        """A place on the axis as an owner's own SQL can compare it with this column of SQLite or MySQL.

        Raises:
            BadRows: texts with several offsets, which do not sort by time.
        """
        if self.kind is ColumnKind.EPOCH_S:
            return axis_s
        if self.kind is ColumnKind.EPOCH_MS:
            return axis_s * 1000
        if self.offset is None:
            raise BadRows(
                f"column {self.name} holds times with several offsets, which do not sort as text: "
                "use the short form, or keep times in UTC"
            )
        # Without an offset at the end it sorts before every fraction of its second.
        form = "%Y-%m-%d" if self.kind.is_date else f"%Y-%m-%d{self.separator}%H:%M:%S"
        return (at_epoch(axis_s) + self.offset).strftime(form)

    @property
    def _is_text(self) -> bool:
        return self.kind in {ColumnKind.TEXT_INSTANT, ColumnKind.TEXT_WALL, ColumnKind.TEXT_DATE}

    def _bound(self, axis_s: int, *, days: int) -> sa.ColumnElement[object]:
        at = at_epoch(axis_s)
        match self.kind:
            case ColumnKind.INSTANT:
                return sa.literal(at, sa.TIMESTAMP(timezone=True))
            case ColumnKind.WALL | ColumnKind.DATE:
                return sa.literal(at.replace(tzinfo=None), sa.TIMESTAMP())
            case ColumnKind.EPOCH_S:
                return sa.literal(axis_s, sa.BigInteger)
            case ColumnKind.EPOCH_MS:
                return sa.literal(axis_s * 1000, sa.BigInteger)
            case _:
                # A bare date sorts before its own times with a blank and with a T alike.
                return sa.literal((at + timedelta(days=days)).strftime("%Y-%m-%d"), sa.String)


def _unix_second(text: sa.ColumnElement[str]) -> Number:
    return sa.cast(sa.func.strftime("%s", text), sa.Integer)


def kind_of_type(name: str, number: int, database: Database, *, source_zone: str, date_zone: str) -> TimeColumn:
    """The database's word on a column.

    Raises:
        BadRows: it is no time.
    """
    kinds = TYPE_KINDS[database]
    if number not in kinds:
        where = " in pg_type" if database is Database.POSTGRES else ""
        raise BadRows(f"column {name} is no timestamp (type {number}{where}): name a timestamp or date column")
    kind = ColumnKind[kinds[number]]
    return TimeColumn(name, kind, date_zone if kind.is_date else source_zone)


def kind_of_samples(name: str, samples: Iterable[object], *, source_zone: str, date_zone: str) -> TimeColumn | None:
    """What a few values of a SQLite column say; None where there are no values.

    Raises:
        BadRows: no value is a time, or times are of several kinds.
    """
    found: dict[ColumnKind, TimeColumn] = {}
    strange: list[str] = []
    for sample in samples:
        read = _read_sample(name, sample, source_zone, date_zone)
        if read is None:
            strange.append(repr(sample)[:SHOWN])
            continue
        known = found.setdefault(read.kind, read)
        if known.offset != read.offset:
            found[read.kind] = replace(read, offset=None)
    if set(found) == {ColumnKind.TEXT_DATE, ColumnKind.TEXT_WALL}:
        del found[ColumnKind.TEXT_DATE]  # a date among times is its midnight
    if len(found) > 1:
        kinds = " and ".join(sorted(kind.name.lower() for kind in found))
        raise BadRows(f"column {name} holds times of several kinds ({kinds}): make them one")
    if strange and not found:
        raise BadRows(f"column {name} holds {strange[0]}, which is no time this can read: {WHAT_IS_READ}")
    told = (f"column {name} also holds {strange[0]}, which is no time: such rows are not counted",) if strange else ()
    return next((replace(column, warnings=told) for column in found.values()), None)


def _read_sample(name: str, sample: object, source_zone: str, date_zone: str) -> TimeColumn | None:
    if isinstance(sample, int | float) and abs(sample) >= SECONDS_FROM:
        kind = ColumnKind.EPOCH_MS if abs(sample) >= MILLISECONDS_FROM else ColumnKind.EPOCH_S
        return TimeColumn(name, kind, "UTC")
    written = ISO.fullmatch(sample) if isinstance(sample, str) else None
    if written is None or (written["offset"] and not written["seconds"]):
        return None
    if written["separator"] is None:
        return TimeColumn(name, ColumnKind.TEXT_DATE, date_zone)
    if written["offset"] is None:
        return TimeColumn(name, ColumnKind.TEXT_WALL, source_zone, written["separator"])
    return TimeColumn(name, ColumnKind.TEXT_INSTANT, "UTC", written["separator"], _offset(written["offset"].strip()))


def _offset(written: str) -> timedelta:
    if written in {"Z", "z"}:
        return timedelta(0)
    hours, minutes = int(written[1:3]), int(written[4:6])
    return timedelta(hours=hours, minutes=minutes) * (-1 if written[0] == "-" else 1)
