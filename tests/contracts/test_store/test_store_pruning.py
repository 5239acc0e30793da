"""What is long over is forgotten; what anybody may still need is not."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from detector.adapters.store import SqlStore, open_store, pruning
from detector.adapters.store.tables import metadata
from detector.alerting.due import HISTORY
from detector.model.deploy import DeployStatus, Receipt
from detector.model.incident import IncidentState
from detector.model.notification import SendResult
from detector.model.span import Span
from detector.model.state import TickChanges
from store_samples import block, deploy, event, hour, hours, incident, notification, outcome, sqlite_url, state

DAY = 24
LATER = hour(200 * DAY)
EVER = hour(10_000 * DAY)


def _rows(store: SqlStore) -> dict[str, int]:
    with store._reading("count") as connection:
        counts = {
            name: connection.scalar(sa.select(sa.func.count()).select_from(metadata.tables[name])) or 0
            for name in metadata.tables
        }
    return {name: count for name, count in counts.items() if count}


def _resolved(number: int, at: datetime) -> TickChanges:
    """An incident from its beginning to its end, with two messages that arrived."""
    over = incident(number, state=IncidentState.RESOLVED, resolved_at=at)
    message = notification(f"incident/{number}/1", incident=number)
    return TickChanges(at, incidents=(over,), events=(event(number),), notifications=((message, 2),))


def _send_all(store: SqlStore, at: datetime) -> None:
    for due in store.due_deliveries(at):
        store.begin_delivery(due, at)
        store.end_delivery(due, SendResult(ok=True), at, None)


def test_all_that_is_over_goes(store: SqlStore) -> None:
    """Outcomes, revisions, incidents, their events and messages, deploys, receipts: only what is needed stays."""
    for number in (1, 2):
        store.commit(_resolved(number, hour(12)))
        store.commit(TickChanges(hour(9), outcomes=(outcome(number),), metrics=(state(),)))
        store.commit(TickChanges(hour(10), outcomes=(outcome(number, value=7.0, judged_at=hour(20)),)))
        store.add_deploys([deploy(f"d{number}", number)], Receipt("github", f"r{number}", "0" * 64, hour(number)))
    store.commit(TickChanges(hour(9), notifications=((notification("channel/1", incident=None), 1),)))
    _send_all(store, hour(13))
    before = _rows(store)
    gone = store.prune(hour(100))
    assert _rows(store) == {
        "deliveries": 2,  # of incident 2, the newest
        "deploys": 1,
        "incident_events": 1,
        "incidents": 1,
        "metrics": 1,
        "notifications": 1,
        "outcome_revisions": 1,
        "outcomes": 1,
    }
    assert gone == sum(before.values()) - 9
    assert store.next_incident_number() == 3
    assert store.last_heard_at(EVER) == hour(2)
    assert store.last_outcomes()["checkout/revenue"].span == hours(2, 3)
    assert store.prune(hour(100)) == 0


def test_what_ended_later_stays(store: SqlStore) -> None:
    """The instant itself is not before it; an incident counts by its end, a deploy by all of its times."""
    for number in (1, 2):
        store.commit(_resolved(number, hour(100)))
    _send_all(store, hour(13))
    store.add_deploy(deploy("slow", 101, started_at=hour(1), received_at=hour(1)))
    store.add_deploy(deploy("late", 1, received_at=hour(100)))
    store.add_deploys([], Receipt("github", "r1", "0" * 64, hour(100)))
    store.commit(TickChanges(hour(9), metrics=(state(),), outcomes=(outcome(99.5), outcome(100))))
    assert store.prune(hour(100)) == 0


@pytest.mark.parametrize("fate", ["pending", "sending", "sent lately"])
def test_what_is_on_its_way_stays(store: SqlStore, fate: str) -> None:
    """With the incident that it tells of; once it has arrived, and that is long ago too, all of it goes."""
    store.commit(_resolved(1, hour(12)))
    store.commit(TickChanges(hour(9), notifications=((notification("channel/1", incident=None), 1),)))
    store.commit(TickChanges(hour(9), incidents=(incident(2),)))
    whole = _rows(store)
    for due in store.due_deliveries(hour(13)) if fate != "pending" else ():
        store.begin_delivery(due, hour(13))
        if fate == "sent lately":
            store.end_delivery(due, SendResult(ok=True), LATER, None)
    assert store.prune(hour(100)) == 0
    assert _rows(store) == whole
    _send_all(store, LATER)
    assert store.prune(hour(300 * DAY)) == 7  # three deliveries, two messages, an incident and its event
    assert [it.number for it in store.incidents(only_live=False)] == [2]


def test_what_goes_on_stays_whole(store: SqlStore) -> None:
    """An incident that is open for a year keeps its messages, and its metric the outcomes since it began."""
    store.commit(
        TickChanges(
            hour(9),
            metrics=(state(), state("m2")),
            incidents=(incident(1), incident(2)),
            events=(event(),),
            notifications=((notification(), 2),),
        )
    )
    store.commit(
        TickChanges(
            hour(9),
            outcomes=tuple(
                outcome(number, name) for number in (-1000, 8, 9, 10) for name in ("checkout/revenue", "m2")
            ),
        )
    )
    _send_all(store, hour(13))
    assert store.prune(LATER) == 4
    assert [it.span.start_at for it in store.outcomes("checkout/revenue", hour(-2000))] == [hour(8), hour(9), hour(10)]
    assert [it.span.start_at for it in store.outcomes("m2", hour(-2000))] == [hour(10)]
    assert len(store.deliveries(only_unsent=False)) == 2
    assert len(store.incident_events(1)) == 1


@pytest.mark.parametrize("kept_weeks", [5, 25])
def test_judging_keeps_its_history(store: SqlStore, kept_weeks: int) -> None:
    """Of a metric that is read, and of one that was last read long ago, all that a tick now may ask for.

    That is ten weeks, and all that is kept where that is more: days of the month are found in it.
    """
    weeks = 40
    for name, first in (("live", 0), ("idle", -400 * DAY)):
        until = hour(first + weeks * 7 * DAY)
        values = block(first, [float(number) for number in range(weeks * 7 * DAY)], name)
        store.commit(
            TickChanges(until, metrics=(state(name, read_from=hour(first), read_until=until),), history=(values,))
        )
    live_until = hour(weeks * 7 * DAY)
    before = live_until - timedelta(weeks=kept_weeks)
    since = min(before, live_until - HISTORY)
    needed = store.history(["live"], since)
    assert store.prune(before) > 0
    (kept,) = store.history(["live"], since).values()
    assert np.array_equal(kept.values, needed["live"].values)
    (everything,) = store.history(["live"], hour(-10_000)).values()
    assert everything.values.size < kept.values.size + 3 * 7 * DAY
    assert not store.history(["idle"], before - HISTORY)


def test_the_claim_of_having_read_goes_with_the_history(store: SqlStore) -> None:
    """What says how far back a metric is known never reaches further than the buckets do."""
    values = block(0, [1.0] * 30 * 7 * DAY)
    read_until = hour(30 * 7 * DAY)
    store.commit(TickChanges(read_until, metrics=(state(read_from=hour(0), read_until=read_until),), history=(values,)))
    assert store.prune(hour(10 * 7 * DAY)) > 0
    (kept,) = store.history(["checkout/revenue"], hour(-10_000)).values()
    read_from = store.metric_states()["checkout/revenue"].read_from
    assert read_from is not None
    assert int(read_from.timestamp()) <= int(kept.starts[0]) <= int(read_from.timestamp()) + 3600


def test_a_change_goes_with_all_its_reports(store: SqlStore) -> None:
    """Never only one of them; and one that was begun and never ended goes too."""
    running = {"status": DeployStatus.IN_PROGRESS}
    store.add_deploy(deploy("d1", None, received_at=hour(1), started_at=hour(1), **running))
    store.add_deploy(deploy("d1", 101))
    store.add_deploy(deploy("d2", None, received_at=hour(1), started_at=hour(1), **running))
    store.add_deploy(deploy("d3", None, received_at=hour(2), started_at=hour(1), **running))
    store.add_deploy(deploy("d3", 3))
    assert store.prune(hour(100)) == 3
    assert {report.id for report in store.deploys(hours(0, 500), EVER)} == {"d1"}
    assert store.prune(hour(200)) == 0  # the last one heard of


def test_of_one_change_all_that_was_heard_last_stays(store: SqlStore) -> None:
    """`status` and messages tell how old the last report is."""
    for name in ("d1", "d2", "d3"):
        store.add_deploy(deploy(name, 5))
    assert store.prune(LATER) == 2
    assert store.last_deploy(EVER) == deploy("d1", 5)


def test_it_is_done_in_short_transactions(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """However much there is, others get their turn in between."""
    for name in ("AT_ONCE", "INCIDENTS_AT_ONCE", "MESSAGES_AT_ONCE"):
        monkeypatch.setattr(pruning, name, 2)
    monkeypatch.setattr(pruning, "PAUSE_S", 0.0)
    store.commit(TickChanges(hour(9), metrics=(state(),), outcomes=tuple(outcome(number) for number in range(12))))
    for number in range(1, 6):
        store.commit(_resolved(number, hour(12)))
        store.add_deploys([deploy(f"d{number}", number)], Receipt("github", f"r{number}", "0" * 64, hour(number)))
    _send_all(store, hour(13))
    sizes: list[int] = []
    writing = store._writing

    @contextmanager
    def counted(attempted: str) -> Iterator[Connection]:
        before = sum(_rows(store).values())
        with writing(attempted) as connection:
            yield connection
        sizes.append(before - sum(_rows(store).values()))

    monkeypatch.setattr(store, "_writing", counted)
    assert store.prune(hour(100)) == sum(sizes)
    assert max(sizes) <= 10  # two incidents, each with an event, a message and two deliveries
    assert len([size for size in sizes if size]) >= 13


def test_a_file_takes_again_what_became_free(tmp_path: Path) -> None:
    """Year after year with the same number of outcomes the file stays as large as it was after the first."""
    store = open_store(sqlite_url(tmp_path / "detector.db"))
    sizes = []
    for year in range(4):
        found = tuple(outcome(year * 10_000 + number) for number in range(4000))
        store.commit(TickChanges(hour(9), metrics=(state(),), outcomes=found))
        sizes.append((tmp_path / "detector.db").stat().st_size)
        store.prune(hour((year + 1) * 10_000))
    store.close()
    assert sizes[3] <= sizes[1]


def test_what_is_asked_for_stays(store: SqlStore) -> None:
    """Whatever there is and whenever it is done: every answer about the time since then is the same as before."""
    rng = np.random.default_rng(8)
    for round_ in range(8):
        _fill(store, rng, round_)
        at = hour(float(rng.integers(0, 300)))
        answers = _answers(store, at)
        store.prune(at)
        assert _answers(store, at) == answers
        assert store.prune(at) == 0


def _fill(store: SqlStore, rng: np.random.Generator, round_: int) -> None:
    def some(number: int) -> list[int]:
        return [int(one) for one in rng.integers(0, 300, number)]

    names = ("m0", "m1", "m2")
    outcomes = tuple(outcome(one, names[one % 3], judged_at=hour(one + round_)) for one in some(20))
    first = store.next_incident_number()
    over = [_resolved(first + number, hour(one)) for number, one in enumerate(some(4))]
    going_on = replace(_resolved(first + 4, hour(1)), incidents=(incident(first + 4),))
    store.commit(TickChanges(hour(9), metrics=tuple(state(name) for name in names), outcomes=outcomes))
    for changes in (*over, going_on):
        store.commit(changes)
        if rng.random() < 0.8:
            _send_all(store, hour(some(1)[0]))
    statuses = list(DeployStatus)
    for one in some(10):
        live = one if one % 5 else None
        started_at = hour(one - 1) if live is None else None
        store.add_deploy(
            deploy(
                f"{round_}-{one % 7}-{live}-{one}",
                live,
                status=statuses[one % 4],
                received_at=hour(one + one % 9),
                started_at=started_at,
            )
        )


def _answers(store: SqlStore, since: datetime) -> list[object]:
    ended = [DeployStatus.SUCCESS, DeployStatus.FAILURE, DeployStatus.CANCELLED]
    found = store.deploys(hours(0, 1000), EVER)
    return [
        [store.outcomes(name, since) for name in ("m0", "m1", "m2")],
        store.last_outcomes(),
        store.incidents(only_live=True, limit=1000),
        [
            it
            for it in store.incidents(only_live=False, limit=1000)
            if it.resolved_at is None or it.resolved_at >= since
        ],
        store.next_incident_number(),
        store.due_deliveries(EVER),
        store.next_attempt_at(),
        store.deliveries(only_unsent=True, limit=1000),
        [it for it in found if it.status in ended and (it.finished_at or it.received_at) >= since],
        store.record(Span(since, EVER), EVER),
        store.last_heard_at(EVER),
        store.last_deploy(EVER),
        store.metric_states(),
    ]


def test_a_store_in_memory_forgets_too() -> None:
    """For tests and demonstrations."""
    store = open_store("sqlite://")
    for number in (1, 2):
        store.commit(_resolved(number, hour(12)))
    _send_all(store, hour(13))
    assert store.prune(LATER) == 5
    store.close()
