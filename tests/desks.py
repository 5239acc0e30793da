"""A desk for the web with everything in memory, and ways to talk to what stands on it."""

import socket
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self, cast

from builders import a_metric
from detector.errors import DeliveryReused, StoreError
from detector.model.deploy import Added, Deploy, Receipt, Recorded
from detector.model.incident import Incident, IncidentEvent
from detector.model.rulebook import Http, RuleBook, Service, Settings, Team
from detector.model.secret import Secret
from detector.model.span import Span
from detector.model.state import MetricState, SourceHealth
from detector.model.verdict import Outcome
from detector.ports import Store
from detector.web.application import make_application
from detector.web.desk import Desk, Health
from detector.web.gate import BodyRules
from detector.web.protocol import Limits
from detector.web.receiving import Receiver, Reception
from detector.web.server import Server

__all__ = ["BEARER", "NOW", "TOKEN", "Furniture", "Line", "SignedBy", "StoreInMemory", "serving"]

NOW = datetime(2026, 3, 10, 8, tzinfo=UTC)
TOKEN = "t0ken-of-the-pipeline"  # noqa: S105 - of these tests
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@dataclass
class StandingClock:
    """Moves when told to."""

    at: datetime = NOW
    run_s: float = 0.0

    def now(self) -> datetime:
        return self.at

    def elapsed_s(self) -> float:
        return self.run_s

    def move(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        self.run_s += seconds


@dataclass
class StoreInMemory:
    """What the web asks of a store; `trouble` is raised by every call."""

    reports: list[Deploy] = field(default_factory=list)
    receipts: dict[tuple[str, str], Receipt] = field(default_factory=dict)
    live: list[Incident] = field(default_factory=list)
    events: list[IncidentEvent] = field(default_factory=list)
    outcomes_by_metric: dict[str, Outcome] = field(default_factory=dict)
    states: dict[str, MetricState] = field(default_factory=dict)
    health: dict[str, SourceHealth] = field(default_factory=dict)
    trouble: Exception | None = None

    def add_deploys(self, reports: Sequence[Deploy], receipt: Receipt | None = None) -> tuple[Added, ...]:
        self._check()
        if receipt is not None:
            known = self.receipts.setdefault((receipt.feed, receipt.delivery), receipt)
            if known.digest != receipt.digest:
                raise DeliveryReused("a request with this number came before, with other content")
            if known is not receipt:
                return tuple(Added(Recorded.KNOWN) for _ in reports)
        return tuple(self._add(report) for report in reports)

    def _add(self, report: Deploy) -> Added:
        mine = (report.source, report.id, report.status)
        for known in self.reports:
            if (known.source, known.id, known.status) == mine:
                same = replace(known, received_at=report.received_at) == report
                return Added(Recorded.KNOWN) if same else Added(Recorded.CONFLICT, "commit was a1, now b2")
        self.reports.append(report)
        return Added(Recorded.NEW)

    def deploys(self, span: Span, heard_by: datetime) -> tuple[Deploy, ...]:
        self._check()
        at = [(one, one.finished_at or one.started_at or one.received_at) for one in self.reports]
        return tuple(one for one, when in at if span.start_at <= when < span.end_at and one.received_at <= heard_by)

    def incidents(self, *, only_live: bool, limit: int = 50) -> tuple[Incident, ...]:
        self._check()
        return tuple([one for one in self.live if not (only_live and one.is_over)][:limit])

    def incident(self, number: int) -> Incident | None:
        self._check()
        return next((one for one in self.live if one.number == number), None)

    def incident_events(self, number: int) -> tuple[IncidentEvent, ...]:
        return tuple(one for one in self.events if one.incident == number)

    def last_outcomes(self) -> Mapping[str, Outcome]:
        self._check()
        return self.outcomes_by_metric

    def metric_states(self) -> Mapping[str, MetricState]:
        self._check()
        return self.states

    def source_health(self) -> Mapping[str, SourceHealth]:
        return self.health

    def _check(self) -> None:
        if self.trouble is not None:
            raise self.trouble


@dataclass
class SignedBy:
    """A receiver whose sender shows a word; says what it was told to say."""

    word: str = "open sesame"
    says: Reception = field(default_factory=lambda: Reception(200, "a push says nothing of a deploy"))
    seen: list[tuple[Mapping[str, str], bytes, datetime]] = field(default_factory=list)

    def accept(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Reception:
        self.seen.append((headers, body, now))
        return self.says if headers.get("x-word", "") == self.word else Reception(401, "the word is wrong")


def a_rule_book(*tokens: str) -> RuleBook:
    settings = Settings(
        path=Path("detector.yml"),
        store=Secret("sqlite://"),
        timezone="Europe/Berlin",
        rules=Path("rules"),
        sources={},
        teams={"checkout": Team("checkout", (Secret("json://localhost"),))},
        services={"checkout-api": Service("checkout-api", "checkout"), "payments": Service("payments")},
        http=Http(tokens=tuple(Secret(token) for token in tokens)),
    )
    return RuleBook(settings, {"checkout/revenue": a_metric()})


@dataclass
class Furniture:
    """What stands on the desk, to be changed while it is used."""

    store: StoreInMemory = field(default_factory=StoreInMemory)
    clock: StandingClock = field(default_factory=StandingClock)
    rules: RuleBook = field(default_factory=lambda: a_rule_book(TOKEN))
    health: Health = field(default_factory=lambda: Health(1.0, NOW))
    feeds: dict[str, Receiver] = field(default_factory=dict)
    counted: Counter[str] = field(default_factory=Counter)
    metrics_text: bytes = b"# TYPE detector_up gauge\ndetector_up 1\n"

    def desk(self) -> Desk:
        return Desk(
            store=cast(Store, self.store),
            clock=self.clock,
            book=lambda: self.rules,
            health=lambda: self.health,
            render_metrics=lambda: (self.metrics_text, "text/plain; version=0.0.4; charset=utf-8"),
            feeds=lambda: self.feeds,
            refused=lambda reason: self.counted.update([reason]),
            reported=lambda feed, added: self.counted.update(f"{feed} {one.recorded}" for one in added),
        )

    def break_store(self) -> None:
        self.store.trouble = StoreError("cannot read the deploys: the store (postgresql://db) says: gone")


@contextmanager
def serving(furniture: Furniture, limits: Limits | None = None, body: BodyRules | None = None) -> Iterator[Server]:
    """A server on a free port of loopback; everything in it has ended when the `with` is left."""
    server = Server(make_application(furniture.desk(), body), "127.0.0.1:0", limits)
    server.start()
    try:
        yield server
    finally:
        assert server.stop(5.0)


class Line:
    """One TCP connection, byte by byte; ten seconds without an answer fail a test."""

    def __init__(self, server: Server) -> None:
        self._socket = socket.create_connection(server.address, timeout=10)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def say(self, text: bytes) -> Self:
        self._socket.sendall(text)
        return self

    def hear_all(self) -> bytes:
        """Until the server closes; a reset is an end as well."""
        heard = bytearray()
        try:
            while piece := self._socket.recv(65536):
                heard += piece
        except ConnectionError:
            pass
        return bytes(heard)

    def hear_head(self) -> bytes:
        """Until the end of an answer's headers."""
        heard = bytearray()
        while b"\r\n\r\n" not in heard and (piece := self._socket.recv(1)):
            heard += piece
        return bytes(heard)

    def hear_slowly(self, until: Callable[[], bool]) -> bytes:
        """Fetch nothing until something else has happened, then the rest."""
        for _ in range(1000):
            if until():
                return self.hear_all()
        raise AssertionError("it never happened")
