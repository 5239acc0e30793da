"""500 metrics break within a minute: how many messages that makes, and how long the tick takes that tells them.

    PYTHONPATH=tests python -m benchmarks.storm [--metrics 500] [--teams 20]

All parts of a shop stop selling at once. An hour in which all is well is judged first, then the empty one, then the ten
minutes after it, tick by tick. Promise 22 of the reliability plan: at most one message a team and minute.
"""

import argparse
import io
import tempfile
import time
from collections import Counter as Counted
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from benchmarks.shop_of_parts import (
    HOUR,
    NINE,
    SEEN_BY_SOURCE,
    Counter,
    Layout,
    lay_out,
    mimic_past,
    print_machine,
    trade_until,
    write_shop,
)
from daemons import HandClock
from detector.app.engine import AppEngine
from detector.app.serving import open_daemon
from detector.model.span import Span

MINUTE = timedelta(minutes=1)
MINUTES_AFTER = 10


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--metrics", type=int, default=500)
    parser.add_argument("--teams", type=int, default=20)
    said = parser.parse_args(arguments)
    print_machine()
    with tempfile.TemporaryDirectory(prefix="detector-storm-") as name:
        folder = Path(name)
        trade = trade_until(NINE + 3 * HOUR, said.metrics).without(Span(NINE + HOUR, NINE + 3 * HOUR))
        write_shop(folder / "shop.db", trade, NINE - SEEN_BY_SOURCE)
        layout = Layout(said.metrics, f"sqlite:///{folder / 'shop.db'}", teams=said.teams)
        config = lay_out(folder / "config", layout)
        mimic_past(config, trade, NINE)
        _play(config, said.metrics, said.teams)


def _play(config: Path, metrics: int, teams: int) -> None:
    clock, told = HandClock(NINE + 6 * MINUTE), Counter()
    with open_daemon(config, clock=clock, notifier=told, out=io.StringIO()) as daemon:
        assert isinstance(daemon.engine, AppEngine)
        daemon.engine._reading._patience_s = 3600.0  # noqa: SLF001 - one tick is to wait for all of it
        print(f"{metrics} metrics of {teams} teams")
        print(f"{'minute':>8} {'tick s':>8} {'CPU s':>6} {'messages':>9} {'most of one team':>17}")
        for length in (HOUR, HOUR, *[MINUTE] * MINUTES_AFTER):
            clock.go_on(length)
            before, began, begun_cpu = len(told.got), time.perf_counter(), time.process_time()
            daemon.minutes.tick()
            took, cpu = time.perf_counter() - began, time.process_time() - begun_cpu
            fresh = Counted(one.team for one in told.got[before:])
            most = max(fresh.values(), default=0)
            print(f"{clock.at:%H:%M}    {took:8.2f} {cpu:6.2f} {fresh.total():>9} {most:>17}", flush=True)
        live = daemon.engine.store.incidents(only_live=True, limit=metrics)
        parts = sum(len(incident.metrics) for incident in live)
        print(
            f"{len(live)} incidents with {parts} metrics; {len(told.got)} messages in all, for {metrics} broken metrics"
        )
        daemon.lease.give_back()


if __name__ == "__main__":
    main()
