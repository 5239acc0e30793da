"""PostgreSQL restarts under a detector that goes on."""

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from sqlalchemy import Connection

from detector.adapters.store import SqlStore, engines, open_store, outcome_rows
from detector.errors import StoreBusy, StoreError
from detector.model.state import TickChanges
from servers.postgres import PostgresServer
from store_samples import deploy, hour, hours, outcome, state, tick


@pytest.fixture
def served(postgres_url: str) -> Iterator[SqlStore]:
    """A store on a server, with connections in its pool."""
    with closing(open_store(postgres_url)) as store:
        store.commit(tick())
        yield store


def test_between_two_calls_nobody_notices(served: SqlStore, postgres_server: PostgresServer) -> None:
    """Connections that died meanwhile are replaced; what was kept is there."""
    postgres_server.pause()
    postgres_server.resume()
    assert served.incident(1) is not None
    assert served.add_deploy(deploy())


def test_while_it_is_down_it_is_told(served: SqlStore, postgres_server: PostgresServer) -> None:
    """Reading and writing fail with what to do; the first call afterwards works, in the same process."""
    postgres_server.pause()
    try:
        for call in (lambda: served.incident(1), lambda: served.add_deploy(deploy()), lambda: served.beat(hour(9))):
            with pytest.raises(StoreError, match="the server must be up and reachable; the next attempt connects anew"):
                call()
    finally:
        postgres_server.resume()
    assert served.add_deploy(deploy())


def test_in_the_middle_of_a_tick(
    served: SqlStore, postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of a commit is kept that the restart cut off, and the same tick, done again, is kept whole."""
    write: Callable[..., None] = outcome_rows.write_outcomes

    def restart_and_write(connection: Connection, *rest: object) -> None:
        postgres_server.pause()
        postgres_server.resume()
        write(connection, *rest)

    with monkeypatch.context() as patched, served.exclusive():
        patched.setattr(outcome_rows, "write_outcomes", restart_and_write)
        with pytest.raises(StoreError, match="cannot keep what the tick found"):
            served.commit(_second_tick())
    assert served.metric_states().keys() == {"checkout/revenue"}
    with served.exclusive():
        served.commit(_second_tick())
    assert served.metric_states().keys() == {"checkout/revenue", "m2"}


def _second_tick() -> TickChanges:
    return TickChanges(hour(10), metrics=(state("m2"),), outcomes=(outcome(9),))


def test_a_writer_that_does_not_let_go(served: SqlStore, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """After our patience: busy, by whom, and what to do; later it works."""
    monkeypatch.setattr(engines, "BUSY_S", 0.05)
    with closing(open_store(postgres_url)) as other:
        with other._writing("sit there"), pytest.raises(StoreBusy, match="another detector is writing; try again"):
            served.add_deploy(deploy())
        assert served.add_deploy(deploy())
    assert served.deploys(hours(0, 24), hour(24)) == (deploy(),)
