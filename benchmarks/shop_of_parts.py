"""A shop whose sales are counted in parts, each watched by a rule of its own: what the benchmarks of the daemon share.

The trade of all parts is drawn first. Then the shop's database gets the end of it, and the store its history, as if the
detector had read it before: reading ten weeks is a figure of its own, and would be most of every other one.
"""

import os
import platform
import sqlite3
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt

from daemon_desk import TOKEN
from detector.adapters.store import open_store
from detector.alerting.due import HISTORY, due_buckets
from detector.app.composing import load_book
from detector.model.grid import grid_of
from detector.model.metric import Metric
from detector.model.notification import Notification, SendResult
from detector.model.rulebook import RuleBook
from detector.model.secret import Secret
from detector.model.span import Span, epoch_s
from detector.model.state import HistoryBlock, MetricState, Seasons, TickChanges
from detector.pipeline.pull import fingerprint

__all__ = [
    "HOUR",
    "NINE",
    "NOWHERE",
    "Counter",
    "Layout",
    "Trade",
    "figures_of",
    "lay_out",
    "median",
    "mimic_past",
    "print_machine",
    "trade_until",
    "write_shop",
]

HOUR = timedelta(hours=1)
NINE = datetime(2026, 3, 10, 9, tzinfo=UTC)
NOWHERE = "json://127.0.0.1:9/"
DAY_RATE, NIGHT_RATE = 12.0, 2.0
SEASONS = Seasons(day=True, week=False, day_strength=0.9)
SEEN_BY_SOURCE = timedelta(days=4)  # more than what is read again because it may still change

SETTINGS = """\
store: {store}
sources: {{shop: {{url: "{source}"}}}}
http: {{listen: "127.0.0.1:0", tokens: [{tokens}]}}
admins: team0
teams:
{teams}services:
{services}"""
RULE = """\
  m{number}:
    title: Sales of part {number}
    source: shop
    table: payments
    time: paid_at
    value: {value}
    where: part = {number}
    kind: {kind}
    every: {every}
    revise: {revise}
"""


@dataclass(frozen=True, slots=True)
class Layout:
    """What detector.yml and the rules say.

    Attributes:
        parts: how many rules; `a_file` of them to a file, and file by file to the teams in turn.
        hourly: the first so many are judged every hour, the others once a day; None: all of them.
    """

    parts: int
    source: str
    store: str = "sqlite:///detector.db"
    teams: int = 1
    a_file: int = 25
    hourly: int | None = None
    kind: str = "count"
    value: str = "count(*)"
    tokens: tuple[str, ...] = (TOKEN,)
    notify: str = NOWHERE
    services: int = 50


@dataclass(frozen=True, slots=True)
class Trade:
    """Sales by hour (rows) and part (columns), from `first` on."""

    first: datetime
    sales: npt.NDArray[np.int64]

    def at(self, hour: int) -> datetime:
        return self.first + hour * HOUR

    def without(self, span: Span) -> "Trade":
        """Nothing is sold in a span of whole hours."""
        begin, end = (int((at - self.first) / HOUR) for at in (span.start_at, span.end_at))
        sales = self.sales.copy()
        sales[begin:end] = 0
        return Trade(self.first, sales)


def trade_until(until: datetime, parts: int) -> Trade:
    """Ten weeks and a day of it, by day and by night, always the same."""
    first = until.replace(minute=0, second=0, microsecond=0) - HISTORY - timedelta(days=1)
    hours = range(int((until - first) / HOUR))
    rates = [DAY_RATE if 6 <= (first + hour * HOUR).hour < 22 else NIGHT_RATE for hour in hours]
    return Trade(first, np.random.default_rng(7).poisson(np.array(rates)[:, None], (len(rates), parts)))


def write_shop(file: Path, trade: Trade, since: datetime) -> None:
    """A table with a row for each sale, and the index that the guide asks for."""
    stamps = [trade.at(hour).strftime("%Y-%m-%d %H:%M:%S") for hour in range(len(trade.sales))]
    begin = max(0, int((since - trade.first) / HOUR))
    with sqlite3.connect(file) as shop:
        shop.execute("DROP TABLE IF EXISTS payments")
        shop.execute("CREATE TABLE payments (paid_at TEXT NOT NULL, part INTEGER NOT NULL)")
        for hour in range(begin, len(stamps)):
            sold = np.repeat(np.arange(trade.sales.shape[1]), trade.sales[hour])
            shop.executemany("INSERT INTO payments VALUES (?, ?)", ((stamps[hour], part) for part in sold.tolist()))
        shop.execute("CREATE INDEX payments_part_paid_at ON payments (part, paid_at)")
    shop.close()


def lay_out(folder: Path, layout: Layout) -> Path:
    """detector.yml, with its rules beside it."""
    (folder / "rules").mkdir(parents=True)
    config = folder / "detector.yml"
    teams = "".join(f'  team{number}: {{notify: ["{layout.notify}"]}}\n' for number in range(layout.teams))
    services = "".join(
        f"  service{number}: {{team: team{number % layout.teams}}}\n" for number in range(layout.services)
    )
    tokens = ", ".join(f'"{token}"' for token in layout.tokens)
    config.write_text(
        SETTINGS.format(store=layout.store, source=layout.source, tokens=tokens, teams=teams, services=services)
    )
    for number, first in enumerate(range(0, layout.parts, layout.a_file)):
        rules = "".join(_rule(part, layout) for part in range(first, min(first + layout.a_file, layout.parts)))
        head = f"team: team{number % layout.teams}\nmetrics:\n"
        (folder / "rules" / f"file{number}.yml").write_text(head + rules)
    return config


def _rule(part: int, layout: Layout) -> str:
    is_hourly = layout.hourly is None or part < layout.hourly
    every, revise = ("1h", "2d") if is_hourly else ("1d", "2d")
    return RULE.format(number=part, value=layout.value, kind=layout.kind, every=every, revise=revise)


def mimic_past(config: Path, trade: Trade, at: datetime) -> None:
    """The store as a daemon leaves it that has read and judged everything up to `at`, seasons and all."""
    book = load_book(config)
    store = open_store(book.settings.store.hidden)
    try:
        for metrics in _hundreds(list(book.metrics.values())):
            past = [_past(metric, book, trade, at) for metric in metrics]
            changes = TickChanges(at, metrics=tuple(one for one, _ in past), history=tuple(one for _, one in past))
            with store.exclusive():
                store.commit(changes)
    finally:
        store.close()


def _hundreds(metrics: Sequence[Metric]) -> list[Sequence[Metric]]:
    return [metrics[first : first + 100] for first in range(0, len(metrics), 100)]


def _past(metric: Metric, book: RuleBook, trade: Trade, at: datetime) -> tuple[MetricState, HistoryBlock]:
    closed = due_buckets(metric, None, at).closed_end
    grid = grid_of(metric.timezone, metric.every_s, Span(closed - HISTORY, closed))
    starts = np.asarray(grid.starts, dtype=np.int64)
    hours = (starts - epoch_s(trade.first)) // 3600
    of_part = trade.sales[:, int(metric.name.rpartition("/m")[2])]
    values = sum(of_part[hours + more] for more in range(metric.every_s // 3600))
    every = np.ones(starts.size, dtype=bool)
    block = HistoryBlock(metric.name, starts, np.asarray(values, dtype=np.float64), every, every)
    said = fingerprint(metric, book.settings.sources[metric.source])
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)  # all is in UTC here
    state = MetricState(metric.name, said, at, grid.span(0).start_at, closed, closed, SEASONS, midnight)
    return state, block


@dataclass(slots=True)
class Counter:
    """A notifier that takes everything and notes it."""

    got: list[Notification] = field(default_factory=list)

    def send(self, channel: Secret, notification: Notification, *, may_repeat: bool) -> SendResult:
        del channel, may_repeat
        self.got.append(notification)
        return SendResult(ok=True)


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def figures_of(pid: int) -> Mapping[str, float]:
    """Resident memory and its peak in MB, threads, open files."""
    folder = Path("/proc") / str(pid)
    said = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines() if ":" in line)
    resident, peak = (int(said[key].split()[0]) / 1024 for key in ("VmRSS", "VmHWM"))
    return {
        "MB": resident,
        "peak MB": peak,
        "threads": int(said["Threads"]),
        "files": len(list((folder / "fd").iterdir())),
    }


def print_machine() -> None:
    """Absolute times mean something on an idle machine alone."""
    load = os.getloadavg()[0]
    idle = "idle" if load < 0.3 else f"NOT idle: load {load:.1f} before the start"
    print(f"[{os.cpu_count()} cores, Python {platform.python_version()}, {idle}]", flush=True)
