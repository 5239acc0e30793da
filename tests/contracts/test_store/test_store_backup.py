"""A copy of the store while others work on it."""

import os
import signal
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from detector.adapters.store import copying, open_store
from detector.adapters.store.tables import metadata
from detector.errors import StoreDamaged, StoreError
from detector.model.state import TickChanges
from store_samples import deploy, hour, hours, notification, outcome, sqlite_url, tick, write_to


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where a backup goes."""
    (tmp_path / "backups").mkdir()
    return tmp_path / "backups" / "monday.db"


def test_the_copy_is_a_store(filled: Path, file: Path) -> None:
    """Whole, in one file, for its owner only; its size is told; what is done to it does not change the first one."""
    before = os.umask(0)
    try:
        with closing(open_store(sqlite_url(filled))) as store:
            assert store.backup(file) == file.stat().st_size
    finally:
        os.umask(before)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["monday.db"]
    with closing(open_store(sqlite_url(filled))) as store, closing(open_store(sqlite_url(file))) as copy:
        assert copy.incident(1) == store.incident(1)
        assert copy.outcomes("checkout/revenue", hour(0)) == store.outcomes("checkout/revenue", hour(0))
        assert copy.history(["m7"], hour(0)).keys() == {"m7"}
        copy.add_deploy(deploy("d2"))
        assert len(store.deploys(hours(0, 24), hour(24))) == 1


def test_what_is_only_in_the_journal_is_copied(filled: Path, file: Path) -> None:
    """A commit that was not yet folded into the file, of a process that is still there."""
    with closing(open_store(sqlite_url(filled))) as daemon, daemon.lease(), daemon.exclusive():
        daemon.commit(TickChanges(hour(10), outcomes=(outcome(9),)))
        with closing(open_store(sqlite_url(filled))) as store:
            store.backup(file)
            daemon.commit(TickChanges(hour(11), outcomes=(outcome(10),)))
    with closing(open_store(sqlite_url(file))) as copy:
        assert [it.span for it in copy.outcomes("checkout/revenue", hour(9))] == [hours(9, 10)]


_WRITER = """
import sys
from store_samples import hour, outcome
from detector.adapters.store import open_store
from detector.model.state import TickChanges
store = open_store(sys.argv[1])
for number in range(10, 100_000):
    store.commit(TickChanges(hour(number), outcomes=(outcome(number, "one"), outcome(number, "two"))))
    print(number, flush=True)
"""


def test_a_copy_is_of_one_instant(filled: Path, tmp_path: Path) -> None:
    """While another process commits as fast as it can: whole ticks, all of those that had ended before it began."""
    command = [sys.executable, "-c", _WRITER, sqlite_url(filled)]
    environment = {"PYTHONPATH": str(Path(__file__).parents[2])}
    with (
        closing(open_store(sqlite_url(filled))) as store,
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as writer,
    ):
        assert writer.stdout is not None
        for number in range(5):
            said = int(writer.stdout.readline())
            file = tmp_path / f"{number}.backup"
            store.backup(file)
            with closing(open_store(sqlite_url(file))) as copy:
                one, two = (copy.outcomes(name, hour(10)) for name in ("one", "two"))
            assert [it.span for it in one] == [it.span for it in two]
            assert [it.span.start_at for it in one] == [hour(10 + index) for index in range(len(one))]
            assert len(one) >= said - 9
        writer.kill()


def test_nothing_is_overwritten(filled: Path, file: Path) -> None:
    """Neither a file that is there nor one that comes while the copy is made, nor what a link names."""
    file.write_text("precious")
    with closing(open_store(sqlite_url(filled))) as store:
        with pytest.raises(StoreError, match=r"monday\.db: it exists, and no backup is overwritten; name another"):
            store.backup(file)
        with pytest.raises(StoreError, match="no backup is overwritten"):
            copying._publish(filled, file)
        link = file.with_name("link.db")
        link.symlink_to(file.with_name("nowhere"))
        with pytest.raises(StoreError, match="no backup is overwritten"):
            store.backup(link)
    assert file.read_text() == "precious"
    assert sorted(path.name for path in file.parent.iterdir()) == ["link.db", "monday.db"]


def test_file_systems_without_links(filled: Path, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There the copy gets its name by a renaming."""

    def refuse(_first: object, _second: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    with closing(open_store(sqlite_url(filled))) as store:
        assert store.backup(file) == file.stat().st_size
    assert [path.name for path in file.parent.iterdir()] == ["monday.db"]


def test_where_nothing_can_be_written(filled: Path, tmp_path: Path) -> None:
    """The message names the directory."""
    with closing(open_store(sqlite_url(filled))) as store, pytest.raises(StoreError, match=r"no directory .*nowhere"):
        store.backup(tmp_path / "nowhere" / "monday.db")


def test_a_damaged_store_gives_no_backup(filled: Path, file: Path) -> None:
    """The copy is read through; one that is not whole is not kept, and the message tells how to go on."""
    with closing(sqlite3.connect(filled)) as connection:
        root = "SELECT rootpage FROM sqlite_master WHERE name = 'ix_deploys_received_at'"
        (page,) = connection.execute(root).fetchone()
    content = bytearray(filled.read_bytes())
    content[(page - 1) * 8192 : page * 8192] = bytes(8192)
    filled.write_bytes(content)
    with closing(open_store(sqlite_url(filled))) as store, pytest.raises(StoreDamaged, match="stop every detector"):
        store.backup(file)
    assert not list(file.parent.iterdir())


def test_a_copy_of_another_revision_is_refused(filled: Path, file: Path) -> None:
    """Somebody upgraded the store between its opening and the copy: the file would not be what the name says."""
    with closing(open_store(sqlite_url(filled))) as store:
        write_to(sqlite_url(filled), "UPDATE detector_version SET version_num = '9999'")
        with pytest.raises(StoreError, match="upgraded by a newer detector while it was to be copied"):
            store.backup(file)
    assert not list(file.parent.iterdir())


_BACKUP_AND_DIE = """
import os, signal, sys
from pathlib import Path
from detector.adapters.store import copying, open_store
copying._verify = lambda copy, place: os.kill(os.getpid(), signal.SIGKILL)
open_store(sys.argv[1]).backup(Path(sys.argv[2]))
"""


def test_a_kill_leaves_no_half_backup(filled: Path, file: Path) -> None:
    """There is none under its name, and the next one is not in its way."""
    done = subprocess.run([sys.executable, "-c", _BACKUP_AND_DIE, sqlite_url(filled), str(file)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert not file.exists()
    with closing(open_store(sqlite_url(filled))) as store:
        assert store.backup(file) == file.stat().st_size


def test_a_store_in_memory_can_be_kept(file: Path) -> None:
    """Of a demonstration."""
    with closing(open_store("sqlite://")) as store:
        store.commit(tick())
        store.backup(file)
    with closing(open_store(sqlite_url(file))) as copy:
        assert copy.incident(1) is not None


def test_a_server_has_its_own_tool(postgres_url: str, file: Path) -> None:
    """The message is the command: every table, no password."""
    with closing(open_store(postgres_url.replace("detector@", "detector:swordfish@"))) as store:
        store.commit(TickChanges(hour(9), notifications=((notification(incident=None), 1),)))
        with pytest.raises(StoreError, match=r"pg_dump --format=custom") as caught:
            store.backup(file)
    said = str(caught.value)
    assert "swordfish" not in said
    assert str(file) in said
    assert all(f"--table=public.{name}" in said for name in (*metadata.tables, "detector_version"))
    assert not file.exists()
