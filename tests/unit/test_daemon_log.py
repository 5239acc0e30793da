"""What the daemon writes into its log."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from detector.daemon import Minutes
from detector.errors import StoreBusy
from detector.model.notification import Notification, Reason
from detector.model.span import Span
from detector.model.tick import TickReport
from detector.model.verdict import Outcome, OutcomeKind

NINE = datetime(2026, 3, 10, 9, 6, tzinfo=UTC)
HOUR = Span(NINE.replace(minute=0) - timedelta(hours=1), NINE.replace(minute=0))


def log_of(*ticks: Callable[[datetime], TickReport]) -> list[str]:
    """The lines of ticks on minutes that follow each other."""
    lines: list[str] = []
    left = list(ticks)

    def tick(at: datetime) -> TickReport:
        return left.pop(0)(at)

    minutes = Minutes(tick, lines.append, "Europe/Berlin")
    for number in range(len(ticks)):
        minutes.tick(NINE + timedelta(minutes=number, seconds=2))
    return lines


def busy(_at: datetime) -> TickReport:
    raise StoreBusy("another one is in the middle of a tick")


def quiet(at: datetime) -> TickReport:
    return TickReport(at)


def failing(at: datetime) -> TickReport:
    return TickReport(at, failures={"shop": "is down"})


def eventful(at: datetime) -> TickReport:
    outcomes = (Outcome("a/b", HOUR, OutcomeKind.ANOMALOUS, at), Outcome("a/c", HOUR, OutcomeKind.NORMAL, at))
    told = Notification("incident/1/1", "checkout", Reason.OPENED, "Revenue is 0", "", at, 1)
    return TickReport(at, outcomes, notifications=(told,))


def test_a_tick_with_something_to_say_is_one_line() -> None:
    """By the clocks of the configured timezone; a quiet minute is none."""
    assert log_of(quiet, eventful) == [
        "2026-03-10T10:07+01:00: 1 anomalous, 1 normal; to team checkout: Revenue is 0",
    ]


def test_what_goes_on_failing_is_said_once() -> None:
    """A second daemon on the store, or a source that is down, says so in its first minute, and again when it is new."""
    said = log_of(busy, busy, quiet, busy, failing, failing, quiet, failing)
    assert [line.partition(": ")[2] for line in said] == [
        "another one is in the middle of a tick; said once, until a tick succeeds",
        "another one is in the middle of a tick; said once, until a tick succeeds",
        "shop: is down",
        "shop: is down",
    ]
