"""What is damaged is refused, and never comes up empty."""

import re
import shutil
import sqlite3
from collections.abc import Sized
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from detector.adapters.store import SqlStore, open_store, schema
from detector.errors import StoreDamaged
from store_samples import deploy, hour, hours, sqlite_url, tick, write_to

_SET_VERSION = f"UPDATE {schema.VERSION_TABLE} SET version_num = :version"  # noqa: S608 - a constant


def _read_everything(store: SqlStore) -> tuple[Sized, ...]:
    names = sorted(store.metric_states())
    history = store.history([*names, *(f"m{number}" for number in range(20))], hour(-1000))
    return (
        names,
        {name: found.values.tolist() for name, found in history.items()},
        store.outcomes("checkout/revenue", hour(0)),
        store.last_outcomes(),
        store.incidents(only_live=False),
        store.incident_events(1),
        store.deliveries(only_unsent=False),
        store.source_health(),
        store.deploys(hours(0, 24), hour(24)),
    )


def _open_and_read(path: Path) -> tuple[Sized, ...]:
    with closing(open_store(sqlite_url(path))) as store:
        return _read_everything(store)


def test_lost_tables_are_damage(store: SqlStore, store_url: str) -> None:
    """A table that is gone is not silently an empty one."""
    write_to(store_url, "DROP TABLE incident_events")
    with pytest.raises(StoreDamaged, match=r"is damaged: .*incident_events"):
        store.incident_events(1)


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("incidents", "content", "{]"),
        ("incidents", "content", "[]"),
        ("deploys", "content", '{"id": 1}'),
        ("metrics", "seasons", '{"day": true}'),
    ],
)
def test_content_that_cannot_be_read_is_damage(
    store: SqlStore,
    store_url: str,
    table: str,
    column: str,
    value: str,
) -> None:
    """It says where, and how to go on."""
    store.commit(tick())
    store.add_deploy(deploy())
    write_to(store_url, f"UPDATE {table} SET {column} = :value", value=value)  # noqa: S608 - from above
    with pytest.raises(StoreDamaged, match="nothing was changed"):
        _read_everything(store)


def test_a_cut_off_file_is_never_an_empty_store(filled: Path) -> None:
    """Cut anywhere, also to nothing: refused, or all is still there; the file stays as it was found."""
    whole = filled.read_bytes()
    rng = np.random.default_rng(2)
    offsets = [0, 1, 15, 16, 99, 100, 4095, 4096, *rng.integers(0, len(whole), 40).tolist()]
    for offset in offsets:
        filled.write_bytes(whole[:offset])
        with pytest.raises(StoreDamaged, match="put a backup in"):
            _open_and_read(filled)
        assert filled.read_bytes()[:offset] == whole[:offset]


def test_flipped_bits_are_never_an_empty_store(filled: Path) -> None:
    """Each is refused, by a look through the store at the latest, or hits one value or key: one row, never a table.

    Which bit of a number is right only a checksum could tell, and SQLite keeps none.
    """
    whole = filled.read_bytes()
    expected = [len(part) for part in _open_and_read(filled)]
    assert 0 not in expected
    used = [offset for offset, byte in enumerate(whole) if byte]
    rng = np.random.default_rng(3)
    refused = 0
    for offset in [*range(0, 100, 3), *rng.choice(used, 150).tolist()]:
        flipped = bytearray(whole)
        flipped[offset] ^= 1 << int(rng.integers(8))
        _restore(filled, bytes(flipped))
        try:
            with closing(open_store(sqlite_url(filled))) as store:
                store.verify()
                found = [len(part) for part in _read_everything(store)]
        except StoreDamaged:
            refused += 1
        else:
            assert sum(max(0, before - after) for before, after in zip(expected, found, strict=True)) <= 1, offset
    assert refused


def test_a_look_through_the_store_finds_what_reading_misses(filled: Path) -> None:
    """An index that does not agree with its table is named; a whole store passes."""
    with closing(open_store(sqlite_url(filled))) as store:
        store.verify()
    with closing(sqlite3.connect(filled)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'ix_incidents_state'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    whole = filled.read_bytes()
    state = whole.index(b"open", (page - 1) * size)
    _restore(filled, whole[:state] + b"oven" + whole[state + 4 :])
    with closing(open_store(sqlite_url(filled))) as store, pytest.raises(StoreDamaged, match="ix_incidents_state"):
        store.verify()


def _restore(path: Path, content: bytes) -> None:
    for end in ("-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)
    path.write_bytes(content)


@pytest.mark.parametrize("content", [b"", b"not a database" * 1000])
def test_a_file_that_is_no_store_is_refused(tmp_path: Path, content: bytes) -> None:
    """An empty file and a foreign one: neither is taken over."""
    path = tmp_path / "detector.db"
    path.write_bytes(content)
    with pytest.raises(StoreDamaged, match=re.escape(str(path))):
        open_store(sqlite_url(path))
    assert path.read_bytes() == content


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    """Nothing is added to it."""
    path = tmp_path / "shop.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE payments (amount)")
    connection.close()
    with pytest.raises(StoreDamaged, match="it is no store of the detector"):
        open_store(sqlite_url(path))


def test_a_journal_without_its_file_is_not_thrown_away(filled: Path) -> None:
    """Somebody moved the file away and forgot what was not yet folded into it."""
    filled.with_name("detector.db-wal").write_bytes(b"x" * 5000)
    filled.unlink()
    with pytest.raises(StoreDamaged, match=r"its journal detector.db-wal is still there"):
        open_store(sqlite_url(filled))
    assert not filled.exists()


def test_a_copied_store_is_a_store(filled: Path, tmp_path: Path) -> None:
    """A backup made by copying the closed file opens with all that was in it."""
    copy = tmp_path / "backup.db"
    shutil.copy(filled, copy)
    with closing(open_store(sqlite_url(filled))) as one, closing(open_store(sqlite_url(copy))) as other:
        assert _read_everything(one) == _read_everything(other)


def test_tables_without_a_version_are_not_overwritten(store: SqlStore, store_url: str) -> None:
    """A store that lost its version, or tables of another program: refused."""
    store.close()
    write_to(store_url, f"DROP TABLE {schema.VERSION_TABLE}")
    with pytest.raises(StoreDamaged, match="which detector wrote it"):
        open_store(store_url)


@pytest.mark.parametrize("version", ["", "00x1", "abc"])
def test_a_version_that_never_was_is_damage(store: SqlStore, store_url: str, version: str) -> None:
    """It is no reason to migrate."""
    store.close()
    write_to(store_url, _SET_VERSION, version=version)
    with pytest.raises(StoreDamaged, match="does not say which detector wrote it"):
        open_store(store_url)
