"""One tick at a time on one store; and a lock that no dead process keeps."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest

from detector.adapters.store import SqlStore, open_store
from detector.errors import StoreBusy, StoreError
from store_samples import deploy, hour, hours, tick

_HOLDER = """
import sys
from detector.adapters.store import open_store
with open_store(sys.argv[1]).exclusive():
    print("inside", flush=True)
    sys.stdin.read()
"""


@contextmanager
def _other_process_inside(url: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", _HOLDER, url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "inside\n"
            yield holder
        finally:
            holder.kill()


def test_a_second_process_is_refused(store: SqlStore, store_url: str) -> None:
    """While another process is inside, entering fails after the patience, and says what to do."""
    with (
        _other_process_inside(store_url),
        pytest.raises(StoreBusy, match=r"in the middle of a tick .* wait for it to finish, or stop it"),
        store.exclusive(),
    ):
        raise AssertionError("two inside")


def test_a_killed_process_frees_it(store: SqlStore, store_url: str) -> None:
    """One that had no chance to clean up keeps nobody out."""
    with _other_process_inside(store_url) as holder:
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()
        with store.exclusive():
            store.commit(tick())
    assert store.incident(1) is not None


def test_threads_and_second_connections_take_turns(store: SqlStore, neighbour: SqlStore) -> None:
    """Another thread and another opening in this process are kept out too; afterwards they enter."""
    refused = []

    def enter(other: SqlStore) -> None:
        try:
            with other.exclusive():
                raise AssertionError("two inside")
        except StoreBusy:
            refused.append(other)

    with store.exclusive():
        threads = [threading.Thread(target=enter, args=[other]) for other in (store, neighbour)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(refused) == 2
    with neighbour.exclusive():
        pass
    with store.exclusive():
        pass


def test_it_is_freed_when_the_tick_fails(store: SqlStore, neighbour: SqlStore) -> None:
    """An error inside leaves nothing locked."""
    with pytest.raises(RuntimeError), store.exclusive():
        raise RuntimeError
    with neighbour.exclusive():
        pass


def test_others_may_write_meanwhile(store: SqlStore, neighbour: SqlStore) -> None:
    """A pipeline that reports a deploy does not wait for a tick to end."""
    with store.exclusive():
        assert neighbour.add_deploy(deploy())
        assert store.deploys(hours(0, 24), hour(24)) == (deploy(),)


def test_a_store_in_memory_has_a_lock_too() -> None:
    """For tests and demonstrations: the same refusal between threads."""
    store = open_store("sqlite://", patience_s=0.01)
    with store.exclusive(), pytest.raises(StoreBusy, match="another thread"), store.exclusive():
        raise AssertionError("two inside")
    store.commit(tick())
    assert store.incident(1) is not None
    store.close()


def test_the_holder_is_named(tmp_path: Path) -> None:
    """On one machine the message says which process to look at."""
    url = f"sqlite:///{tmp_path / 'detector.db'}"
    with (
        closing(open_store(url, patience_s=0.01)) as store,
        _other_process_inside(url) as holder,
        pytest.raises(StoreBusy, match=rf"another detector \(process {holder.pid}\)"),
        store.exclusive(),
    ):
        raise AssertionError("two inside")


def test_a_deleted_lock_file_is_noticed(tmp_path: Path) -> None:
    """Who deletes it could let a second detector in; the first one stops before it writes or sends."""
    with closing(open_store(f"sqlite:///{tmp_path / 'detector.db'}")) as store:
        with store.exclusive():
            (tmp_path / "detector.db.lock").unlink()
            with pytest.raises(StoreError, match="was deleted while this detector held it"):
                store.commit(tick())
        with store.exclusive():
            store.commit(tick())


def test_a_lost_session_loses_the_right_to_write(postgres_url: str) -> None:
    """When the server drops the lock's connection another detector may enter; this one neither writes nor sends."""
    with closing(open_store(postgres_url)) as store, closing(open_store(postgres_url)) as neighbour:
        store.commit(tick())
        (due, *_) = store.due_deliveries(hour(9))
        with store.exclusive():
            _drop_sessions_with_locks(postgres_url)
            with neighbour.exclusive():
                with pytest.raises(StoreError, match="cannot keep the store for this tick alone"):
                    store.commit(tick())
                with pytest.raises(StoreError, match="cannot keep the store for this tick alone"):
                    store.begin_delivery(due, hour(9))
        with store.exclusive():
            store.begin_delivery(due, hour(9))


def _drop_sessions_with_locks(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND database = "
            "(SELECT oid FROM pg_database WHERE datname = current_database())",
        )
