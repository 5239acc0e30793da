"""The daemon: one short tick a minute decides by itself what is due."""

import signal
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from threading import Event
from types import FrameType
from zoneinfo import ZoneInfo

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED, JobExecutionEvent
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger

from detector.errors import DetectorError, StoreBusy
from detector.model.tick import TickReport
from detector.model.verdict import OutcomeKind
from detector.ports import Clock

__all__ = ["Minutes", "run_daemon"]

GRACE_S = 300
"""A tick that could not start on its minute is made up for within five: what is due is decided by watermarks anyway."""


class Minutes:
    """One tick after the other, and a line in the log for each in which something happened.

    What fails is said once, however many minutes it goes on for; what is said again after a while is new.
    """

    def __init__(self, tick: Callable[[datetime], TickReport], say: Callable[[str], None], timezone: str) -> None:
        """Times are written by the clocks of `timezone`."""
        self._tick, self._say, self._timezone = tick, say, ZoneInfo(timezone)
        self._failing: frozenset[str] = frozenset()
        self._is_busy = False

    def tick(self, now: datetime) -> None:
        """The minute in which `now` lies."""
        at = now.replace(second=0, microsecond=0)
        try:
            report = self._tick(at)
        except StoreBusy as error:
            fresh = [] if self._is_busy else [f"{error}; said once, until a tick succeeds"]
            self._is_busy = True
            self._log(at, fresh)
        except DetectorError as error:
            self._log(at, [str(error)])
        else:
            self._is_busy = False
            self._log(at, [_found(report), *self._news(report), *_told(report)])

    def _news(self, report: TickReport) -> list[str]:
        failures = [f"{name}: {failure}" for name, failure in report.failures.items()]
        fresh = [failure for failure in failures if failure not in self._failing]
        self._failing = frozenset(failures)
        return fresh

    def _log(self, at: datetime, happened: list[str]) -> None:
        said = "; ".join(filter(None, happened))
        if said:
            self._say(f"{at.astimezone(self._timezone).isoformat(timespec='minutes')}: {said}")


def _found(report: TickReport) -> str:
    kinds = Counter(str(outcome.kind) for outcome in report.outcomes if outcome.kind is not OutcomeKind.ERROR)
    return ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))


def _told(report: TickReport) -> list[str]:
    return [f"to team {told.team}: {told.title}" for told in report.notifications]


def run_daemon(
    tick: Callable[[datetime], TickReport], clock: Clock, say: Callable[[str], None], timezone: str = "UTC"
) -> None:
    """Tick on every full minute (in UTC, which has no clock changes) until SIGTERM or SIGINT."""
    stop, minutes = Event(), Minutes(tick, say, timezone)

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGTERM, signal.SIGINT)}
    scheduler = BackgroundScheduler(
        timezone="UTC", job_defaults={"misfire_grace_time": GRACE_S, "coalesce": True, "max_instances": 1}
    )
    scheduler.add_job(lambda: minutes.tick(clock.now()), CronTrigger(second=0, timezone="UTC"), id="tick")
    scheduler.add_listener(
        lambda event: say(_trouble(event)), EVENT_JOB_MISSED | EVENT_JOB_MAX_INSTANCES | EVENT_JOB_ERROR
    )
    scheduler.start()
    try:
        stop.wait()
    finally:
        scheduler.shutdown(wait=True)
        for number, previous in before.items():
            signal.signal(number, previous)
    say("stopped")


def _trouble(event: JobExecutionEvent) -> str:
    if event.code == EVENT_JOB_ERROR:
        return f"a tick failed: {event.exception!r}; the next one starts from what is in the store"
    return "a tick was still running when the next one was due; it is made up for by the next"
