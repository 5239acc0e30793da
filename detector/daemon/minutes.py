"""What happens in a minute: the clock is looked at, the lease is held, a tick runs, and its sign of life is written."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from threading import Lock

from detector.alerting.wording_admins import (
    clock_stepped,
    judged_ahead,
    store_failing,
    store_works_again,
    ticks_broken,
)
from detector.daemon.clock_steps import ClockSteps
from detector.daemon.engine import Engine
from detector.daemon.lease import Lease
from detector.daemon.reporter import Reporter
from detector.daemon.standing import Standing
from detector.daemon.voice import HourlyVoice
from detector.errors import StoreBusy, StoreError, TickAbandoned
from detector.model.notification import Notification
from detector.pipeline.lanes import Threads
from detector.pipeline.uncommitted import Uncommitted
from detector.ports import Clock

__all__ = ["Minutes"]

BUSY_AT_MOST_S = 300.0
"""Another program's backup or upgrade is over by then."""

AHEAD = timedelta(hours=1)
"""No metric is judged so far ahead of the clock, unless the clock was ahead."""

TRUSTED_AFTER_S = 3600.0
"""By a clock that is years ahead all would be long over; one that is wrong is mostly put right within so long."""


class Minutes:
    """One tick after the other, for as long as the daemon runs."""

    def __init__(self, engine: Engine, clock: Clock, reporter: Reporter, standing: Standing, lease: Lease) -> None:
        self._engine, self._clock, self._reporter, self._standing = engine, clock, reporter, standing
        self._lease = lease
        self._steps = ClockSteps(clock.now(), clock.elapsed_s())
        self._news: list[Notification] = []
        self._news_turn = Lock()
        self._voice = HourlyVoice(engine)
        self._failing_since: datetime | None = None
        self._stands_by = False
        self._housework: Threads[None] = Threads("housework", 1, patience_s=60.0)
        self._pruned_on: date | None = None
        self._looked_ahead_on: date | None = None
        self._trusted_from_s = clock.elapsed_s() + TRUSTED_AFTER_S
        self._busy_since_s: float | None = None

    def add_news(self, news: Sequence[Notification]) -> None:
        """Messages about the detector itself, for the next tick to record and send; from any thread."""
        with self._news_turn:
            self._news.extend(news)

    def tick(self) -> None:
        """The minute that it is now."""
        now, elapsed_s = self._clock.now(), self._clock.elapsed_s()
        self._standing.sign_s = elapsed_s
        self._look_at_clock(now, elapsed_s)
        at = now.replace(second=0, microsecond=0)
        try:
            if self._is_leader() and not self._steps.is_on_hold(elapsed_s):
                self._tick(at, now)
        except TickAbandoned:
            return
        except StoreError as error:
            self._standing.trouble = str(error)
            self._reporter.tick_failed(at, error)
            self._shout(error, now, elapsed_s)
        except Exception as error:
            self._standing.is_broken = True  # logged by whoever called; a daemon that only breaks does not do its work
            self._voice.say(ticks_broken(type(error).__name__, self._engine.book.settings, now), elapsed_s)
            raise
        finally:
            self._standing.sign_s = self._clock.elapsed_s()

    def _look_at_clock(self, now: datetime, elapsed_s: float) -> None:
        step = self._steps.look(now, elapsed_s)
        if step:
            self._trusted_from_s = elapsed_s + TRUSTED_AFTER_S
            self._reporter.clock_stepped(step.total_seconds())
            self.add_news(clock_stepped(step, self._engine.book.settings, now))

    def _is_leader(self) -> bool:
        is_leader = self._standing.is_leader = self._lease.hold()
        if not is_leader and not self._stands_by:
            self._reporter.standing_by(self._lease.why_not)
        self._stands_by = not is_leader
        return is_leader

    def _tick(self, at: datetime, now: datetime) -> None:
        begun_s = self._clock.elapsed_s()
        self._reporter.tick_begins(at, (now - at).total_seconds())
        with self._news_turn:
            news = tuple(self._news)
        report = self._engine.tick(at, news)
        with self._news_turn:
            self._news = [one for one in self._news if one not in news]
        self._standing.last_tick_at, self._standing.trouble, self._standing.is_broken = at, "", False
        self._busy_since_s = None
        if self._failing_since is not None:
            self.add_news(store_works_again(self._failing_since, self._engine.book.settings, now))
            self._failing_since = None
        self._reporter.ticked(report, self._clock.elapsed_s() - begun_s)
        self._look_ahead(at)
        self._prune(at)

    def _look_ahead(self, at: datetime) -> None:
        """Once a day: what a clock that was ahead has left behind, which nothing else would ever tell."""
        if at.date() == self._looked_ahead_on:
            return
        self._looked_ahead_on = at.date()
        metrics, states = self._engine.book.metrics, self._engine.store.metric_states().values()
        until = [state.judged_until for state in states if state.metric in metrics and state.judged_until is not None]
        ahead = [judged_until for judged_until in until if judged_until > at + AHEAD]
        if ahead:
            self.add_news(judged_ahead(len(ahead), max(ahead), self._engine.book.settings, at))

    def _prune(self, at: datetime) -> None:
        """Once a day, beside the ticks: after a year without any it takes minutes."""
        try:
            self._housework.results()
        except StoreError as error:
            self._reporter.housework_failed(error)
        before = at - timedelta(seconds=self._engine.book.settings.keep_s)
        is_due = at.date() != self._pruned_on and self._clock.elapsed_s() >= self._trusted_from_s
        if is_due and self._housework.start("prune", lambda _: self._forget(before)):
            self._pruned_on = at.date()

    def _forget(self, before: datetime) -> None:
        self._engine.store.prune(before)

    def _shout(self, error: StoreError, now: datetime, elapsed_s: float) -> None:
        """What the store cannot keep is sent all the same, once an hour each."""
        if isinstance(error, StoreBusy) and self._may_pass(elapsed_s):
            return
        unkept = error.notifications if isinstance(error, Uncommitted) else ()
        if self._voice.say((*store_failing(str(error), self._engine.book.settings, now), *unkept), elapsed_s):
            self._failing_since = self._failing_since or now

    def _may_pass(self, elapsed_s: float) -> bool:
        """Whether the store has not been in other hands for long."""
        self._busy_since_s = elapsed_s if self._busy_since_s is None else self._busy_since_s
        return elapsed_s - self._busy_since_s < BUSY_AT_MOST_S
