"""Median and median absolute deviation of the last eight same hours of the week, as a robust z.

Where more than half of them are equal the MAD is zero, and the mean absolute deviation takes its place, as Iglewicz and
Hoaglin advise (How to Detect and Handle Outliers, 1993); without that one dull hour would outrank every outage.
"""

import warnings

import numpy as np

from benchmarks.detection.peers.harness import answer_of, run
from benchmarks.detection.peers.same_hours import last_eight
from benchmarks.detection.series_files import Answer, Series

_MAD_TO_SD, _MEAN_TO_SD = 1.4826, 1.2533  # where the law is normal


def judge(series: Series) -> Answer:
    table = last_eight(series)
    with warnings.catch_warnings():  # hours of which nothing is known yet
        warnings.simplefilter("ignore", RuntimeWarning)
        middle = np.nanmedian(table, axis=1)
        off = np.abs(table - middle[:, None])
        mad, mean = np.nanmedian(off, axis=1), np.nanmean(off, axis=1)
    return answer_of(series, middle, np.where(mad > 0, _MAD_TO_SD * mad, _MEAN_TO_SD * mean))


if __name__ == "__main__":
    run(judge)
