"""The peers that are written here do what their papers and pages say."""

import numpy as np
import pytest

from benchmarks.detection.peers import median_mad, naive
from benchmarks.detection.peers.harness import Outlook, Past, weekly
from benchmarks.detection.peers.same_hours import last_eight
from benchmarks.detection.peers.sh_esd import critical, is_outlier
from benchmarks.detection.series_files import WARM_UP_H, WEEK_H, Series


def a_series(weeks: int = 12, *, on: str = "drop") -> Series:
    rng = np.random.default_rng(5)
    return Series("shop", "count", 480_000, rng.poisson(100.0, weeks * WEEK_H).astype(float), on=on)


@pytest.mark.parametrize(("step", "lambda_"), [(1, 3.159), (2, 3.151), (3, 3.144), (10, 3.085)])
def test_critical_values_are_rosners(step: int, lambda_: float) -> None:
    """For 54 values, tested on both sides at 0.05, they are those of the example that NIST's handbook works out."""
    assert critical(54, step, 0.05 / 2) == pytest.approx(lambda_, abs=0.001)


def test_esd_sees_through_masking() -> None:
    """Several outliers do not hide each other, and the usual is none of them."""
    values = np.random.default_rng(1).normal(0.0, 1.0, 336)
    values[[10, 20, -1]] = (30.0, 31.0, 29.0)
    assert is_outlier(values)
    values[-1] = 1.0
    assert not is_outlier(values)


def test_last_eight_are_earlier_ones() -> None:
    """The same hour of the eight weeks before, and never the hour itself."""
    series = Series("shop", "count", 480_000, np.arange(12.0 * WEEK_H))
    hour = 10 * WEEK_H + 5
    assert last_eight(series)[hour].tolist() == [hour - WEEK_H * back for back in range(8, 0, -1)]
    assert np.isnan(last_eight(series)[WEEK_H : 2 * WEEK_H, :-1]).all()


@pytest.mark.parametrize("peer", [naive, median_mad], ids=["naive", "median_mad"])
def test_rules_watch_their_side(peer: object) -> None:
    """An empty hour is anomalous for who watches drops, and the most usual of all for who watches rises."""
    judge = peer.judge  # type: ignore[attr-defined]  # both modules have one
    for on, expected in (("drop", True), ("rise", False)):
        series = a_series(on=on)
        series.values[-1] = 0.0
        answer = judge(series)
        assert bool(answer.anomalous[-1]) is expected
        assert np.isnan(answer.score[:WARM_UP_H]).all()


def test_weekly_fits_see_the_past_alone() -> None:
    """A fit is given the hours before its week, and what it says is laid over that week."""
    series, seen = a_series(11), list[int]()

    def fit(past: Past) -> Outlook:
        seen.append(past.ahead.start)
        assert np.array_equal(past.values, series.values[max(past.ahead.start - 10 * WEEK_H, 0) : past.ahead.start])
        return Outlook(np.full(WEEK_H, 100.0 + len(seen)), np.ones(WEEK_H))

    answer = weekly(fit)(series)
    assert seen == [WARM_UP_H, WARM_UP_H + WEEK_H, WARM_UP_H + 2 * WEEK_H]
    assert answer.expected[WARM_UP_H::WEEK_H].tolist() == [101.0, 102.0, 103.0]
    assert answer.score[-1] == 103.0 - series.values[-1]
