"""A scorer that no one can be: it knows the mean and the law from which each hour was drawn, the day's factor included.

Its score is minus the logarithm of the chance of what the last 1, 2, 3 or 6 hours hold, or less (more, where rises are
watched): negative binomial for counts, gamma for revenue, whose empty hours have the chance that no order comes. What
it misses is hidden in chance.
"""

from pathlib import Path

import numpy as np
from scipy import stats

from benchmarks.detection.series_files import WARM_UP_H, Answer, Floats, Series, read_folder, write_answer
from benchmarks.detection.simulate import Drawn

__all__ = ["ask_yardstick"]

_WINDOWS_H = (1, 2, 3, 6)
_RANGE_SD, _VERDICT = 2.576, np.log(1500.0)  # some 1,500 independent sums of these lengths a month
_LEAST_MEAN = 1e-6


def ask_yardstick(source: Path, out: Path, drawn: dict[str, Drawn]) -> None:
    """Answer every copy of the input folder from the truth of its series."""
    out.mkdir(parents=True, exist_ok=True)
    for copy in read_folder(source):
        write_answer(out / f"{copy.name}.csv", copy, _judge(copy, drawn[copy.name.split("-", maxsplit=1)[0]]))


def _judge(copy: Series, truth: Drawn) -> Answer:
    score = np.max([_surprise(copy, truth, hours) for hours in _WINDOWS_H], axis=0)
    score[:WARM_UP_H] = np.nan
    sd = np.sqrt(truth.variance)
    anomalous = np.nan_to_num(score) > _VERDICT
    return Answer(truth.mean, truth.mean - _RANGE_SD * sd, truth.mean + _RANGE_SD * sd, score, anomalous)


def _surprise(copy: Series, truth: Drawn, hours: int) -> Floats:
    parts = (copy.values, truth.mean, truth.variance, truth.mean_orders)
    value, mean, variance, orders = (np.convolve(part, np.ones(hours))[: part.size] for part in parts)
    is_open, mean = mean > _LEAST_MEAN, np.maximum(mean, _LEAST_MEAN)
    over = np.maximum(variance / mean, 1.0 + _LEAST_MEAN)
    is_count = copy.kind == "count"
    law = stats.nbinom(mean / (over - 1), 1 / over) if is_count else stats.gamma(mean / over, scale=over)
    if copy.on == "rise":
        chance = law.logsf(value - 1 if is_count else value)
    else:
        chance = np.where((value <= 0) & (not is_count), -orders, law.logcdf(np.maximum(value, 0.0)))
    surprise: Floats = np.where(is_open, -np.maximum(chance, -1e6), 0.0)
    return surprise
