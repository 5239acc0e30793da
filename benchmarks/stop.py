"""From SIGTERM to the end of the process: idle, while history is read, while a query hangs, while a message hangs.

    PYTHONPATH=tests python -m benchmarks.stop [--rounds 5]

The real process with the real clock. At most ten seconds are allowed, and the exit code must be 0.
"""

import argparse
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from benchmarks.shop_of_parts import Layout, lay_out, median, print_machine, trade_until, write_shop
from container.fresh_shop import story_at, write_trade
from daemon_process import RunningDaemon, running_daemon, wait_until
from receiver import Hang, Receiver
from servers.postgres import PostgresServer
from servers.tcp_proxy import tcp_proxy
from shops import write_config

AT_MOST_S = 10.0
PARTS = 200


@contextmanager
def idle(folder: Path) -> Iterator[RunningDaemon]:
    """After its first tick, with nothing to do until the next minute."""
    now = datetime.now(UTC)  # noqa: TID251 - the process has the real clock
    trade = trade_until(now, 10)
    write_shop(folder / "shop.db", trade, trade.first)
    with running_daemon(lay_out(folder / "config", Layout(10, f"sqlite:///{folder / 'shop.db'}"))) as running:
        running.wait_for("tick")
        yield running


@contextmanager
def first_history(folder: Path) -> Iterator[RunningDaemon]:
    """Ten weeks of 200 metrics have just begun to be read."""
    now = datetime.now(UTC)  # noqa: TID251 - as above
    trade = trade_until(now, PARTS)
    write_shop(folder / "shop.db", trade, trade.first)
    config = lay_out(folder / "config", Layout(PARTS, f"sqlite:///{folder / 'shop.db'}"))
    with running_daemon(config) as running:
        running.wait_for("listening")
        wait_until(lambda: _metrics_begun(config.parent / "detector.db") >= 3, "three metrics have history")
        yield running


def _metrics_begun(store: Path) -> int:
    with sqlite3.connect(f"file:{store}?mode=ro", uri=True) as opened:
        begun = int(opened.execute("SELECT count(*) FROM metrics").fetchone()[0])
    opened.close()
    return begun


@contextmanager
def hung_query(folder: Path) -> Iterator[RunningDaemon]:
    """The source has taken a query, and the network to it is gone."""
    with PostgresServer() as server, server.database() as url, tcp_proxy(server.port) as proxy:
        layout = Layout(1, url.replace(f":{server.port}/", f":{proxy.port}/"))
        with psycopg.connect(url) as shop, running_daemon(lay_out(folder / "config", layout)) as running:
            shop.execute("CREATE TABLE payments (paid_at timestamptz NOT NULL, part integer NOT NULL)")
            shop.commit()
            shop.execute("LOCK TABLE payments IN ACCESS EXCLUSIVE MODE")
            wait_until(lambda: _waits(server), "its query waits for the table")
            proxy.black_hole.set()
            shop.commit()
            yield running


def _waits(server: PostgresServer) -> bool:
    with psycopg.connect(server.url()) as connection:
        row = connection.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'").fetchone()
        return row is not None and row[0] > 0


@contextmanager
def hung_send(folder: Path) -> Iterator[RunningDaemon]:
    """A team's channel has taken a message, and does not answer."""
    story = story_at(datetime.now(UTC))  # noqa: TID251 - as above
    source = f"sqlite:///{folder / 'shop.db'}"
    write_trade(source, story)
    with Receiver() as team:
        team.script(Hang())
        url, store = team.apprise_url, f"sqlite:///{folder / 'store.db'}"
        config = write_config(
            folder / "config", source=source, store=store, checkout=url, platform=url, rules=story.rules
        )
        with running_daemon(config) as running:
            team.wait_for(1, within_s=60)
            yield running
        team.release()


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    said = parser.parse_args(arguments)
    print_machine()
    print(f"{'':16}{'median s':>9} {'longest':>8}  at most {AT_MOST_S:g}")
    for case in (idle, first_history, hung_query, hung_send):
        took = []
        for _ in range(said.rounds):
            with tempfile.TemporaryDirectory(prefix="detector-stop-") as name, case(Path(name)) as running:
                code, seconds = running.end()
                assert code == 0, f"{case.__name__}: exit code {code}"
                took.append(seconds)
        slow = "  TOO SLOW" if max(took) > AT_MOST_S else ""
        print(f"{case.__name__.replace('_', ' '):16}{median(took):9.2f} {max(took):8.2f}{slow}", flush=True)


if __name__ == "__main__":
    main()
