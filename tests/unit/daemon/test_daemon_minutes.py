"""A minute of the daemon: who ticks, what is told, and what happens when the store or the clock fails."""

from datetime import timedelta

import pytest

from builders import a_metric
from daemons import NINE, MemoryStore, ScriptedEngine, a_daemon
from detector.daemon import Overrun
from detector.errors import StoreBusy, StoreError, TickAbandoned
from detector.model.notification import Notification, Reason
from detector.model.state import MetricState
from detector.pipeline.uncommitted import Uncommitted, UncommittedForNow
from worlds import a_book

MINUTE = timedelta(minutes=1)
OPENED = Notification("incident/1/1", "checkout", Reason.OPENED, "Checkout revenue is 0", "...", NINE)


def test_a_tick() -> None:
    """It is that of the full minute; its end is told."""
    engine = ScriptedEngine()
    daemon, heard, clock = a_daemon(engine)
    clock.go_on(timedelta(seconds=7))
    daemon.minutes.tick()
    assert [at for at, _ in engine.ticks] == [NINE]
    assert heard.names == ["tick_begins", "ticked"]
    assert heard.of("tick_begins") == [(NINE, 7.0)]
    assert daemon.standing.is_leader
    assert daemon.standing.last_tick_at == NINE


def test_while_another_daemon_has_the_store_nothing_ticks() -> None:
    """It takes over when the other one ends, and says so when it loses the store to another one again."""
    engine = ScriptedEngine(store=MemoryStore(is_taken=True))
    daemon, heard, clock = a_daemon(engine)
    daemon.minutes.tick()
    assert not engine.ticks
    assert not daemon.standing.is_leader
    engine.store.is_taken = False
    clock.go_on()
    daemon.minutes.tick()
    assert len(engine.ticks) == 1
    engine.store.is_taken = engine.store.is_lost = True
    clock.go_on()
    daemon.minutes.tick()
    assert len(engine.ticks) == 1
    assert heard.of("standing_by") == [("another daemon runs on this store",)] * 2


def test_a_lease_that_was_lost_is_taken_again() -> None:
    """A server that restarted lets go of all locks: the next minute goes on where nobody else has it."""
    engine = ScriptedEngine()
    daemon, _, clock = a_daemon(engine)
    daemon.minutes.tick()
    engine.store.is_lost = True
    clock.go_on()
    daemon.minutes.tick()
    assert len(engine.ticks) == 2


def test_news_wait_for_a_tick_that_is_recorded() -> None:
    """A message about the detector is given to every tick until one of them has kept it, and then to none."""
    engine = ScriptedEngine(fails=[StoreBusy("busy"), None])
    daemon, _, clock = a_daemon(engine)
    daemon.minutes.add_news([OPENED])
    for _ in range(3):
        daemon.minutes.tick()
        clock.go_on()
    assert [news for _, news in engine.ticks] == [(OPENED,), ()]


def test_a_store_that_fails_is_shouted_about_once_an_hour() -> None:
    """What cannot be kept is sent past the outbox, and its end goes through it."""
    engine = ScriptedEngine(fails=[Uncommitted(StoreError("disk full"), [OPENED])] * 90)
    daemon, heard, clock = a_daemon(engine)
    for _ in range(91):
        daemon.minutes.tick()
        clock.go_on()
    told = [(one.team, one.reason) for one in engine.shouted]
    assert told == [("platform", Reason.STORE_FAILING), ("checkout", Reason.OPENED)] * 2
    assert len(heard.of("tick_failed")) == 90
    assert not daemon.standing.trouble
    daemon.minutes.tick()
    assert [one.reason for one in engine.news] == [Reason.STORE_BACK]


def test_a_busy_store_is_no_reason_to_shout() -> None:
    """Somebody else's backup passes."""
    engine = ScriptedEngine(fails=[StoreBusy("busy")])
    daemon, heard, _ = a_daemon(engine)
    daemon.minutes.tick()
    assert not engine.shouted
    assert heard.names == ["tick_begins", "tick_failed"]


def test_a_store_that_stays_busy_is_shouted_about() -> None:
    """A program that hangs with the store in its hands does not pass: after five minutes nobody watches."""
    engine = ScriptedEngine(fails=[UncommittedForNow(StoreBusy("busy"), [OPENED])] * 70)
    daemon, _, clock = a_daemon(engine)
    for _ in range(5):
        daemon.minutes.tick()
        clock.go_on()
    assert not engine.shouted
    for _ in range(66):
        daemon.minutes.tick()
        clock.go_on()
    assert [one.reason for one in engine.shouted] == [Reason.STORE_FAILING, Reason.OPENED] * 2
    daemon.minutes.tick()
    assert [one.reason for one in engine.news] == [Reason.STORE_BACK]


def test_an_abandoned_tick_is_no_failure() -> None:
    """The next start makes up for it."""
    engine = ScriptedEngine(fails=[TickAbandoned("told to end")])
    daemon, heard, _ = a_daemon(engine)
    daemon.minutes.tick()
    assert heard.names == ["tick_begins"]


def test_a_clock_that_is_set_ahead_judges_nothing_for_a_while() -> None:
    """The admins are told; after ten minutes the new time is believed, with one tick and no storm."""
    engine = ScriptedEngine()
    daemon, heard, clock = a_daemon(engine)
    daemon.minutes.tick()
    clock.step(timedelta(hours=1))
    for _ in range(12):
        clock.go_on()
        daemon.minutes.tick()
    assert [at for at, _ in engine.ticks] == [NINE, *(NINE + timedelta(hours=1) + n * MINUTE for n in (11, 12))]
    assert heard.of("clock_stepped") == [(3600.0,)]
    assert [one.reason for one in engine.news] == [Reason.CLOCK_STEPPED]


def test_a_clock_that_is_set_back_goes_on_ticking() -> None:
    """Nothing is due for a day, and the admins know why."""
    engine = ScriptedEngine()
    daemon, _, clock = a_daemon(engine)
    daemon.minutes.tick()
    clock.step(timedelta(days=-1))
    clock.go_on()
    daemon.minutes.tick()
    assert [at for at, _ in engine.ticks] == [NINE, NINE + MINUTE - timedelta(days=1)]
    assert [one.reason for one in engine.news] == [Reason.CLOCK_STEPPED]


def test_what_is_over_is_forgotten_once_a_day() -> None:
    """After `keep`, an hour after the start and then at the first tick of each day."""
    engine = ScriptedEngine()
    daemon, _, clock = a_daemon(engine)
    for hours in (1, 11, 12, 12):
        daemon.minutes.tick()
        daemon.minutes._housework.wait(["prune"])
        clock.go_on(timedelta(hours=hours))
    keep = timedelta(seconds=engine.book.settings.keep_s)
    assert engine.store.pruned == [NINE + timedelta(hours=1) - keep, NINE + timedelta(days=1) - keep]


def test_by_a_clock_that_is_years_ahead_nothing_is_forgotten() -> None:
    """It would be everything: at the start and after a step ahead there is an hour to set it right."""
    engine = ScriptedEngine()
    daemon, _, clock = a_daemon(engine)
    daemon.minutes.tick()
    clock.go_on(timedelta(hours=1))
    clock.step(timedelta(days=3650))
    for _ in range(40):
        daemon.minutes.tick()
        daemon.minutes._housework.wait(["prune"])
        clock.go_on()
    clock.step(timedelta(days=-3650))
    daemon.minutes.tick()
    daemon.minutes._housework.wait(["prune"])
    keep = timedelta(seconds=engine.book.settings.keep_s)
    assert [before for before in engine.store.pruned if before > clock.at - keep] == []


def test_the_sign_of_life_moves_with_every_minute() -> None:
    """Also with those that fail, and while standing by: only a thread that hangs is no life."""
    engine = ScriptedEngine(store=MemoryStore(is_taken=True))
    daemon, _, clock = a_daemon(engine)
    clock.go_on()
    daemon.minutes.tick()
    assert daemon.standing.sign_s == clock.elapsed_s()


def test_many_minutes_without_a_tick_are_told() -> None:
    """Five within an hour are told to the admins; one now and then is counted only."""
    engine = ScriptedEngine()
    daemon, heard, clock = a_daemon(engine)
    for _ in range(6):
        daemon.overran(Overrun.STILL_RUNNING, "still running")
        clock.go_on(timedelta(minutes=20))
    daemon.minutes.tick()
    assert not engine.news
    for _ in range(5):
        daemon.overran(Overrun.MISSED, "missed")
        clock.go_on()
    daemon.minutes.tick()
    assert [one.reason for one in engine.news] == [Reason.TICKS_LATE]
    assert len(heard.of("overran")) == 11


def test_a_daemon_whose_ticks_break_is_not_ready() -> None:
    """A mistake of the detector is raised for the scheduler to tell, and stands until a tick comes to its end."""
    engine = ScriptedEngine(fails=[ValueError("odd")])
    daemon, _, clock = a_daemon(engine)
    with pytest.raises(ValueError, match="odd"):
        daemon.minutes.tick()
    assert daemon.standing.is_broken
    clock.go_on()
    daemon.minutes.tick()
    assert not daemon.standing.is_broken


def test_ticks_that_break_are_told_past_the_outbox() -> None:
    """Once an hour: no tick may be there to send it."""
    engine = ScriptedEngine(fails=[ZeroDivisionError("odd")] * 70)
    daemon, _, clock = a_daemon(engine)
    for _ in range(70):
        with pytest.raises(ZeroDivisionError):
            daemon.minutes.tick()
        clock.go_on()
    assert [one.reason for one in engine.shouted] == [Reason.TICKS_BROKEN] * 2


def test_metrics_judged_ahead_of_the_clock_are_told() -> None:
    """A clock that was ahead before the daemon started leaves watermarks in the future, and nothing else tells."""
    metric = a_metric()
    ahead = MetricState(metric.name, "f", NINE, judged_until=NINE + timedelta(days=60))
    engine = ScriptedEngine(book=a_book(metric), store=MemoryStore(states={metric.name: ahead}))
    daemon, _, clock = a_daemon(engine)
    for _ in range(3):
        daemon.minutes.tick()
        clock.go_on()
    assert [one.reason for one in engine.news] == [Reason.CLOCK_STEPPED]
    assert "1 metric is judged ahead of the clock" in engine.news[0].title
