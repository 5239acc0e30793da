"""STL of statsmodels with the week as its season: the residual's z."""

from statsmodels.tsa.seasonal import STL

from benchmarks.detection.peers.decomposed import SEASONAL, STL_OPTIONS, outlook_of
from benchmarks.detection.peers.harness import Outlook, Past, filled, run, weekly
from benchmarks.detection.series_files import WEEK_H


def fit(past: Past) -> Outlook:
    parts = STL(filled(past), period=WEEK_H, seasonal=SEASONAL, **STL_OPTIONS).fit()
    return outlook_of(parts.seasonal, parts.trend, parts.resid)


if __name__ == "__main__":
    run(weekly(fit))
