"""One daemon on one store, for as long as it runs; a lease that is lost is noticed, and a dead daemon keeps none."""

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
from servers.postgres import PostgresServer
from store_samples import hour, sqlite_url, tick

_HOLDER = """
import sys
from detector.adapters.store import open_store
with open_store(sys.argv[1]).lease():
    print("mine", flush=True)
    sys.stdin.read()
"""


_ASKS = ("idle", "interval", "count")


@contextmanager
def _other_daemon(url: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", _HOLDER, url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "mine\n"
            yield holder
        finally:
            holder.kill()


def test_a_second_daemon_is_refused_at_once(store: SqlStore, store_url: str) -> None:
    """It is told what runs there and what to do, and has no lease."""
    with _other_daemon(store_url):
        with pytest.raises(StoreBusy, match=r"another daemon.* runs on the store .*: stop that one"), store.lease():
            raise AssertionError("two daemons")
        with pytest.raises(StoreError, match="has no lease"):
            store.check_lease()


def test_a_daemon_that_waits_follows_one_that_is_killed(store: SqlStore, store_url: str) -> None:
    """Without anybody's help, and only then."""
    taken: list[bool] = []
    is_killed = threading.Event()

    def wait_for_it() -> None:
        with store.lease(patience_s=60.0):
            store.check_lease()
            taken.append(is_killed.is_set())

    with _other_daemon(store_url) as holder:
        waiting = threading.Thread(target=wait_for_it)
        waiting.start()
        is_killed.set()
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        waiting.join()
    assert taken == [True]


def test_a_lease_leaves_ticks_and_reports_alone(store: SqlStore, neighbour: SqlStore) -> None:
    """It keeps out daemons, not commands: a tick by hand takes turns with the daemon's own."""
    with store.lease():
        with neighbour.exclusive():
            neighbour.commit(tick())
        with store.exclusive():
            store.check_lease()
    with neighbour.lease():
        neighbour.check_lease()


def test_a_lease_is_given_back(store: SqlStore, neighbour: SqlStore) -> None:
    """Also when what it was for fails; then there is nothing left to check."""
    with pytest.raises(RuntimeError), store.lease():
        raise RuntimeError
    with pytest.raises(StoreError, match="has no lease"):
        store.check_lease()
    with neighbour.lease():
        pass


def test_whoever_lost_the_lease_begins_no_delivery(store: SqlStore, neighbour: SqlStore) -> None:
    """A lane that outlives its tick goes on when another daemon has the lease and sends what it finds begun."""
    store.commit(tick())
    (due, *_) = store.due_deliveries(hour(9))
    with store.lease():
        pass
    with neighbour.lease():
        with pytest.raises(StoreError, match="has no lease"):
            store.begin_delivery(due, hour(9))
        neighbour.begin_delivery(due, hour(9))


def test_threads_may_check_while_others_come_and_go(store: SqlStore) -> None:
    """Deliveries are begun on threads of their own while ticks enter and leave."""
    store.commit(tick())
    due = store.due_deliveries(hour(9))
    trouble: list[Exception] = []

    def check() -> None:
        try:
            for _ in range(25):
                store.check_lease()
                with pytest.raises(StoreError, match="in other hands"):
                    store.begin_delivery(due[0], hour(9))
        except Exception as error:  # noqa: BLE001 - handed to the test's own thread
            trouble.append(error)

    store.begin_delivery(due[0], hour(9))
    with store.lease():
        threads = [threading.Thread(target=check) for _ in range(4)]
        for thread in threads:
            thread.start()
        for _ in range(25):
            with store.exclusive():
                store.beat(hour(9))
        for thread in threads:
            thread.join()
    assert not trouble


def test_a_store_in_memory_has_a_lease_too() -> None:
    """For tests and demonstrations."""
    with closing(open_store("sqlite://")) as store:
        with store.lease():
            store.check_lease()
            with pytest.raises(StoreBusy, match="runs on the store"), store.lease():
                raise AssertionError("two daemons")
        with pytest.raises(StoreError, match="has no lease"):
            store.check_lease()


def test_a_deleted_file_loses_the_lease(tmp_path: Path) -> None:
    """Who deletes it could let a second daemon in; the first one begins no delivery, and may take it anew."""
    with closing(open_store(sqlite_url(tmp_path / "detector.db"))) as store:
        store.commit(tick())
        (due, *_) = store.due_deliveries(hour(9))
        with store.lease():
            (tmp_path / "detector.db.daemon").unlink()
            with pytest.raises(StoreError, match="was deleted while this detector held it"):
                store.check_lease()
            with pytest.raises(StoreError, match="was deleted"):
                store.begin_delivery(due, hour(9))
        with store.lease():
            store.check_lease()
            store.begin_delivery(due, hour(9))


def test_the_daemon_is_named(tmp_path: Path) -> None:
    """On one machine the message says which process to look at."""
    url = sqlite_url(tmp_path / "detector.db")
    with (
        closing(open_store(url)) as store,
        _other_daemon(url) as holder,
        pytest.raises(StoreBusy, match=rf"another daemon \(process {holder.pid}\) runs on"),
        store.lease(),
    ):
        raise AssertionError("two daemons")


def test_a_restarted_server_loses_the_lease(postgres_server: PostgresServer, postgres_url: str) -> None:
    """It is noticed at the next check and as long as nobody takes it anew; then another daemon may have been faster."""
    with closing(open_store(postgres_url)) as store, closing(open_store(postgres_url)) as neighbour:
        store.commit(tick())
        (due, *_) = store.due_deliveries(hour(9))
        with store.lease():
            postgres_server.pause()
            try:
                with pytest.raises(StoreError, match="cannot keep the store for this daemon alone"):
                    store.check_lease()
            finally:
                postgres_server.resume()
            with pytest.raises(StoreError, match="cannot keep the store for this daemon alone"):
                store.check_lease()
            with neighbour.lease(), pytest.raises(StoreError, match="cannot keep"):
                store.begin_delivery(due, hour(9))
        with store.lease():
            store.check_lease()
            store.begin_delivery(due, hour(9))


def test_a_server_that_ends_silent_sessions_spares_the_lease(postgres_url: str) -> None:
    """Whatever the administrator set for others."""
    with psycopg.connect(postgres_url) as connection:
        name = connection.info.dbname
        connection.execute(f"ALTER DATABASE {name} SET idle_session_timeout = '1min'")
    with closing(open_store(postgres_url)) as store, store.lease():
        connection = store._lease._connection  # type: ignore[attr-defined]  # of the lock on a server
        assert connection.exec_driver_sql("SHOW idle_session_timeout").scalar_one() == "0"


def test_a_machine_that_is_gone_keeps_no_lease_for_hours(postgres_url: str) -> None:
    """Nobody ends its connections: the server asks by itself, by its own settings after two hours."""
    with closing(open_store(postgres_url)) as store, store.lease(), store._writing("look") as writer:
        lock = store._lease._connection  # type: ignore[attr-defined]  # of the lock on a server
        for connection in (lock, writer):
            asked = [connection.exec_driver_sql(f"SHOW tcp_keepalives_{what}").scalar_one() for what in _ASKS]
            assert asked == ["10", "5", "3"]
