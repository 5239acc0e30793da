"""What one series costs: one refit and one judgement of its newest hour, by two libraries and by the detector.

    python -m benchmarks.detection.peers_speed [--rounds 5] [--series 1000] [--write PAGE --date DATE]

All in one run, in turns: statsmodels' Tweedie GLM with a dummy for each hour of the week and a trend; Prophet with its
defaults, in an environment of its own (its second fit, after its imports; 300 draws for its interval instead of 1,000);
and `detector.stats.judge.judge` on a panel of many series: cold, everything from raw history never seen before,
and once more on the same panel, with what it has learned of it. Each turn has a panel of its own. All on one core where
the system can be told so. Ratios bear a busy machine better than seconds do.
"""

import argparse
import os
import statistics
import sys
import time
import warnings
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import statsmodels.api as sm

from benchmarks.detection.environments import ROOT, Missing, commit, peer_environment, run_module, versions
from benchmarks.detection.series_files import WEEK_H, Floats
from benchmarks.detection.speed_load import business
from benchmarks.detection.table import put
from detector.model.grid import grid_of
from detector.model.metric import Direction, Kind
from detector.model.panel import Panel
from detector.model.span import Span
from detector.stats.judge import Watch, judge

START = datetime(2025, 1, 6, tzinfo=UTC)
ONE_A_MONTH = 1 / (30 * 86_400)
POWER = 1.5  # of the variance's law, between Poisson and gamma
PROPHET_ROUNDS = 3


def main(arguments: Sequence[str] | None = None) -> None:
    said = _parser().parse_args(arguments)
    prophet = peer_environment("prophet", said.cache)
    if sys.platform == "linux":
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:1])
    took: dict[str, list[float]] = {"cold": [], "warm": [], "glm": [], "prophet": []}
    for turn in range(said.rounds):
        panel = _panel(business(said.series, seed=turn))  # the judge keeps what it has learned of a history
        took["cold"].append(_ours_s(panel) / said.series)
        took["warm"].append(_ours_s(panel) / said.series)
        took["glm"].append(_glm_s(panel.values[0]))
        if turn < PROPHET_ROUNDS and not isinstance(prophet, Missing):
            took["prophet"].append(float(run_module(prophet.python, "benchmarks.detection.peers.prophet_cost")))
    text = f"{_caption(said)}\n\n{_table(took, said.series)}"
    print(text)
    if said.write:
        put(said.write, "speed", text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--series", type=int, default=1000, help="in the panel of the detector")
    parser.add_argument("--cache", type=Path, default=ROOT / ".build" / "peers", help="environments of the peers")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="put the table into this page")
    parser.add_argument("--date", default="", help="what the page is to say of when this was")
    return parser


def _panel(values: Floats) -> Panel:
    grid = grid_of("UTC", 3600, Span(START, START + timedelta(hours=values.shape[1])))
    everywhere = np.ones(values.shape, dtype=bool)
    names = tuple(str(row) for row in range(len(values)))
    return Panel(names, grid, values, everywhere, everywhere, np.zeros(values.shape[1], dtype=bool))


def _ours_s(panel: Panel) -> float:
    began = time.perf_counter()
    judge(panel, Watch(Kind.REVENUE, Direction.DROP, ONE_A_MONTH), 1)
    return time.perf_counter() - began


def _glm_s(values: Floats) -> float:
    hours = np.arange(values.size)
    began = time.perf_counter()
    table = np.zeros((values.size, WEEK_H + 1))
    table[hours, hours % WEEK_H] = 1.0
    table[:, -1] = hours / WEEK_H
    family = sm.families.Tweedie(var_power=POWER, link=sm.families.links.Log())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        said = sm.GLM(values[:-1], table[:-1], family=family).fit()
        mean = said.predict(table[-1:])[0]
        float((mean - values[-1]) / np.sqrt(said.scale * mean**POWER))
    return time.perf_counter() - began


def _caption(said: argparse.Namespace) -> str:
    when = f", {said.date}" if said.date else ""
    with_ = versions(sys.executable, "numpy", "statsmodels")
    command = f"`python -m benchmarks.detection.peers_speed --rounds {said.rounds} --series {said.series}`"
    return f"{command}{when}, commit {commit()}, Python {sys.version.split()[0]}, {with_}:"


def _table(took: dict[str, list[float]], count: int) -> str:
    names = {
        "cold": f"detector, of {count:,} series in one panel, cold",
        "warm": "the same once more, with what was learned",
        "glm": "statsmodels GLM, Tweedie",
        "prophet": "Prophet",
    }
    ours = statistics.median(took["cold"])
    lines = [
        "| one refit and one judgement of a series | ms (median) | times the detector, cold |",
        "| --- | --- | --- |",
    ]
    for name, label in names.items():
        if took[name]:
            middle = statistics.median(took[name])
            lines.append(f"| {label} | {middle * 1000:.3g} | {middle / ours:,.3g} |")
        else:
            lines.append(f"| {label} | could not be had | |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
