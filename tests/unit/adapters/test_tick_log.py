"""What the log says of ticks."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from builders import EIGHT, HOUR, a_metric, an_incident, hours
from detector.adapters.tick_log import TickLog
from detector.errors import StoreBusy, StoreError
from detector.model.incident import IncidentState
from detector.model.notification import Notification, Reason
from detector.model.rulebook import RuleBook
from detector.model.tick import TickReport
from detector.model.verdict import Outcome, OutcomeKind
from log_capture import Captured, captured
from worlds import a_book

AT = EIGHT + HOUR + timedelta(minutes=6)
REVENUE = a_metric()
ORDERS = a_metric("checkout/orders", place="rules/checkout.yml:20")
BOOK = a_book(REVENUE, ORDERS)
Tell = Callable[..., None]


@pytest.fixture
def log() -> Iterator[Captured]:
    with captured() as log:
        yield log


@pytest.fixture
def ticks(log: Captured) -> TickLog:
    del log
    return TickLog()


def ended(ticks: TickLog, report: TickReport, book: RuleBook = BOOK) -> None:
    ticks.ended(report, book, lag_s=0.0123, seconds=0.5)


def found(kind: OutcomeKind, metric: str = REVENUE.name, hour: int = 0) -> Outcome:
    return Outcome(metric, hours(hour, hour + 1), kind, AT, value=0.0, expected=4012.3456789)


def tick(*outcomes: Outcome, minute: int = 0, **said: object) -> TickReport:
    report = TickReport(AT + timedelta(minutes=minute), outcomes)
    return replace(report, **said)  # type: ignore[arg-type]  # a test names fields of TickReport


def test_a_tick_is_a_line_with_its_figures(ticks: TickLog, log: Captured) -> None:
    """Outcomes by kind, messages, sends, how long it took and how late it began."""
    ended(ticks, tick(found(OutcomeKind.NORMAL), found(OutcomeKind.NORMAL, ORDERS.name), sent=2))
    (line,) = log.lines
    assert (
        line.items()
        >= {
            "event": "tick",
            "level": "info",
            "tick": "2026-03-10T08:06:00+00:00",
            "seconds": 0.5,
            "lag_s": 0.012,
            "outcomes": {"normal": 2},
            "messages": 0,
            "sent": 2,
            "failed": 0,
        }.items()
    )


def test_a_tick_with_nothing_to_do_is_only_a_line_for_debugging() -> None:
    """An hour of quiet minutes is no line."""
    with captured() as log:
        ended(TickLog(), tick())
        assert log.lines == []
    with captured(level="debug") as log:
        ended(TickLog(), tick())
        assert [line["level"] for line in log.lines] == ["debug"]


def test_a_change_of_outcome_is_a_line(ticks: TickLog, log: Captured) -> None:
    """When it becomes anomalous and when it ends, bound to metric, rule and team; not while it lasts."""
    for hour, kind in enumerate(["NORMAL", "ANOMALOUS", "ANOMALOUS", "NORMAL", "NORMAL"]):
        ended(ticks, tick(found(OutcomeKind[kind], hour=hour), minute=60 * hour))
    lines = [line for line in log.lines if line["event"].startswith("outcome")]
    assert [line["event"] for line in lines] == ["outcome anomalous", "outcome normal"]
    assert (
        lines[0].items()
        >= {
            "metric": "checkout/revenue",
            "rule": "rules/checkout.yml:5",
            "team": "checkout",
            "value": 0.0,
            "expected": 4012.35,
            "bucket": "2026-03-10T08:00:00+00:00",
        }.items()
    )


def test_an_incident_is_a_line_for_each_state(ticks: TickLog, log: Captured) -> None:
    """Opened, recovering, resolved; what else changes in it is none."""
    opened = an_incident(opened_at=AT)
    for minute, state in enumerate(["OPEN", "OPEN", "RECOVERING", "RESOLVED"]):
        ended(ticks, tick(minute=minute, incidents=(replace(opened, state=IncidentState[state]),)))
    lines = [line for line in log.lines if line["event"].startswith("incident")]
    assert [line["event"] for line in lines] == ["incident opened", "incident recovering", "incident resolved"]
    assert (
        lines[0].items()
        >= {
            "incident": 12,
            "state": "open",
            "team": "checkout",
            "metric": "checkout/revenue",
            "rule": "rules/checkout.yml:5",
            "loss": 1000.0,
        }.items()
    )


def test_a_message_is_a_line(ticks: TickLog, log: Captured) -> None:
    """Why, to whom, of which incident; its body is not in the log."""
    told = Notification("incident/12/1", "checkout", Reason.OPENED, "Revenue is 0 €", "a body", AT, 12)
    ended(ticks, tick(notifications=(told,)))
    line = log.lines[0]
    assert (line["event"], line["reason"], line["team"], line["incident"]) == (
        "message decided",
        "opened",
        "checkout",
        12,
    )
    assert line["title"] == "Revenue is 0 €"
    assert "a body" not in log.text


def test_a_source_that_fails_is_said_once_and_once_when_it_is_over(ticks: TickLog, log: Captured) -> None:
    """One line for all its metrics, however long it lasts and however the error words change."""
    for minute in range(5):
        error = f"connection refused (rule: {REVENUE.place})", f"connection refused (rule: {ORDERS.place})"
        failures = dict(zip((REVENUE.name, ORDERS.name), error, strict=True))
        ended(ticks, tick(found(OutcomeKind.ERROR), minute=minute, failures=failures))
    ended(ticks, tick(minute=5))
    ended(ticks, tick(found(OutcomeKind.NORMAL), found(OutcomeKind.NORMAL, ORDERS.name), minute=6))
    lines = [line for line in log.lines if line["event"] != "tick"]
    assert [(line["event"], line["source"], line["metrics"]) for line in lines] == [
        ("a source fails", "shop", 2),
        ("works again", "shop", 2),
    ]
    assert lines[0]["error"] == "connection refused"
    assert lines[0]["todo"]


def test_a_query_that_fails_is_bound_to_its_rule(ticks: TickLog, log: Captured) -> None:
    """Alone it is the metric's trouble, not the source's."""
    ended(ticks, tick(failures={REVENUE.name: "no such column: amuont (rule: rules/checkout.yml:5)"}))
    line = log.lines[0]
    assert (line["event"], line["metric"], line["rule"]) == ("a metric fails", REVENUE.name, REVENUE.place)
    assert line["error"] == "no such column: amuont"


def test_every_failed_delivery_is_a_line(ticks: TickLog, log: Captured) -> None:
    """Bound to team and channel; each attempt, since they become rare by themselves."""
    for minute in range(2):
        ended(ticks, tick(minute=minute, failed=1, failures={"team checkout, channel 2": "slack: 500"}))
    lines = [line for line in log.lines if line["event"] == "a message could not be sent"]
    assert [(line["team"], line["channel"], line["error"]) for line in lines] == [("checkout", 2, "slack: 500")] * 2


def test_a_tick_that_fails_is_said_once(ticks: TickLog, log: Captured) -> None:
    """Until one comes to its end; a mistake of ours comes with its stack."""
    for minute in range(3):
        ticks.failed(AT + timedelta(minutes=minute), StoreError("disk full; free some space"))
    ended(ticks, tick(minute=3))
    ticks.failed(AT, StoreBusy("another one has it"))
    ticks.failed(AT, ZeroDivisionError("oh"))
    lines = [(line["level"], line["error"]) for line in log.lines if "error" in line]
    assert lines == [
        ("error", "StoreError: disk full; free some space"),
        ("warning", "StoreBusy: another one has it"),
        ("error", "ZeroDivisionError: oh"),
    ]
    assert "ticks come to their end again" in [line["event"] for line in log.lines]
    assert all(line["todo"] for line in log.lines if "error" in line)


def test_rules_that_are_gone_are_forgotten(ticks: TickLog, log: Captured) -> None:
    """A reload without a metric leaves nothing of it behind; one that comes back fails anew."""
    failures = {REVENUE.name: "no such table"}
    for book in (BOOK, a_book(ORDERS), BOOK):
        ended(ticks, tick(failures=failures if REVENUE.name in book.metrics else {}), book)
    assert [line["event"] for line in log.lines].count("a metric fails") == 2


def test_a_member_is_logged_with_its_metric(ticks: TickLog, log: Captured) -> None:
    """Once while it goes on, with the rule it belongs to; members that cannot be read are no message that failed."""
    series = f"{REVENUE.name} country=DE"
    for hour in range(2):
        ended(ticks, tick(found(OutcomeKind.ANOMALOUS, series, hour)))
        ended(ticks, tick(failures={f"{REVENUE.name} each country": "no such column (rule: x)"}))
    told = [line for line in log.lines if line["event"] == "outcome anomalous"]
    assert [(line["metric"], line["member"], line["rule"]) for line in told] == [
        (REVENUE.name, "country=DE", REVENUE.place)
    ]
    failed = [line for line in log.lines if line["level"] == "warning"]
    assert [(line["event"], line["metric"]) for line in failed] == [("members cannot be judged", REVENUE.name)] * 2
