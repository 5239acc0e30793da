"""A kill, a full disk, a lock that is held: nothing half done, and words that help."""

import errno
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from detector.adapters.store import SqlStore, open_store
from detector.adapters.store.place import place_of
from detector.adapters.store.trouble import translated
from detector.errors import StoreBusy, StoreDamaged, StoreError, StoreFull
from detector.model.state import TickChanges
from store_samples import block, deploy, event, hour, incident, outcome, sqlite_url, state, tick, write_to

_TICKS = """
import sys
from dataclasses import replace
from store_samples import event, hour, incident, notification, outcome
from detector.adapters.store import open_store
from detector.model.state import TickChanges
store = open_store(sys.argv[1])
for number in range(int(sys.argv[2]), 10_000):
    store.commit(TickChanges(
        hour(number), outcomes=(outcome(number),), incidents=(incident(number),), events=(event(number),),
        notifications=((notification(f"incident/{number}/1", incident=number), 1),),
    ))
    print(number, flush=True)
"""


def test_a_kill_leaves_whole_ticks(store: SqlStore, store_url: str) -> None:
    """Kill -9 wherever it strikes: what was said to be committed is there, and what is there is whole."""
    rng = np.random.default_rng(4)
    environment = {"PYTHONPATH": str(Path(__file__).parents[2])}
    for _ in range(4):
        first = store.next_incident_number()
        command = [sys.executable, "-c", _TICKS, store_url, str(first)]
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            said = [int(writer.stdout.readline()) for _ in range(int(rng.integers(1, 30)))]
            writer.kill()
            said += [int(line) for line in writer.stdout if line.endswith("\n")]
        kept = sorted(it.number for it in store.incidents(only_live=False, limit=10_000))
        assert kept[: said[-1]] == list(range(1, said[-1] + 1))
        assert len(kept) - said[-1] <= 1
        assert len(store.outcomes("checkout/revenue", hour(0))) == len(kept)
        assert [it.notification.incident for it in store.due_deliveries(hour(0))] == kept
        assert all(len(store.incident_events(number)) == 1 for number in kept)


@contextmanager
def _limited(store: SqlStore, pragma: str, back: str) -> Iterator[None]:
    """Set something on the one connection that the pool hands to this thread."""
    with store._reading("limit") as connection:
        connection.exec_driver_sql(f"PRAGMA {pragma}")
    yield
    with store._reading("lift") as connection:
        connection.exec_driver_sql(f"PRAGMA {back}")


def test_a_full_disk(filled: Path) -> None:
    """The message says so; nothing of the commit is kept and nothing else lost; with space again it goes through."""
    large = TickChanges(hour(9), history=(block(0, [1.5] * 30_000, "large"),))
    with closing(open_store(sqlite_url(filled))) as store:
        with (
            _limited(store, "max_page_count=1", "max_page_count=1000000"),
            pytest.raises(StoreError, match=r"database or disk is full; free some space"),
        ):
            store.commit(large)
        assert store.incident(1) is not None
        assert not store.history(["large"], hour(0))
        store.commit(large)
        assert store.history(["large"], hour(0))


def test_a_file_that_may_not_be_written(filled: Path) -> None:
    """Reading goes on; writing says what to do."""
    with closing(open_store(sqlite_url(filled))) as store, _limited(store, "query_only=ON", "query_only=OFF"):
        with pytest.raises(StoreError, match=r"readonly database; let this user write to the file and its directory"):
            store.commit(tick())
        assert store.incident(1) is not None


def test_another_program_that_does_not_let_go(filled: Path) -> None:
    """After the patience of the connection: busy, by whom, and what to do; later it works."""
    with closing(open_store(sqlite_url(filled))) as store, closing(sqlite3.connect(filled)) as other:
        other.execute("BEGIN IMMEDIATE")
        with (
            _limited(store, "busy_timeout=1", "busy_timeout=10000"),
            pytest.raises(StoreBusy, match=r"cannot keep the report .* database is locked; another program holds it"),
        ):
            store.add_deploy(deploy("d2"))
        other.rollback()
        assert store.add_deploy(deploy("d2"))


def test_messages_hold_no_data(store: SqlStore) -> None:
    """Neither statements nor what was to be stored stand in an error."""
    with pytest.raises(StoreError) as caught:
        store.set_incident(incident(1), event(99))
    assert "INSERT" not in str(caught.value)
    assert "4,000" not in str(caught.value)
    assert "change incident 1" in str(caught.value)


def test_damage_found_while_writing(store: SqlStore, store_url: str) -> None:
    """History that cannot be merged into, and a report that cannot be compared with, are damage too."""
    store.commit(tick())
    store.add_deploy(deploy())
    write_to(store_url, "UPDATE history SET flags = starts")
    write_to(store_url, "UPDATE deploys SET content = '{'")
    with pytest.raises(StoreDamaged, match="its parts differ in length"):
        store.commit(tick())
    with pytest.raises(StoreDamaged, match="not JSON"):
        store.add_deploy(deploy())


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of eight megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "none", str(folder)]
    mounted = subprocess.run(mount, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"no small disk to fill, as only root may mount one: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def _fill(disk: Path) -> Path:
    file = disk / "filler"
    with file.open("wb", buffering=0) as out, suppress(OSError):
        while True:
            out.write(b"x" * 4096)
    return file


def _commits_of_a_hundred(store: SqlStore) -> Iterator[int]:
    for number in count():
        found = tuple(outcome(number * 100 + more) for more in range(100))
        store.commit(TickChanges(hour(number), metrics=(state(),), outcomes=found))
        yield number


def test_a_disk_that_fills_up(small_disk: Path, tmp_path: Path) -> None:
    """Each commit is kept whole or not at all, all that were kept can be read, and with room again it goes on."""
    with closing(open_store(sqlite_url(small_disk / "detector.db"))) as store:
        kept: list[int] = []
        with pytest.raises(StoreFull, match=r"database or disk is full; free some space on its disk"):
            kept.extend(_commits_of_a_hundred(store))
        filler = _fill(small_disk)
        with pytest.raises(StoreFull, match="free some space"), store.exclusive():
            store.commit(TickChanges(hour(9), history=(block(0, [1.5] * 9000),)))
        with pytest.raises(StoreFull, match="cannot back the store up"):
            store.backup(small_disk / "backup.db")
        assert len(store.outcomes("checkout/revenue", hour(-1))) == len(kept) * 100 > 1000
        store.verify()
        filler.unlink()
        store.backup(tmp_path / "backup.db")
        assert sorted(path.name for path in small_disk.iterdir() if "backup" in path.name) == []


def test_a_store_on_a_full_disk(small_disk: Path) -> None:
    """What is open is read, refuses in words to be written, keeps its locks, and goes on with room again."""
    url = sqlite_url(small_disk / "detector.db")
    open_store(url).close()
    with closing(open_store(url)) as store, store.lease():
        filler = _fill(small_disk)
        with pytest.raises(StoreFull, match="free some space"):
            store.commit(TickChanges(hour(9), history=(block(0, [1.5] * 90_000),)))
        with store.exclusive():
            assert store.next_incident_number() == 1
        store.check_lease()
        filler.unlink()
        with store.exclusive():
            store.commit(tick())
        assert store.incident(1) is not None


@pytest.mark.parametrize("is_new", [True, False])
def test_a_store_that_cannot_even_be_opened(small_disk: Path, is_new: bool) -> None:
    """Neither made nor given its journal where there is no room: the message says so, and later it opens."""
    url = sqlite_url(small_disk / "detector.db")
    if not is_new:
        open_store(url).close()
    filler = _fill(small_disk)
    with pytest.raises(StoreFull, match="free some space"):
        open_store(url)
    filler.unlink()
    with closing(open_store(url)) as store:
        store.commit(tick())


def test_a_store_beside_files_that_are_read_only(tmp_path: Path) -> None:
    """As in a container whose configuration lies beside the store: the message names the key to change."""
    place = place_of(sqlite_url(tmp_path / "detector.db"))
    with pytest.raises(StoreError, match=r"Read-only file system: .*: change `store:`"), translated("lock", place):
        raise OSError(errno.EROFS, "Read-only file system", str(tmp_path))
