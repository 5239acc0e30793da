"""`false_alarms` is a promise: what is asked for is what comes, on series in which nothing ever happens.

Counts of false alarms are held against Poisson laws. "At most F times the promise" fails only where the law of mean
F x promise reaches the count in less than one case of a thousand; "at least" likewise.
"""

from itertools import product

import numpy as np
import pytest
from scipy.signal import lfilter
from scipy.stats import poisson

from detector.model.grid import Grid
from detector.model.metric import Direction, FalseAlarms, Kind
from detector.model.panel import Floats, Panel
from detector.stats.judge import judge
from rhythms import a_watch
from varied import Rhythm, a_grid, beginnings, simulated, with_values

ODDS = 0.001
BEFORE, WEEKS = 70, 26
SIDES = [Direction.DROP, Direction.RISE]
PLAIN = [(Kind.COUNT, 30.0), (Kind.COUNT, 2.0), (Kind.REVENUE, 100.0), (Kind.RATIO, 3000.0), (Kind.GAUGE, 1.0)]


def alarms(panel: Panel, kind: Kind, on: Direction, per: str) -> tuple[int, float]:
    """How many began after the first ten weeks, and how many were allowed."""
    days = len(panel.grid) // panel.grid.slots_per_day - BEFORE
    verdict = judge(panel, a_watch(kind, on, per), days * panel.grid.slots_per_day).verdict
    return int(beginnings(verdict).sum()), len(panel.series) * days / FalseAlarms.DAYS[per]


def assert_at_most(times: float, found: int, promised: float) -> None:
    assert found <= poisson.isf(ODDS, times * promised), found / promised


def assert_at_least(times: float, found: int, promised: float) -> None:
    assert found >= poisson.ppf(ODDS, times * promised), found / promised


@pytest.mark.parametrize("on", SIDES)
@pytest.mark.parametrize(("kind", "orders"), PLAIN)
def test_promise_is_kept_within_a_factor(kind: Kind, orders: float, on: Direction) -> None:
    """One a week comes within a factor of 1.5, one a month at most 1.5 times and at least a third as often."""
    shops = simulated(kind, a_grid(days=BEFORE + 70), seed=81, series=40, rhythm=Rhythm(orders))
    week = alarms(shops, kind, on, "week")
    assert_at_most(1.5, *week)
    assert_at_least(1 / 1.5, *week)
    month = alarms(shops, kind, on, "month")
    assert_at_most(1.5, *month)
    assert_at_least(1 / 3, *month)


OF_ANY_SIZE = [
    *product([Kind.COUNT, Kind.REVENUE], [0.3, 3.0, 30.0]),
    (Kind.RATIO, 100.0),
    (Kind.RATIO, 3000.0),
    (Kind.GAUGE, 1.0),
]


@pytest.mark.parametrize(("kind", "orders"), OF_ANY_SIZE)
def test_range_holds_99_of_100_of_every_kind(kind: Kind, orders: float) -> None:
    """98 to 99.6 of 100 buckets of six weeks; of small counts more, for there is no half order: whole ones hold more.

    Shops of one order in three hours, of whose hours four in five are empty, are among them, and call no more often
    than others.
    """
    shops = simulated(kind, a_grid(days=BEFORE + 42), seed=90, series=30, rhythm=Rhythm(orders))
    judged = judge(shops, a_watch(kind), 42 * 24)
    values, known = shops.values[:, -42 * 24 :], shops.known[:, -42 * 24 :]
    inside = np.mean(((values >= judged.low) & (values <= judged.high))[known])
    assert 0.98 <= inside <= (1.0 if kind is Kind.COUNT else 0.996)
    assert_at_most(1.5, int(beginnings(judged.verdict).sum()), 30 * 42 / FalseAlarms.DAYS["month"])


def swaying(rng: np.random.Generator, shape: tuple[int, int], sd: float, memory: float) -> Floats:
    """A first-order autoregression, in the log."""
    shocks = rng.normal(0.0, sd * np.sqrt(1.0 - memory**2), shape)
    shocks[:, 0] = rng.normal(0.0, sd, shape[0])
    found: Floats = lfilter([1.0], [1.0, -memory], shocks, axis=1)
    return found


def moved_by_the_day(kind: Kind, grid: Grid, seed: int, series: int, orders: float) -> Panel:
    """Shops whose days and hours are better or worse than usual for a while: 8 % and 6 %, and 5 % without memory."""
    rng = np.random.default_rng(seed)
    day = grid.local_day - grid.local_day[0]
    effects = swaying(rng, (series, int(day[-1]) + 1), 0.08, 0.5)[:, day] + swaying(rng, (series, len(grid)), 0.06, 0.7)
    effects += rng.normal(0.0, 0.05, effects.shape)
    count = rng.poisson(Rhythm(orders, 0.0).rates(grid, series, rng) * np.exp(effects))
    values = count.astype(float)
    if kind is Kind.REVENUE:
        values = np.where(count > 0, rng.gamma(np.maximum(1.5 * count, 1e-9), 25.0), 0.0)
    return with_values(simulated(Kind.COUNT, grid, seed=seed, series=series), values)


def many(kind: Kind, orders: float, seed: int = 82) -> Panel:
    grid = a_grid(days=BEFORE + 7 * WEEKS)
    if kind in {Kind.COUNT, Kind.REVENUE}:
        return moved_by_the_day(kind, grid, seed, 60, orders)
    return simulated(kind, grid, seed=seed, series=60, rhythm=Rhythm(orders))


SIZES = [
    *product([Kind.COUNT, Kind.REVENUE], [3.0, 30.0, 300.0]),
    (Kind.RATIO, 1000.0),
    (Kind.RATIO, 30_000.0),
    (Kind.GAUGE, 1.0),
]


@pytest.mark.long
@pytest.mark.parametrize("on", list(Direction))
@pytest.mark.parametrize(("kind", "orders"), SIZES)
def test_no_knob_brings_more_than_asked_for(kind: Kind, orders: float, on: Direction) -> None:
    """30 series-years each: at one a week, a month and a quarter at most 1.2 times as many."""
    shops = many(kind, orders)
    for per in ("week", "month", "quarter"):
        assert_at_most(1.2, *alarms(shops, kind, on, per))


@pytest.mark.long
@pytest.mark.parametrize("on", list(Direction))
@pytest.mark.parametrize(("kind", "orders"), SIZES)
def test_one_a_week_is_asked_for_and_comes(kind: Kind, orders: float, on: Direction) -> None:
    """Within a factor of 1.5; for both sides together, whose alarms seldom come to the same, of 2."""
    assert_at_least(1 / 2 if on is Direction.BOTH else 1 / 1.5, *alarms(many(kind, orders), kind, on, "week"))


def pooled(on: Direction, per: str) -> tuple[int, float]:
    """Over all sizes of shops that the day moves."""
    found = [alarms(many(kind, orders), kind, on, per) for kind, orders in SIZES[:6]]
    return sum(count for count, _ in found), sum(promised for _, promised in found)


@pytest.mark.long
@pytest.mark.parametrize("on", SIDES)
def test_one_a_month_is_asked_for_and_comes(on: Direction) -> None:
    """At least a third as many."""
    assert_at_least(1 / 3, *pooled(on, "month"))


@pytest.mark.long
@pytest.mark.xfail(reason="the tail is taken to be heavier than it is: three to four times too few", strict=True)
@pytest.mark.parametrize("on", SIDES)
def test_one_a_quarter_is_asked_for_and_comes(on: Direction) -> None:
    """At least half as many."""
    assert_at_least(1 / 2, *pooled(on, "quarter"))


@pytest.mark.parametrize("kind", [Kind.COUNT, Kind.GAUGE])
def test_no_series_pays_for_the_others(kind: Kind) -> None:
    """No single series of forty alarms four times as often as promised over half a year."""
    shops = simulated(kind, a_grid(days=BEFORE + 182), seed=83, series=40, rhythm=Rhythm(30.0))
    verdict = judge(shops, a_watch(kind), 182 * 24).verdict
    assert beginnings(verdict).sum(axis=1).max() <= 4 * 6
