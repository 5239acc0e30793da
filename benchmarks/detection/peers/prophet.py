"""Prophet as people start with it: its own defaults, country holidays where they are known, its interval for the sd."""

import logging

import numpy as np
import pandas as pd

from benchmarks.detection.peers.harness import Outlook, Past, run, weekly
from benchmarks.detection.series_files import HOUR_S, Floats

_WIDTH, _WIDTH_SD = 0.99, 2 * 2.576
_DRAWS = 300


def fit(past: Past) -> Outlook:
    from prophet import Prophet  # type: ignore[import-not-found]  # noqa: PLC0415 - lives in an environment of its own

    model = Prophet(interval_width=_WIDTH, uncertainty_samples=_DRAWS)
    if past.series.holidays:
        model.add_country_holidays(past.series.holidays.split("-", maxsplit=1)[0])
    np.random.seed(0)  # noqa: NPY002 - Prophet draws its interval from the global generator
    first = past.ahead.start - past.slots.size
    model.fit(_frame(past, slice(first, past.ahead.start)).assign(y=past.values), seed=0)
    said = model.predict(_frame(past, past.ahead))
    sd: Floats = (said["yhat_upper"] - said["yhat_lower"]).to_numpy(dtype=float) / _WIDTH_SD
    return Outlook(said["yhat"].to_numpy(dtype=float), sd)


def _frame(past: Past, hours: slice) -> pd.DataFrame:
    """The wall times, which is what its days and weeks are made of."""
    start_s = past.series.start_h * HOUR_S
    seconds = [start_s + hour * HOUR_S for hour in range(hours.start, hours.stop)]
    wall = pd.to_datetime(seconds, unit="s", utc=True).tz_convert(past.series.timezone).tz_localize(None)
    return pd.DataFrame({"ds": wall})


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)  # cmdstanpy tells of every fit, and prophet that there is no plotly
    run(weekly(fit))
