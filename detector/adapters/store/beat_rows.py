"""The sign of life of ticks."""

from datetime import datetime

from sqlalchemy import Connection, select

from detector.adapters.store.sql import upsert
from detector.adapters.store.tables import beats

__all__ = ["load_beat", "write_beat"]

_TICK = "tick"


def write_beat(connection: Connection, at: datetime) -> None:
    upsert(connection, beats, [{"what": _TICK, "at": at}])


def load_beat(connection: Connection) -> datetime | None:
    at: datetime | None = connection.scalar(select(beats.c.at).where(beats.c.what == _TICK))
    return at
