"""S-H-ESD, written from the formulas of the papers, and asked of each hour as it comes.

Vallis, Hochenbaum, Kejariwal: A Novel Technique for Long-Term Anomaly Detection in the Cloud, HotCloud 2014: what is
left of a series after its season (by STL) and a piecewise median of two weeks is tested with median and MAD in the
place of mean and sd. The test is the generalised ESD of Rosner, Percentage Points for a Generalized ESD Many-Outlier
Procedure, Technometrics 25 (1983). Here the season (a week) is found anew each week from the ten weeks before, and an
hour is anomalous when it is among the outliers of the two weeks that end with it.
"""

from functools import lru_cache

import numpy as np
from scipy.stats import t as student
from statsmodels.tsa.seasonal import STL

from benchmarks.detection.peers.decomposed import SEASONAL, STL_OPTIONS
from benchmarks.detection.peers.harness import PAST_H, Past, filled, run
from benchmarks.detection.series_files import WARM_UP_H, WEEK_H, Answer, Floats, Series

_WINDOW_H = 2 * WEEK_H
_ALPHA, _MOST = 0.05, 0.02  # of the test; share of outliers at most
_MAD_TO_SD = 1.4826
_SMALLEST = 1e-9
_RANGE_SD = 2.576


def judge(series: Series) -> Answer:
    season = _season(series)
    rest, count = series.values - season, series.values.size
    sign = 1.0 if series.on == "rise" else -1.0
    middle, sd, z = (np.full(count, np.nan) for _ in range(3))
    anomalous = np.zeros(count, dtype=bool)
    for hour in range(WARM_UP_H, count):
        window = rest[hour - _WINDOW_H + 1 : hour + 1]
        window = window[np.isfinite(window)]
        if np.isfinite(rest[hour]) and window.size > WEEK_H:
            centred = sign * (window - np.median(window))
            middle[hour], sd[hour] = np.median(window), _mad(centred)
            if sd[hour] > _SMALLEST:
                z[hour] = centred[-1] / sd[hour]
                anomalous[hour] = is_outlier(centred)
    mean = season + middle
    return Answer(mean, mean - _RANGE_SD * sd, mean + _RANGE_SD * sd, z, anomalous)


def _season(series: Series) -> Floats:
    slots, season = series.slots(), series.values * np.nan
    for at in range(WARM_UP_H, season.size, WEEK_H):
        seen, ahead = slice(max(at - PAST_H, 0), at), slice(at, min(at + WEEK_H, season.size))
        past = Past(series, series.values[seen], slots[seen], ahead)
        cycle = STL(filled(past), period=WEEK_H, seasonal=SEASONAL, **STL_OPTIONS).fit().seasonal
        season[ahead] = cycle[-WEEK_H:][: ahead.stop - at]
        if at == WARM_UP_H:
            season[seen] = cycle
    return season


def _mad(values: Floats) -> float:
    return float(_MAD_TO_SD * np.median(np.abs(values - np.median(values))))


def is_outlier(values: Floats) -> bool:
    """The last one is among the outliers of all, by ESD on one side.

    The most outlying values are taken away one by one; outliers are those up to the last beyond its critical value.
    """
    last, alone = values[-1], values
    most, number = int(_MOST * values.size), 0
    rank = int(np.sum(values > last)) + 1
    if rank > most or last <= 0:
        return False
    for step in range(1, most + 1):
        place = int(np.argmax(alone))
        spread = _mad(alone)
        if spread <= _SMALLEST:
            break
        if (alone[place] - np.median(alone)) / spread > critical(values.size, step, _ALPHA):
            number = step
        alone = np.delete(alone, place)
    return rank <= number


@lru_cache(maxsize=100_000)
def critical(size: int, step: int, alpha: float) -> float:
    """Lambda of step i: (n - i) t / sqrt((n - i - 1 + t^2) (n - i + 1)), t at 1 - alpha / (n - i + 1), one-sided."""
    quantile = float(student.ppf(1 - alpha / (size - step + 1), size - step - 1))
    return (size - step) * quantile / float(np.sqrt((size - step - 1 + quantile**2) * (size - step + 1)))


if __name__ == "__main__":
    run(judge)
