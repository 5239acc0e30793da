"""The configuration at work: what a reload retires, and what is sent past a store that keeps nothing."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Condition, Event, Thread
from typing import Any

import pytest

from builders import a_metric
from detector.app.engine import AppEngine
from detector.model.notification import Notification, Reason, SendResult
from detector.model.rulebook import Team
from detector.model.secret import Secret
from worlds import Quiet, a_book, utc

SOON_S = 30.0  # a safety net: every test ends by an event


@dataclass
class Channels:
    """One of them hangs until it is let; the others take what they get."""

    hangs: str = "first"
    let: Event = field(default_factory=Event)
    got: list[tuple[str, str, bool]] = field(default_factory=list)
    changed: Condition = field(default_factory=Condition)

    def send(self, channel: Secret, notification: Notification, *, may_repeat: bool) -> SendResult:
        if channel.hidden == self.hangs:
            self.let.wait(SOON_S)
        with self.changed:
            self.got.append((channel.hidden, notification.key, may_repeat))
            self.changed.notify_all()
        return SendResult(ok=True)

    def wait_for(self, count: int) -> list[tuple[str, str, bool]]:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.got) >= count, SOON_S)
            return sorted(self.got)


@pytest.fixture
def channels() -> Iterator[Channels]:
    made = Channels()
    yield made
    made.let.set()


def an_engine(channels: Channels) -> AppEngine:
    book = a_book(a_metric())
    teams = {**book.settings.teams, "platform": Team("platform", (Secret("first"), Secret("second")))}
    book = replace(book, settings=replace(book.settings, teams=teams))
    store: Any = None  # no test here ticks
    return AppEngine.start(Path("detector.yml"), book, store, channels, Quiet(), lambda _, source: source)


def message(key: str) -> Notification:
    return Notification(key, "platform", Reason.STORE_FAILING, "The store fails", "...", utc(10, 9))


def test_a_channel_that_hangs_keeps_no_shout_from_another(channels: Channels) -> None:
    """Nor does it cost the next message: what is not sent now would not be said for an hour."""
    engine = an_engine(channels)
    engine.shout([message("one"), message("two")])
    assert channels.wait_for(2) == [("second", "one", True), ("second", "two", True)]
    engine.shout([message("three")])
    assert channels.wait_for(3)[1:] == [("second", "three", True), ("second", "two", True)]
    channels.let.set()
    assert [key for name, key, _ in channels.wait_for(6) if name == "first"] == ["one", "three", "two"]


def test_a_reload_retires_what_is_read_for_older_rules(channels: Channels) -> None:
    """Whatever changed in them, the lanes of the new rules are others."""
    engine = an_engine(channels)
    before: Any = engine.app.world.reading
    engine.swap(a_book(a_metric(), a_metric("checkout/orders")))
    after: Any = engine.app.world.reading
    assert (before.is_retired, after.is_retired) == (True, False)
    engine.close()


def test_messages_on_their_way_may_arrive_before_the_end(channels: Channels) -> None:
    """Also those that an earlier tick has left behind: cut off, they would be sent again by the next start."""
    engine = an_engine(channels)
    begun, arrived = Event(), Event()

    def send(_tell: object) -> None:
        begun.set()
        channels.let.wait(SOON_S)
        arrived.set()

    sending: Any = engine.app.world.sending
    sending.start("team platform, channel 1", send)
    assert begun.wait(SOON_S)
    engine.hurry()
    Thread(target=channels.let.set).start()
    engine.finish_sending()
    assert arrived.is_set()
