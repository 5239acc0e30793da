"""How long commands take to start, against `python -c "import click, yaml"`. Ends with 1 when one is too slow.

Called as `python benchmarks/start_time.py`; each figure is the median of five calls, taken in turns.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from detector.demo.folder import lay_out

ROUNDS = 5
DETECTOR = (str(Path(sys.executable).parent / "detector"),)
BASE = (sys.executable, "-c", "import click, yaml")


def took_s(command: tuple[str, ...]) -> float:
    """One call, in seconds; the call must succeed."""
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - began


def commands(config: Path) -> dict[str, tuple[tuple[str, ...], float]]:
    """What is measured, and how many times the base it may take."""
    here = ("-c", str(config))
    return {
        "detector --help": ((*DETECTOR, "--help"), 4.0),
        "detector check": ((*DETECTOR, "check", *here), 15.0),
        "detector deploy add": ((*DETECTOR, "deploy", "add", "--service", "search", "--version", "v98", *here), 15.0),
    }


def main() -> int:
    """Measure, print the table, and say whether every command keeps to its limit."""
    with tempfile.TemporaryDirectory() as folder:
        measured = commands(lay_out(Path(folder) / "demo", datetime(2026, 11, 20, tzinfo=UTC)))
        for command, _ in measured.values():
            took_s(command)  # the first call compiles, and makes the store
        rounds = [(took_s(BASE), *(took_s(command) for command, _ in measured.values())) for _ in range(ROUNDS)]
    base_s, *medians_s = (statistics.median(column) for column in zip(*rounds, strict=True))
    print(f"{'python -c import click, yaml':32}{base_s:8.3f} s")
    too_slow = 0
    for (name, (_, limit)), median_s in zip(measured.items(), medians_s, strict=True):
        ratio = median_s / base_s
        too_slow += ratio > limit
        print(
            f"{name:32}{median_s:8.3f} s{ratio:8.1f} times, at most {limit:g}{'   TOO SLOW' if ratio > limit else ''}"
        )
    return 1 if too_slow else 0


if __name__ == "__main__":
    sys.exit(main())
