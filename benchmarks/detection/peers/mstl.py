"""MSTL of statsmodels with day and week as its seasons: the residual's z."""

from statsmodels.tsa.seasonal import MSTL

from benchmarks.detection.peers.decomposed import SEASONAL, STL_OPTIONS, outlook_of
from benchmarks.detection.peers.harness import Outlook, Past, filled, run, weekly
from benchmarks.detection.series_files import WEEK_H


def fit(past: Past) -> Outlook:
    windows = (SEASONAL, SEASONAL)
    parts = MSTL(filled(past), periods=(24, WEEK_H), windows=windows, stl_kwargs=STL_OPTIONS).fit()
    return outlook_of(parts.seasonal.sum(axis=1), parts.trend, parts.resid)


if __name__ == "__main__":
    run(weekly(fit))
