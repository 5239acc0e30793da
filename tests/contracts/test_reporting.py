"""What becomes of what the daemon tells: lines, figures, pings."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from builders import a_metric
from daemons import NINE, HandClock
from detector.adapters.reporting import Reporting
from detector.adapters.store import open_store
from detector.adapters.telemetry import Telemetry
from detector.daemon import Overrun
from detector.daemon.changes import Change
from detector.errors import Fault, StoreBusy, StoreError
from detector.model.notification import Notification, Reason
from detector.model.rulebook import RuleBook
from detector.model.secret import Secret
from detector.model.state import SourceHealth, TickChanges
from detector.model.tick import TickReport
from detector.pipeline.admins import health_name
from detector.ports import Store
from log_capture import Captured, captured
from receiver import Receiver
from worlds import a_book

MINUTE = timedelta(minutes=1)


@dataclass
class Desk:
    """A reporter with all that it speaks to."""

    reporting: Reporting
    telemetry: Telemetry
    store: Store
    clock: HandClock
    log: Captured
    receiver: Receiver
    book: RuleBook

    def tick(self) -> None:
        """One that comes to its end, with its sign of life."""
        at = self.clock.now()
        self.reporting.tick_begins(at, 0.0)
        self.store.beat(at)
        self.reporting.ticked(TickReport(at), 0.1)

    def verdict(self, action: Callable[[], None]) -> tuple[str, str]:
        """Path and text of the ping that is no start and that the action brought about."""
        before = self._verdicts()
        action()
        while len(self._verdicts()) == len(before):
            self.receiver.wait_for(len(self.receiver.received) + 1)
        return self._verdicts()[-1]

    def _verdicts(self) -> list[tuple[str, str]]:
        return [(one.path, one.text) for one in self.receiver.received if not one.path.endswith("/start")]

    def count(self, name: str, **labels: str) -> float | None:
        return self.telemetry.registry.get_sample_value(name, labels)

    def events(self) -> list[str]:
        return [line["event"] for line in self.log.lines]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    clock, store = HandClock(), open_store(f"sqlite:///{tmp_path / 'detector.db'}")
    with captured() as log, Receiver() as receiver:
        plain = a_book(a_metric())
        book = replace(plain, settings=replace(plain.settings, ping=Secret(f"{receiver.url}/p1ng-k3y", "${PING_URL}")))
        telemetry = Telemetry(clock.elapsed_s)
        reporting = Reporting(log.logs, telemetry, store, clock)
        reporting.started(book)
        yield Desk(reporting, telemetry, store, clock, log, receiver, book)
        reporting.stopped()
    store.close()


def test_a_tick_that_moved_everything_is_a_success(desk: Desk) -> None:
    """And measured."""
    assert desk.verdict(desk.tick) == ("/p1ng-k3y", "")
    assert desk.count("detector_ticks_total", result="ended") == 1
    assert (desk.count("detector_store_bytes") or 0) > 0


def test_a_tick_that_failed_is_a_failure(desk: Desk) -> None:
    """With its words, without secrets; the log says once that something is wrong, and when it is over."""
    secret = desk.book.settings.ping
    assert secret is not None
    error = StoreError(f"disk full at {secret.hidden}")
    for _ in range(2):
        path, text = desk.verdict(lambda: desk.reporting.tick_failed(NINE, error))
        assert (path, text) == ("/p1ng-k3y/fail", "the tick failed: StoreError: disk full at ***")
    desk.verdict(desk.tick)
    assert desk.events().count("the detector is not well") == 1
    assert desk.events().count("the detector is well again") == 1
    assert desk.count("detector_ticks_total", result="failed") == 2


def test_a_busy_store_is_silence(desk: Desk) -> None:
    """Another daemon has it for a moment: no success, and no cry either."""
    desk.reporting.tick_failed(NINE, StoreBusy("another one has it"))
    assert desk.verdict(desk.tick) == ("/p1ng-k3y", "")
    assert not [one for one in desk.receiver.received if one.path.endswith("/fail")]


def test_a_sender_that_stands_still_is_a_failure(desk: Desk) -> None:
    """A message is due since twenty minutes, and no tick has taken it up."""
    told = Notification("incident/1/1", "checkout", Reason.OPENED, "Revenue is 0", "", NINE)
    desk.store.commit(TickChanges(NINE, notifications=((told, 1),)))
    desk.clock.go_on(20 * MINUTE)
    path, text = desk.verdict(desk.tick)
    assert path == "/p1ng-k3y/fail"
    assert "1 message is not being sent" in text


def test_a_tick_without_a_sign_of_life_is_a_failure(desk: Desk) -> None:
    """The store did not take it."""
    path, text = desk.verdict(lambda: desk.reporting.ticked(TickReport(NINE), 0.1))
    assert (path, text) == ("/p1ng-k3y/fail", "the tick left no sign of life in the store")


def test_a_tick_that_broke_is_a_failure(desk: Desk) -> None:
    """A mistake of ours that the scheduler caught; a minute that was only late is none."""
    desk.reporting.overran(Overrun.STILL_RUNNING, "late")
    assert desk.verdict(lambda: desk.reporting.overran(Overrun.BROKEN, "KeyError()")) == (
        "/p1ng-k3y/fail",
        "KeyError()",
    )
    levels = {line["how"]: line["level"] for line in desk.log.lines if "how" in line}
    assert levels == {"still_running": "warning", "broken": "error"}
    assert desk.count("detector_ticks_total", result="broken") == 1


def test_trouble_that_no_admin_can_hear_of_is_a_failure(desk: Desk) -> None:
    """The admins' only channel fails: the log is loud, and the switch is told."""
    failing = SourceHealth(health_name("platform", 0), NINE, error="no such room")
    desk.store.commit(TickChanges(NINE, sources=(failing,)))
    path, text = desk.verdict(desk.tick)
    assert path == "/p1ng-k3y/fail"
    assert "no channel of the admins works" in text
    line = next(line for line in desk.log.lines if line["event"] == "the detector is not well")
    assert (line["level"], line["why"]) == ("error", text)


def test_a_reload_says_what_changed(desk: Desk) -> None:
    """A line for each rule, another switch, other secrets; figures of the new book."""
    with Receiver() as other:
        settings = replace(desk.book.settings, ping=Secret(f"{other.url}/n3w-k3y"))
        changes = [Change("rule", "checkout/revenue", "changed", ("every_s",)), Change("ping", "", "changed")]
        desk.reporting.reloaded(replace(desk.book, settings=settings, metrics={}), changes)
        desk.tick()
        other.wait_for(1)
        desk.reporting.reloaded(replace(desk.book, settings=replace(settings, ping=None)), [])
    assert desk.receiver.received == ()
    assert {"rule changed", "ping changed", "reloaded"} <= set(desk.events())
    assert desk.log.lines[2].items() >= {"metric": "checkout/revenue", "keys": ["every_s"]}.items()
    assert desk.count("detector_reloads_total", result="loaded") == 3


def test_a_reload_that_was_refused_lists_the_mistakes(desk: Desk) -> None:
    """Ten of them at most, where they are, and that nothing has changed."""
    faults = [Fault("rules/checkout.yml", line, 1, "unknown key 'tabel'") for line in range(1, 15)]
    desk.reporting.reload_refused(faults)
    mistakes = [line["place"] for line in desk.log.lines if line["event"] == "a mistake"]
    assert mistakes == [f"rules/checkout.yml:{line}" for line in range(1, 11)]
    assert desk.log.lines[-1]["mistakes"] == 14
    assert desk.count("detector_rules_faults") == 14


def test_every_line_of_trouble_says_what_to_do(desk: Desk) -> None:
    """Whatever the daemon tells."""
    desk.reporting.standing_by("another daemon has the store")
    desk.reporting.clock_stepped(-86_400.0)
    desk.reporting.holds_later(["store"])
    for how in Overrun:
        desk.reporting.overran(how, "why")
    trouble = [line for line in desk.log.lines if line["level"] != "info"]
    assert len(trouble) == 6
    assert all(line["todo"] for line in trouble)
