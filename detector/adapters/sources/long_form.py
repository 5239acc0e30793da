"""The owner's own SELECT, with `:start` and `:end`.

The SELECT becomes a subquery: every database then takes a query there and nothing else (no COPY, no SET, no second
statement, no WITH that writes), and the limit on rows holds whatever it says.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from detector.adapters.sources.databases import Database
from detector.adapters.sources.mysql_text import MYSQL_PIECES, closed
from detector.model.span import Span

__all__ = ["NAMES", "DriverSql", "long_statement", "postgres_bounds"]

NAMES = ("start", "end")
# Quoted text, quoted names and comments are left as they are: a `:start` in there is no parameter.
PIECES = re.compile(
    r"(?P<kept>'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)"
    r"|(?<![:\w]):(?P<name>start|end)\b",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class DriverSql:
    """SQL in the driver's own style of parameters; sqlalchemy.text would see some in `'T08:00:00'` too."""

    sql: str
    values: Mapping[str, int | str]


def long_statement(sql: str, values: Mapping[str, int | str], most_rows: int, database: Database) -> DriverSql:
    """The owner's SELECT, cut off after one row more than allowed.

    Raises:
        QueryRejected: it would end the subquery it becomes (MySQL; the others refuse that themselves).
    """
    is_mysql = database is Database.MYSQL
    has_percents = database is not Database.SQLITE
    mark = "%({})s".format if has_percents else ":{}".format
    sql = closed(sql) if is_mysql else sql
    # PostgreSQL refuses a second statement wherever there is a parameter; this one always is.
    bound: dict[str, int | str] = {"detector_rows": most_rows + 1}
    pieces: list[str] = []
    for piece, name in _pieces(sql.rstrip().rstrip(";"), MYSQL_PIECES if is_mysql else PIECES):
        if name:
            # A name of its own for each place: PostgreSQL may see another type in each.
            own_name = f"{name}_{len(bound)}"
            bound[own_name] = values[name]
            pieces.append(mark(own_name))
        else:
            pieces.append(piece.replace("%", "%%") if has_percents else piece)
    query = "".join(pieces)
    limit = mark("detector_rows")
    wrapped = f"SELECT * FROM (\n{query}\n) AS detector_rows LIMIT {limit}"  # noqa: S608 - the owner's SQL is what is run
    return DriverSql(wrapped, bound)


def _pieces(sql: str, pattern: re.Pattern[str]) -> Iterator[tuple[str, str | None]]:
    """Stretches of the text, and the parameters between them by name."""
    done = 0
    for piece in pattern.finditer(sql):
        if piece["name"]:
            yield sql[done : piece.start()], None
            yield "", piece["name"]
            done = piece.end()
    yield sql[done:], None


def postgres_bounds(span: Span, timezone: str) -> dict[str, int | str]:
    """The wall clock of the source's zone with its offset, as text without a type.

    A timestamp with zone takes it exactly; one without ignores the offset and takes the wall clock.
    """
    ends: tuple[datetime, datetime] = (span.start_at, span.end_at)
    return {name: at.astimezone(ZoneInfo(timezone)).isoformat(" ") for name, at in zip(NAMES, ends, strict=True)}
