"""The daemon: one short tick a minute decides by itself what is due."""

import signal
from collections.abc import Callable
from datetime import datetime
from threading import Event
from types import FrameType

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED, JobExecutionEvent
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger

from detector.errors import DetectorError
from detector.model.tick import TickReport
from detector.ports import Clock

__all__ = ["run_daemon"]

GRACE_S = 300
"""A tick that could not start on its minute is made up for within five: what is due is decided by watermarks anyway."""


def run_daemon(tick: Callable[[datetime], TickReport], clock: Clock, say: Callable[[str], None]) -> None:
    """Tick on every full minute (in UTC, which has no clock changes) until SIGTERM or SIGINT."""
    stop = Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGTERM, signal.SIGINT)}
    scheduler = BackgroundScheduler(
        timezone="UTC", job_defaults={"misfire_grace_time": GRACE_S, "coalesce": True, "max_instances": 1}
    )
    scheduler.add_job(_one_tick, CronTrigger(second=0, timezone="UTC"), args=[tick, clock, say], id="tick")
    scheduler.add_listener(
        lambda event: say(_trouble(event)), EVENT_JOB_MISSED | EVENT_JOB_MAX_INSTANCES | EVENT_JOB_ERROR
    )
    scheduler.start()
    say("watching; one tick a minute")
    try:
        stop.wait()
    finally:
        scheduler.shutdown(wait=True)
        for number, previous in before.items():
            signal.signal(number, previous)
    say("stopped")


def _one_tick(tick: Callable[[datetime], TickReport], clock: Clock, say: Callable[[str], None]) -> None:
    at = clock.now().replace(second=0, microsecond=0)
    try:
        report = tick(at)
    except DetectorError as error:
        say(f"{at.isoformat(timespec='minutes')}: {error}")
        return
    for name, failure in report.failures.items():
        say(f"{at.isoformat(timespec='minutes')}: {name}: {failure}")
    for told in report.notifications:
        say(f"{at.isoformat(timespec='minutes')}: team {told.team}: {told.title}")


def _trouble(event: JobExecutionEvent) -> str:
    if event.code == EVENT_JOB_ERROR:
        return f"a tick failed: {event.exception!r}; the next one starts from what is in the store"
    return "a tick was still running when the next one was due; it is made up for by the next"
