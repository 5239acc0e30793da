"""`each: country` through the command, over a real database: one country of five that dies, and all of them."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import create_engine, text

from command import detector
from receiver import Receiver
from shops import Closure, local, write_config

DAY = date(2026, 3, 10)
WEEKS = 11
COUNTRIES = {"DE": 0.36, "AT": 0.26, "FR": 0.2, "IT": 0.12, "LU": 0.06}
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
    each: country
"""


def write_shop(url: str, dead: Sequence[str], closure: Closure) -> None:
    """Eleven weeks of about 10,000 € a busy hour, with hours in which some countries sell nothing."""
    rng = np.random.default_rng(20260311)
    rows: list[dict[str, object]] = []
    for offset in range(WEEKS * 7 + 1):
        for hour in range(24):
            start_at = local(DAY - timedelta(weeks=WEEKS) + timedelta(days=offset), hour)
            busy = rng.normal(1.0, 0.12) * (240 if 7 <= hour < 22 else 24)
            for country, share in COUNTRIES.items():
                is_dead = country in dead and closure.start_at <= start_at < closure.end_at
                count = 0 if is_dead else rng.poisson(max(busy, 0.0) * share)
                seconds = np.sort(rng.uniform(0, 3600, count)).tolist()
                rows += [_payment(start_at + timedelta(seconds=second), country, rng) for second in seconds]
    engine = create_engine(url)
    is_sqlite = engine.dialect.name == "sqlite"
    if is_sqlite:
        rows = [{**row, "paid_at": f"{row['paid_at']:%Y-%m-%d %H:%M:%S}"} for row in rows]
    with engine.begin() as connection:
        stamp = "text" if is_sqlite else "timestamptz"
        connection.execute(text(f"CREATE TABLE payments (paid_at {stamp}, country text, amount real)"))
        connection.execute(text("INSERT INTO payments VALUES (:paid_at, :country, :amount)"), rows)
        connection.execute(text("CREATE INDEX payments_paid_at ON payments (paid_at)"))
    engine.dispose()


def _payment(at: datetime, country: str, rng: np.random.Generator) -> dict[str, object]:
    return {"paid_at": at, "country": country, "amount": round(float(rng.gamma(4.0, 10.0)), 2)}


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """URLs of the shop's database and of the store, of one kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'shop.db'}", f"sqlite:///{tmp_path / 'detector.db'}"
        return
    server = request.getfixturevalue("postgres_server")
    with server.database() as source, server.database() as store:
        yield source, store


def heard(folder: Path, database: tuple[str, str], dead: Sequence[str]) -> tuple[list[str], Path]:
    """What the team reads of a day on which some countries sell nothing from eleven to three."""
    write_shop(database[0], dead, Closure(local(DAY, 11), local(DAY, 15)))
    with Receiver() as checkout, Receiver() as platform:
        urls = {"checkout": checkout.apprise_url, "platform": platform.apprise_url}
        config = write_config(folder / "config", source=database[0], store=database[1], rules=RULES, **urls)
        said = ["--service", "checkout-api", "--version", "v412", "--at", local(DAY, 10, 55).isoformat()]
        assert detector("deploy", "add", *said, config=config).code == 0
        span = ("--from", local(DAY, 8).isoformat(), "--to", local(DAY, 20).isoformat())
        answer = detector("tick", *span, config=config)
        assert answer.code == 0, answer.err
        assert not platform.received
        return [f"{got.json['title']}\n{got.json['message']}" for got in checkout.received], config


def test_one_country_of_five_goes_dead(tmp_path: Path, database: tuple[str, str]) -> None:
    """The whole hardly moves; the team reads of the country, what is missing and who is suspect, and of the end."""
    (opened, *_, over), config = heard(tmp_path, database, ["LU"])
    title, *lines = opened.splitlines()
    assert title.startswith("Checkout revenue for country=LU is 0 € - usually about ")
    assert title.endswith(" from 11:00 to 12:00 (-100 %)")
    assert lines[0].startswith("Missing so far: about ")
    assert lines[1].startswith("Suspect: checkout-api v412, live 10:55, ")
    assert over.startswith("Checkout revenue for country=LU is back to usual - about ")
    told = detector("incident", "list", "--all", "--json", config=config).json
    assert [[part["member"] for part in one["metrics"]] for one in told] == [[{"column": "country", "name": "LU"}]]
    shown = detector("incident", "show", "1", config=config).out
    assert "checkout/revenue country=LU" in shown
    assert "Checkout revenue for country=LU is back to usual" in shown


def test_all_countries_fall(tmp_path: Path, database: tuple[str, str]) -> None:
    """One message about the whole, which says that all fell alike; none about a country."""
    messages, config = heard(tmp_path, database, list(COUNTRIES))
    assert all(message.startswith("Checkout revenue ") and " for country" not in message for message in messages)
    assert "Where: everywhere alike (country)" in messages[0]
    assert messages[-1].startswith("Checkout revenue is back to usual")
    assert len(detector("incident", "list", "--all", "--json", config=config).json) == 1
