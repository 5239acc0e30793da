"""A secret in every field that can hold one, and everything around it broken: none of them is to be seen anywhere."""

import base64
import io
import json
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
import requests

from daemons import HandClock
from detector.app.serving import Front, open_daemon
from detector.daemon import Daemon
from detector.errors import StoreError
from receiver import Receiver, Reply, Reset
from shops import Closure, Shop, local, write_shop

DAY = date(2026, 3, 10)
MINUTE = timedelta(minutes=1)

# What must not show: with characters that have to be encoded in URLs, and such as tokens are made of.
PG_PASSWORD, PG_OPTION = "c4nary-pg p@ss/w+rd%", "c4nary-0pt10n"
HOOK_PASSWORD, HOOK_PATH, HOOK_QUERY = "c4nary h00k:pw", "c4nary-h00k-path", "c4nary-h00k-query"
ADMIN_TOKEN, API_TOKEN, PING_KEY = "c4nary-4dmin-t0ken", "c4nary-4pi-t0ken", "c4nary-p1ng-key"
CANARIES = (PG_PASSWORD, PG_OPTION, HOOK_PASSWORD, HOOK_PATH, HOOK_QUERY, ADMIN_TOKEN, API_TOKEN, PING_KEY)

DETECTOR = """\
store: sqlite:///detector.db
sources:
  shop: {url: "sqlite:///shop.db"}
  gone: {url: "${PG_URL}", timeout: 2s}
teams:
  checkout: {notify: ["${HOOK_URL}"]}
  platform: {notify: ["${ADMIN_URL}"]}
services: {checkout-api: {team: checkout}}
admins: platform
ping: "${PING_URL}"
http: {listen: "127.0.0.1:0", tokens: ["${API_TOKEN}"]}
"""
RULES = """\
team: checkout
metrics:
  revenue: {source: shop, table: payments, time: paid_at, value: sum(amount), kind: revenue, timezone: Europe/Berlin}
  refunds: {source: gone, table: refunds, time: paid_at, timezone: Europe/Berlin}
"""


class Terminal(io.StringIO):
    """A stream that says that somebody looks at it."""

    def isatty(self) -> bool:
        return True


@dataclass
class Place:
    """Everything that leaves the program, and what it is made of."""

    folder: Path
    checkout: Receiver
    platform: Receiver
    switch: Receiver
    out: io.StringIO

    def environ(self) -> dict[str, str]:
        user = f"bot:{quote(HOOK_PASSWORD, safe='')}@"
        return {
            "PG_URL": f"postgresql://reader:{quote(PG_PASSWORD, safe='')}@127.0.0.1:{free_port()}/shop"
            f"?sslmode=prefer&sslpassword={PG_OPTION}",
            "HOOK_URL": f"json://{user}127.0.0.1:{self.checkout.port}/{HOOK_PATH}?+x-api-key={HOOK_QUERY}",
            "ADMIN_URL": f"json://127.0.0.1:{self.platform.port}/{ADMIN_TOKEN}",
            "PING_URL": f"{self.switch.url}/{PING_KEY}",
            "API_TOKEN": API_TOKEN,
        }

    def said(self) -> str:
        """The log, and what admins and the switch were sent."""
        return "\n".join([self.out.getvalue(), *(got.text for got in (*self.platform.received, *self.switch.received))])


def free_port() -> int:
    """Where nobody listens."""
    with Receiver() as gone:
        return gone.port


def forms(canary: str) -> set[str]:
    """In which it could show."""
    return {
        canary,
        quote(canary),
        quote(canary, safe=""),
        repr(canary)[1:-1],
        json.dumps(canary)[1:-1],
        base64.b64encode(f"bot:{canary}".encode()).decode(),
    }


def assert_hidden(text: str, of: str) -> None:
    assert [form for canary in CANARIES for form in forms(canary) if form in text] == [], of


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    (tmp_path / "rules").mkdir()
    (tmp_path / "detector.yml").write_text(DETECTOR)
    (tmp_path / "rules" / "checkout.yml").write_text(RULES)
    write_shop(Shop(f"sqlite:///{tmp_path / 'shop.db'}", DAY, (Closure(local(DAY, 8), local(DAY, 23)),)))
    with Receiver() as checkout, Receiver() as platform, Receiver() as switch:
        place = Place(tmp_path, checkout, platform, switch, io.StringIO())
        for name, value in place.environ().items():
            monkeypatch.setenv(name, value)
        yield place


def live_through(daemon: Daemon, clock: HandClock, place: Place) -> None:
    """An outage of the shop, of a source, of a channel and of the switch; bad files; exceptions of drivers."""
    place.checkout.script(Reply(500, body=f"no {HOOK_PATH}".encode()), Reset(), *(Reply(403) for _ in range(20)))
    place.switch.script(Reset(), Reply(500))
    for minute in range(25):
        daemon.minutes.tick()
        clock.go_on(MINUTE)
        if minute == 5:
            bad = DETECTOR.replace("timeout: 2s", "timeuot: 2s").replace("json", "jsonn")
            (place.folder / "detector.yml").write_text(bad.replace("${PG_URL}", f"{os.environ['PG_URL']}@h@x"))
            daemon.reload()
        if minute == 10:
            (place.folder / "detector.yml").write_text(DETECTOR)
            daemon.reload()
    for canary in CANARIES:
        logging.getLogger("sqlalchemy.pool").error("lost %s", {"dsn": [canary]}, exc_info=ValueError(canary))
    daemon.reporter.tick_failed(clock.now(), StoreError(f"cannot write: {os.environ['PG_URL']}"))


@pytest.mark.parametrize("out", [io.StringIO, Terminal], ids=["json", "terminal"])
def test_no_secret_is_ever_seen(place: Place, out: type[io.StringIO]) -> None:
    """Neither in the log, nor in figures, pings, messages to the admins, or what is kept of them."""
    place.out, clock = out(), HandClock(local(DAY, 9, 6))
    with open_daemon(place.folder / "detector.yml", clock=clock, out=place.out) as daemon:
        assert isinstance(daemon.server, Front)
        daemon.server.start()
        daemon.reporter.started(daemon.engine.book)
        live_through(daemon, clock, place)
        url = daemon.server.server.url
        answers = [
            requests.get(f"{url}/{path}", headers={"Authorization": f"Bearer {API_TOKEN}"}, timeout=10).text
            for path in ("metrics", "healthz", "readyz", "api/v1/metrics", "api/v1/incidents")
        ]
        kept = [f"{one.error} {one.notification}" for one in daemon.engine.store.deliveries(only_unsent=False)]
        health = [str(one) for one in daemon.engine.store.source_health().values()]
        daemon.reporter.stopped()
        daemon.server.stop(5.0)
        daemon.lease.give_back()
    for text, of in ((place.said(), "said"), ("\n".join(answers), "HTTP"), ("\n".join([*kept, *health]), "kept")):
        assert_hidden(text, of)
    assert_much_happened(place)
    assert "detector_sends_total" in answers[0]


def assert_much_happened(place: Place) -> None:
    """The test is worth something: each of the troubles has been spoken of."""
    titles = "\n".join(got.json["title"] for got in place.platform.received)
    for words in ("Source gone", "Rules do not load", "Rules load again", "do not arrive"):
        assert words in titles
    for words in ("a metric fails", "could not be sent", "mistake", "switch was not reached", "***"):
        assert words in place.out.getvalue()
    assert any(got.path.endswith("/fail") for got in place.switch.received)
