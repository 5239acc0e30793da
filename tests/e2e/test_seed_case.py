"""The case never to be missed: 4,000 € usually come in from eight to nine, and today there was no transaction."""

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from command import detector
from receiver import Receiver
from shops import Closure, Shop, local, write_config, write_shop

DAY = date(2026, 3, 10)
BROKEN_AT, BACK_AT = local(DAY, 8), local(DAY, 11)
MORNING = (
    ("search", "v98", local(DAY, 6, 40), "erin"),
    ("web", "v31", local(DAY, 7, 15), "grace"),
    ("catalogue", "v7", local(DAY, 7, 35), "frank"),
    ("checkout-api", "v412", local(DAY, 7, 52), "alice"),
    ("accounts", "v55", local(DAY, 8, 20), "heidi"),
)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """URLs of the shop's database and of the store, of one kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'shop.db'}", f"sqlite:///{tmp_path / 'detector.db'}"
        return
    server = request.getfixturevalue("postgres_server")
    with server.database() as source, server.database() as store:
        yield source, store


class Morning:
    """The shop's morning with its teams listening."""

    def __init__(
        self,
        folder: Path,
        database: tuple[str, str],
        checkout: Receiver,
        platform: Receiver,
        broken_at: datetime = BROKEN_AT,
    ) -> None:
        self.checkout, self.platform = checkout, platform
        write_shop(Shop(database[0], DAY, (Closure(broken_at, BACK_AT),)))
        self.config = write_config(
            folder / "config",
            source=database[0],
            store=database[1],
            checkout=checkout.apprise_url,
            platform=platform.apprise_url,
        )

    def report(self, *services: str) -> None:
        for service, version, at, actor in MORNING:
            if service in services:
                said = ["--service", service, "--version", version, "--at", at.isoformat(), "--actor", actor]
                assert detector("deploy", "add", *said, config=self.config).code == 0

    def tick(self, at: datetime) -> None:
        answer = detector("tick", "--at", at.isoformat(), config=self.config)
        assert answer.code == 0, answer.err

    def heard(self) -> list[str]:
        """Title and text of every message to the owning team."""
        return [f"{got.json['title']}\n{got.json['message']}" for got in self.checkout.received]


@pytest.fixture
def morning(tmp_path: Path, database: tuple[str, str]) -> Iterator[Morning]:
    with Receiver() as checkout, Receiver() as platform:
        yield Morning(tmp_path, database, checkout, platform)


def test_one_message_names_the_deploy_and_one_tells_the_end(morning: Morning) -> None:
    """The team reads what is missing and who is suspect, is not paged again, and hears when it is over."""
    morning.report("search", "web", "catalogue", "checkout-api", "accounts")
    morning.tick(local(DAY, 9, 6))

    (alert,) = morning.heard()
    title, *lines = alert.splitlines()
    assert re.fullmatch(r"Checkout revenue is 0 € - usually about [34],\d00 € from 08:00 to 09:00 \(-100 %\)", title)
    amount, low, high = _missing(lines[0])
    assert 3_500 <= amount <= 4_700
    assert low < amount < high
    assert "since 08:00" in lines[0]
    suspect = next(line for line in lines if line.startswith("Suspect:"))
    assert suspect.startswith("Suspect: checkout-api v412 by alice, live 07:52, 8 min before the first empty hour - ")
    assert int(suspect.split(" - ")[-1].removesuffix(" %")) >= 80
    assert "Where: everywhere alike (country, method)" in lines
    assert "Runbook: https://wiki.example/checkout" in lines

    morning.tick(local(DAY, 10, 6))
    assert len(morning.heard()) == 1

    for hour in (11, 12, 13, 14):
        morning.tick(local(DAY, hour, 6))
    _, resolution = morning.heard()
    assert "Checkout revenue is back to usual" in resolution
    total = float(re.search(r"about ([\d,]+) €", resolution)[1].replace(",", ""))  # type: ignore[index]  # else the test fails
    assert 11_000 <= total <= 15_500
    assert not morning.platform.received


def test_a_deploy_that_breaks_it_at_once_is_named_from_the_minutes(tmp_path: Path) -> None:
    """Payments stop at 07:52, with the deploy: the hour from seven is nearly usual, and only minutes tell the order."""
    urls = f"sqlite:///{tmp_path / 'shop.db'}", f"sqlite:///{tmp_path / 'detector.db'}"
    with Receiver() as checkout, Receiver() as platform:
        morning = Morning(tmp_path, urls, checkout, platform, broken_at=local(DAY, 7, 52))
        morning.report("search", "web", "catalogue", "checkout-api", "accounts")
        morning.tick(local(DAY, 9, 6))
        (alert,) = morning.heard()
        assert "Suspect: checkout-api v412 by alice, live 07:52" in alert
        incident = detector("incident", "show", "1", "--json", config=morning.config).json
        began_at = datetime.fromisoformat(incident["metrics"][0]["onset"]["likely"])
        assert abs(began_at - local(DAY, 7, 52)) <= timedelta(minutes=5)


def test_without_a_deploy_of_its_services_none_stands_out(morning: Morning) -> None:
    """Four deploys of services that the metric does not depend on are no reason to name one."""
    morning.report("search", "web", "catalogue", "accounts")
    morning.tick(local(DAY, 9, 6))

    (alert,) = morning.heard()
    assert "No deploy stands out" in alert
    assert "Suspect:" not in alert


def test_with_no_deploy_ever_reported_the_alert_says_so(morning: Morning) -> None:
    """A team that reports no deploys reads that, and not that none stands out."""
    morning.tick(local(DAY, 9, 6))

    (alert,) = morning.heard()
    assert "No deploy has been reported yet" in alert


def _missing(line: str) -> tuple[float, float, float]:
    found = re.match(r"Missing so far: about ([\d,]+) € \(([\d,]+) to ([\d,]+) €\)", line)
    assert found, line
    return tuple(float(number.replace(",", "")) for number in found.groups())  # type: ignore[return-value]  # three
