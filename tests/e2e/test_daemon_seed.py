"""The case never to be missed, through the real daemon: deploys come in over HTTP while the clock goes on."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from daemon_by_hand import DaemonByHand, daemon_by_hand
from daemon_desk import Caller, add_http
from receiver import Receiver
from shops import Closure, Shop, local, write_config, write_shop

DAY = date(2026, 3, 10)
BROKEN_AT, BACK_AT = local(DAY, 8), local(DAY, 11)
DUE_AT = local(DAY, 9, 5)
MORNING = (
    ("search", "v98", local(DAY, 6, 40), "erin"),
    ("web", "v31", local(DAY, 7, 15), "grace"),
    ("catalogue", "v7", local(DAY, 7, 35), "frank"),
    ("checkout-api", "v412", local(DAY, 7, 52), "alice"),
    ("accounts", "v55", local(DAY, 8, 20), "heidi"),
)
FIRST = "Checkout revenue is 0 € - usually about "
METRIC = "checkout/revenue"


@dataclass(frozen=True, slots=True)
class Morning:
    """A shop that stops selling, a daemon that watches it, and its teams listening."""

    running: DaemonByHand
    checkout: Receiver
    platform: Receiver

    def heard(self) -> list[str]:
        """Title and text of every message to the owning team."""
        return [f"{got.json['title']}\n{got.json['message']}" for got in self.checkout.received]

    def live_through(self, *deploys: tuple[str, str, datetime, str]) -> None:
        """Minute by minute until the hour from eight is closed; each pipeline reports a minute after its deploy."""
        for service, version, at, actor in deploys:
            self.running.go_on_until(at + timedelta(minutes=1))
            said = {"service": service, "version": version, "at": at.isoformat(), "actor": actor}
            answer = self.running.caller.post("/api/v1/deploys", said)
            assert answer.status == 201, answer.body
        self.running.go_on_until(DUE_AT - timedelta(minutes=1))
        assert not self.heard()
        self.running.go_on_until(DUE_AT)


@pytest.fixture(params=["sqlite", "postgresql"])
def morning(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Morning]:
    """At half past six, with the shop's database and the store of one kind."""
    if request.param == "sqlite":
        with _morning(tmp_path, f"sqlite:///{tmp_path / 'shop.db'}", f"sqlite:///{tmp_path / 'store.db'}") as made:
            yield made
        return
    server = request.getfixturevalue("postgres_server")
    with server.database() as source, server.database() as store, _morning(tmp_path, source, store) as made:
        yield made


@contextmanager
def _morning(folder: Path, source: str, store: str) -> Iterator[Morning]:
    write_shop(Shop(source, DAY, (Closure(BROKEN_AT, BACK_AT),)))
    with Receiver() as checkout, Receiver() as platform:
        urls = {"checkout": checkout.apprise_url, "platform": platform.apprise_url}
        config = add_http(write_config(folder / "config", source=source, store=store, **urls))
        with daemon_by_hand(config, local(DAY, 6, 30)) as running:
            yield Morning(running, checkout, platform)


def test_one_message_in_its_minute_and_one_for_the_end(morning: Morning) -> None:
    """The team hears at 09:05 who is suspect, and at the end that it is over; every way to ask agrees."""
    morning.live_through(*MORNING)

    (alert,) = morning.heard()
    title, *lines = alert.splitlines()
    assert re.fullmatch(FIRST + r"[34],\d00 € from 08:00 to 09:00 \(-100 %\)", title)
    suspect = next(line for line in lines if line.startswith("Suspect:"))
    assert suspect.startswith("Suspect: checkout-api v412 by alice, live 07:52, 8 min before the first empty hour - ")
    assert int(suspect.split(" - ")[-1].removesuffix(" %")) >= 80
    _agrees_on_the_outage(morning.running.caller)

    morning.running.go_on_until(local(DAY, 14, 5), step=timedelta(minutes=5))
    _, resolution = morning.heard()
    assert "Checkout revenue is back to usual" in resolution
    _agrees_on_the_end(morning.running.caller)
    assert not morning.platform.received
    troubles = [line for line in morning.running.log if line["level"] not in {"debug", "info"}]
    assert not troubles


def test_the_same_in_jumps(morning: Morning) -> None:
    """A machine that slept through the hours tells each thing once when it wakes, and nothing that is over."""
    for service, version, at, actor in MORNING:
        said = {"service": service, "version": version, "at": at.isoformat(), "actor": actor}
        assert morning.running.caller.post("/api/v1/deploys", said).status == 201
    hour = timedelta(hours=1)
    morning.running.go_on_until(local(DAY, 9, 30), step=hour)
    (alert,) = morning.heard()
    assert alert.startswith(FIRST)
    assert "Suspect: checkout-api v412 by alice" in alert
    morning.running.go_on_until(local(DAY, 14, 30), step=hour)
    assert len(morning.heard()) == 2
    _agrees_on_the_end(morning.running.caller)
    assert not morning.platform.received


def _agrees_on_the_outage(caller: Caller) -> None:
    (incident,) = caller.get("/api/v1/incidents").json["incidents"]
    assert (incident["number"], incident["team"], incident["state"]) == (1, "checkout", "open")
    assert (incident["named"]["service"], incident["named"]["version"]) == ("checkout-api", "v412")
    assert incident["named"]["source"] == "api"
    (part,) = incident["metrics"]
    assert (part["metric"], part["value"], part["is_drop"]) == (METRIC, 0.0, True)
    assert part["loss"]["low"] < part["loss"]["amount"] < part["loss"]["high"]

    (metric,) = caller.get("/api/v1/metrics").json["metrics"]
    assert (metric["metric"], metric["outcome"], metric["value"]) == (METRIC, "anomalous", 0.0)
    assert datetime.fromisoformat(metric["bucket"]) == BROKEN_AT
    assert datetime.fromisoformat(metric["judged_at"]) == DUE_AT
    assert datetime.fromisoformat(metric["next"]) == DUE_AT + timedelta(hours=1)
    assert len(caller.get("/api/v1/deploys").json["deploys"]) == len(MORNING)

    figures = caller.figures()
    assert figures['detector_incidents{state="open"}'] == 1
    assert figures['detector_messages_total{reason="opened"}'] == 1
    assert figures['detector_sends_total{result="sent",team="checkout"}'] == 1
    assert figures['detector_outcomes_total{kind="anomalous"}'] == 1
    assert figures["detector_outbox_deliveries"] == 0
    assert figures["detector_last_tick_timestamp_seconds"] == DUE_AT.timestamp()
    assert (caller.get("/healthz").status, caller.get("/readyz").status) == (200, 200)


def _agrees_on_the_end(caller: Caller) -> None:
    assert caller.get("/api/v1/incidents").json["incidents"] == []
    (incident,) = caller.get("/api/v1/incidents?live=false").json["incidents"]
    assert (incident["state"], incident["messages"]) == ("resolved", 2)
    (metric,) = caller.get("/api/v1/metrics").json["metrics"]
    assert metric["outcome"] == "normal"
    figures = caller.figures()
    assert sum(value for name, value in figures.items() if name.startswith("detector_incidents{")) == 0
    assert figures['detector_messages_total{reason="resolved"}'] == 1
    assert figures['detector_sends_total{result="sent",team="checkout"}'] == 2
    assert (caller.get("/healthz").status, caller.get("/readyz").status) == (200, 200)
