"""A new metric: learning until enough was seen, and then no flood."""

from itertools import product

import numpy as np
import pytest
from scipy.stats import poisson

from detector.model.grid import DAY_S, HOUR_S
from detector.model.metric import Direction, Kind
from detector.stats.judge import VerdictCode, judge
from rhythms import a_watch, at_zero
from varied import Rhythm, a_grid, beginnings, simulated, with_values

ODDS = 0.001  # that an innocent judge fails
AMOUNTS = [Kind.COUNT, Kind.REVENUE]
SERIES, DAYS = 80, 42
MONTH_DAYS = 365.25 / 12


def early_alarms(kind: Kind, on: Direction, orders: float, seed: int) -> np.ndarray:
    """How many false alarms begin in each of the first six weeks, over all series."""
    grid = a_grid("Europe/Berlin", days=DAYS)
    shops = simulated(kind, grid, seed=seed, series=SERIES, rhythm=Rhythm(orders))
    begun = beginnings(judge(shops, a_watch(kind, on), len(grid)).verdict)
    week = (grid.local_day - grid.local_day[0]) // 7
    return np.array([begun[:, week == which].sum() for which in range(DAYS // 7)])


CASES = [
    (Kind.REVENUE, Direction.DROP, 3.0),
    (Kind.REVENUE, Direction.RISE, 100.0),
    (Kind.COUNT, Direction.DROP, 100.0),
    (Kind.COUNT, Direction.BOTH, 1.0),
    (Kind.RATIO, Direction.RISE, 300.0),
    (Kind.GAUGE, Direction.DROP, 1.0),
]


@pytest.mark.parametrize(("kind", "on", "orders"), CASES)
def test_weeks_three_to_six_alarm_at_most_twice_as_often_as_promised(kind: Kind, on: Direction, orders: float) -> None:
    """At one a month: the count of 80 series over four weeks is one that twice the promise does not make unlikely."""
    weeks = early_alarms(kind, on, orders, seed=21)
    promised = SERIES * 28 / MONTH_DAYS
    assert weeks[:2].sum() == 0
    assert weeks[2:].sum() <= poisson.isf(ODDS, 1.5 * promised)
    assert weeks[2:].max() <= poisson.isf(ODDS, 2.0 * promised / 4)


@pytest.mark.long
@pytest.mark.parametrize("on", list(Direction))
@pytest.mark.parametrize(("kind", "orders"), [*product(list(Kind), [30.0, 1000.0]), *product(AMOUNTS, [1.0, 10.0])])
def test_first_weeks_of_any_size_keep_the_promise(kind: Kind, on: Direction, orders: float) -> None:
    """Every kind, side and size, five times as many series: no week above twice the promise."""
    visitors = 100.0 if kind is Kind.RATIO else 1.0
    weeks = np.sum([early_alarms(kind, on, orders * visitors, seed) for seed in range(50, 55)], axis=0)
    assert np.max(weeks[2:]) <= poisson.isf(ODDS, 2.0 * 5 * SERIES * 7 / MONTH_DAYS)


def test_rises_of_small_ratios_keep_the_promise() -> None:
    """Shares of a hundred visitors an hour: no week of the first six above twice the promise."""
    weeks = early_alarms(Kind.RATIO, Direction.RISE, 100.0, seed=50)
    assert weeks[2:].max() <= poisson.isf(ODDS, 2.0 * SERIES * 7 / MONTH_DAYS)


@pytest.mark.parametrize(("every_s", "days", "learning"), [(300, 20, 14), (HOUR_S, 20, 14), (DAY_S, 40, 28)])
@pytest.mark.parametrize("kind", list(Kind))
def test_learning_ends_after_two_weeks(kind: Kind, every_s: int, days: int, learning: int) -> None:
    """Two weeks of buckets, four of whole days: before that learning alone, from then on never again."""
    shops = simulated(kind, a_grid(days=days, every_s=every_s), seed=41, series=3, rhythm=Rhythm(30_000.0))
    verdict = judge(shops, a_watch(kind), len(shops.grid)).verdict
    at = learning * DAY_S // every_s
    day = DAY_S // every_s
    known = shops.known
    assert np.all((verdict == VerdictCode.LEARNING)[:, : at - day] == known[:, : at - day])
    assert not np.any(verdict[:, at + day :] == VerdictCode.LEARNING)


@pytest.mark.parametrize("kind", [Kind.COUNT, Kind.REVENUE])
def test_lost_days_are_learned_later(kind: Kind) -> None:
    """Four days without rows put the end of learning off by four days; an outage after it is found."""
    grid = a_grid(days=24)
    shops = simulated(kind, grid, seed=42, series=20)
    values = shops.values.copy()
    values[:, 5 * 24 : 9 * 24] = np.nan
    shops = at_zero(with_values(shops, values), 21 * 24 + 10, 6)
    verdict = judge(shops, a_watch(kind), len(grid)).verdict
    assert np.all(verdict[:, 17 * 24 : int(17.4 * 24)] == VerdictCode.LEARNING)
    assert not np.any(verdict[:, 19 * 24 :] == VerdictCode.LEARNING)
    assert np.mean((verdict[:, 21 * 24 + 10 : 21 * 24 + 13] == VerdictCode.ANOMALOUS).any(axis=1)) > 0.9


@pytest.mark.parametrize("hour", [0, 5, 13, 23])
def test_first_day_may_begin_at_any_hour(hour: int) -> None:
    """Whatever the hour of the first row, no flood follows in the third week."""
    grid = a_grid("America/New_York", days=22)[hour:]
    shops = simulated(Kind.REVENUE, grid, seed=43, series=40)
    begun = beginnings(judge(shops, a_watch(), len(grid)).verdict)
    assert begun.sum() <= poisson.isf(ODDS, 2.0 * 40 * 8 / MONTH_DAYS)
