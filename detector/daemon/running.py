"""From start to stop: scheduler, signals, changed files."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from traceback import extract_tb
from types import FrameType

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED, JobEvent
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger

from detector.alerting.wording_admins import rules_load_again, rules_not_loading, ticks_late
from detector.daemon.changes import changes, needs_restart
from detector.daemon.clock_steps import ClockSteps
from detector.daemon.engine import Engine, Server
from detector.daemon.files import FileWatch, Print
from detector.daemon.lease import Lease
from detector.daemon.minutes import Minutes
from detector.daemon.reporter import Overrun, Reporter
from detector.daemon.standing import Standing
from detector.errors import ConfigError, Fault
from detector.model.rulebook import RuleBook, Settings
from detector.pipeline.lanes import Threads
from detector.ports import Clock

__all__ = ["Daemon", "run_daemon"]

GRACE_S = 300
"""A tick that could not start on its minute is made up for within five: what is due is decided by watermarks anyway."""

LOOK_S = 1.0
"""Files are looked at every second: a change is loaded when two looks agree, well within five seconds."""

LAST_TICK_S = 6.0
"""A tick under way has so long to end; one that does not has recorded nothing, and may be cut off."""

LAST_ANSWER_S = 1.0

MANY_OVERRUNS, OVERRUNS_WITHIN_S = 5, 3600.0
"""A single one is a backup or an upgrade of the machine; five in an hour are more work than it can do."""

TICK, LEASE = "tick", "lease"

Heard = SimpleQueue[int]
"""Signals; no Event, which a handler cannot set while the thread that it interrupts is about to wait for it."""

STILL_RUNNING = "a tick was still running when the next one was due; a later one makes up for it"


@dataclass(slots=True)
class Daemon:
    """All that runs, and what is known of it.

    Attributes:
        files_as_read: of the configuration, from before it was read.
    """

    engine: Engine
    clock: Clock
    reporter: Reporter
    server: Server | None
    standing: Standing
    files_as_read: Print | None = None
    lease: Lease = field(init=False)
    minutes: Minutes = field(init=False)
    files: FileWatch = field(init=False)
    are_rules_bad: bool = field(init=False)
    began_with: Settings = field(init=False)
    overruns: list[float] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self.lease = Lease(self.engine.store)
        self.minutes = Minutes(self.engine, self.clock, self.reporter, self.standing, self.lease)
        self.files = FileWatch(self.engine.files, self.files_as_read)
        self.began_with = self.engine.book.settings
        self.are_rules_bad = bool(self.engine.book.faults)
        if self.are_rules_bad:
            self._complain(self.engine.book.faults)

    def reload(self) -> None:
        """Build new, then swap; what cannot be used changes nothing."""
        self.files.taken()
        before = self.engine.book
        try:
            book = self._load()
            changed = changes(before, book)
            self.engine.swap(book)
        except ConfigError as error:
            self._refuse(error.faults)
            return
        except Exception as error:  # noqa: BLE001 - the boundary of a reload: whatever it was, what ran before goes on
            self._refuse((_mistake_of_ours(error, before.settings),))
            return
        self.reporter.reloaded(book, changed)
        self.reporter.holds_later(needs_restart(self.began_with, book.settings))
        if self.are_rules_bad:
            self.are_rules_bad = False
            self.minutes.add_news(rules_load_again(book.settings, self.clock.now()))

    def _load(self) -> RuleBook:
        book = self.engine.load()
        if book.faults:
            raise ConfigError(book.faults)
        return book

    def overran(self, how: Overrun, why: str) -> None:
        """A minute got no tick of its own; when that happens often within an hour the admins hear of it."""
        self.reporter.overran(how, why)
        self.overruns.append(self.clock.elapsed_s())
        recent = [at_s for at_s in self.overruns if self.clock.elapsed_s() - at_s < OVERRUNS_WITHIN_S]
        if len(recent) >= MANY_OVERRUNS:
            self.minutes.add_news(ticks_late(len(recent), self.engine.book.settings, self.clock.now()))
            recent.clear()
        self.overruns = recent

    def _refuse(self, faults: tuple[Fault, ...]) -> None:
        self.reporter.reload_refused(faults)
        self.are_rules_bad = True
        self._complain(faults)

    def _complain(self, faults: tuple[Fault, ...]) -> None:
        self.minutes.add_news(rules_not_loading(faults, self.engine.book.settings, self.clock.now()))


def _mistake_of_ours(error: Exception, settings: Settings) -> Fault:
    """Where it happened, and not its words, which may hold a secret that nobody knows of yet."""
    frame = extract_tb(error.__traceback__)[-1]
    place = f"{Path(frame.filename).name}:{frame.lineno}"
    return Fault(str(settings.path), 0, 0, f"loading failed with {type(error).__name__} in {place}; please report this")


def run_daemon(daemon: Daemon, trigger: BaseTrigger | None = None) -> None:
    """Tick on every full minute (in UTC, which has no clock changes) until SIGTERM or SIGINT; SIGHUP reloads."""
    heard, turn = Heard(), Lock()

    def minute() -> None:
        if not turn.acquire(blocking=False):
            daemon.overran(Overrun.STILL_RUNNING, STILL_RUNNING)
            return
        try:
            daemon.minutes.tick()
        finally:
            turn.release()

    every = trigger or CronTrigger(second=0, timezone="UTC")
    scheduler = _scheduler(daemon, minute, every)
    with _signals(heard):
        if daemon.server is not None:
            daemon.server.start()
        daemon.reporter.started(daemon.engine.book)
        scheduler.start()
        try:
            _watch(
                daemon, heard, lambda: scheduler.add_job(minute), lambda: scheduler.reschedule_job(TICK, trigger=every)
            )
        finally:
            has_ended = _end(daemon, scheduler, turn)
    daemon.reporter.stopped()
    if not has_ended:
        os._exit(0)  # a thread in the middle of a query would keep the program from ending


def _scheduler(daemon: Daemon, minute: Callable[[], None], trigger: BaseTrigger) -> BackgroundScheduler:
    scheduler = BackgroundScheduler(
        timezone="UTC", job_defaults={"misfire_grace_time": GRACE_S, "coalesce": True, "max_instances": 1}
    )

    def listen(event: JobEvent) -> None:
        daemon.overran(*_overrun(event))

    scheduler.add_job(minute, trigger, id=TICK)
    scheduler.add_job(minute, id="first")  # at once: nobody wants to wait for the minute to learn whether it works
    scheduler.add_listener(listen, EVENT_JOB_MISSED | EVENT_JOB_MAX_INSTANCES | EVENT_JOB_ERROR)
    return scheduler


def _overrun(event: JobEvent) -> tuple[Overrun, str]:
    if event.code == EVENT_JOB_ERROR:
        return Overrun.BROKEN, f"a tick broke with {event.exception!r}; the next one starts from what is in the store"
    if event.code == EVENT_JOB_MISSED:
        return Overrun.MISSED, "a tick could not start within five minutes of its time; the next one makes up for it"
    return Overrun.STILL_RUNNING, STILL_RUNNING


def _watch(daemon: Daemon, heard: Heard, tick_now: Callable[[], object], schedule_anew: Callable[[], object]) -> None:
    """Look after files, signals, the clock and the lease until told to stop."""
    steps = ClockSteps(daemon.clock.now(), daemon.clock.elapsed_s())
    looking: Threads[None] = Threads(LEASE, 1, patience_s=0.0)  # a store that does not answer holds up no signal
    while (number := _next(heard)) in {None, signal.SIGHUP}:
        if number == signal.SIGHUP or daemon.files.has_changed():
            daemon.reload()
        if steps.look(daemon.clock.now(), daemon.clock.elapsed_s()):
            schedule_anew()  # the scheduler waits for a time of the clock, which after a step back is a day away
        if not daemon.lease.is_held:
            looking.start(LEASE, lambda _: _take_over(daemon, tick_now))


def _next(heard: Heard) -> int | None:
    """The next signal; None when it is time to look after the rest."""
    try:
        return heard.get(timeout=LOOK_S)
    except Empty:
        return None


def _take_over(daemon: Daemon, tick_now: Callable[[], object]) -> None:
    """While another daemon has the store, this one is well as long as it keeps looking."""
    daemon.standing.sign_s = daemon.clock.elapsed_s()
    try:
        is_ours = daemon.lease.hold()
    except Exception:  # noqa: BLE001 - the next tick meets the same trouble, and says so
        return
    if is_ours and not daemon.standing.is_stopping:
        tick_now()


def _end(daemon: Daemon, scheduler: BackgroundScheduler, turn: Lock) -> bool:
    """Whether nothing is left in the middle of something."""
    daemon.standing.is_stopping = True
    scheduler.remove_all_jobs()  # first, since a job that the scheduler is just looking at would be its end
    scheduler.shutdown(wait=False)
    daemon.engine.hurry()
    has_ended = turn.acquire(timeout=LAST_TICK_S)
    daemon.engine.finish_sending()
    if daemon.server is not None:
        daemon.server.stop(LAST_ANSWER_S)
    return has_ended and _gives_back(daemon.lease)


def _gives_back(lease: Lease) -> bool:
    """Whether the store has its lease again; one that does not answer takes it when this process is gone."""
    giving = Thread(target=lease.give_back, name=LEASE, daemon=True)
    giving.start()
    giving.join(LAST_ANSWER_S)
    return not giving.is_alive()


@contextmanager
def _signals(heard: Heard) -> Iterator[None]:
    def on_signal(number: int, _frame: FrameType | None) -> None:
        heard.put(number)

    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = {number: signal.signal(number, on_signal) for number in numbers}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)
