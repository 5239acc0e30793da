"""What a daemon holds while it has nothing to do: memory, threads and open files of the real process.

    PYTHONPATH=tests python -m benchmarks.idle [--metrics 200] [--minutes 2]

It reads ten weeks of history first, as a new one does, and then waits. Resident memory is what the kernel says of the
process (VmRSS, and VmHWM for the highest so far), after its first tick and after each minute that follows.
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

from benchmarks.shop_of_parts import Layout, figures_of, lay_out, print_machine, trade_until, write_shop
from daemon_process import RunningDaemon, running_daemon, wait_until


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--metrics", type=int, default=200)
    parser.add_argument("--minutes", type=int, default=2)
    said = parser.parse_args(arguments)
    print_machine()
    with tempfile.TemporaryDirectory(prefix="detector-idle-") as name:
        folder = Path(name)
        trade = trade_until(datetime.now(UTC), said.metrics)  # noqa: TID251 - the process has the real clock
        write_shop(folder / "shop.db", trade, trade.first)
        config = lay_out(folder / "config", Layout(said.metrics, f"sqlite:///{folder / 'shop.db'}"))
        with running_daemon(config) as running:
            running.wait_for("listening")
            _print("listening", running.pid)
            began = time.monotonic()
            wait_until(lambda: _judged(running) >= said.metrics, "every metric is judged")
            print(f"first history read and judged after {time.monotonic() - began:.0f} s")
            _print("after it", running.pid)
            for minute in range(1, said.minutes + 1):
                Event().wait(60.0)
                _print(f"minute {minute}", running.pid)
            assert running.end()[0] == 0


def _judged(running: RunningDaemon) -> int:
    return sum(sum(line["outcomes"].values()) for line in running.log if line["event"] == "tick")


def _print(when: str, pid: int) -> None:
    figures = figures_of(pid)
    print(f"{when:12}" + "".join(f"{value:>9.1f} {name}" for name, value in figures.items()), flush=True)


if __name__ == "__main__":
    main()
