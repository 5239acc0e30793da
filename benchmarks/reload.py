"""Reload of 3,000 rules: from saving a file until it is loaded, what takes that time, and what ticks notice.

    PYTHONPATH=tests python -m benchmarks.reload [--rules 3000] [--hourly 100] [--rounds 5]

Saving: the real process with the real clock; one rule changed in one file, all rules in all files, and a file that
cannot be read. Files are looked at once a second, and loaded when two looks agree. Parts and ticks: in this process.
`--hourly` of the rules are judged in each tick that is timed, the others once a day.
"""

import argparse
import cProfile
import io
import pstats
import re
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread

from benchmarks.shop_of_parts import (
    HOUR,
    NINE,
    SEEN_BY_SOURCE,
    Counter,
    Layout,
    Trade,
    lay_out,
    median,
    mimic_past,
    print_machine,
    trade_until,
    write_shop,
)
from daemon_process import RunningDaemon, running_daemon
from daemons import HandClock
from detector.adapters.notify.apprise_notifier import complaint_about
from detector.app.serving import open_daemon
from detector.config.load import load
from detector.config.sql_gate import fragment_flaws, long_form_flaws
from detector.config.sql_window import time_column
from detector.daemon.changes import changes

A_FILE = 30
PROFILED = 12


def saving(config: Path, rounds: int) -> None:
    """The real process, from save to log line."""
    files = sorted((config.parent / "rules").iterdir())
    print(f"{'saved':22}{'median s':>9}{'longest':>9}")
    with running_daemon(config) as running:
        running.wait_for("listening")
        show("one rule", [_save(files[:1], running, f"one {turn}", "reloaded") for turn in range(rounds)])
        show("all rules", [_save(files, running, f"all {turn}", "reloaded") for turn in range(rounds)])
        refused, good = "the files cannot be used; nothing has changed", files[0].read_text()
        took = []
        for turn in range(rounds):
            begun = len(running.log)
            files[0].write_text(good + "  broken: [" * (turn + 1))
            saved = time.monotonic()
            took.append(running.wait_for(refused, begun)["heard_s"] - saved)
        show("a broken file", took)
        assert running.end()[0] == 0


def _save(files: Sequence[Path], running: RunningDaemon, title: str, event: str) -> float:
    for file in files:
        text = re.sub("title: .*", f"title: {title}", file.read_text(), count=1 if len(files) == 1 else 0)
        file.write_text(text)
    saved, begun = time.monotonic(), len(running.log)
    heard: float = running.wait_for(event, begun)["heard_s"]
    return heard - saved


def show(what: str, took_s: Sequence[float]) -> None:
    print(f"{what:22}{median(took_s):9.2f}{max(took_s):9.2f}", flush=True)


def parts(config: Path, rounds: int) -> None:
    """What a reload does, one after the other."""
    book = load(config, {})

    def load_anew() -> object:
        for kept in (fragment_flaws, long_form_flaws, time_column):
            kept.cache_clear()
        return load(config, {})

    steps: dict[str, Callable[[], object]] = {
        "loading, all SQL new": load_anew,
        "loading again": lambda: load(config, {}),
        "and asking apprise": lambda: load(config, {}, complaint_about),
        "comparing": lambda: changes(book, book),
    }
    for name, step in steps.items():
        took = []
        for _ in range(rounds):
            began = time.perf_counter()
            step()
            took.append(time.perf_counter() - began)
        show(name, took)


def ticks(config: Path, rounds: int) -> None:
    """In turns: a quiet tick, and one during which everything is loaded again and again."""
    clock = HandClock(NINE.replace(minute=6))
    with open_daemon(config, clock=clock, notifier=Counter(), out=io.StringIO()) as daemon:
        quiet, busy, reloads = [], [], []

        def tick() -> float:
            clock.go_on(HOUR)
            began = time.perf_counter()
            daemon.minutes.tick()
            return time.perf_counter() - began

        def reload() -> None:
            began = time.perf_counter()
            daemon.reload()
            reloads.append(time.perf_counter() - began)

        tick()
        for _ in range(rounds):
            quiet.append(tick())
            beside = Thread(target=reload)
            beside.start()
            busy.append(tick())
            beside.join()
        show("tick", quiet)
        show("tick with a reload", busy)
        show("reload beside a tick", reloads)
        print(f"a tick takes {median(busy) - median(quiet):+.2f} s longer when a reload falls into it")
        daemon.lease.give_back()


def profile(config: Path) -> None:
    """Where loading spends its time."""
    profiler = cProfile.Profile()
    profiler.runcall(load, config, {}, complaint_about)
    pstats.Stats(profiler).sort_stats("tottime").print_stats(PROFILED)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rules", type=int, default=3000)
    parser.add_argument("--hourly", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--profile", action="store_true")
    said = parser.parse_args(arguments)
    print_machine()
    with tempfile.TemporaryDirectory(prefix="detector-reload-") as name:
        folder = Path(name)
        layout = Layout(said.rules, f"sqlite:///{folder / 'shop.db'}", a_file=A_FILE, teams=20, hourly=said.hourly)
        if said.profile:
            profile(lay_out(folder / "profiled", layout))
            return
        now = datetime.now(UTC)  # noqa: TID251 - the process has the real clock
        config = _lived_in(folder / "saving", layout, now, now)
        saving(config, said.rounds)
        parts(config, said.rounds)
        ticks(_lived_in(folder / "ticking", layout, NINE, NINE + 2 * (said.rounds + 1) * HOUR), said.rounds)


def _lived_in(folder: Path, layout: Layout, at: datetime, until: datetime) -> Path:
    """The shop's rows are there for the hourly ones alone: no other is due before midnight."""
    trade = trade_until(until, layout.parts)
    hourly = Trade(trade.first, trade.sales[:, : layout.hourly])
    write_shop(Path(layout.source.removeprefix("sqlite:///")), hourly, at - SEEN_BY_SOURCE)
    config = lay_out(folder, layout)
    mimic_past(config, trade, at)
    return config


if __name__ == "__main__":
    main()
