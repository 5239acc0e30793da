"""A steady tick of 200 metrics on one PostgreSQL table of five million rows, against the bare queries.

    PYTHONPATH=tests python -m benchmarks.steady_tick [--rows 5000000] [--metrics 200]

Each round is one hour: the tick that falls due five minutes after it, and then the statements that it sent, sent again
by a bare driver on one connection. The table has an index on its time column, as the guide asks for. Printed: the
medians of five rounds, where the tick's time went, and the ratio.
"""

import argparse
import io
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa

from daemons import HandClock
from detector.app.engine import AppEngine
from detector.app.serving import open_daemon
from servers.postgres import PostgresServer

START = datetime(2026, 3, 10, 9, 6, tzinfo=UTC)
HOUR = timedelta(hours=1)
ROUNDS = 5
WEEKS = 11

SETTINGS = """\
store: sqlite:///detector.db
sources: {{shop: {{url: "{url}"}}}}
teams: {{shop: {{notify: ["json://127.0.0.1:9/"]}}}}
http: {{listen: "127.0.0.1:0"}}
"""
RULE = """\
  m{number}:
    kind: revenue
    source: shop
    table: payments
    time: paid_at
    value: sum(amount)
    where: part = {number}
"""
FILL = """
CREATE TABLE payments (paid_at timestamptz NOT NULL, part integer NOT NULL, amount numeric(10,2) NOT NULL);
SELECT setseed(0.5);
INSERT INTO payments
SELECT timestamptz '{first}' + (n::float8 / {rows}) * interval '{days} days', (random() * {metrics})::int % {metrics},
  round((20 + 40 * random())::numeric, 2)
FROM generate_series(0, {rows} - 1) AS n;
CREATE INDEX payments_paid_at ON payments (paid_at);
VACUUM ANALYZE payments;
"""


@dataclass
class Listener:
    """What was sent to the server by the engine of a source, and how long it took to answer."""

    statements: list[tuple[str, Any]] = field(default_factory=list)
    seconds: float = 0.0
    began_s: float = 0.0

    def listen(self, engine: sa.Engine) -> None:
        sa.event.listen(engine, "before_cursor_execute", self._begins)
        sa.event.listen(engine, "after_cursor_execute", self._ends)

    def _begins(self, _c: object, _cursor: object, statement: str, values: Any, *_rest: object) -> None:  # noqa: ANN401 - the driver's
        if "payments" in statement:
            self.statements.append((statement, values))
        self.began_s = time.perf_counter()

    def _ends(self, *_said: object) -> None:
        self.seconds += time.perf_counter() - self.began_s


def bare_s(url: str, statements: Sequence[tuple[str, Any]]) -> float:
    """All statements one after the other on one connection."""
    with psycopg.connect(url, autocommit=True) as connection:
        began = time.perf_counter()
        for statement, values in statements:
            connection.execute(statement, values).fetchall()
        return time.perf_counter() - began


@contextmanager
def a_database(rows: int, metrics: int) -> Iterator[str]:
    with PostgresServer() as server, server.database() as url:
        first = (START - timedelta(weeks=WEEKS)).isoformat()
        with psycopg.connect(url, autocommit=True) as connection:
            for statement in FILL.format(first=first, rows=rows, metrics=metrics, days=WEEKS * 7 + 1).split(";"):
                if statement.strip():
                    connection.execute(statement)
        yield url


def write_config(folder: Path, url: str, metrics: int) -> Path:
    (folder / "rules").mkdir()
    config = folder / "detector.yml"
    config.write_text(SETTINGS.format(url=url))
    rules = "".join(RULE.format(number=number) for number in range(metrics))
    (folder / "rules" / "shop.yml").write_text(f"team: shop\nmetrics:\n{rules}")
    return config


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--metrics", type=int, default=200)
    said = parser.parse_args(arguments)
    clock = HandClock(START)
    ticks, cpus, queries, bares, counts = [], [], [], [], []
    with tempfile.TemporaryDirectory() as name, a_database(said.rows, said.metrics) as url:
        config = write_config(Path(name), url, said.metrics)
        with open_daemon(config, clock=clock, out=io.StringIO()) as daemon:
            assert isinstance(daemon.engine, AppEngine)
            daemon.engine._reading._patience_s = 3600.0  # noqa: SLF001 - one tick is to wait for all of it
            daemon.minutes.tick()
            listener = Listener()
            listener.listen(daemon.engine._opened["shop"].asked._source._asker._engine)  # type: ignore[attr-defined]  # noqa: SLF001 - a look inside
            for _ in range(ROUNDS):
                clock.go_on(HOUR)
                listener.statements.clear()
                listener.seconds = 0.0
                began, begun_cpu = time.perf_counter(), time.process_time()
                daemon.minutes.tick()
                ticks.append(time.perf_counter() - began)
                cpus.append(time.process_time() - begun_cpu)
                queries.append(listener.seconds)
                bares.append(bare_s(url, listener.statements))
                counts.append(len(listener.statements))
            daemon.lease.give_back()
    tick, cpu, query, bare = (statistics.median(values) for values in (ticks, cpus, queries, bares))
    print(f"{said.metrics} metrics, {said.rows:,} rows")
    print(f"bare queries   {bare:8.3f} s for {statistics.median(counts):.0f} statements")
    print(f"tick           {tick:8.3f} s, of which {query:.3f} s in queries; {cpu:.3f} s of its own CPU")
    print(f"ratio          {tick / bare:8.2f}")


if __name__ == "__main__":
    main()
