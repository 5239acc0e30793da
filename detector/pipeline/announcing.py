"""Hear: the deploys that stand in tables of the owners' databases."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from detector.alerting.wording_feeds import write_feed, write_feed_back
from detector.errors import BadRows, SourceError, SourceUnavailable
from detector.linking.announced import Arrival, Unfit
from detector.linking.mapping import mapped_deploys
from detector.linking.prior import LOOK_BACK_H
from detector.model.deploy import Deploy, Recorded
from detector.model.feed import Feed, FeedTable, TableRow, Take
from detector.model.notification import Notification, Reason
from detector.model.rulebook import RuleBook
from detector.model.span import Span
from detector.model.state import SourceHealth
from detector.pipeline.lanes import InTurn, Job, Lanes
from detector.pipeline.source_health import OWNERS_HEAR_AFTER, Checkup
from detector.ports import Store, TableSource

__all__ = ["MOST_ROWS", "Hearing", "Listening", "RowsHeard", "check_feeds", "feed_health_name", "hear"]

MOST_ROWS = 1000
"""Of one look; what is more comes with the next ones, a minute later each."""

EVERY = timedelta(minutes=1)
OVERLAP = timedelta(minutes=15)
"""A transaction may stay open this long after it wrote the time into its row."""

FIRST_LOOK = timedelta(hours=LOOK_BACK_H)
AGAIN_AFTER = timedelta(days=1)
_TIMES = ("at", "finished_at", "started_at")
_MOST_DOUBTS = 3


@dataclass(frozen=True, slots=True)
class RowsHeard:
    """What one look at a table brought; `error` where it failed."""

    feed: Feed
    span: Span
    rows: tuple[TableRow, ...] = ()
    error: SourceError | None = None


@dataclass(slots=True)
class Listening:
    """How far each table was read: lives as long as the daemon, whose restart only reads known rows again."""

    lanes: Lanes[RowsHeard] = field(default_factory=InTurn)
    _read_until: dict[str, tuple[Feed, datetime]] = field(default_factory=dict)
    _looked_at: dict[str, tuple[Feed, datetime]] = field(default_factory=dict)

    def span(self, feed: Feed, now: datetime) -> Span | None:
        """What is to be read now; None: it was looked at within the minute. A feed with other words begins anew."""
        before, looked_at = self._looked_at.get(feed.name, (feed, None))
        if before == feed and looked_at is not None and now - EVERY < looked_at <= now:
            return None
        self._looked_at[feed.name] = (feed, now)
        before, since = self._read_until.get(feed.name, (feed, now - FIRST_LOOK))
        if before != feed:
            since = now - FIRST_LOOK
        return Span(since if since < now else now - OVERLAP, now)  # a clock that was set back

    def advance(self, heard: RowsHeard) -> None:
        """Remember how far it came; a full answer goes on behind its last row, or else it would never end."""
        until = heard.span.end_at - OVERLAP
        if len(heard.rows) >= MOST_ROWS:
            last = heard.rows[-1].at
            until = last if last > heard.span.start_at else last + timedelta(seconds=1)
        self._read_until[heard.feed.name] = (heard.feed, until)


@dataclass(frozen=True, slots=True)
class Hearing:
    """What came of a look at all tables.

    Attributes:
        new: reports that were not known.
        answered: feeds that could be read.
        failed: by feed, why it could not be.
        doubts: rows that could not be taken, in words for the log.
    """

    new: int = 0
    answered: frozenset[str] = frozenset()
    failed: Mapping[str, SourceError] = field(default_factory=dict)
    doubts: tuple[str, ...] = ()


def hear(
    book: RuleBook, tables: Mapping[str, TableSource], listening: Listening, store: Store, now: datetime
) -> Hearing:
    """Read what is new in every table of deploys, and keep it as heard of now.

    A table that fails stops nothing; a slow one is heard by a later tick. Row by row what is known already stays.

    Raises:
        StoreError: the store failed.
    """
    heard = listening.lanes.results()
    asked = [feed.name for feed in book.settings.feeds.values() if _ask(feed, tables, listening, now)]
    if asked:
        listening.lanes.wait(asked)
    new, answered, failed, doubts = 0, set[str](), dict[str, SourceError](), list[str]()
    for one in (*heard, *listening.lanes.results()):
        if book.settings.feeds.get(one.feed.name) != one.feed:
            continue  # asked for rules that are no more
        reports, unfit = ((), ()) if one.error else _reports(one, now)
        error = one.error or _unreadable(one, unfit)
        if error is not None:
            failed[one.feed.name] = error
            continue
        new += sum(added.recorded is Recorded.NEW for added in store.add_deploys(reports)) if reports else 0
        listening.advance(one)
        answered.add(one.feed.name)
        doubts += unfit[:_MOST_DOUBTS]
    return Hearing(new, frozenset(answered), failed, tuple(doubts))


def _ask(feed: Feed, tables: Mapping[str, TableSource], listening: Listening, now: datetime) -> bool:
    table = feed.table
    if table is None or table.source not in tables or feed.name in listening.lanes.busy:
        return False
    span = listening.span(feed, now)
    return span is not None and listening.lanes.start(feed.name, _reader(feed, table, tables[table.source], span))


def _reader(feed: Feed, table: FeedTable, source: TableSource, span: Span) -> Job[RowsHeard]:
    steps = [take.path[0] for takes in feed.fields.values() for take in takes if take.path]
    steps += [take.path[0] for take, _ in feed.when]
    columns = tuple(dict.fromkeys(str(step) for step in steps))

    def read(tell: Callable[[RowsHeard], None]) -> None:
        try:
            tell(RowsHeard(feed, span, source.rows(table.table, columns, table.time, span, MOST_ROWS)))
        except SourceError as error:
            tell(RowsHeard(feed, span, error=error))
        except Exception as error:  # noqa: BLE001 - a fault in reading one table stops no tick
            fault = SourceError(f"reading failed with {type(error).__name__}: {error}; please report this")
            tell(RowsHeard(feed, span, error=fault))

    return read


def _reports(heard: RowsHeard, now: datetime) -> tuple[Sequence[Deploy], Sequence[str]]:
    """Reports, and why rows are none."""
    feed = heard.feed
    if feed.table is not None and not any(name in feed.fields for name in _TIMES):
        feed = replace(feed, fields={**feed.fields, "at": (Take((feed.table.time,)),)})
    reports: list[Deploy] = []
    unfit: list[str] = []
    for row in heard.rows:
        values = dict(row.values) if feed.table is None else {**row.values, feed.table.time: row.at}
        try:
            reports += mapped_deploys(values, feed, Arrival(now, row.at.isoformat()))
        except Unfit as error:
            unfit.append(f"feed {feed.name}: the row of {row.at.isoformat('T', 'seconds')} is left out: {error}")
    return reports, unfit


def _unreadable(heard: RowsHeard, unfit: Sequence[str]) -> SourceError | None:
    """Where no row at all can be taken, it is not the rows that are wrong."""
    if not unfit or len(unfit) < len(heard.rows):
        return None
    return BadRows(f"none of {len(unfit)} rows is a deploy; correct `columns` or `values`; {unfit[0]}")


def feed_health_name(feed: str) -> str:
    """Under which the health of a feed is kept among that of sources; no metric and no source has a blank."""
    return f"feed {feed}"


def check_feeds(
    heard: Hearing, before: Mapping[str, SourceHealth], book: RuleBook, now: datetime, last_at: datetime | None
) -> Checkup:
    """Compare how tables could be read with how they could before, and tell the admins.

    A source that cannot be reached is told of by its metrics, where it has any. `last_at` is when the tick before was.
    """
    health: list[SourceHealth] = []
    messages: list[Notification] = []
    for name, error in sorted(heard.failed.items()):
        after, told = _failing(name, error, before, book, now, last_at)
        health.append(after)
        messages += told
    for name in sorted(heard.answered):
        known = before.get(feed_health_name(name))
        if known is not None and known.failing_since is not None:
            health.append(SourceHealth(known.source))
            if known.told_admins:
                messages += _tell(known, Reason.SOURCE_BACK, write_feed_back(name), book, now)
    feeds = {feed_health_name(name) for name in book.settings.feeds}
    for name, known in sorted(before.items()):
        if name.startswith("feed ") and name not in feeds and known.failing_since is not None:
            health.append(SourceHealth(name))  # detector.yml has it no more
    return Checkup(tuple(health), tuple(messages))


def _failing(
    name: str,
    error: SourceError,
    before: Mapping[str, SourceHealth],
    book: RuleBook,
    now: datetime,
    last_at: datetime | None,
) -> tuple[SourceHealth, list[Notification]]:
    known = before.get(feed_health_name(name), SourceHealth(feed_health_name(name)))
    since = known.failing_since or now
    after = replace(known, failing_since=since, failed_ticks=known.failed_ticks + 1, error=str(error))
    day = (now - since) // AGAIN_AFTER
    is_next_day = last_at is not None and day > (last_at - since) // AGAIN_AFTER >= 0
    is_first = not known.told_admins and after.failed_ticks >= OWNERS_HEAR_AFTER
    if _is_told_by_metrics(name, error, book) or not (is_first or (known.told_admins and is_next_day)):
        return after, []
    words = write_feed(name, after, book.settings.timezone, now)
    told = _tell(after, Reason.SOURCE_FAILING, words, book, now, day)
    return replace(after, told_admins=known.told_admins or bool(told)), told


def _is_told_by_metrics(name: str, error: SourceError, book: RuleBook) -> bool:
    table = book.settings.feeds[name].table
    return isinstance(error, SourceUnavailable) and any(
        table is not None and metric.source == table.source for metric in book.metrics.values()
    )


def _tell(
    health: SourceHealth, reason: Reason, words: tuple[str, str], book: RuleBook, now: datetime, day: int = 0
) -> list[Notification]:
    admins = book.settings.admins
    if admins is None:
        return []
    since = (health.failing_since or now).isoformat()
    key = f"source/{health.source}/{since}/{reason}/{admins}" + (f"/{day}" if day else "")
    return [Notification(key, admins, reason, *words, now)]
