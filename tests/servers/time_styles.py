"""The ways in which people keep times in a table, and tables made in each of them."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pymysql
import pytest
from pymysql.constants import CLIENT
from sqlalchemy import make_url

from detector.adapters.sources import SqlSource, open_source
from detector.model.rulebook import Source
from detector.model.secret import Secret

__all__ = [
    "MARIADB",
    "POSTGRES",
    "SQLITE",
    "STYLES",
    "Row",
    "Style",
    "execute",
    "fill",
    "mysql_connection",
    "opened",
    "sqlite_url",
    "url_for",
]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Row:
    """One payment."""

    at: datetime
    amount: float | None = 1.0
    country: str | None = "DE"


@dataclass(frozen=True)
class Style:
    """A column's type, and how an instant is written into it by a shop in a zone."""

    name: str
    sql_type: str
    write: Callable[[datetime, ZoneInfo], object]
    has_zone: bool = True
    database: str = "sqlite"

    @property
    def is_postgres(self) -> bool:
        return self.database == "postgres"

    @property
    def is_mariadb(self) -> bool:
        return self.database == "mariadb"

    def read_back(self, at: datetime, zone: ZoneInfo) -> datetime:
        """What can be known of the instant afterwards: the repeated hour of autumn becomes its first pass."""
        if self.has_zone:
            return at
        return at.astimezone(zone).replace(fold=0).astimezone(UTC)


def _wall(at: datetime, zone: ZoneInfo) -> datetime:
    return at.astimezone(zone).replace(tzinfo=None)


def _micros(at: datetime) -> int:
    return (at - EPOCH) // timedelta(microseconds=1)


POSTGRES = (
    Style("timestamptz", "timestamptz", lambda at, _: at, database="postgres"),
    Style("timestamp", "timestamp", _wall, has_zone=False, database="postgres"),
)
SQLITE = (
    Style("text wall", "TEXT", lambda at, zone: _wall(at, zone).isoformat(" "), has_zone=False),
    Style("text wall T", "DATETIME", lambda at, zone: _wall(at, zone).isoformat("T", "milliseconds"), has_zone=False),
    Style("text wall short", "DATETIME", lambda at, zone: _wall(at, zone).isoformat(" ", "seconds"), has_zone=False),
    Style("text offset", "TEXT", lambda at, zone: at.astimezone(zone).isoformat(" ")),
    Style("text Z", "TEXT", lambda at, _: at.isoformat("T", "milliseconds").replace("+00:00", "Z")),
    Style("epoch s", "INTEGER", lambda at, _: _micros(at) // 1_000_000),
    Style("epoch s with fraction", "REAL", lambda at, _: _micros(at) / 1_000_000),
    Style("epoch ms", "INTEGER", lambda at, _: _micros(at) // 1000),
)
MARIADB = (
    Style("datetime(6)", "datetime(6)", _wall, has_zone=False, database="mariadb"),
    Style("timestamp(6)", "timestamp(6) NULL", lambda at, _: _wall(at, ZoneInfo("UTC")), database="mariadb"),
)
STYLES = POSTGRES + MARIADB + SQLITE


def sqlite_url(folder: Path) -> str:
    """A new SQLite file, empty but there."""
    file = folder / "shop.db"
    sqlite3.connect(file).close()
    return f"sqlite:///{file}"


def url_for(style: Style, request: pytest.FixtureRequest, folder: Path) -> str:
    """A fresh database of the style's kind."""
    if style.database == "sqlite":
        return sqlite_url(folder)
    return str(request.getfixturevalue(f"{style.database}_url"))


def mysql_connection(url: str) -> "pymysql.Connection[pymysql.cursors.Cursor]":
    """As the shop itself: in UTC, with SQL's own quotes for names, and several statements at a time."""
    parts = make_url(url)
    return pymysql.connect(
        host=str(parts.host),
        port=int(parts.port or 0),
        user=parts.username,
        password=parts.password or "",
        database=parts.database,
        ssl_disabled=True,  # to look for certificates takes longer than most tests
        client_flag=CLIENT.MULTI_STATEMENTS,
        init_command="SET time_zone = '+00:00', sql_mode = 'ANSI_QUOTES,STRICT_ALL_TABLES', lock_wait_timeout = 10",
        autocommit=True,
    )


def execute(url: str, statement: str, rows: Iterable[tuple[Any, ...]] | None = None) -> None:
    """As the shop itself would, with the right to write; `?` marks values."""
    if url.startswith("sqlite"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"))
        connection.execute("PRAGMA synchronous = off")
        with connection:
            connection.executemany(statement, rows) if rows is not None else connection.executescript(statement)
        connection.close()
    elif url.startswith("mysql"):
        with closing(mysql_connection(url)) as shop, shop.cursor() as writing:
            if rows is not None:
                writing.executemany(statement.replace("?", "%s"), rows)
            else:
                writing.execute(statement)
                while writing.nextset():
                    pass
    else:
        with psycopg.connect(url) as connected, connected.cursor() as cursor:
            if rows is not None:
                cursor.executemany(statement.replace("?", "%s"), rows)
            else:
                cursor.execute(statement.encode())


def fill(url: str, style: Style, rows: Iterable[Row], zone: str = "UTC") -> None:
    """A table `payments` with columns `paid_at`, `amount` and `country`."""
    execute(url, f"CREATE TABLE payments (paid_at {style.sql_type}, amount numeric(20, 6), country text)")
    execute(url, "CREATE INDEX by_time ON payments (paid_at)")
    written = [(style.write(row.at, ZoneInfo(zone)), row.amount, row.country) for row in rows]
    if written:
        execute(url, "INSERT INTO payments VALUES (?, ?, ?)", written)


@contextmanager
def opened(url: str, zone: str = "UTC", timeout_s: float = 30.0) -> Iterator[SqlSource]:
    """The source `shop` at this URL."""
    with open_source(Source("shop", Secret(url), timeout_s, zone)) as source:
        yield source
