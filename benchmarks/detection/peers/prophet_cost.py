"""Prints the seconds of one refit and one judgement with Prophet, on ten weeks of hours and the hour after them."""

import logging
import time

from benchmarks.detection.peers.harness import PAST_H, Past
from benchmarks.detection.peers.prophet import fit
from benchmarks.detection.series_files import Series
from benchmarks.detection.speed_load import business


def main() -> None:
    values = business(1)[0]
    series = Series("speed", "revenue", 0, values)
    slots = series.slots()
    past = Past(series, values[:PAST_H], slots[:PAST_H], slice(PAST_H, values.size))
    fit(past)  # imports, and whatever else the first fit of a process waits for
    began = time.perf_counter()
    fit(past)
    print(time.perf_counter() - began)


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)  # cmdstanpy tells of every fit, and prophet that there is no plotly
    main()
