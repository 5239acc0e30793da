"""What the first tick of a day costs, and the first one after a start, beside a steady one.

    PYTHONPATH=tests python -m benchmarks.first_of_day [--metrics 200 2000]

Hourly metrics with ten weeks of history behind them, on a SQLite table. The first tick after a start finds nothing in
memory of what a metric is judged by today, and walks through all weeks. The first tick of a day does so, too, and finds
the seasons of every metric anew. Printed: wall time and CPU of each tick, and its CPU over that of a steady one.
"""

import argparse
import io
import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from benchmarks.shop_of_parts import (
    HOUR,
    NINE,
    SEEN_BY_SOURCE,
    Counter,
    Layout,
    figures_of,
    lay_out,
    median,
    mimic_past,
    print_machine,
    trade_until,
    write_shop,
)
from daemons import HandClock
from detector.app.engine import AppEngine
from detector.app.serving import open_daemon

TEN = NINE + 13 * HOUR
STEADY = 3


@dataclass(frozen=True, slots=True)
class Took:
    wall_s: float
    cpu_s: float


def play(config: Path, metrics: int) -> None:
    clock = HandClock(TEN + HOUR + timedelta(minutes=6))
    with open_daemon(config, clock=clock, notifier=Counter(), out=io.StringIO()) as daemon:
        assert isinstance(daemon.engine, AppEngine)
        daemon.engine._reading._patience_s = 3600.0  # noqa: SLF001 - one tick is to wait for all of it

        def tick() -> Took:
            wall, cpu = time.perf_counter(), time.process_time()
            daemon.minutes.tick()
            took = Took(time.perf_counter() - wall, time.process_time() - cpu)
            clock.go_on(HOUR)
            return took

        start, _, first = tick(), tick(), tick()  # the bucket that ends at midnight is yesterday's
        steady = [tick() for _ in range(STEADY)]
        daemon.lease.give_back()
    usual = Took(median([one.wall_s for one in steady]), median([one.cpu_s for one in steady]))
    print(f"{metrics} metrics; {figures_of(os.getpid())['MB']:.0f} MB resident in the end")
    print(f"{'tick':<18} {'s':>8} {'CPU s':>8} {'CPU ms a metric':>16} {'over a steady one':>18}")
    for title, one in (("first of a start", start), ("first of a day", first), ("steady", usual)):
        each, ratio = 1000.0 * one.cpu_s / metrics, one.cpu_s / usual.cpu_s
        print(f"{title:<18} {one.wall_s:8.2f} {one.cpu_s:8.2f} {each:16.1f} {ratio:18.2f}", flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--metrics", type=int, nargs="+", default=[200])
    said = parser.parse_args(arguments)
    print_machine()
    for metrics in said.metrics:
        with tempfile.TemporaryDirectory(prefix="detector-first-of-day-") as name:
            folder = Path(name)
            trade = trade_until(TEN + 12 * HOUR, metrics)
            write_shop(folder / "shop.db", trade, TEN - SEEN_BY_SOURCE)
            config = lay_out(folder / "config", Layout(metrics, f"sqlite:///{folder / 'shop.db'}"))
            mimic_past(config, trade, TEN)
            play(config, metrics)


if __name__ == "__main__":
    main()
