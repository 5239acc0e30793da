"""Tables of deploys, heard by ticks."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from builders import a_metric
from detector.adapters.store import open_store
from detector.errors import BadRows, QueryRejected, SourceUnavailable
from detector.model.deploy import Deploy, DeployStatus
from detector.model.feed import Feed, FeedKind, FeedTable, TableRow, Take
from detector.model.notification import Reason
from detector.model.rulebook import RuleBook
from detector.model.span import Span
from detector.model.state import SourceHealth
from detector.pipeline.announcing import Hearing, Listening, RowsHeard, check_feeds, feed_health_name, hear
from detector.pipeline.lanes import Threads
from detector.ports import Store
from worlds import a_book, utc

NOW = utc(10, 9)
MINUTE = timedelta(minutes=1)


@dataclass
class Table:
    """Rows by time; answers as a source does, and keeps what it was asked."""

    rows_by_time: list[tuple[datetime, dict[str, Any]]] = field(default_factory=list)
    asked: list[Span] = field(default_factory=list)
    columns: Sequence[str] = ()
    trouble: Exception | None = None
    before: Callable[[], object] = lambda: None

    def rows(self, table: str, columns: Sequence[str], time: str, span: Span, limit: int) -> tuple[TableRow, ...]:
        assert (table, time) == ("deploys", "changed_at")
        self.asked.append(span)
        self.columns = columns
        self.before()
        if self.trouble is not None:
            raise self.trouble
        rows = sorted((row for row in self.rows_by_time if span.start_at <= row[0] < span.end_at), key=lambda it: it[0])
        return tuple(TableRow(at, {name: values.get(name) for name in columns}) for at, values in rows[:limit])


def a_feed(**columns: str) -> Feed:
    said = {"service": "app", "version": "tag", **columns}
    fields = {name: (Take((place,)),) for name, place in said.items()}
    return Feed("releases", FeedKind.TABLE, fields=fields, table=FeedTable("shop", "deploys", "changed_at"))


def with_feed(feed: Feed, *, admins: str | None = "platform", is_watched: bool = False) -> RuleBook:
    book = a_book(*([a_metric(team="checkout")] if is_watched else []), admins=admins)
    return replace(book, settings=replace(book.settings, feeds={feed.name: feed}))


@dataclass
class Ear:
    """One store, one table, and what listens."""

    store: Store
    table: Table = field(default_factory=Table)
    listening: Listening = field(default_factory=Listening)
    feed: Feed = field(default_factory=a_feed)

    def hear(self, now: datetime = NOW) -> Hearing:
        return hear(with_feed(self.feed), {"shop": self.table}, self.listening, self.store, now)

    def known(self) -> tuple[Deploy, ...]:
        return self.store.deploys(Span(NOW - timedelta(days=9), NOW + timedelta(days=9)), NOW + timedelta(days=9))


@pytest.fixture
def ear(tmp_path: Path) -> Iterator[Ear]:
    store = open_store(f"sqlite:///{tmp_path}/detector.db")
    yield Ear(store)
    store.close()


def test_row_is_a_deploy(ear: Ear) -> None:
    """A row with the time that orders it; heard of at the tick, whenever it was written."""
    ear.table.rows_by_time = [(NOW - MINUTE, {"app": "checkout-api", "tag": "v412"})]
    assert ear.hear().new == 1
    (deploy,) = ear.known()
    assert (deploy.service, deploy.version, deploy.source) == ("checkout-api", "v412", "releases")
    assert (deploy.finished_at, deploy.received_at) == (NOW - MINUTE, NOW)


def test_first_look_goes_back_two_days(ear: Ear) -> None:
    """As far as an onset's suspects are looked for; rows at or after the tick do not exist."""
    for hours in (-49, -47, 0):
        ear.table.rows_by_time.append((NOW + timedelta(hours=hours), {"app": "a", "tag": f"v{hours}"}))
    assert ear.hear().new == 1
    assert ear.table.asked == [Span(NOW - timedelta(hours=48), NOW)]


def test_later_looks_read_what_is_new(ear: Ear) -> None:
    """And a quarter of an hour again, for transactions that were open; what is known stays as it is."""
    ear.table.rows_by_time = [(NOW - MINUTE, {"app": "a", "tag": "v1"})]
    ear.hear()
    ear.table.rows_by_time.append((NOW - 2 * MINUTE, {"app": "a", "tag": "v2"}))  # committed late
    assert ear.hear(NOW + MINUTE).new == 1
    assert ear.table.asked[1] == Span(NOW - timedelta(minutes=15), NOW + MINUTE)


def test_at_most_once_a_minute(ear: Ear) -> None:
    """Ticks in a row do not ask in a row."""
    ear.hear()
    ear.hear(NOW + timedelta(seconds=59))
    assert len(ear.table.asked) == 1


def test_clock_that_is_set_back(ear: Ear) -> None:
    """The table is read all the same."""
    ear.hear()
    ear.hear(NOW - timedelta(days=1))
    assert ear.table.asked[1].end_at == NOW - timedelta(days=1)
    assert ear.table.asked[1].start_at < NOW - timedelta(days=1)


def test_row_that_changes(ear: Ear) -> None:
    """A row that runs and then is done is one deploy, with its beginning."""
    ear.feed = a_feed(id="id", status="state")
    ear.table.rows_by_time = [(NOW - 3 * MINUTE, {"id": 7, "app": "a", "tag": "v1", "state": "running"})]
    ear.hear()
    ear.table.rows_by_time = [(NOW, {"id": 7, "app": "a", "tag": "v1", "state": "done"})]
    ear.hear(NOW + MINUTE)
    running, done = sorted(ear.known(), key=lambda it: it.received_at)
    assert (running.status, running.started_at) == (DeployStatus.IN_PROGRESS, NOW - 3 * MINUTE)
    assert (done.status, done.finished_at, done.id) == (DeployStatus.SUCCESS, NOW, running.id)


def test_touched_row_is_no_second_deploy(ear: Ear) -> None:
    """The first success holds, and the table is not in trouble."""
    ear.feed = a_feed(id="id")
    ear.table.rows_by_time = [(NOW - MINUTE, {"id": 7, "app": "a", "tag": "v1"})]
    ear.hear()
    ear.table.rows_by_time = [(NOW, {"id": 7, "app": "a", "tag": "v1"})]
    heard = ear.hear(NOW + MINUTE)
    assert (heard.new, dict(heard.failed), len(ear.known())) == (0, {}, 1)


def test_many_rows_come_in_order(ear: Ear, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full answer goes on behind its last row, also where more than that are of one second."""
    monkeypatch.setattr("detector.pipeline.announcing.MOST_ROWS", 20)
    begun = NOW - timedelta(hours=3)
    times = [begun + timedelta(seconds=n) for n in range(20)] + [begun + timedelta(hours=1)] * 25
    times.append(NOW - MINUTE)
    ear.feed = a_feed(id="id")
    ear.table.rows_by_time = [(at, {"id": n, "app": "a", "tag": "v1"}) for n, at in enumerate(times)]
    new = [ear.hear(NOW + n * MINUTE).new for n in range(5)]
    assert new[0] == 20
    assert sum(new) >= 41
    assert new[-1] == 0
    assert NOW - MINUTE in {deploy.finished_at for deploy in ear.known()}


def test_row_that_cannot_be_is_left_out(ear: Ear) -> None:
    """It stops no other, and is told with its time and its fault."""
    ear.table.rows_by_time = [
        (NOW - 2 * MINUTE, {"app": "a", "tag": None}),
        (NOW - MINUTE, {"app": "a", "tag": "v1"}),
    ]
    heard = ear.hear()
    assert heard.new == 1
    said = "feed releases: the row of 2026-03-10T08:58:00+00:00 is left out: version is missing; send it"
    assert heard.doubts == (said,)


def test_table_without_one_deploy_is_trouble(ear: Ear) -> None:
    """Where no row can be taken, the mapping is wrong; it is read again once that is mended."""
    ear.table.rows_by_time = [(NOW - MINUTE, {"app": "a", "label": "v1"})]
    (error,) = ear.hear().failed.values()
    assert isinstance(error, BadRows)
    assert "correct `columns` or `values`" in str(error)
    ear.feed = a_feed(version="label")
    assert ear.hear(NOW + timedelta(seconds=1)).new == 1


def test_columns_that_are_asked(ear: Ear) -> None:
    """Those of the mapping and of `when`, each once; constants are none."""
    feed = a_feed(id="app")
    fields = {**feed.fields, "environment": (Take(constant="production"),)}
    ear.feed = replace(feed, fields=fields, when=((Take(("target",)), ("eu", "us")),))
    ear.table.rows_by_time = [
        (NOW - 2 * MINUTE, {"app": "a", "tag": "v1", "target": "eu"}),
        (NOW - MINUTE, {"app": "b", "tag": "v1", "target": "lab"}),
    ]
    assert ear.hear().new == 1
    assert ear.table.columns == ("app", "tag", "target")


@pytest.mark.parametrize("trouble", [QueryRejected("no such column"), ZeroDivisionError("oh")])
def test_table_that_fails(trouble: Exception, ear: Ear) -> None:
    """It raises nothing, and what was missed is read when it answers again."""
    ear.table.rows_by_time = [(NOW - timedelta(hours=5), {"app": "a", "tag": "v1"})]
    ear.table.trouble = trouble
    heard = ear.hear()
    assert list(heard.failed) == ["releases"]
    ear.table.trouble = None
    assert ear.hear(NOW + MINUTE).new == 1


def test_slow_table_is_heard_by_a_later_tick(ear: Ear) -> None:
    """The tick does not wait for it, it is not asked twice meanwhile, and it was heard of when it spoke."""
    lanes, go = Threads[RowsHeard]("listening", 2, patience_s=0.01), Event()
    ear.table.before = lambda: go.wait(10)
    ear.listening = Listening(lanes)
    ear.table.rows_by_time = [(NOW - MINUTE, {"app": "a", "tag": "v1"})]
    assert ear.hear() == Hearing()
    assert ear.hear(NOW + MINUTE) == Hearing()
    go.set()
    while lanes.busy:
        lanes.wait(["releases"])
    assert ear.hear(NOW + 2 * MINUTE).new == 1
    assert len(ear.table.asked) == 2
    (deploy,) = ear.known()
    assert deploy.received_at == NOW + 2 * MINUTE


def test_answer_for_older_rules_is_dropped(ear: Ear) -> None:
    """After a reload the table is read as it is described now, from the beginning."""
    ear.table.rows_by_time = [(NOW - timedelta(hours=5), {"app": "a", "tag": "v1", "name": "b"})]
    ear.hear()
    ear.feed = a_feed(service="name")
    assert ear.hear(NOW + timedelta(seconds=1)).new == 1


FAILED = Hearing(failed={"releases": QueryRejected("no such column tag")})
ANSWERED = Hearing(answered=frozenset({"releases"}))
NAME = feed_health_name("releases")


def after(heard: Hearing, known: SourceHealth | None, book: RuleBook, now: datetime = NOW) -> Any:
    before: Mapping[str, SourceHealth] = {} if known is None else {NAME: known}
    return check_feeds(heard, before, book, now, now - MINUTE)


def test_admins_hear_after_three_ticks_and_once() -> None:
    """A table that fails is the admins' business; then again when a day is full, and when it is back."""
    book, known, told = with_feed(a_feed()), None, []
    for tick in range(6):
        checkup = after(FAILED, known, book, NOW + tick * MINUTE)
        (known,) = checkup.health
        told.append([(it.team, it.reason) for it in checkup.notifications])
    assert told == [[], [], [("platform", Reason.SOURCE_FAILING)], [], [], []]
    assert known is not None
    day = after(FAILED, known, book, NOW + timedelta(days=1))
    assert [it.reason for it in day.notifications] == [Reason.SOURCE_FAILING]
    back = after(ANSWERED, known, book, NOW + timedelta(days=1))
    assert [(it.title, it.reason) for it in back.notifications] == [
        ("The deploys of feed releases can be read again", Reason.SOURCE_BACK)
    ]
    assert back.health == (SourceHealth(NAME),)


def test_words_for_the_admins() -> None:
    """What is not known now, since when, and that metrics are watched all the same."""
    known = SourceHealth(NAME, NOW, 2)
    (message,) = after(FAILED, known, with_feed(a_feed()), NOW + 2 * MINUTE).notifications
    assert message.title == "The deploys of feed releases cannot be read since 09:00"
    assert "Error: no such column tag" in message.body
    assert "none of them can be named as a suspect; metrics are watched as before" in message.body


def test_source_that_is_down_is_told_once() -> None:
    """Where metrics are read from it, they tell; otherwise the feed does."""
    down = Hearing(failed={"releases": SourceUnavailable("refused")})
    known = SourceHealth(NAME, NOW, 5)
    assert after(down, known, with_feed(a_feed(), is_watched=True)).notifications == ()
    assert len(after(down, known, with_feed(a_feed())).notifications) == 1


def test_nobody_to_tell() -> None:
    """Without admins the failure is known, and told later where there are some."""
    known = SourceHealth(NAME, NOW, 5)
    checkup = after(FAILED, known, with_feed(a_feed(), admins=None))
    assert checkup.notifications == ()
    assert checkup.health[0].told_admins is False


def test_feed_that_is_no_more_is_forgotten() -> None:
    """A failure of what detector.yml has no more concerns nobody."""
    known = SourceHealth("feed old", NOW, 5, told_admins=True)
    checkup = check_feeds(Hearing(), {"feed old": known}, with_feed(a_feed()), NOW, None)
    assert (checkup.health, checkup.notifications) == ((SourceHealth("feed old"),), ())
