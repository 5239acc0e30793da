"""Whether a daemon grows: memory, threads and open files over 10,000 ticks of 200 metrics (with --full; else 2,000).

    PYTHONPATH=tests python -m benchmarks.long_run [--full | --ticks 2000] [--metrics 200]

The clock is moved by a minute a tick, so that all of it is a week in the life of a daemon. One query in twenty fails.
Printed after the first tick (when history was read), after each tenth of the run, and at the end with what was gained
since the first tenth.
"""

import argparse
import io
import os
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import sqlalchemy as sa

from daemons import HandClock
from detector.app.engine import AppEngine
from detector.app.serving import open_daemon
from detector.errors import SourceUnavailable
from detector.model.metric import Metric
from detector.model.rows import BucketRows
from detector.model.span import Span
from detector.ports import MetricSource

START = datetime(2026, 3, 2, 6, tzinfo=UTC)
FAILS_EVERY = 20
WEEKS_BEFORE, DAYS_AFTER = 11, 8

SETTINGS = """\
store: sqlite:///detector.db
sources: {{shop: {{url: "sqlite:///{folder}/shop.db"}}}}
teams: {{shop: {{notify: ["json://127.0.0.1:9/"]}}}}
http: {{listen: "127.0.0.1:0"}}
"""
RULE = """\
  m{number}:
    source: shop
    table: payments
    time: paid_at
    where: part = {number}
"""


class Moody:
    """A source of which one query in twenty fails."""

    def __init__(self, source: MetricSource) -> None:
        self._source, self._asked = source, 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._source, name)

    def read(self, metric: Metric, span: Span) -> BucketRows:
        self._asked += 1
        if self._asked % FAILS_EVERY == 0:
            raise SourceUnavailable("not today")
        return self._source.read(metric, span)


def write_shop(folder: Path, metrics: int) -> None:
    """One row an hour and part, which is enough to be counted."""
    rng = np.random.default_rng(7)
    hours = WEEKS_BEFORE * 7 * 24 + DAYS_AFTER * 24
    first = START - timedelta(weeks=WEEKS_BEFORE)
    engine = sa.create_engine(f"sqlite:///{folder / 'shop.db'}")
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE payments (paid_at TEXT NOT NULL, part INTEGER NOT NULL)")
        for hour in range(hours):
            at = first + timedelta(hours=hour)
            rate = 6.0 if 6 <= at.hour < 20 else 1.0
            counts = rng.poisson(rate, metrics)
            stamp = at.strftime("%Y-%m-%d %H:%M:%S")
            rows = [(stamp, part) for part, count in enumerate(counts.tolist()) for _ in range(count)]
            connection.connection.driver_connection.executemany("INSERT INTO payments VALUES (?, ?)", rows)  # type: ignore[union-attr]  # sqlite3
        connection.exec_driver_sql("CREATE INDEX payments_part_paid_at ON payments (part, paid_at)")
    engine.dispose()


def write_config(folder: Path, metrics: int) -> Path:
    (folder / "rules").mkdir()
    config = folder / "detector.yml"
    config.write_text(SETTINGS.format(folder=folder))
    rules = "".join(RULE.format(number=number) for number in range(metrics))
    (folder / "rules" / "shop.yml").write_text(f"team: shop\nmetrics:\n{rules}")
    return config


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def measured() -> tuple[float, int, int]:
    """Memory in MB, threads, open files."""
    return resident_mb(), threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))


@contextmanager
def a_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="detector-long-run-") as name:
        yield Path(name)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ticks", type=int, default=2000)
    parser.add_argument("--full", dest="ticks", action="store_const", const=10_000)
    parser.add_argument("--metrics", type=int, default=200)
    said = parser.parse_args(arguments)
    with a_folder() as folder:
        write_shop(folder, said.metrics)
        clock, out = HandClock(START), io.StringIO()
        with open_daemon(write_config(folder, said.metrics), clock=clock, out=out) as daemon:
            engine = daemon.engine
            assert isinstance(engine, AppEngine)
            moody = {name: Moody(source) for name, source in engine.app.world.sources.items()}
            world = replace(engine.app.world, sources=moody)  # type: ignore[arg-type]  # it hands on what it lacks
            engine.app = replace(engine.app, world=world)
            print(f"{'ticks':>6} {'MB':>8} {'threads':>8} {'files':>6} {'store MB':>9}")
            first: tuple[float, int, int] | None = None
            for tick in range(1, said.ticks + 1):
                daemon.minutes.tick()
                clock.go_on()
                out.seek(0)
                out.truncate()
                if tick == 1 or tick % (said.ticks // 10) == 0:
                    now = measured()
                    first = now if tick == said.ticks // 10 else first
                    size = engine.store.size_bytes() / 2**20
                    print(f"{tick:>6} {now[0]:>8.1f} {now[1]:>8} {now[2]:>6} {size:>9.1f}", flush=True)
            last = measured()
            assert first is not None
            print(
                f"since the first tenth: {last[0] - first[0]:+.1f} MB, {last[1] - first[1]:+} threads, "
                f"{last[2] - first[2]:+} files"
            )
            daemon.lease.give_back()


if __name__ == "__main__":
    main()
