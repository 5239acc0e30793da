"""What the daemon's main thread looks after: the clock, the files, the lease; nothing of it ends the daemon."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Event, Thread
from typing import Any

import pytest

from daemons import MemoryStore, ScriptedEngine, a_daemon
from detector.daemon import running
from detector.daemon.running import Heard, _gives_back, _watch
from detector.model.notification import Reason
from detector.model.rulebook import RuleBook

SOON_S = 30.0  # a safety net: every test ends by an event


@dataclass
class Engine(ScriptedEngine):
    """Does what a test wants while it loads."""

    while_loading: Callable[[], object] = field(default=lambda: None)

    def load(self) -> RuleBook:
        self.while_loading()
        return super().load()


def told(*numbers: signal.Signals) -> Heard:
    heard = Heard()
    for number in (*numbers, signal.SIGTERM):
        heard.put(number)
    return heard


def test_after_a_step_of_the_clock_the_minutes_are_scheduled_anew() -> None:
    """A scheduler that waits for a time would wait for a whole day when the clock is set back by one."""
    engine = Engine()
    daemon, _, clock = a_daemon(engine)
    daemon.minutes.tick()
    engine.while_loading = lambda: clock.step(timedelta(days=-1))
    anew: list[None] = []
    _watch(daemon, told(signal.SIGHUP), lambda: None, lambda: anew.append(None))
    assert len(anew) == 1
    engine.while_loading = lambda: None
    _watch(daemon, told(signal.SIGHUP), lambda: None, lambda: anew.append(None))
    assert len(anew) == 1


def test_a_reload_that_breaks_changes_nothing_and_ends_nothing() -> None:
    """A mistake of the detector is told like one of the files, by its place and without its words."""

    def break_down() -> None:
        raise RecursionError("json://secret@chat.example/")

    engine = Engine(while_loading=break_down)
    daemon, heard, _ = a_daemon(engine)
    _watch(daemon, told(signal.SIGHUP), lambda: None, lambda: None)
    daemon.minutes.tick()
    (fault,) = heard.of("reload_refused")[0][0]
    assert fault.message.startswith("loading failed with RecursionError in test_daemon_running.py:")
    assert "secret" not in fault.message
    assert [one.reason for one in engine.news] == [Reason.RULES_FAILING]


class HangingStore(MemoryStore):
    """Says nothing about its lease until it may."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.may_answer = Event(), Event()

    @contextmanager
    def lease(self, patience_s: float = 0.0) -> Iterator[None]:
        self.asked.set()
        self.may_answer.wait(SOON_S)
        with super().lease(patience_s):
            yield


class AskedFirst:
    """Signals that come when the store has been asked for the lease."""

    def __init__(self, asked: Event) -> None:
        self._asked, self._is_first = asked, True

    def get(self, timeout: float) -> int:
        del timeout
        if self._is_first:
            self._is_first = False
            return signal.SIGHUP
        assert self._asked.wait(SOON_S)
        return signal.SIGTERM


def test_a_store_that_does_not_answer_holds_up_no_signal() -> None:
    """While it is asked whether this daemon may have it, SIGTERM is heard; what is asked in vain is not waited for."""
    store = HangingStore()
    daemon, _, _ = a_daemon(ScriptedEngine(store=store))
    heard: Any = AskedFirst(store.asked)
    _watch(daemon, heard, lambda: None, lambda: None)
    store.may_answer.set()


def test_a_lease_that_cannot_be_given_back_keeps_no_daemon_from_ending(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server takes it back when the connection is gone."""
    monkeypatch.setattr(running, "LAST_ANSWER_S", 0.01)
    store = HangingStore()
    daemon, _, _ = a_daemon(ScriptedEngine(store=store))
    looking = Thread(target=daemon.lease.hold, daemon=True)
    looking.start()
    assert store.asked.wait(SOON_S)
    assert not _gives_back(daemon.lease)
    store.may_answer.set()
    looking.join()
    assert daemon.lease.hold() or _gives_back(daemon.lease)
