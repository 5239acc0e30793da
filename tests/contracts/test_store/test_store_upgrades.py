"""The way from every earlier revision: nothing is lost, whatever happens in between."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command

from detector.adapters.store import SqlStore, migrating, open_store, schema
from detector.adapters.store.engines import make_engine, writers
from detector.adapters.store.locks import lock_of
from detector.adapters.store.place import place_of
from detector.model.deploy import Receipt, Recorded
from detector.model.state import Seasons, TickChanges
from store_samples import block, deploy, hour, hours, outcome, sqlite_url, state, tick

EARLIER = ["0001", "0002", "0003"]


def _populate(store: SqlStore) -> None:
    store.commit(tick())
    store.commit(TickChanges(hour(10), outcomes=(outcome(8, value=7.0, judged_at=hour(10)),)))
    store.commit(TickChanges(hour(10), metrics=(state("m2"),), history=(block(0, [1.0] * 500, "m2", weights=True),)))
    store.add_deploy(deploy())
    (due, *_) = store.due_deliveries(hour(10))
    store.begin_delivery(due, hour(10))


def _answers(store: SqlStore) -> list[Any]:
    states = [(it.metric, it.fingerprint, it.first_seen_at, it.judged_until) for it in store.metric_states().values()]
    histories = [
        (name, *(None if it is None else it.tolist() for it in (one.starts, one.values, one.known, one.weights)))
        for name, one in sorted(store.history(["checkout/revenue", "m2"], hour(0)).items())
    ]
    return [
        sorted(states),
        histories,
        store.outcomes("checkout/revenue", hour(0)),
        store.outcome_revisions("checkout/revenue", hour(0)),
        store.incidents(only_live=False),
        store.incident_events(1),
        store.deliveries(only_unsent=False),
        store.source_health(),
        store.deploys(hours(0, 24), hour(24)),
    ]


@pytest.fixture
def answers(tmp_path: Path) -> Iterator[list[Any]]:
    """What a populated store of today says; its rows are in model.db."""
    with closing(open_store(sqlite_url(tmp_path / "model.db"))) as model:
        _populate(model)
        yield _answers(model)


@pytest.fixture(params=EARLIER)
def earlier(
    request: pytest.FixtureRequest, store_url: str, tmp_path: Path, answers: list[Any], monkeypatch: pytest.MonkeyPatch
) -> str:
    """The URL of a store of an earlier revision with the same rows, as far as it had columns for them."""
    assert answers
    revision: str = request.param
    place = place_of(store_url)
    engine = make_engine(place)
    with monkeypatch.context() as patched:
        patched.setattr(migrating, "migrate", lambda on: command.upgrade(migrating.configuration(on), revision))
        schema.bring_up_to_date(engine, place, lock_of(place), head=revision)
    model = make_engine(place_of(sqlite_url(tmp_path / "model.db")))
    now, then = sa.MetaData(), sa.MetaData()
    now.reflect(model)
    then.reflect(engine)
    with model.connect() as source, writers(engine).begin() as target:
        for table in then.sorted_tables:
            columns = [now.tables[table.name].c[column.name] for column in table.c]
            rows = [row._asdict() for row in source.execute(sa.select(*columns))]
            if rows and table.name != schema.VERSION_TABLE:
                target.execute(sa.insert(table), rows)
    model.dispose()
    engine.dispose()
    return store_url


def test_nothing_is_lost(earlier: str, answers: list[Any]) -> None:
    """All that the earlier detector kept is there, and what is new works."""
    with closing(open_store(earlier)) as store:
        assert _answers(store) == answers
        assert store.last_beat_at() is None
        store.beat(hour(11))
        assert store.last_beat_at() == hour(11)
        added = store.add_deploys([deploy("d2")], Receipt("ci", "r1", "0" * 64, hour(8)))
        assert [it.recorded for it in added] == [Recorded.NEW]
        store.commit(TickChanges(hour(11), metrics=(state(seasons=Seasons(True, True, 0.9, 0.8)),)))


_UPGRADE_AND_DIE = """
import os, signal, sys
import sqlalchemy
from detector.adapters.store import open_store
@sqlalchemy.event.listens_for(sqlalchemy.Engine, "after_cursor_execute")
def die(connection, cursor, statement, *rest):
    if sys.argv[2] in " ".join(statement.split()):
        os.kill(os.getpid(), signal.SIGKILL)
open_store(sys.argv[1])
"""


def test_a_kill_leaves_old_or_new(earlier: str, answers: list[Any]) -> None:
    """Whichever statement is the last one, the next start goes the whole way."""
    for last in (
        "CREATE TABLE members",
        "CREATE TABLE member_history",
        f"{schema.VERSION_TABLE} SET version_num='0004'",
    ):
        done = subprocess.run([sys.executable, "-c", _UPGRADE_AND_DIE, earlier, last], check=False)
        assert done.returncode == -signal.SIGKILL
    with closing(open_store(earlier)) as store:
        assert _answers(store) == answers
