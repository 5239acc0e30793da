"""How Python values lie in columns, alike on SQLite and PostgreSQL."""

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

__all__ = ["PlainText", "UtcTime", "from_micros", "to_micros"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_micros(at: datetime) -> int:
    if at.tzinfo is None:
        raise ValueError(f"{at} has no timezone; the store keeps instants")
    return (at - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)


class UtcTime(sa.types.TypeDecorator[datetime]):
    """Whole microseconds since 1970 in UTC.

    SQLite has no type for times and PostgreSQL answers in the zone of its session; an integer is exact, sorts and
    compares alike on both, and no driver or server setting has a say in it.
    """

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> int | None:  # noqa: ANN401, ARG002 - SQLAlchemy's signature
        return None if value is None else to_micros(value)

    def process_result_value(self, value: int | None, dialect: Any) -> datetime | None:  # noqa: ANN401, ARG002 - SQLAlchemy's signature
        return None if value is None else from_micros(value)


class PlainText(sa.types.TypeDecorator[str]):
    """Text from the world, without what a database refuses: NUL (PostgreSQL) and lone surrogates (both).

    A stray character in an error message of a source must not cost a whole tick its commit.
    """

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:  # noqa: ANN401, ARG002 - SQLAlchemy's signature
        if value is None or (value.isascii() and "\0" not in value):
            return value
        return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
