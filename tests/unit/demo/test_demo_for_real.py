"""The demo as people see it: the real app, a real store, and a terminal that remembers."""

import io
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console

from daemons import HandClock
from detector.demo.story import tell
from detector.demo.terminal import Terminal
from detector.model.notification import Notification, Reason, SendResult
from detector.model.secret import Secret


class Remembering(Terminal):
    """Keeps what it prints."""

    def __init__(self) -> None:
        self.written = io.StringIO()
        self.sent: list[Notification] = []
        super().__init__(Console(file=self.written, highlight=False))

    def send(self, channel: Secret, notification: Notification, *, may_repeat: bool) -> SendResult:
        self.sent.append(notification)
        return super().send(channel, notification, may_repeat=may_repeat)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Remembering:
    terminal = Remembering()
    folder: Path = tmp_path_factory.mktemp("demo") / "demo"
    tell(folder, world=HandClock(datetime(2026, 11, 20, 19, 0, tzinfo=UTC)), terminal=terminal)
    return terminal


def test_demo_tells_one_team_twice(told: Remembering) -> None:
    """The team that owns revenue hears when it breaks and when it is over; nobody hears anything else."""
    assert [(one.team, one.reason) for one in told.sent] == [
        ("checkout", Reason.OPENED),
        ("checkout", Reason.RESOLVED),
    ]


def test_demo_shows_the_alert(told: Remembering) -> None:
    """The first message has the money in its title, then the loss, then the guilty deploy before all others."""
    opened = told.sent[0]
    found = re.fullmatch(
        r"Checkout revenue is 0 € - usually about (\d),(\d00) € from 08:00 to 09:00 \(-100 %\)", opened.title
    )
    assert found is not None
    assert 3_500 < int(found[1] + found[2]) < 4_500
    missing, suspect, *rest = opened.body.splitlines()
    assert re.match(r"Missing so far: about \d,\d00 € \(\d,\d00 to \d,\d00 €\) since 08:00", missing)
    assert suspect.startswith("Suspect: checkout-api v412 by alice, live 07:52")
    assert "Where: everywhere alike (country, method)" in rest


def test_demo_shows_the_total_loss(told: Remembering) -> None:
    """The last message says what three hours without payments cost."""
    resolved = told.sent[1]
    assert resolved.title.startswith("Checkout revenue is back to usual - about 1")
    assert "It lasted from 08:00 to 11:00, 3 h" in resolved.body


def test_demo_prints_messages_in_full(told: Remembering) -> None:
    """Every word of every message is on the terminal, and no tick found trouble."""
    words = " ".join(told.written.getvalue().replace("│", " ").split())
    for one in told.sent:
        assert " ".join(f"{one.title} {one.body}".split()) in words
    assert "error" not in words
