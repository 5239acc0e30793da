"""What is true of any series, whatever befell it: scale, the knob, hard bounds, gaps, nothing that is not a number."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.model.metric import Direction, Kind
from detector.model.panel import Panel
from detector.stats.judge import Judgement, VerdictCode, Watch, judge
from rhythms import a_watch, at_zero
from varied import Befallen, Rhythm, a_grid, befallen, differing, simulated, with_values

# The same cases in every run: what is judged here is the judge, not the luck of the day.
SOME = settings(max_examples=12, deadline=None, derandomize=True)
SEEDS = st.integers(0, 100_000)
DAY_S = 86400.0


def whole(case: Befallen, watch: Watch | None = None) -> Judgement:
    return judge(case.panel, watch or a_watch(case.kind, case.on), len(case.panel.grid))


def assert_scaled(case: Befallen, factor: float) -> None:
    """Band in proportion within 1e-8 of itself, scores within 1e-6, verdicts the same."""
    panel = with_values(case.panel, case.panel.values)
    watch, count = a_watch(case.kind, case.on), len(panel.grid)
    one, other = judge(panel, watch, count), judge(with_values(panel, panel.values * factor), watch, count)
    for name in ("expected", "low", "high", "spread"):
        usual = getattr(one, name) * factor
        size = np.nanmax(np.abs(usual), initial=0.0)
        assert np.allclose(getattr(other, name), usual, rtol=1e-8, atol=1e-12 * size, equal_nan=True), case.title
    assert np.allclose(other.score, one.score, rtol=1e-7, atol=1e-6, equal_nan=True), case.title
    assert np.array_equal(other.verdict, one.verdict), case.title


@SOME
@given(seed=SEEDS, exponent=st.floats(-12.0, 12.0))
def test_revenue_has_no_unit(seed: int, exponent: float) -> None:
    """Cents for euros, or any other unit from 1e-12 to 1e12: the band in proportion, score and verdict as they were."""
    assert_scaled(befallen(4 * seed), 10.0**exponent)


@SOME
@given(seed=SEEDS, exponent=st.floats(-12.0, 12.0))
def test_gauge_has_no_unit(seed: int, exponent: float) -> None:
    """The same for a gauge."""
    assert_scaled(befallen(4 * seed + 3), 10.0**exponent)


@pytest.mark.parametrize("factor", [2, 7])
@pytest.mark.parametrize("orders", [10.0, 100.0])
def test_counts_in_packs_are_nearly_alike(factor: int, orders: float) -> None:
    """A count has a unit, one purchase, whose chance sets its noise; so it scales only as far as that does not count.

    Sold in packs of two or seven, undisturbed shops expect as many times as much (within 1 % for half of the buckets
    and 4 % for 99 of 100), the ends of the range stay whole, seven of ten outages are found in the same hour, and
    fewer than one verdict in two hundred differs.
    """
    shop = at_zero(simulated(Kind.COUNT, a_grid(days=70), seed=1, series=30, rhythm=Rhythm(orders)), 68 * 24 + 10, 6)
    one, other = (
        judge(with_values(shop, shop.values * times), a_watch(Kind.COUNT), 14 * 24) for times in (1.0, factor)
    )
    is_open = one.expected > 0
    off = np.abs(other.expected[is_open] / one.expected[is_open] / factor - 1.0)
    assert np.quantile(off, 0.5) < 0.01
    assert np.quantile(off, 0.99) < 0.04
    assert not np.any(other.low % 1)
    assert not np.any(other.high % 1)
    first = (one.verdict[:, -38:-32] == VerdictCode.ANOMALOUS).argmax(axis=1)
    assert np.mean((other.verdict[:, -38:-32] == VerdictCode.ANOMALOUS).argmax(axis=1) == first) > 0.7
    assert np.mean(other.verdict != one.verdict) < 0.005


@SOME
@given(seed=SEEDS, days=st.lists(st.floats(0.5, 2000.0), min_size=2, max_size=4))
def test_knob_only_moves_the_threshold(seed: int, days: list[float]) -> None:
    """Fewer allowed false alarms never add an anomalous bucket, and no number but the verdict depends on the knob."""
    case = befallen(seed)
    judged = [
        whole(case, replace(a_watch(case.kind, case.on), false_alarms_per_s=1.0 / (each * DAY_S)))
        for each in sorted(days)
    ]
    for loose, strict in pairwise(judged):
        assert set(differing(strict, loose)) <= {"verdict"}
        added = (strict.verdict == VerdictCode.ANOMALOUS) & (loose.verdict != VerdictCode.ANOMALOUS)
        assert not added.any(), case.title


@SOME
@given(seed=SEEDS, low=st.floats(0.0, 0.5), high=st.floats(0.5, 1.0))
def test_hard_bound_only_adds(seed: int, low: float, high: float) -> None:
    """Beyond a bound every known bucket is anomalous and out of range, learning or not; the others are as ever."""
    case = befallen(seed)
    below, above = np.nanquantile(case.panel.values, [low, high])
    without = whole(case)
    bounded = whole(case, replace(a_watch(case.kind, case.on), below=float(below), above=float(above)))
    beyond = case.panel.known & ((case.panel.values < below) | (case.panel.values > above))
    assert set(differing(bounded, without)) <= {"verdict", "is_drop", "in_range"}
    assert np.all(bounded.verdict[beyond] == VerdictCode.ANOMALOUS)
    assert not bounded.in_range[beyond].any()
    assert np.array_equal(bounded.verdict[~beyond], without.verdict[~beyond])
    assert np.array_equal(bounded.in_range[~beyond], without.in_range[~beyond])
    assert np.all(bounded.is_drop[case.panel.known & (case.panel.values < below)])


@SOME
@given(seed=SEEDS, count=st.integers(1, 60))
def test_missing_buckets_at_the_end_change_nothing(seed: int, count: int) -> None:
    """While rows are missing or late all is as if time stood still; no such bucket is anomalous, bounds or not."""
    case = befallen(seed)
    before = len(case.panel.grid) - count
    values = case.panel.values.copy()
    values[:, before:] = np.nan
    watch = replace(a_watch(case.kind, case.on), below=1e9, above=-1e9)
    panel = replace(with_values(case.panel, values), weights=None)
    late, ended = judge(panel, watch, before + count), judge(panel.cut(slice(0, before)), watch, before)
    assert differing(ended, late, slice(0, before)) == []
    assert np.all(late.verdict[:, before:] == VerdictCode.MISSING)
    assert np.isnan(late.score[:, before:]).all()
    assert not late.in_range[:, before:].any()


@SOME
@given(seed=SEEDS)
def test_missing_is_never_anomalous(seed: int) -> None:
    """A bucket without a value is missing, wherever it is, and only such a one."""
    case = befallen(seed)
    assert np.array_equal(whole(case).verdict == VerdictCode.MISSING, ~case.panel.known)


@SOME
@given(seed=SEEDS, wrong=st.sampled_from([np.nan, np.inf, -np.inf]))
def test_no_number_is_missing(seed: int, wrong: float) -> None:
    """Nan or infinity that a source calls a value is missing, and teaches nothing."""
    case = befallen(seed)
    places = np.random.default_rng(seed).random(case.panel.values.shape) < 0.02
    nothing = with_values(case.panel, np.where(places, np.nan, case.panel.values))
    called = replace(nothing, values=np.where(places, wrong, nothing.values), known=nothing.known | places)
    watch, count = a_watch(case.kind, case.on), len(case.panel.grid)
    assert differing(judge(called, watch, count), judge(nothing, watch, count)) == [], case.title


@SOME
@given(seed=SEEDS)
def test_what_is_said_is_whole(seed: int) -> None:
    """Where a verdict is given there are finite numbers, low <= high, no spread below 0, and a score below 61."""
    case = befallen(seed)
    judged = whole(case)
    said = np.isin(judged.verdict, [VerdictCode.NORMAL, VerdictCode.ANOMALOUS])
    for name in ("expected", "low", "high", "spread", "score"):
        assert np.isfinite(getattr(judged, name)[said]).all(), (name, case.title)
        assert np.isnan(getattr(judged, name)[judged.verdict == VerdictCode.LEARNING]).all(), (name, case.title)
    has = np.isfinite(judged.expected)
    assert np.all(judged.low[has] <= judged.high[has]), case.title
    assert np.all(judged.spread[has] >= 0), case.title
    assert np.nanmax(np.abs(judged.score), initial=0.0) < 61


def without(panel: Panel, part: slice, by: float) -> Panel:
    values, teaches = panel.values.copy(), panel.teaches.copy()
    values[:, part] *= by
    teaches[:, part] = False
    return replace(panel, values=values, teaches=teaches)


@SOME
@given(seed=SEEDS, by=st.sampled_from([0.0, 0.5, 1.0, 20.0]))
def test_masked_incident_leaves_no_baseline(seed: int, by: float) -> None:
    """What lies in a past incident teaches no baseline: how deep it was moves the next expectations by a few per cent.

    Sums over the last day still hold it, and how far such sums came true; neither is a baseline.
    """
    grid = a_grid(days=42)
    shop = simulated(Kind.REVENUE, grid, seed=seed)
    part = slice(30 * 24 + 9, 30 * 24 + 15)
    once, again = (judge(without(shop, part, factor), a_watch(), 10 * 24) for factor in (1.0, by))
    off = np.abs(again.expected / once.expected - 1.0)
    assert np.nanmax(off) < 0.05
    assert np.nanmedian(off) < 0.01


@pytest.mark.parametrize("on", list(Direction))
def test_both_sides_hear_what_one_hears_later(on: Direction) -> None:
    """Who watches both sides pays with log 2 of score: never more, and never less than the stronger side says."""
    case = befallen(8)
    one = whole(case, a_watch(case.kind, on))
    both = whole(case, a_watch(case.kind, Direction.BOTH))
    if on is not Direction.BOTH:
        known = np.isfinite(one.score)
        assert np.all(both.score[known] >= one.score[known] - np.log(2.0) - 1e-12)
