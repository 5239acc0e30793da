"""MSTL of statsforecast with AutoETS for its trend: day and week as seasons, its own interval for the sd."""

import warnings

from benchmarks.detection.peers.harness import Outlook, Past, filled, run, weekly
from benchmarks.detection.series_files import WEEK_H

_LEVEL, _WIDTH_SD = 99, 2 * 2.576


def fit(past: Past) -> Outlook:
    from statsforecast.models import MSTL, AutoETS  # type: ignore[import-not-found]  # noqa: PLC0415 - lives in an environment of its own

    model = MSTL(season_length=[24, WEEK_H], trend_forecaster=AutoETS(model="ZZN"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        said = model.forecast(y=filled(past), h=WEEK_H, level=[_LEVEL])
    return Outlook(said["mean"], (said[f"hi-{_LEVEL}"] - said[f"lo-{_LEVEL}"]) / _WIDTH_SD)


if __name__ == "__main__":
    run(weekly(fit))
