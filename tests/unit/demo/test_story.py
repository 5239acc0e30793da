"""The story of the demo, told around an app that only listens."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console

from daemons import HandClock
from detector.app import App
from detector.demo import story
from detector.demo.story import Day, day_of_story, tell
from detector.demo.terminal import Terminal
from detector.demo.trade import is_holiday
from detector.model.deploy import Deploy, DeployKind
from detector.model.notification import Notification, Reason
from detector.model.secret import Secret
from detector.model.tick import TickReport

BERLIN = ZoneInfo("Europe/Berlin")


@dataclass
class Listener:
    """Stands for an App: remembers what it was told, and finds nothing."""

    ticks: list[datetime] = field(default_factory=list)
    deploys: list[Deploy] = field(default_factory=list)

    def tick(self, at: datetime) -> TickReport:
        self.ticks.append(at)
        return TickReport(at)

    def add_deploy(self, deploy: Deploy) -> bool:
        self.deploys.append(deploy)
        return True


@pytest.fixture
def listener(monkeypatch: pytest.MonkeyPatch) -> Listener:
    found = Listener()

    @contextmanager
    def listen(_config: Path, **_given: object) -> Iterator[Listener]:
        yield found

    monkeypatch.setattr(story, "open_app", listen)
    return found


def paper() -> tuple[Terminal, io.StringIO]:
    written = io.StringIO()
    return Terminal(Console(file=written, highlight=False)), written


@pytest.mark.parametrize("hour", range(0, 24 * 9, 7))
def test_story_plays_on_a_finished_working_day(hour: int) -> None:
    """Whatever the time, the story's day is the newest working day whose afternoon is over."""
    now = datetime(2026, 12, 20, 0, 30, tzinfo=UTC) + timedelta(hours=hour)
    day = day_of_story(now)
    assert day.at(story.LAST_TICK) <= now
    assert day.date.weekday() < 5
    assert not is_holiday(day.date)
    later = [day.date + timedelta(days=step) for step in range(1, 9)]
    ordinary = [one for one in later if one.weekday() < 5 and not is_holiday(one)]
    assert all(Day(one).at(story.LAST_TICK) > now for one in ordinary)


def test_story_skips_christmas() -> None:
    """On a public holiday the story plays on the working day before."""
    assert day_of_story(datetime(2026, 12, 26, 20, 0, tzinfo=UTC)) == Day(date(2026, 12, 24))


def test_story_breaks_eight_minutes_before_the_hour(tmp_path: Path, listener: Listener) -> None:
    """The last deploys are four innocent ones, checkout-api at 07:52 and its rollback; ticks go from five on."""
    tell(tmp_path / "demo", world=HandClock(datetime(2026, 11, 20, 19, 0, tzinfo=UTC)), terminal=paper()[0])
    walls = [at.astimezone(BERLIN).time() for at in listener.ticks]
    assert walls == [time(hour, 6) for hour in range(5, 17)]
    today = [one for one in listener.deploys if one.received_at.astimezone(BERLIN).date() == date(2026, 11, 20)]
    *innocent, guilty, rollback = today
    assert len({one.service for one in innocent} - {"checkout-api", "payments"}) == 4
    assert (guilty.service, guilty.received_at.astimezone(BERLIN).time()) == ("checkout-api", time(7, 52))
    assert (rollback.kind, rollback.rollback_of) == (DeployKind.ROLLBACK, guilty.id)


def test_story_says_what_to_try_next(tmp_path: Path, listener: Listener) -> None:
    """It ends with commands that name the demo's own configuration."""
    terminal, written = paper()
    assert tell(tmp_path / "demo", world=HandClock(datetime(2026, 11, 20, 19, 0, tzinfo=UTC)), terminal=terminal) == 0
    assert listener.ticks
    assert "incident show 1" in written.getvalue()
    assert str(tmp_path / "demo" / "detector.yml") in written.getvalue().replace("\n", "")


def test_terminal_prints_a_message_as_it_is_written() -> None:
    """Every line of a message stands in the box, and what looks like markup stays text."""
    terminal, written = paper()
    at = datetime(2026, 11, 20, 8, 6, tzinfo=UTC)
    told = Notification(
        "k", "checkout", Reason.OPENED, "Revenue is 0 €", "Missing: [red]4,000 €[/red]\n  since 08:00", at
    )
    result = terminal.send(Secret("json://localhost"), told, may_repeat=True)
    assert result.ok
    lines = [line.strip("│ \n") for line in written.getvalue().splitlines()]
    assert "09:06 to team checkout" in lines[0]
    assert lines[1:5] == ["Revenue is 0 €", "Missing: [red]4,000 €[/red]", "since 08:00", "possible repeat"]


def test_app_is_what_the_listener_stands_for() -> None:
    """The listener has the methods of App that the story calls."""
    assert all(hasattr(App, name) for name in ("tick", "add_deploy"))
