"""The demo's shop."""

import sqlite3
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from detector.demo.shop import HISTORY, past_incident, sell, write_history
from detector.demo.trade import day_off

NOW = datetime(2026, 11, 20, 4, 6, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
ALL_TABLES = ("orders", "payments", "users")


def ask(path: Path, sql: str) -> list[tuple[Any, ...]]:
    shop = sqlite3.connect(path)
    try:
        return shop.execute(sql).fetchall()
    finally:
        shop.close()


def text(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("shop") / "shop.db"
    write_history(path, NOW)
    return path


def revenue(path: Path, start_at: datetime, hours: float = 1.0) -> float:
    span = f"paid_at >= '{text(start_at)}' AND paid_at < '{text(start_at + timedelta(hours=hours))}'"
    (row,) = ask(path, f"SELECT coalesce(sum(amount), 0.0) FROM payments WHERE status = 'captured' AND {span}")  # noqa: S608  own test data
    return float(row[0])


def local(day: int, hour: int, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=BERLIN).astimezone(UTC)


def test_shop_ends_at_now(shop: Path) -> None:
    """Twelve weeks of every table are there, and nothing at or after `now`."""
    for table, time in (("orders", "created_at"), ("payments", "paid_at"), ("users", "created_at")):
        ((first, last, count),) = ask(shop, f"SELECT min({time}), max({time}), count(*) FROM {table}")  # noqa: S608  own test data
        assert str(first) >= text(NOW - HISTORY)
        assert text(NOW - timedelta(hours=12)) < str(last) < text(NOW)
        assert 10_000 < count < 200_000


def test_shop_morning_hour(shop: Path) -> None:
    """Eight to nine on a weekday brings about 4,000 EUR."""
    mornings = [revenue(shop, local(day, 8)) for day in (9, 10, 11, 12, 13, 16, 17, 18, 19)]
    assert 3_600 < sum(mornings) / len(mornings) < 4_400


def test_shop_night(shop: Path) -> None:
    """Between two and five in the morning next to nothing is sold."""
    assert revenue(shop, local(18, 2), hours=3) < 0.1 * revenue(shop, local(18, 12), hours=3)


def test_shop_past_incident(shop: Path) -> None:
    """While the old incident lasted nothing was paid, and orders stayed open."""
    bad = past_incident(NOW)
    assert revenue(shop, bad.start_at, hours=2.5) == 0
    span = f"created_at >= '{text(bad.start_at)}' AND created_at < '{text(bad.end_at - timedelta(minutes=5))}'"
    assert ask(shop, f"SELECT DISTINCT status FROM orders WHERE {span}") == [("open",)]  # noqa: S608  own test data


def test_shop_day_off(shop: Path) -> None:
    """On its day off the shop sells less than half of what the same day a week later brings."""
    day = day_off(NOW)
    noon = datetime(day.year, day.month, day.day, 9, tzinfo=BERLIN).astimezone(UTC)
    assert day.weekday() == 3
    assert revenue(shop, noon, hours=8) < 0.5 * revenue(shop, noon + timedelta(days=7), hours=8)


def test_shop_in_pieces(tmp_path: Path, shop: Path) -> None:
    """A morning sold in pieces, one of them twice, is the morning sold at once."""
    whole, pieces = tmp_path / "whole.db", tmp_path / "pieces.db"
    for path in (whole, pieces):
        path.write_bytes(shop.read_bytes())
    end_at = NOW + timedelta(hours=5)
    sell(whole, NOW, end_at, now=NOW)
    cuts = [NOW, NOW + timedelta(minutes=3), NOW + timedelta(hours=1, minutes=7, seconds=1), end_at]
    for start_at, stop_at in [*pairwise(cuts), (cuts[1], cuts[2])]:
        sell(pieces, start_at, stop_at, now=NOW)
    for table in ALL_TABLES:
        sql = f"SELECT * FROM {table} ORDER BY id"  # noqa: S608  own test data
        assert ask(whole, sql) == ask(pieces, sql)


def test_shop_broken(tmp_path: Path, shop: Path) -> None:
    """While it is broken, people order and sign up as ever, and every payment fails."""
    path = tmp_path / "shop.db"
    path.write_bytes(shop.read_bytes())
    sell(path, NOW, NOW + timedelta(hours=6), now=NOW, broken=True)
    since = f">= '{text(NOW)}'"
    assert revenue(path, NOW, hours=6) == 0
    assert ask(path, f"SELECT DISTINCT status FROM payments WHERE paid_at {since}") == [("failed",)]  # noqa: S608  own test data
    assert ask(path, f"SELECT count(*) > 200 FROM orders WHERE created_at {since}") == [(1,)]  # noqa: S608  own test data
    assert ask(path, f"SELECT count(*) > 20 FROM users WHERE created_at {since}") == [(1,)]  # noqa: S608  own test data


def test_shop_depends_on_its_seed_alone(tmp_path: Path, shop: Path) -> None:
    """The same `now` and seed give the same rows; another seed gives others."""
    same, other = tmp_path / "same.db", tmp_path / "other.db"
    write_history(same, NOW)
    write_history(other, NOW, seed=7)
    rows = [ask(path, "SELECT * FROM payments ORDER BY id LIMIT 500") for path in (shop, same, other)]
    assert rows[0] == rows[1]
    assert rows[0] != rows[2]
