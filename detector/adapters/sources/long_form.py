"""The owner's own SELECT, with `:start` and `:end`.

The SELECT becomes a subquery: both databases then take a query there and nothing else (no COPY, no SET, no second
statement, no WITH that writes), and the limit on rows holds whatever it says.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from detector.model.span import Span

__all__ = ["NAMES", "long_statement", "postgres_bounds"]

NAMES = ("start", "end")
# Quoted text, quoted names and comments are left as they are: a `:start` in there is no parameter.
PIECES = re.compile(
    r"(?P<kept>'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)"
    r"|(?<![:\w]):(?P<name>start|end)\b",
    re.DOTALL,
)
COLON = re.compile(r"(?<![:\w\\]):(?=\w)")  # what sqlalchemy.text would take for a parameter


def long_statement(sql: str, values: Mapping[str, int | str], most_rows: int) -> sa.TextClause:
    """The owner's SELECT, cut off after one row more than allowed."""
    bound: dict[str, int | str] = {}
    text = "".join(_bind(sql.rstrip().rstrip(";"), values, bound))
    query = f"SELECT * FROM (\n{text}\n) AS detector_rows LIMIT :detector_rows"  # noqa: S608 - running the owner's SQL is the point
    parameters = [sa.bindparam(name, value, type_=sa.types.NullType()) for name, value in bound.items()]
    # PostgreSQL refuses a second statement wherever there is a parameter; this one always is.
    return sa.text(query).bindparams(*parameters, sa.bindparam("detector_rows", most_rows + 1, type_=sa.BigInteger()))


def _bind(sql: str, values: Mapping[str, int | str], bound: dict[str, int | str]) -> Iterator[str]:
    done = 0
    for piece in PIECES.finditer(sql):
        yield COLON.sub(r"\:", sql[done : piece.start()])
        done = piece.end()
        if piece["name"]:
            # A name of its own for each place: PostgreSQL may see another type in each.
            name = f"{piece['name']}_{len(bound)}"
            bound[name] = values[piece["name"]]
            yield f":{name} "
        else:
            yield COLON.sub(r"\:", piece["kept"])
    yield COLON.sub(r"\:", sql[done:])


def postgres_bounds(span: Span, timezone: str) -> dict[str, int | str]:
    """The wall clock of the source's zone with its offset, as text without a type.

    A timestamp with zone takes it exactly; one without ignores the offset and takes the wall clock.
    """
    ends: tuple[datetime, datetime] = (span.start_at, span.end_at)
    return {name: at.astimezone(ZoneInfo(timezone)).isoformat(" ") for name, at in zip(NAMES, ends, strict=True)}
