"""A daemon that was off for a day: how long its first tick takes, what it tells, and in what order.

    PYTHONPATH=tests python -m benchmarks.catch_up [--metrics 500] [--teams 20] [--broken 10]

All buckets of the day are judged, each as in its time. Some of the metrics have been without sales for the last two
hours, and are still; some others were for two hours in the night, and sell again. Promise 12 of the reliability plan:
at most one message a team, and done in two minutes.
"""

import argparse
import io
import tempfile
import time
from collections import Counter as Counted
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import numpy as np

from benchmarks.shop_of_parts import (
    NINE,
    SEEN_BY_SOURCE,
    Counter,
    Layout,
    Trade,
    lay_out,
    mimic_past,
    print_machine,
    trade_until,
    write_shop,
)
from daemons import HandClock
from detector.app.serving import open_daemon

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


def broken(trade: Trade, every: int) -> Trade:
    """One part in `every` sells nothing in the last two hours, and the next one was as bad in the evening before."""
    sales = trade.sales.copy()
    sales[-2:, ::every] = 0
    sales[-16:-14, 1::every] = 0
    return Trade(trade.first, np.ascontiguousarray(sales))


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--metrics", type=int, default=500)
    parser.add_argument("--teams", type=int, default=20)
    parser.add_argument("--broken", type=int, default=10, metavar="N", help="one metric in N is down, and one was")
    said = parser.parse_args(arguments)
    print_machine()
    with tempfile.TemporaryDirectory(prefix="detector-catch-up-") as name:
        folder = Path(name)
        trade = broken(trade_until(NINE + DAY, said.metrics), said.broken)
        write_shop(folder / "shop.db", trade, NINE - SEEN_BY_SOURCE)
        layout = Layout(said.metrics, f"sqlite:///{folder / 'shop.db'}", teams=said.teams)
        config = lay_out(folder / "config", layout)
        mimic_past(config, trade, NINE)
        _play(config, said.metrics)


def _play(config: Path, metrics: int) -> None:
    clock, told = HandClock(NINE + DAY + 6 * MINUTE), Counter()
    with open_daemon(config, clock=clock, notifier=told, out=io.StringIO()) as daemon:
        print(f"{'tick':>6} {'s':>8} {'judged':>7} {'messages':>9} {'most of one team':>17}")
        judged, began, begun_cpu = 0, time.perf_counter(), time.process_time()
        number = 0
        while judged < metrics and number < 60:
            number += 1
            before, at = len(told.got), time.perf_counter()
            daemon.minutes.tick()
            took = time.perf_counter() - at
            states = daemon.engine.store.metric_states().values()
            judged = sum(one.judged_until == NINE + DAY for one in states)
            fresh = Counted(one.team for one in told.got[before:])
            most = max(fresh.values(), default=0)
            print(f"{number:>6} {took:8.2f} {judged:>7} {fresh.total():>9} {most:>17}", flush=True)
            clock.go_on(max(MINUTE, timedelta(seconds=took)))
        whole, cpu = time.perf_counter() - began, time.process_time() - begun_cpu
        reasons = Counted(str(one.reason) for one in told.got)
        print(f"caught up after {whole:.1f} s, {cpu:.1f} s of them of CPU: {dict(reasons)}")
        print(f"at most {max(Counted(one.team for one in told.got).values(), default=0)} messages to one team")
        daemon.lease.give_back()


if __name__ == "__main__":
    main()
