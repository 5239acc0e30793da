"""Same hour of the week, mean and three standard deviations of the last eight."""

import warnings

import numpy as np

from benchmarks.detection.peers.harness import answer_of, run
from benchmarks.detection.peers.same_hours import last_eight
from benchmarks.detection.series_files import Answer, Series


def judge(series: Series) -> Answer:
    table = last_eight(series)
    with warnings.catch_warnings():  # hours of which nothing is known yet
        warnings.simplefilter("ignore", RuntimeWarning)
        return answer_of(series, np.nanmean(table, axis=1), np.nanstd(table, axis=1, ddof=1))


if __name__ == "__main__":
    run(judge)
