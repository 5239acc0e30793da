"""`detector run` as a process: it starts, ticks at once, stands by, and ends within seconds whatever it is doing."""

import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from command import detector
from container.fresh_shop import story_at, write_trade
from daemon_desk import add_http
from daemon_process import RunningDaemon, running_daemon, wait_until
from detector.adapters.store import open_store
from detector.model.notification import DeliveryStatus
from receiver import Hang, Receiver
from servers.postgres import PostgresServer
from servers.tcp_proxy import tcp_proxy
from shops import write_config

_LOG = logging.getLogger(__name__)

METRIC = "checkout/revenue"
REPEAT = "possible repeat"
END_WITHIN_S = 10.0
NO_ROWS = "CREATE TABLE payments (paid_at timestamptz NOT NULL, amount numeric)"
COUNTED = """\
team: checkout
metrics:
  revenue: {source: shop, table: payments, time: paid_at}
"""


@dataclass(frozen=True, slots=True)
class Stand:
    """A shop in which payments have just stopped, a configuration that watches it, and its team listening."""

    config: Path
    store: str
    team: Receiver

    def heard(self) -> list[str]:
        return [f"{got.json['title']}\n{got.json['message']}" for got in self.team.received]


@contextmanager
def a_stand(folder: Path, store: str) -> Iterator[Stand]:
    story = story_at(datetime.now(UTC))  # noqa: TID251 - the process has the real clock
    source = f"sqlite:///{folder / 'shop.db'}"
    write_trade(source, story)
    with Receiver() as team:
        url = team.apprise_url
        config = write_config(
            folder / "config", source=source, store=store, checkout=url, platform=url, rules=story.rules
        )
        yield Stand(add_http(config), store, team)


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    with a_stand(tmp_path, f"sqlite:///{tmp_path / 'store.db'}") as made:
        yield made


@pytest.fixture(params=["sqlite", "postgresql"])
def any_stand(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stand]:
    is_sqlite = request.param == "sqlite"
    store = f"sqlite:///{tmp_path / 'store.db'}" if is_sqlite else request.getfixturevalue("postgres_url")
    with a_stand(tmp_path, store) as made:
        yield made


def statuses(stand: Stand) -> list[DeliveryStatus]:
    """Of all deliveries; and what was judged, what was decided and how far it got agree with each other."""
    store = open_store(stand.store)
    try:
        newest, state = store.last_outcomes().get(METRIC), store.metric_states().get(METRIC)
        judged_until = None if state is None else state.judged_until
        assert judged_until == (None if newest is None else newest.span.end_at)
        deliveries = store.deliveries(only_unsent=False, limit=100)
        told = {one.notification.incident for one in deliveries}
        assert told == {incident.number for incident in store.incidents(only_live=False)}
        return [one.status for one in deliveries]
    finally:
        store.close()


def test_first_tick_comes_at_once_and_sigterm_ends_it(stand: Stand) -> None:
    """An outage under way is told without waiting for the minute; nothing is left undone at the end."""
    with running_daemon(stand.config) as running:
        assert running.caller.get("/healthz").status == 200
        tick = running.wait_for("tick")
        assert (tick["outcomes"], tick["sent"]) == ({"anomalous": 1}, 1)
        assert running.caller.get("/readyz").status == 200
        code, seconds = running.end()
        running.wait_for("stopped")
    _LOG.info("ended after %.2f s", seconds)
    assert code == 0
    assert seconds < END_WITHIN_S
    (alert,) = stand.heard()
    assert alert.startswith("Checkout revenue is 0 € - usually about ")
    assert statuses(stand) == [DeliveryStatus.SENT]
    # Where the minute was over before the first tick was, as on a busy machine, that is told.
    told = [line["event"] for line in running.log if line["level"] not in {"debug", "info"}]
    assert set(told) <= {"a minute got no tick of its own"}


def test_sigterm_in_the_middle_of_a_send(stand: Stand) -> None:
    """The end does not wait for a channel that hangs; what may have arrived is repeated at the next start, marked."""
    stand.team.script(Hang())
    with running_daemon(stand.config) as running:
        stand.team.wait_for(1, within_s=60)
        code, seconds = running.end()
    _LOG.info("ended after %.2f s", seconds)
    assert code == 0
    assert seconds < END_WITHIN_S
    assert statuses(stand) == [DeliveryStatus.SENDING]
    stand.team.release()
    with running_daemon(stand.config) as again:
        stand.team.wait_for(2, within_s=60)
        wait_until(lambda: again.caller.get("/readyz").status == 200, "it is ready")
        assert again.end()[0] == 0
    first, second = stand.heard()
    assert REPEAT not in first
    assert REPEAT in second
    assert statuses(stand) == [DeliveryStatus.SENT]


def test_sigterm_in_the_middle_of_a_query(tmp_path: Path, postgres_server: PostgresServer) -> None:
    """A query without an answer is left to itself: nothing of its tick is recorded, and the next start makes up."""
    store = f"sqlite:///{tmp_path / 'store.db'}"
    with postgres_server.database() as direct, tcp_proxy(postgres_server.port) as proxy, Receiver() as team:
        source = direct.replace(f":{postgres_server.port}/", f":{proxy.port}/")
        urls = {"checkout": team.apprise_url, "platform": team.apprise_url}
        config = add_http(write_config(tmp_path / "config", source=source, store=store, rules=COUNTED, **urls))
        stand = Stand(config, store, team)
        with psycopg.connect(direct) as shop, running_daemon(config) as running:
            shop.execute(NO_ROWS)
            shop.commit()
            shop.execute("LOCK TABLE payments IN ACCESS EXCLUSIVE MODE")
            wait_until(lambda: _waits_for_lock(postgres_server, direct), "its query waits for the table")
            proxy.black_hole.set()
            shop.commit()
            code, seconds = running.end()
        _LOG.info("ended after %.2f s", seconds)
        assert code == 0
        assert seconds < END_WITHIN_S
        assert statuses(stand) == []
        assert not _outcomes(stand)
        proxy.black_hole.clear()
        with running_daemon(config) as again:
            again.wait_for("tick")
            assert again.end()[0] == 0
        assert _outcomes(stand) == 1


def _waits_for_lock(server: PostgresServer, url: str) -> bool:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'"
    with psycopg.connect(server.url()) as connection:
        row = connection.execute(waiting, [url.rpartition("/")[2]]).fetchone()
        return row is not None and row[0] > 0


def _outcomes(stand: Stand) -> int:
    store = open_store(stand.store)
    try:
        return len(store.outcomes(METRIC, datetime(2026, 1, 1, tzinfo=UTC)))
    finally:
        store.close()


def test_second_daemon_stands_by_and_takes_over(any_stand: Stand) -> None:
    """It says what it waits for, ticks when the first one is killed, and tells nothing that was told."""
    with running_daemon(any_stand.config) as first, running_daemon(any_stand.config) as second:
        any_stand.team.wait_for(1, within_s=60)
        wait_until(lambda: any(_is_ready(one) for one in (first, second)), "one of them ticks")
        leader, other = (first, second) if _is_ready(first) else (second, first)
        standing_by = other.wait_for("standing by")
        assert "another daemon" in standing_by["why"]
        assert (other.caller.get("/healthz").status, other.caller.get("/readyz").status) == (200, 503)
        leader.kill()
        wait_until(lambda: _is_ready(other), "the other one ticks")
        assert other.end()[0] == 0
    assert len(any_stand.heard()) == 1
    assert statuses(any_stand) == [DeliveryStatus.SENT]


def _is_ready(running: RunningDaemon) -> bool:
    answer = running.caller.get("/readyz")
    return answer.status == 200 and answer.json["ticked_at"] is not None


def test_message_on_its_way_at_the_take_over_is_repeated_marked(stand: Stand) -> None:
    """A daemon that is killed while it sends leaves a message that may have arrived to the one that stands by."""
    stand.team.script(Hang())
    with running_daemon(stand.config) as first:
        stand.team.wait_for(1, within_s=60)
        with running_daemon(stand.config) as second:
            second.wait_for("standing by")
            first.kill()
            stand.team.wait_for(2, within_s=60)
            stand.team.release()
            wait_until(lambda: _is_ready(second), "it has ticked")
            assert second.end()[0] == 0
    assert [REPEAT in told for told in stand.heard()] == [False, True]
    assert statuses(stand) == [DeliveryStatus.SENT]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """One that could run."""
    urls = {"checkout": "json://127.0.0.1:9/", "platform": "json://127.0.0.1:9/"}
    store = f"sqlite:///{tmp_path / 'store.db'}"
    return write_config(tmp_path / "config", source=store.replace("store", "shop"), store=store, **urls)


def test_taken_port_is_a_mistake_of_the_configuration(config: Path) -> None:
    """Exit code 2, with what to change."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        answer = detector("run", config=add_http(config, port))
    assert answer.code == 2
    assert f"cannot listen at 127.0.0.1:{port}" in answer.err
    assert "change `http: listen:`" in answer.err


def test_broken_configuration_does_not_start(config: Path) -> None:
    """Exit code 2, with file and line."""
    config.write_text(config.read_text().replace("admins: platform", "admins: nobody\nstoer: 1"))
    answer = detector("run", config=config)
    assert answer.code == 2
    assert "detector.yml:15:9: admins" in answer.err.replace(str(config), "detector.yml")
    assert "stoer" in answer.err


def test_store_that_cannot_be_reached_does_not_start(config: Path) -> None:
    """Exit code 1, for whoever starts it again: the server may be there by then."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))  # nobody listens, and nobody else can take it
        url = f"postgresql://detector:swordfish@127.0.0.1:{probe.getsockname()[1]}/detector"
        config.write_text(f"store: {url}\n" + config.read_text().partition("\n")[2])
        answer = detector("run", config=config)
    assert answer.code == 1
    assert "127.0.0.1" in answer.err
    assert "swordfish" not in answer.err + answer.out
