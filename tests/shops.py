"""A shop that takes about 4,000 € from 08:00 to 09:00 on weekdays, in SQLite or PostgreSQL, and its configuration.

The numbers are drawn with a fixed seed; nothing depends on the day on which a test runs.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import create_engine, text

__all__ = ["ZONE", "Closure", "Shop", "local", "write_config", "write_shop"]

ZONE = ZoneInfo("Europe/Berlin")
WEEKS = 11
BASKET = 40.0
# Payments per hour on a weekday, by hour of day; 08:00 to 09:00 has 100 of about 40 €.
RHYTHM = (4, 2, 1, 1, 2, 10, 35, 70, 100, 110, 115, 118, 120, 112, 108, 105, 104, 108, 112, 118, 110, 80, 40, 14)
COUNTRIES, COUNTRY_SHARE = ("DE", "AT", "FR"), (0.6, 0.25, 0.15)
METHODS, METHOD_SHARE = ("card", "paypal", "invoice"), (0.5, 0.3, 0.2)


def local(day: date, hour: int, minute: int = 0) -> datetime:
    """An instant by the shop's wall clock, in UTC."""
    return datetime.combine(day, time(hour, minute), tzinfo=ZONE).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Closure:
    """No payment is captured in [start_at, end_at)."""

    start_at: datetime
    end_at: datetime


@dataclass(frozen=True, slots=True)
class Shop:
    """Where the shop's database is, and the day that the story is about."""

    url: str
    day: date
    closures: Sequence[Closure] = field(default_factory=tuple)


def write_shop(shop: Shop) -> None:
    """Fill an empty database with eleven weeks that end with the shop's day."""
    rng = np.random.default_rng(20260310)
    first = shop.day - timedelta(weeks=WEEKS)
    rows: list[dict[str, object]] = []
    for offset in range((shop.day - first).days + 1):
        day = first + timedelta(days=offset)
        for hour, rate in enumerate(RHYTHM):
            rows += _hour(rng, local(day, hour), rate * (0.75 if day.weekday() >= 5 else 1.0))
    sold = [row for row in rows if not any(c.start_at <= row["paid_at"] < c.end_at for c in shop.closures)]  # type: ignore[operator]  # datetimes
    _load(shop.url, sold)


def _hour(rng: np.random.Generator, start_at: datetime, rate: float) -> list[dict[str, object]]:
    count = rng.poisson(rate)
    seconds = np.sort(rng.uniform(0, 3600, count))
    amounts = rng.gamma(4.0, BASKET / 4.0, count)
    countries = rng.choice(COUNTRIES, count, p=COUNTRY_SHARE)
    methods = rng.choice(METHODS, count, p=METHOD_SHARE)
    return [
        {
            "paid_at": start_at + timedelta(seconds=float(second)),
            "country": str(country),
            "method": str(method),
            "amount": round(float(amount), 2),
        }
        for second, country, method, amount in zip(seconds, countries, methods, amounts, strict=True)
    ]


def _load(url: str, rows: list[dict[str, object]]) -> None:
    engine = create_engine(url)
    stamp, money = ("text", "real") if engine.dialect.name == "sqlite" else ("timestamptz", "numeric(10,2)")
    if engine.dialect.name == "sqlite":
        rows = [{**row, "paid_at": row["paid_at"].strftime("%Y-%m-%d %H:%M:%S")} for row in rows]  # type: ignore[attr-defined]  # datetimes
    with engine.begin() as connection:
        connection.execute(
            text(
                f"CREATE TABLE payments (paid_at {stamp} NOT NULL, country text, method text, "
                f"status text DEFAULT 'captured', amount {money})"
            )
        )
        connection.execute(
            text(
                "INSERT INTO payments (paid_at, country, method, amount) VALUES (:paid_at, :country, :method, :amount)"
            ),
            rows,
        )
        connection.execute(text("CREATE INDEX payments_paid_at ON payments (paid_at)"))
    engine.dispose()


DETECTOR = """\
store: {store}
timezone: Europe/Berlin
sources:
  shop: {{url: "{source}"}}
teams:
  checkout: {{notify: ["{checkout}"]}}
  platform: {{notify: ["{platform}"]}}
services:
  checkout-api: {{team: checkout, depends_on: [payments]}}
  payments: {{team: platform}}
  search: {{team: platform}}
  catalogue: {{team: platform}}
  accounts: {{team: platform}}
  web: {{team: platform}}
admins: platform
"""

RULES = """\
team: checkout
services: [checkout-api, payments]
metrics:
  revenue:
    title: Checkout revenue
    kind: revenue
    unit: EUR
    source: shop
    table: payments
    time: paid_at
    value: sum(amount)
    where: status = 'captured'
    split: [country, method]
    runbook: https://wiki.example/checkout
"""


def write_config(folder: Path, *, source: str, store: str, checkout: str, platform: str, rules: str = RULES) -> Path:
    """Write detector.yml and rules/checkout.yml; the path of the former."""
    (folder / "rules").mkdir(parents=True)
    (folder / "rules" / "checkout.yml").write_text(rules, encoding="utf-8")
    config = folder / "detector.yml"
    config.write_text(
        DETECTOR.format(source=source, store=store, checkout=checkout, platform=platform), encoding="utf-8"
    )
    return config
