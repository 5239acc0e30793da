"""What judging costs: beside one read of the same array, beside a regression, and by the number of series.

    PYTHONPATH=tests python -m benchmarks.judging_speed [--series 1000 10000 100000] [--refit 200] [--parts 20000]

Ten weeks of hours of simulated shops, all in memory. `cold`: the newest hour of each, from the raw history. `warm`: the
same from what was prepared at midnight. `again`: the same as a tick of the daemon asks for it, which holds all of the
history and first looks whether any of it has changed. `together`: cold, as members of one rule. Times are medians of
five, and of one where a judgement takes longer than ten seconds. More series than `--parts` are judged in parts of so
many, one after the other. Memory is how far a cold judgement in a process of its own takes it beyond what the panel
needs, over the values.

The regression is the best of the libraries on such series: a Tweedie GLM of statsmodels with a dummy for each hour of
the week and a trend. The nightly refit finds the seasons of `--refit` series in two processes and prepares 10,000; from
that the time for 10,000 is reckoned.
"""

import argparse
import gc
import time
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.shop_of_parts import print_machine
from detector.model.metric import Kind
from detector.model.panel import Panel
from detector.stats.days import last_day_of
from detector.stats.judge import judge, prepare
from detector.stats.memory import kept
from detector.stats.seasons import find_seasons
from detector.stats.together import forget_companies
from rhythms import a_shop, a_watch

ROUNDS, LONG_S = 5, 10.0
DAYS, AT_NOON = 70, 12
DIFFERENT = 500
GOAL = 10_000


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, nargs="+", default=[1000, GOAL, 100_000])
    parser.add_argument("--refit", type=int, default=200)
    parser.add_argument("--parts", type=int, default=20_000)
    said = parser.parse_args(arguments)
    print_machine()
    shop = the_shop()
    glm_s = median(seconds(lambda: regression(shop.values[0])) for _ in range(ROUNDS))
    print(f"Tweedie GLM: {1e3 * glm_s:.0f} ms a series; one series cold: {1e3 * one_cold(shop):.0f} ms")
    for count in said.series:
        measure(shop, count, said.parts, glm_s)
    if said.refit:
        measure_refit(shop, said.refit)


def measure(shop: Panel, count: int, part: int, glm_s: float) -> None:
    left, read_s, cold_s, warm_s, again_s, together_s = count, 0.0, 0.0, 0.0, 0.0, 0.0
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        grown = pool.submit(memory, min(count, part)).result()
    while left > 0:
        panel = repeated(shop, min(left, part))
        found = times(panel)
        read_s, cold_s, warm_s, again_s, together_s = (
            one + more for one, more in zip((read_s, cold_s, warm_s, again_s, together_s), found, strict=True)
        )
        left -= len(panel.series)
        del panel
        gc.collect()
    print(
        f"{count} series: {1e3 * cold_s / count:.2f} ms a series cold, {1e6 * warm_s / count:.1f} us warm; "
        f"cold {cold_s / read_s:.0f}, together {together_s / read_s:.0f}, warm {warm_s / read_s:.1f}, "
        f"again {again_s / read_s:.0f} times one read; "
        f"{count * glm_s / cold_s:.0f} (warm {count * glm_s / warm_s:.0f}) times as fast as the GLM; "
        f"{grown:.1f} times the array in memory",
        flush=True,
    )


def times(panel: Panel) -> tuple[float, float, float, float, float]:
    """One read, cold, warm, again, together."""
    watch = a_watch()
    prepared = prepare(panel, watch)
    today = panel.cut(slice(last_day_of(panel.grid), None))
    read, warm, cold, again, members = [], [], [], [], []
    for _ in range(ROUNDS):
        read.append(seconds(panel.values.sum))
        warm.append(seconds(lambda: prepared.judge(today, 1)))
    for _ in range(ROUNDS):
        forget()
        cold.append(seconds(lambda: judge(panel, watch, 1)))
        again.append(seconds(lambda: judge(panel, watch, 1)))
        forget()
        members.append(seconds(lambda: judge(panel, watch, 1, together=True)))
        if cold[-1] > LONG_S:
            break
    forget()
    return median(read), median(cold), median(warm), median(again), median(members)


def forget() -> None:
    kept.clear()
    forget_companies()


def memory(count: int) -> float:
    panel = repeated(the_shop(), count)
    judge(panel.rows(np.arange(2)), a_watch(), 1)  # what is loaded once
    before = resident_bytes("VmRSS")
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the highest begins anew
    judge(panel, a_watch(), 1)
    return (resident_bytes("VmHWM") - before) / panel.values.nbytes


def measure_refit(shop: Panel, count: int) -> None:
    some = [shop.rows(np.arange(first, min(first + 10, count)) % DIFFERENT) for first in range(0, count, 10)]
    seasons_of(some[0])  # what is loaded once is inherited by both
    with ProcessPoolExecutor(2, mp_context=get_context("fork")) as pool:
        seasons_s = seconds(lambda: list(pool.map(seasons_of, some))) / count
    panel = repeated(shop, GOAL)
    walk_s = seconds(lambda: prepare(panel, a_watch()))
    print(
        f"nightly refit of {GOAL} series in two processes: {GOAL * seasons_s + walk_s:.0f} s, "
        f"of which seasons {GOAL * seasons_s:.0f} s ({1e3 * seasons_s:.0f} ms a series), all days {walk_s:.0f} s"
    )


def seasons_of(panel: Panel) -> int:
    return len(find_seasons(panel.cut(slice(0, last_day_of(panel.grid))), Kind.REVENUE))


def one_cold(shop: Panel) -> float:
    alone = shop.rows(np.array([0]))
    found = []
    for _ in range(ROUNDS):
        forget()
        found.append(seconds(lambda: judge(alone, a_watch(), 1)))
    return median(found)


def the_shop() -> Panel:
    shop = a_shop(seed=1, days=DAYS, series=DIFFERENT)
    return shop.cut(slice(0, len(shop.grid) - 24 + AT_NOON))


def repeated(shop: Panel, count: int) -> Panel:
    values = np.tile(shop.values, (-(-count // len(shop.series)), 1))[:count]
    names = tuple(f"series{row}" for row in range(count))
    return replace(shop, series=names, values=values, known=values >= 0, teaches=values >= 0)


def seconds(task: Callable[[], object]) -> float:
    begin = time.perf_counter()
    task()
    return time.perf_counter() - begin


def regression(values: np.ndarray) -> object:
    import statsmodels.api as sm  # noqa: PLC0415  takes seconds, and is not what is measured

    hour = np.arange(values.size)
    columns = np.column_stack([np.eye(168)[hour % 168], hour / values.size])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return sm.GLM(values, columns, sm.families.Tweedie(link=sm.families.links.Log(), var_power=1.5)).fit()


def resident_bytes(name: str) -> int:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith(name))


if __name__ == "__main__":
    main()
