"""The statements that every table needs."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection, Table

__all__ = ["chunks", "insert_new", "upsert"]

Row = Mapping[str, Any]
T = TypeVar("T")

_AT_ONCE = 500  # names in one IN (...): SQLite takes 32,766, older builds 999


def _insert(connection: Connection, table: Table) -> Any:  # noqa: ANN401 - the two dialects share no type with ON CONFLICT
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert  # noqa: PLC0415 - costs users of SQLite a tenth of their start

        return insert(table)
    from sqlalchemy.dialects.sqlite import insert as sqlite_insert  # noqa: PLC0415 - as above, the other way round

    return sqlite_insert(table)


def upsert(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert; where the primary key is taken, replace all else."""
    if not rows:
        return
    keys = [column.name for column in table.primary_key.columns]
    statement = _insert(connection, table)
    new = {column.name: statement.excluded[column.name] for column in table.columns if column.name not in keys}
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=new), rows)


def insert_new(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert what is not there yet, by any unique key."""
    if rows:
        connection.execute(_insert(connection, table).on_conflict_do_nothing(), rows)


def chunks(items: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(items)
    while chunk := list(islice(rest, _AT_ONCE)):
        yield chunk
