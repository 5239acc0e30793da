"""Making and upgrading stores."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from detector.adapters.store import SqlStore, migrating, open_store, schema
from detector.adapters.store.column_types import to_micros
from detector.adapters.store.engines import make_engine
from detector.adapters.store.locks import lock_of
from detector.adapters.store.place import place_of
from detector.adapters.store.tables import metadata
from detector.errors import StoreBusy, StoreTooNew
from store_samples import hour, hours, sqlite_url, state, tick, write_to

_SET_VERSION = f"UPDATE {schema.VERSION_TABLE} SET version_num = :version"  # noqa: S608 - a constant


def test_migrations_lead_to_the_tables(store: SqlStore, store_url: str) -> None:
    """What the migrations make is what the code believes is there, on both databases."""
    assert store.size_bytes()
    engine = make_engine(place_of(store_url))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": schema.VERSION_TABLE})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_the_newest_revision_is_the_constant(store: SqlStore, store_url: str) -> None:
    """The constant that spares Alembic's import names the newest migration file."""
    assert store.size_bytes()
    engine = make_engine(place_of(store_url))
    with engine.connect() as connection:
        scripts = ScriptDirectory.from_config(migrating.configuration(connection))
    engine.dispose()
    assert scripts.get_current_head() == schema.HEAD


def test_a_current_store_opens_without_alembic(store: SqlStore, store_url: str) -> None:
    """A pipeline's `deploy add` does not wait for libraries that it does not need."""
    assert store.size_bytes()
    code = (
        "import sys; from detector.adapters.store import open_store; open_store(sys.argv[1]).close();"
        "print([name for name in ('alembic', 'mako', 'pandas', 'scipy', 'statsmodels') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code, store_url], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_opening_again_finds_what_was_kept(store: SqlStore, store_url: str) -> None:
    """Nothing is made anew."""
    store.commit(tick())
    store.close()
    again = open_store(store_url)
    assert again.incident(1) is not None
    again.close()


def test_many_starters_at_once(store_url: str) -> None:
    """Four processes that find no store make one, and all of them can use it."""
    code = (
        "import sys; from store_samples import deploy; from detector.adapters.store import open_store;"
        "open_store(sys.argv[1]).add_deploy(deploy(sys.argv[2]))"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    starters = [
        subprocess.Popen([sys.executable, "-c", code, store_url, f"d{number}"], env=environment, stderr=subprocess.PIPE)
        for number in range(4)
    ]
    errors = [starter.communicate()[1].decode() for starter in starters]
    assert errors == [""] * 4
    store = open_store(store_url)
    assert len(store.deploys(hours(0, 24), hour(24))) == 4
    store.close()


def test_an_upgrade_that_breaks_off_leaves_no_store(store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither file nor table is there afterwards, and the next start makes a whole one."""
    with monkeypatch.context() as patched:
        patched.setattr(migrating, "migrate", _half_way)
        with pytest.raises(RuntimeError, match="killed"):
            open_store(store_url)
    store = open_store(store_url)
    assert store.next_incident_number() == 1
    store.close()


def _half_way(connection: sa.Connection) -> None:
    metadata.tables["metrics"].create(connection)
    raise RuntimeError("killed")


def test_an_older_store_is_upgraded_in_place(store: SqlStore, store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The way leads through a migration in one transaction; what was kept stays."""
    store.commit(tick())
    place = place_of(store_url)
    engine = make_engine(place)

    def add_a_table(connection: sa.Connection) -> None:
        connection.execute(sa.text("CREATE TABLE newer (x INTEGER)"))
        connection.execute(sa.text(f"UPDATE {schema.VERSION_TABLE} SET version_num = '0042'"))  # noqa: S608 - a constant

    monkeypatch.setattr(migrating, "migrate", add_a_table)
    schema.bring_up_to_date(engine, place, lock_of(place), head="0042")
    assert sa.inspect(engine).has_table("newer")
    assert store.incident(1) is not None
    engine.dispose()


def test_a_store_of_the_first_tables_is_upgraded(store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a detector of revision 0001 kept of a metric is there; of its seasons nothing is known yet."""
    with monkeypatch.context() as patched:
        patched.setattr(migrating, "migrate", lambda on: command.upgrade(migrating.configuration(on), "0001"))
        engine = make_engine(place_of(store_url))
        schema.bring_up_to_date(engine, place_of(store_url), lock_of(place_of(store_url)), head="0001")
        engine.dispose()
    row = "INSERT INTO metrics (metric, fingerprint, first_seen_at) VALUES ('checkout/revenue', 'f1', :at)"
    write_to(store_url, row, at=to_micros(hour(0)))
    store = open_store(store_url)
    assert store.metric_states() == {"checkout/revenue": state()}
    store.close()


def test_an_upgrade_waits_for_the_tick(store: SqlStore, store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables do not change under a detector that is in the middle of a tick."""
    place = place_of(store_url)
    engine = make_engine(place)
    monkeypatch.setattr(schema, "_UPGRADE_PATIENCE_S", 0.05)
    with store.exclusive(), pytest.raises(StoreBusy, match="in the middle of a tick"):
        schema.bring_up_to_date(engine, place, lock_of(place), head="0042")
    engine.dispose()


def test_a_newer_store_is_left_alone(store: SqlStore, store_url: str) -> None:
    """It is refused with both revisions in the message, and nothing is changed."""
    write_to(store_url, _SET_VERSION, version="0042")
    with pytest.raises(StoreTooNew, match=r"upgraded by a newer detector \(its tables are 0042"):
        open_store(store_url)
    write_to(store_url, _SET_VERSION, version=schema.HEAD)
    store.commit(tick())


def test_leftovers_of_a_killed_start_are_cleared(tmp_path: Path) -> None:
    """What a start that was killed had built so far does not stop the next one."""
    for name in ("detector.db.new", "detector.db.new-wal", "detector.db.new-journal", "detector.db.lock"):
        (tmp_path / name).write_bytes(b"half of it")
    store = open_store(sqlite_url(tmp_path / "detector.db"))
    store.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["detector.db", "detector.db.lock"]


def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    """The file, its journal and its lock, whatever the umask allows."""
    before = os.umask(0)
    try:
        store = open_store(sqlite_url(tmp_path / "detector.db"))
        with store.exclusive():
            store.commit(tick())
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    finally:
        os.umask(before)
    store.close()
    names = ["detector.db", "detector.db-shm", "detector.db-wal", "detector.db.lock"]
    assert modes == dict.fromkeys(names, 0o600)


def test_sqlite_commits_are_on_disk(filled: Path) -> None:
    """Write-ahead log, synced at every commit, foreign keys on: on every connection."""
    engine = make_engine(place_of(sqlite_url(filled)))
    with engine.connect() as one, engine.connect() as two:
        for connection in (one, two):
            found = [
                connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
                for name in ("journal_mode", "synchronous", "foreign_keys")
            ]
            assert found == ["wal", 2, 1]
    engine.dispose()
