"""A shop in SQLite: orders, payments and users, week after week."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt

from detector.demo.trade import SATURDAY, ZONE, Rows, cut, draw, is_holiday
from detector.model.span import Span

__all__ = ["HISTORY", "SEED", "past_incident", "sell", "write_history"]

SEED = 412
HISTORY = timedelta(weeks=12)
LOCK_TIMEOUT_S = 30.0

TABLES = """
CREATE TABLE orders (
    id INTEGER PRIMARY KEY, created_at TEXT NOT NULL, country TEXT NOT NULL, channel TEXT NOT NULL,
    amount REAL NOT NULL, status TEXT NOT NULL
);
CREATE TABLE payments (
    id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL, paid_at TEXT NOT NULL, method TEXT NOT NULL,
    country TEXT NOT NULL, status TEXT NOT NULL, amount REAL NOT NULL
);
CREATE TABLE users (id INTEGER PRIMARY KEY, created_at TEXT NOT NULL, country TEXT NOT NULL, plan TEXT NOT NULL);
"""
INDEXES = """
CREATE INDEX orders_created_at ON orders (created_at);
CREATE INDEX payments_paid_at ON payments (paid_at);
CREATE INDEX users_created_at ON users (created_at);
"""
INSERT_ORDER = "INSERT OR IGNORE INTO orders VALUES (?, ?, ?, ?, ?, 'open')"
INSERT_PAYMENT = "INSERT OR IGNORE INTO payments VALUES (?, ?, ?, ?, ?, ?, ?)"
INSERT_USER = "INSERT OR IGNORE INTO users VALUES (?, ?, ?, ?)"
SETTLE_ORDER = "UPDATE orders SET status = 'paid' WHERE id = ?"


def write_history(path: Path, now: datetime, seed: int = SEED) -> None:
    """A new database with twelve weeks of trade before `now`: growth, a day off, an afternoon without payments."""
    with closing(sqlite3.connect(path)) as shop:
        shop.executescript(TABLES)
    bad = past_incident(now)
    sell(path, now - HISTORY, bad.start_at, now=now, seed=seed)
    sell(path, bad.start_at, bad.end_at, now=now, seed=seed, broken=True)
    sell(path, bad.end_at, now, now=now, seed=seed)
    with closing(sqlite3.connect(path)) as shop:
        shop.executescript(INDEXES)


def sell(
    path: Path, start_at: datetime, end_at: datetime, *, now: datetime, seed: int = SEED, broken: bool = False
) -> None:
    """Append a span of trade; while `broken` every payment fails and orders stay open.

    `now` is the end of the history, which growth and the day off go by. A span sold twice is sold once, and a day
    sold in pieces is the day sold at once.
    """
    span = Span(start_at, end_at)
    orders, payments, users = (cut(rows, span) for rows in draw(span, now, seed))
    if broken:
        payments["status"] = "failed"
    settled = payments["order_id"][payments["status"] == "captured"].tolist()
    with closing(sqlite3.connect(path, timeout=LOCK_TIMEOUT_S)) as shop, shop:
        shop.executemany(INSERT_ORDER, _records(orders))
        shop.executemany(INSERT_PAYMENT, _records(payments))
        shop.executemany(INSERT_USER, _records(users))
        shop.executemany(SETTLE_ORDER, ((number,) for number in settled))


def past_incident(now: datetime) -> Span:
    """The afternoon, more than three weeks before `now`, on which payments failed for two and a half hours."""
    day = now.astimezone(ZONE).date() - timedelta(days=24)
    while day.weekday() >= SATURDAY or is_holiday(day):
        day -= timedelta(days=1)
    start_at = datetime(day.year, day.month, day.day, 14, tzinfo=ZONE).astimezone(UTC)
    return Span(start_at, start_at + timedelta(hours=2, minutes=30))


def _records(rows: Rows) -> Iterator[tuple[object, ...]]:
    names = rows.dtype.names or ()
    return zip(*(_utc_text(rows[name]) if name == "at" else rows[name].tolist() for name in names), strict=True)


def _utc_text(seconds: npt.NDArray[np.int64]) -> list[str]:
    return [text.replace("T", " ") for text in np.datetime_as_string(seconds.astype("M8[s]")).tolist()]
