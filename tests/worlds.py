"""A world for pipeline tests: a source that says what a test wants, a postbox, and a real store."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from detector.adapters.store import open_store
from detector.errors import SourceError
from detector.model.feed import TableRow
from detector.model.grid import HOUR_S, grid_of
from detector.model.metric import Kind, Metric
from detector.model.notification import Notification, SendResult
from detector.model.panel import Floats
from detector.model.rows import BucketRows, MemberRows, SegmentRows
from detector.model.rulebook import RuleBook, Service, Settings, Source, Team
from detector.model.secret import Secret
from detector.model.span import Span, at_epoch
from detector.model.tick import TickReport
from detector.pipeline.replay import replay
from detector.pipeline.tick import run_tick
from detector.pipeline.world import World

__all__ = ["FakeSource", "Postbox", "Quiet", "Scene", "a_book", "a_scene", "rhythm", "utc"]

Sales = Callable[[datetime], float | None]


def rhythm(at: datetime) -> float:
    """A shop's hour: 1,000 by day with 5 % of noise, a tenth of it at night; always the same for the same hour."""
    rng = np.random.default_rng(int(at.timestamp()))
    level = 1000.0 if 6 <= at.hour < 20 else 100.0
    return float(level * (1 + 0.05 * rng.standard_normal()))


def _nobody(at: datetime) -> float | None:
    del at
    return None


@dataclass
class FakeSource:
    """Answers from a function of the bucket's start, per metric: what an hour takes; None means no rows."""

    sales: dict[str, Sales] = field(default_factory=dict)
    down: dict[str, SourceError] = field(default_factory=dict)
    asked: list[tuple[str, Span]] = field(default_factory=list)
    newest: datetime | None = None
    members: dict[str, dict[str, Sales]] = field(default_factory=dict)
    segments: dict[str, dict[str, dict[str, Sales]]] = field(default_factory=dict)
    trials: float | None = None
    """Denominator of every bucket of a ratio; None: the source tells none."""

    def volumes(self, metric: Metric, span: Span, most: int) -> Mapping[str, float]:
        """Of every member what it has brought; those that brought nothing have no rows."""
        self.asked.append((f"{metric.name} sizes", span))
        starts = [at_epoch(start) for start in grid_of(metric.timezone, metric.every_s, span).starts.tolist()]
        found = {name: sum(sales(at) or 0.0 for at in starts) for name, sales in self.members[metric.name].items()}
        return dict(sorted(((n, v) for n, v in found.items() if v), key=lambda pair: (-pair[1], pair[0]))[:most])

    def read_members(self, metric: Metric, names: Sequence[str], span: Span) -> MemberRows:
        name = metric.name.partition(" ")[0]  # that of a member's own series goes on with the member
        self.asked.append((f"{name} members", span))
        if f"{name} members" in self.down:
            raise self.down[f"{name} members"]
        starts = grid_of(metric.timezone, metric.every_s, span).starts
        part = min(1.0, metric.every_s / HOUR_S) if metric.kind.adds_up else 1.0
        told = [[self.members[name].get(one, _nobody)(at_epoch(start)) for start in starts.tolist()] for one in names]
        values = np.array(told, dtype=np.float64).reshape(len(names), starts.size) * part
        return MemberRows(tuple(names), starts, values, np.isfinite(values), self._weights(metric, values))

    def read(self, metric: Metric, span: Span) -> BucketRows:
        self.asked.append((metric.name, span))
        if metric.name in self.down:
            raise self.down[metric.name]
        grid = grid_of(metric.timezone, metric.every_s, span)
        told = [(start, self.sales.get(metric.name, rhythm)(at_epoch(start))) for start in grid.starts.tolist()]
        rows = [(start, value) for start, value in told if value is not None]
        part = min(1.0, metric.every_s / HOUR_S) if metric.kind.adds_up else 1.0
        values = np.array([value * part for _, value in rows], dtype=np.float64)
        return BucketRows(np.array([s for s, _ in rows], dtype=np.int64), values, self._weights(metric, values))

    def _weights(self, metric: Metric, values: Floats) -> Floats | None:
        if metric.kind is not Kind.RATIO or self.trials is None:
            return None
        return np.where(np.isfinite(values), self.trials, np.nan)

    def read_segments(self, metric: Metric, column: str, spans: Sequence[Span]) -> tuple[SegmentRows, ...]:
        """By metric and column what every segment takes; a metric that is not split has none."""
        self.asked.append((f"{metric.name} by {column}", spans[0]))
        if f"{metric.name} by {column}" in self.down:
            raise self.down[f"{metric.name} by {column}"]
        return tuple(self._segments_in(metric, column, span) for span in spans)

    def _segments_in(self, metric: Metric, column: str, span: Span) -> SegmentRows:
        starts = grid_of(metric.timezone, metric.every_s, span).starts
        sales = self.segments.get(metric.name, {}).get(column, {})
        told = [[sold(at_epoch(start)) or 0.0 for start in starts.tolist()] for sold in sales.values()]
        values = np.array(told, dtype=np.float64).reshape(-1, starts.size)
        return SegmentRows(column, tuple(sales), starts, values, self._weights(metric, values))

    def newest_row(self, table: str, time: str, before: datetime) -> datetime | None:
        del table, time, before
        return self.newest

    def rows(self, table: str, columns: Sequence[str], time: str, span: Span, limit: int) -> tuple[TableRow, ...]:
        del table, columns, time, span, limit
        return ()

    def probe(self, metric: Metric) -> tuple[str, ...]:
        del metric
        return ()


@dataclass
class Postbox:
    """Keeps what it is given; fails as often as it is told to."""

    got: list[tuple[str, Notification, bool]] = field(default_factory=list)
    fail: list[SendResult] = field(default_factory=list)

    def send(self, channel: Secret, notification: Notification, *, may_repeat: bool) -> SendResult:
        if self.fail:
            return self.fail.pop(0)
        self.got.append((channel.label, notification, may_repeat))
        return SendResult(ok=True)

    @property
    def told(self) -> list[tuple[str, str]]:
        """Team and reason of every message, in order."""
        return [(notification.team, str(notification.reason)) for _, notification, _ in self.got]


class Quiet:
    """Shows no progress."""

    def step(self, text: str, done: int, total: int) -> None:
        del text, done, total


def a_book(*metrics: Metric, admins: str | None = "platform") -> RuleBook:
    """The rules of a checkout team and a platform team, which are also the admins."""
    teams = {
        name: Team(name, (Secret(f"json://127.0.0.1/{name}", name),)) for name in ("checkout", "platform", "growth")
    }
    services = {
        "checkout-api": Service("checkout-api", "checkout", ("payments",)),
        "payments": Service("payments", "platform"),
        "search": Service("search", "platform"),
    }
    settings = Settings(
        path=Path("detector.yml"),
        store=Secret("sqlite://"),
        timezone="UTC",
        rules=Path("rules"),
        sources={"shop": Source("shop", Secret("sqlite://"))},
        teams=teams,
        services=services,
        admins=admins,
    )
    return RuleBook(settings, {metric.name: metric for metric in metrics})


@dataclass
class Scene:
    """One detector between its source and its postbox."""

    book: RuleBook
    world: World
    source: FakeSource
    post: Postbox

    def tick(self, at: datetime) -> TickReport:
        return run_tick(self.book, self.world, at)

    def replay(self, from_at: datetime, to_at: datetime) -> list[TickReport]:
        return list(replay(self.book, self.world, Span(from_at, to_at)))

    def ticks(self, first: datetime, hours: int) -> list[TickReport]:
        """A tick an hour."""
        return [self.tick(first + timedelta(hours=hour)) for hour in range(hours)]


@contextmanager
def a_scene(folder: Path, *metrics: Metric, sales: Mapping[str, Sales] | None = None) -> Iterator[Scene]:
    """A scene with a fresh SQLite store in the folder."""
    store = open_store(f"sqlite:///{folder / 'detector.db'}")
    source, post = FakeSource(dict(sales or {})), Postbox()
    try:
        yield Scene(a_book(*metrics), World(store, {"shop": source}, post, Quiet()), source, post)
    finally:
        store.close()


def utc(day: int, hour: int, minute: int = 0) -> datetime:
    """An instant of March 2026; the 10th is a Tuesday."""
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)
