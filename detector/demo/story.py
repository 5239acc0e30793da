"""The story of `detector demo`: a morning of a shop, the deploy that breaks it, the message, and how it ends.

The morning is played on a clock of its own, hour by hour, through the same ticks that a daemon would make.
"""

import shlex
import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from threading import Event

from detector.app import App, open_app, system_clock
from detector.demo.deploys import NEXT_VERSION, deploy_of, deploys
from detector.demo.folder import SHOP, lay_out
from detector.demo.shop import sell, write_history
from detector.demo.terminal import Terminal
from detector.demo.trade import SATURDAY, ZONE, is_holiday
from detector.model.deploy import Deploy, DeployKind
from detector.model.incident import IncidentState
from detector.model.notification import Reason
from detector.model.tick import TickReport
from detector.ports import Clock

__all__ = ["Day", "day_of_story", "tell"]

FIRST_TICK, USUAL_LAST_TICK, LAST_TICK = time(5, 6), time(13, 6), time(16, 6)
DEPLOYED_AT, ROLLED_BACK_AT = time(7, 52), time(10, 52)
BROKEN_FROM, BROKEN_UNTIL = time(7, 54), ROLLED_BACK_AT  # two minutes later the last instance of before is gone
OTHERS_THAT_MORNING = (
    ("web", time(5, 48), "grace"),
    ("accounts", time(6, 41), "heidi"),
    ("search", time(7, 31), "erin"),
    ("catalogue", time(7, 40), "frank"),
)
REAL_TIME_STEP_S = 10.0
TERMINAL_WIDTH = 80
DEFAULT_FOLDER = Path("demo")


@dataclass(frozen=True, slots=True)
class Day:
    """The working day on which the story plays, in the shop's own time."""

    date: date

    def at(self, wall: time) -> datetime:
        """An instant of that day, in UTC."""
        return datetime.combine(self.date, wall, tzinfo=ZONE).astimezone(UTC)

    def ticks(self) -> Iterator[datetime]:
        """Six minutes past every full hour of the story."""
        at = self.at(FIRST_TICK)
        while at <= self.at(LAST_TICK):
            yield at
            at += timedelta(hours=1)


def day_of_story(now: datetime) -> Day:
    """The newest ordinary working day whose afternoon is over."""
    day = Day(now.astimezone(ZONE).date())
    while day.at(LAST_TICK) > now or day.date.weekday() >= SATURDAY or is_holiday(day.date):
        day = Day(day.date - timedelta(days=1))
    return day


def tell(
    folder: Path | None, *, keep: bool = False, world: Clock | None = None, terminal: Terminal | None = None
) -> int:
    """Play the whole story in a folder (default: ./demo); with `keep`, go on selling in real time until Ctrl-C.

    Raises:
        UsageError: the folder holds something that is no demo.
    """
    folder, world, terminal = folder or DEFAULT_FOLDER, world or system_clock(), terminal or Terminal()
    day = day_of_story(world.now())
    opening_at = day.at(FIRST_TICK)
    config = lay_out(folder, opening_at)
    terminal.say(f"Writing a shop with twelve weeks of sales to {folder} ...")
    write_history(folder / SHOP, opening_at)
    with open_app(config, notifier=terminal) as app:
        play = Play(app, day, folder / SHOP, terminal)
        play.history()
        play.morning()
        if keep:
            terminal.say(meanwhile(config))
            play.go_on(world)
    terminal.say(what_next(config))
    return 0


def meanwhile(config: Path) -> str:
    """What a second window can show while the shop sells on."""
    tries = {
        "status": "what every metric is doing",
        "incident list": "what is going on",
        "deploy add --service web --version v9": "report a deploy",
    }
    return _listing("\nMeanwhile, in another window:", config, tries)


def what_next(config: Path) -> str:
    """Commands that show more of the same story."""
    again = "demo --keep" if config.parent == DEFAULT_FOLDER else f"demo {shlex.quote(str(config.parent))} --keep"
    tries = {
        "incident show 1": "the incident, and its history",
        "status": "what every metric did; that nobody ticks now",
        "deploy list": "what the pipelines reported",
        "check --live": f"are the rules right? Spoil one in {config.parent / 'rules'}",
        again: "the same again, then in real time",
        "init FOLDER": "watch a database of your own; see README.md",
    }
    return _listing("\nWhat to try next:", config, tries)


def _listing(title: str, config: Path, tries: Mapping[str, str]) -> str:
    """A command and what it shows in one line, or in two where a terminal has no room for both."""
    # Called by its path it need not be on PATH, where a short name would not be found.
    is_found = shutil.which("detector") is not None or Path(sys.argv[0]).name != "detector"
    program = "detector" if is_found else sys.argv[0]
    lines = [title, f"  export DETECTOR_CONFIG={shlex.quote(str(config))}"]
    for command, text in tries.items():
        called = f"  {program} {command}"
        whole = f"{called:<34}  {text}"
        lines += [whole] if len(whole) <= TERMINAL_WIDTH else [called, f"      {text}"]
    return "\n".join(lines)


class Play:
    """One demo while it runs: sells, reports deploys, ticks and tells what it sees."""

    def __init__(self, app: App, day: Day, shop: Path, terminal: Terminal) -> None:
        """The shop has been sold up to the day's first tick."""
        self._app, self._day, self._shop, self._terminal = app, day, shop, terminal
        self._opened_at = self._now = day.at(FIRST_TICK)
        self._is_over = False

    def history(self) -> None:
        """What was before the story: twenty days of deploys, and the first sight of every metric."""
        earlier = deploys(self._now)
        for report in earlier:
            self._app.add_deploy(report)
        self._terminal.say(
            f"{len(earlier)} deploys of six services have been reported. The first tick reads the history:"
        )
        self._tick()

    def morning(self) -> None:
        """Hour after hour, from five until it is over; chance decides whether a first good hour counts as one."""
        self._terminal.say(f"\nIt is {self._day.date:%A, %d %B %Y}, early in the morning.")
        reports = [*self._deploys_of_the_morning()]
        for at in self._day.ticks():
            if at <= self._now:
                continue
            for report in reports:
                if self._now < report.received_at <= at:
                    self._deploy(report)
            self._tell_what_nobody_sees(at)
            self._sell_until(at)
            self._now = at
            self._tick()
            if self._is_over and at >= self._day.at(USUAL_LAST_TICK):
                break

    def go_on(self, world: Clock) -> None:
        """Sell in real time and tick once a minute, until Ctrl-C."""
        self._terminal.say("\nFrom here on the shop sells in real time, with a tick a minute. Ctrl-C ends it.")
        never, ticked_at = Event(), self._now
        try:
            while True:
                now = world.now()
                self._sell_until(now)
                self._now = now
                if now - ticked_at >= timedelta(minutes=1):
                    ticked_at = now
                    self._tick()
                never.wait(REAL_TIME_STEP_S)
        except KeyboardInterrupt:
            self._terminal.say("\nThe shop is closed.")

    def _deploys_of_the_morning(self) -> Iterator[Deploy]:
        for service, live, actor in OTHERS_THAT_MORNING:
            yield deploy_of(service, NEXT_VERSION[service], self._day.at(live), actor=actor)
        guilty = deploy_of("checkout-api", NEXT_VERSION["checkout-api"], self._day.at(DEPLOYED_AT), actor="alice")
        yield guilty
        rolled_back_to = NEXT_VERSION["checkout-api"] - 1
        back = deploy_of("checkout-api", rolled_back_to, self._day.at(ROLLED_BACK_AT), actor="bob")
        yield replace(back, id=f"rb-{guilty.id}", kind=DeployKind.ROLLBACK, rollback_of=guilty.id)

    def _deploy(self, report: Deploy) -> None:
        self._app.add_deploy(report)
        live_at = report.finished_at or report.received_at
        if report.kind is DeployKind.ROLLBACK:
            self._terminal.note(live_at, f"rollback: {report.service} to {report.version} by {report.actor}")
        else:
            self._terminal.note(live_at, f"deploy: {report.service} {report.version} by {report.actor}")

    def _tell_what_nobody_sees(self, until: datetime) -> None:
        for wall, text in (
            (BROKEN_FROM, "from here on every payment fails, and nobody knows"),
            (BROKEN_UNTIL, "payments work again"),
        ):
            if self._now < self._day.at(wall) <= until:
                self._terminal.note(self._day.at(wall), text, loud=True)

    def _sell_until(self, end_at: datetime) -> None:
        """Everything from the clock's time on, in pieces that are either broken or not."""
        broken_from, broken_until = self._day.at(BROKEN_FROM), self._day.at(BROKEN_UNTIL)
        start_at = self._now
        cuts = [at for at in (broken_from, broken_until) if start_at < at < end_at]
        for piece in pairwise([start_at, *cuts, end_at]):
            broken = broken_from <= piece[0] < broken_until
            sell(self._shop, *piece, now=self._opened_at, broken=broken)

    def _tick(self) -> None:
        report = self._app.tick(self._now)
        self._is_over = self._is_over or any(told.reason is Reason.RESOLVED for told in report.notifications)
        if report.outcomes or report.notifications or report.failures:
            self._terminal.note(report.at, _told(report))


def _told(report: TickReport) -> str:
    kinds = Counter(outcome.kind.value for outcome in report.outcomes if not outcome.revision)
    text = "tick: " + (", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())) or "nothing new")
    if report.incidents and not report.notifications:
        is_recovering = all(incident.state is IncidentState.RECOVERING for incident in report.incidents)
        text += "; recovering" if is_recovering else "; the team knows already"
    return text + "".join(f"; {name}: {why}" for name, why in report.failures.items())
