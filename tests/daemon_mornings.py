"""The morning on which a shop stops selling, before a daemon whose clock a test moves on."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from daemon_by_hand import MINUTE, DaemonByHand, daemon_by_hand
from daemon_desk import add_http
from receiver import Receiver
from shops import Closure, Shop, local, write_config, write_shop

__all__ = ["BROKEN_AT", "DAY", "DUE_AT", "MORNING", "Morning", "Reported", "a_morning"]

Reported = tuple[str, str, datetime, str]
"""Service, version, when it went live, and who did it."""

DAY = date(2026, 3, 10)
BROKEN_AT, BACK_AT = local(DAY, 8), local(DAY, 11)
DUE_AT = local(DAY, 9, 5)
MORNING: tuple[Reported, ...] = (
    ("search", "v98", local(DAY, 6, 40), "erin"),
    ("web", "v31", local(DAY, 7, 15), "grace"),
    ("catalogue", "v7", local(DAY, 7, 35), "frank"),
    ("checkout-api", "v412", local(DAY, 7, 52), "alice"),
    ("accounts", "v55", local(DAY, 8, 20), "heidi"),
)


@dataclass(frozen=True, slots=True)
class Morning:
    """A shop that stops selling, a daemon that watches it, and its teams listening."""

    running: DaemonByHand
    checkout: Receiver
    platform: Receiver
    source: str

    def heard(self) -> list[str]:
        """Title and text of every message to the owning team."""
        return [f"{got.json['title']}\n{got.json['message']}" for got in self.checkout.received]

    def report(self, service: str, version: str, at: datetime, actor: str) -> None:
        """As a pipeline does with the API."""
        said = {"service": service, "version": version, "at": at.isoformat(), "actor": actor}
        answer = self.running.caller.post("/api/v1/deploys", said)
        assert answer.status == 201, answer.body

    def live_through(self, *deploys: Reported, step: timedelta = MINUTE) -> None:
        """Step by step until the hour from eight is closed; each pipeline reports a minute after its deploy."""
        for service, version, at, actor in deploys:
            self.running.go_on_until(at + MINUTE, step)
            self.report(service, version, at, actor)
        self.running.go_on_until(DUE_AT - MINUTE, step)
        assert not self.heard()
        self.running.go_on_until(DUE_AT)


@contextmanager
def a_morning(folder: Path, source: str, store: str, more: str = "") -> Iterator[Morning]:
    """From half past six on; `more` is for detector.yml."""
    write_shop(Shop(source, DAY, (Closure(BROKEN_AT, BACK_AT),)))
    with Receiver() as checkout, Receiver() as platform:
        urls = {"checkout": checkout.apprise_url, "platform": platform.apprise_url}
        config = add_http(write_config(folder / "config", source=source, store=store, **urls))
        with config.open("a", encoding="utf-8") as file:
            file.write(more)
        with daemon_by_hand(config, local(DAY, 6, 30)) as running:
            yield Morning(running, checkout, platform, source)
