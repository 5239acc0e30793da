"""What becomes of what the daemon tells: lines in the log, figures for Prometheus, pings of the dead man's switch."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import structlog

from detector import __version__
from detector.adapters.logs import Logs, tick_begins, tick_is_over
from detector.adapters.ping import Switch
from detector.adapters.scrubbing import secrets_in
from detector.adapters.telemetry import Telemetry
from detector.adapters.tick_log import TickLog
from detector.alerting.vital_signs import Proof, proof
from detector.errors import Fault, StoreBusy, StoreError
from detector.model.rulebook import RuleBook, Settings
from detector.model.tick import TickReport
from detector.pipeline.admins import unheard
from detector.ports import Clock, Store

__all__ = ["Reporting"]

_MOST_FAULTS = 10

_TODO = {
    "standing_by": "nothing, if two daemons are meant to share this store; else stop one of them",
    "missed": "nothing, if this machine was asleep or overloaded: what was due is made up for by the next tick",
    "still_running": "nothing, if it is rare; else look for slow sources in /metrics",
    "housework": "nothing, if it is rare: it is tried again tomorrow; else look after the store",
    "restart": "restart the daemon when it suits",
    "broken": "please report this line",
    "rules": "correct what is named; what was loaded before goes on, and the files are read again when they change",
    "clock": "keep the clock set with NTP; see `When the clock is wrong` in docs/running.md",
    "proof": "see the lines before this one; said once, until it is well again, and to the switch at every tick",
    "store": "look after the store; the figures of /metrics that are read from it are old until then",
}


class _Changed(Protocol):
    """A rule or a section that a reload changed."""

    @property
    def what(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def how(self) -> str: ...
    @property
    def keys(self) -> Sequence[str]: ...


class Reporting:
    """A `Reporter` of the daemon."""

    def __init__(self, logs: Logs, telemetry: Telemetry, store: Store, clock: Clock) -> None:
        self._logs, self._telemetry, self._store, self._clock = logs, telemetry, store, clock
        self._log = structlog.get_logger("detector.daemon")
        self._ticks = TickLog()
        self._switch: Switch | None = None
        self._switch_url = ""
        self._book: RuleBook | None = None
        self._lag_s = 0.0
        self._is_well = True
        self._is_store_silent = False

    def started(self, book: RuleBook) -> None:
        self._follow(book)
        self._telemetry.loaded(book)
        teams = {metric.team for metric in book.metrics.values()}
        settings = book.settings
        self._log.info("started", version=__version__, config=str(settings.path), store=str(settings.store))
        self._log.info("watching", metrics=len(book.metrics), teams=len(teams), faults=len(book.faults))
        self._faults("rules with mistakes are left out", book.faults)

    def standing_by(self, why: str) -> None:
        self._log.warning("standing by", why=why, todo=_TODO["standing_by"])

    def tick_begins(self, at: datetime, lag_s: float) -> None:
        self._lag_s = lag_s
        tick_begins(at)
        self._log.debug("tick begins")
        self._telemetry.tick_lag(lag_s)
        if self._switch is not None:
            self._switch.start()

    def ticked(self, report: TickReport, seconds: float) -> None:
        now = self._clock.now()
        self._telemetry.tick_ended(report, seconds, now)
        if self._book is not None:
            self._ticks.ended(report, self._book, lag_s=self._lag_s, seconds=seconds)
        self._measure(now)
        self._prove(self._proof(report.at, ""))
        tick_is_over()

    def tick_failed(self, at: datetime, error: Exception) -> None:
        self._telemetry.tick_failed()
        self._ticks.failed(at, error)
        if not isinstance(error, StoreBusy):  # it may pass within a minute: silence lets the switch wait as it likes
            self._prove(self._proof(at, f"{type(error).__name__}: {error}"))
        tick_is_over()

    def overran(self, how: str, why: str) -> None:
        """`how` is `missed`, `still_running` or `broken`."""
        kind = str(how)
        self._telemetry.tick_overran(kind)
        told = self._log.error if kind == "broken" else self._log.warning
        told("a minute got no tick of its own", how=kind, why=why, todo=_TODO.get(kind, _TODO["broken"]))
        if kind == "broken" and self._switch is not None:
            self._switch.fail(why)

    def reloaded(self, book: RuleBook, changes: Sequence[_Changed]) -> None:
        self._follow(book)
        self._telemetry.loaded(book)
        for change in changes:
            keys = {"keys": list(change.keys)} if change.keys else {}
            self._log.info(f"{change.what} {change.how}", **_named(change, book), **keys)
        self._log.info("reloaded", changes=len(changes), metrics=len(book.metrics))

    def reload_refused(self, faults: Sequence[Fault]) -> None:
        self._telemetry.not_loaded(len(faults))
        self._faults("the files cannot be used; nothing has changed", faults)

    def housework_failed(self, error: Exception) -> None:
        self._log.warning("what is over could not be forgotten", error=str(error), todo=_TODO["housework"])

    def clock_stepped(self, step_s: float) -> None:
        direction = "ahead" if step_s > 0 else "back"
        self._log.warning("the clock was set", direction=direction, seconds=round(abs(step_s), 1), todo=_TODO["clock"])

    def holds_later(self, keys: Sequence[str]) -> None:
        for key in keys:
            self._log.warning("a change holds from the next start only", key=key, todo=_TODO["restart"])

    def stopped(self) -> None:
        if self._switch is not None:
            self._switch.close()
        self._log.info("stopped")

    def _follow(self, book: RuleBook) -> None:
        """Other secrets, another switch."""
        self._book = book
        self._logs.hide(secrets_in(book.settings))
        self._connect(book.settings)

    def _connect(self, settings: Settings) -> None:
        url = "" if settings.ping is None else settings.ping.hidden
        if url == self._switch_url:
            return
        if self._switch is not None:
            self._switch.close(within_s=0.0)
        self._switch_url = url
        self._switch = (
            None if settings.ping is None else Switch(settings.ping, self._logs.scrub, self._telemetry.pinged)
        )

    def _faults(self, what: str, faults: Sequence[Fault]) -> None:
        if not faults:
            return
        for fault in faults[:_MOST_FAULTS]:
            place = f"{fault.file}:{fault.line}" if fault.line else fault.file
            self._log.error("a mistake", place=place, error=fault.message, todo="correct it, and save the file")
        self._log.error(what, mistakes=len(faults), todo=_TODO["rules"])

    def _measure(self, now: datetime) -> None:
        try:
            self._telemetry.look_at(self._store, now)
        except StoreError as error:
            if not self._is_store_silent:
                self._log.warning("the store cannot be measured", error=str(error), todo=_TODO["store"])
            self._is_store_silent = True
        else:
            self._is_store_silent = False

    def _proof(self, at: datetime, trouble: str) -> Proof:
        try:
            silent = unheard(self._store.source_health(), self._book) if self._book is not None else ()
            return proof(at, trouble, self._store.last_beat_at(), self._store.due_deliveries(at), silent)
        except StoreError as error:
            return Proof((f"the tick failed: {trouble}" if trouble else f"the store cannot be read: {error}",))

    def _prove(self, given: Proof) -> None:
        if given.is_given and not self._is_well:
            self._log.info("the detector is well again")
        if not given.is_given:
            told = self._log.error if self._is_well else self._log.debug
            told("the detector is not well", why=given.why_not, todo=_TODO["proof"])
        self._is_well = given.is_given
        if self._switch is None:
            return
        if given.is_given:
            self._switch.success()
        else:
            self._switch.fail(given.why_not)


def _named(change: _Changed, book: RuleBook) -> dict[str, str]:
    if change.what != "rule":
        return {"name": change.name} if change.name else {}
    metric = book.metrics.get(change.name)  # none of a rule that was removed
    return {"metric": change.name} | ({} if metric is None else {"rule": metric.place, "team": metric.team})
