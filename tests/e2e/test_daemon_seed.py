"""The case never to be missed, through the real daemon: deploys come in over HTTP while the clock goes on."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from daemon_desk import Caller
from daemon_mornings import BROKEN_AT, DAY, DUE_AT, MORNING, Morning, a_morning
from shops import local

FIRST = "Checkout revenue is 0 € - usually about "
METRIC = "checkout/revenue"


@pytest.fixture(params=["sqlite", "postgresql"])
def morning(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Morning]:
    """At half past six, with the shop's database and the store of one kind."""
    if request.param == "sqlite":
        with a_morning(tmp_path, f"sqlite:///{tmp_path / 'shop.db'}", f"sqlite:///{tmp_path / 'store.db'}") as made:
            yield made
        return
    server = request.getfixturevalue("postgres_server")
    with server.database() as source, server.database() as store, a_morning(tmp_path, source, store) as made:
        yield made


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
    for deploy in MORNING:
        morning.report(*deploy)
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
