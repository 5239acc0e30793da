"""What judging costs: per series, against one read of the same array, and against a regression by statsmodels.

    python benchmarks/judging_speed.py [--series 1000 4000]

Ten weeks of hours of simulated shops, all in memory; the newest hour is judged from the raw history. The regression is
the best of the libraries on such series: a Tweedie GLM with a dummy for each hour of the week and a trend.
"""

import argparse
import resource
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from detector.model.panel import Panel
from detector.stats.judge import judge
from rhythms import a_shop, a_watch


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, nargs="+", default=[1000, 4000])
    shop = a_shop(seed=1, days=70, series=500)
    glm_s = seconds(lambda: regression(shop.values[0]), 3)
    print(f"Tweedie GLM: {1e3 * glm_s:.0f} ms a series")
    for count in parser.parse_args().series:
        panel = repeated(shop, count)
        read_s = seconds(panel.values.sum, 9)
        before = peak_bytes()
        cold_s = seconds(lambda panel=panel: judge(panel, a_watch(), 1), 1)  # type: ignore[misc]  # a default binds it
        grown = (peak_bytes() - before) / panel.values.nbytes
        print(
            f"{count} series: {1e3 * cold_s / count:.2f} ms a series, {cold_s / read_s:.0f} x one read, "
            f"{count * glm_s / cold_s:.0f} x as fast as the GLM, {grown:.1f} x the array in memory"
        )


def repeated(shop: Panel, count: int) -> Panel:
    values = np.tile(shop.values, (-(-count // len(shop.series)), 1))[:count]
    names = tuple(f"series{row}" for row in range(count))
    return replace(shop, series=names, values=values, known=values >= 0, teaches=values >= 0)


def seconds(task: Callable[[], object], times: int) -> float:
    spent = []
    for _ in range(times):
        begin = time.perf_counter()
        task()
        spent.append(time.perf_counter() - begin)
    return median(spent)


def regression(values: np.ndarray) -> object:
    import statsmodels.api as sm  # noqa: PLC0415  takes seconds, and is not what is measured

    hour = np.arange(values.size)
    columns = np.column_stack([np.eye(168)[hour % 168], hour / values.size])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return sm.GLM(values, columns, sm.families.Tweedie(link=sm.families.links.Log(), var_power=1.5)).fit()


def peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main()
