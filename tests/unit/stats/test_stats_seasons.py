"""Which seasons a series has, and what the judge makes of them."""

from dataclasses import replace

import numpy as np
import pytest

from detector.model.grid import DAY_S, HOUR_S
from detector.model.metric import Kind
from detector.model.panel import Panel
from detector.model.state import Seasons
from detector.stats.judge import VerdictCode, judge
from detector.stats.memory import kept
from detector.stats.seasons import ASSUMED, find_seasons, limit_of
from rhythms import HOURS, a_shop, a_watch, at_zero, episodes, panel_of, same

BOTH, DAY, NONE = Seasons(day=True, week=True), Seasons(day=True, week=False), Seasons(day=False, week=False)


def without_week(seed: int, days: int, series: int, orders: float = 100.0) -> Panel:
    """Orders with the same rhythm on every day, of which each sways by 5 %."""
    rng = np.random.default_rng(seed)
    day = rng.gamma(400.0, 1 / 400.0, (series, days, 1))
    rate = (orders * HOURS * day).reshape(series, -1)
    return panel_of(rng.poisson(rate).astype(float))


def noise(seed: int, days: int, series: int, every_s: int = HOUR_S) -> Panel:
    return panel_of(np.random.default_rng(seed).normal(10.0, 1.0, (series, days * DAY_S // every_s)), every_s)


def shares(found: tuple[Seasons, ...]) -> tuple[float, float]:
    return float(np.mean([one.day for one in found])), float(np.mean([one.week for one in found]))


@pytest.mark.parametrize("weeks", [3, 8])
@pytest.mark.parametrize("kind", [Kind.COUNT, Kind.REVENUE])
def test_a_shop_follows_hour_and_weekday(weeks: int, kind: Kind) -> None:
    """Quiet nights and weekends are both seen after three weeks."""
    assert shares(find_seasons(a_shop(seed=1, days=weeks * 7, series=10, kind=kind), kind)) == (1.0, 1.0)


@pytest.mark.parametrize("weeks", [3, 8])
def test_same_days_follow_the_hour_alone(weeks: int) -> None:
    """Where all days are alike, the day of the week is found in one series of five at the most."""
    day, week = shares(find_seasons(without_week(2, weeks * 7, 60), Kind.COUNT))
    assert day == 1.0
    assert week < 0.25


@pytest.mark.parametrize("weeks", [3, 8])
@pytest.mark.parametrize("every_s", [HOUR_S, 6 * HOUR_S, DAY_S])
def test_white_noise_stays_below_the_limit(weeks: int, every_s: int) -> None:
    """Less than one series in seven seems to follow the hour, and one in four the weekday, which has two chances."""
    day, week = shares(find_seasons(noise(3, weeks * 7, 100, every_s), Kind.GAUGE))
    assert day < 0.14
    assert week < 0.23


def test_a_weak_weekend_is_found() -> None:
    """A tenth less on two days of the week is seen in nine of ten shops after eight weeks."""
    shop = without_week(4, 56, 40)
    weekend = np.where(shop.grid.weekday >= 5, 0.9, 1.0)
    _, week = shares(find_seasons(replace(shop, values=np.round(shop.values * weekend)), Kind.COUNT))
    assert week > 0.9


@pytest.mark.parametrize("days", [0.5, 13, 20])
def test_too_short_a_history_has_both(days: float) -> None:
    """Until three weeks are there nothing is concluded."""
    assert find_seasons(panel_of(np.random.default_rng(5).normal(size=(1, int(24 * days)))), Kind.GAUGE) == (ASSUMED,)


def test_an_empty_history_has_both() -> None:
    """Neither a series without values nor one of zeros tells anything, and a constant has no season."""
    values = np.stack([np.full(24 * 56, value) for value in (np.nan, 0.0, 7.0)])
    assert find_seasons(panel_of(values), Kind.COUNT) == (ASSUMED, ASSUMED, NONE)


def test_gaps_and_giant_orders_hide_no_season() -> None:
    """A fifth of the buckets missing, a day that does not teach and an order of a hundred times change no finding."""
    shop = a_shop(seed=6, days=56, series=5)
    values = np.where(np.random.default_rng(6).random(shop.values.shape) < 0.2, np.nan, shop.values)
    values[:, 500] = 400_000.0
    teaches = shop.teaches.copy()
    teaches[:, 700:724] = False
    holed = replace(shop, values=values, known=np.isfinite(values), teaches=teaches)
    assert shares(find_seasons(holed, Kind.REVENUE)) == (1.0, 1.0)


def test_buckets_that_do_not_teach_say_nothing() -> None:
    """What an incident covers changes no digit of a strength."""
    shop = a_shop(seed=7, days=56)
    teaches = shop.teaches.copy()
    teaches[:, 700:724] = False
    one, other = (replace(at_zero(shop, 700, 24, left), teaches=teaches) for left in (0.0, 5.0))
    assert find_seasons(one, Kind.REVENUE) == find_seasons(other, Kind.REVENUE)


def test_five_minutes_are_seen_in_hours() -> None:
    """Short buckets have the seasons of the hours they make up."""
    shop = a_shop(seed=8, days=28, every_s=300)
    (found,) = find_seasons(shop, Kind.REVENUE)
    hours = panel_of(shop.values.reshape(1, -1, 12).mean(axis=2))
    assert (found,) == find_seasons(hours, Kind.REVENUE)
    assert (found.day, found.week) == (True, True)


def test_strengths_do_not_depend_on_the_unit() -> None:
    """Cents instead of euros have the same seasons."""
    shop = a_shop(seed=9, days=56)
    (one,) = find_seasons(shop, Kind.REVENUE)
    (other,) = find_seasons(replace(shop, values=shop.values * 100.0), Kind.REVENUE)
    assert (one.day_strength, one.week_strength) == pytest.approx((other.day_strength, other.week_strength))


def test_series_of_a_panel_stand_for_themselves() -> None:
    """Each has the seasons it has alone, to the last digit."""
    shop = a_shop(seed=10, days=42, series=3)
    alone = [find_seasons(row_of(shop, row), Kind.REVENUE)[0] for row in range(3)]
    assert list(find_seasons(shop, Kind.REVENUE)) == alone


def row_of(panel: Panel, row: int) -> Panel:
    part = slice(row, row + 1)
    arrays = (panel.values[part], panel.known[part], panel.teaches[part])
    return Panel(panel.series[part], panel.grid, *arrays, panel.is_holiday)


def test_a_limit_without_freedom_is_never_passed() -> None:
    """As many means as values explain everything."""
    assert limit_of(0, 100) == limit_of(6, 0) == 1.0
    assert 0.0 < limit_of(23, 1000) < limit_of(23, 100) < 1.0


def test_no_seasons_given_are_both() -> None:
    """The judge assumes hour and weekday, as find_seasons does."""
    shop = a_shop(seed=11, days=40, series=2)
    assert same(judge(shop, a_watch(), 100), judge(shop, a_watch(), 100, [BOTH, ASSUMED]))


def test_rows_with_other_seasons_stay_apart() -> None:
    """Each row of a panel is judged by its own seasons as if it were alone, kept walks or not."""
    shop = a_shop(seed=12, days=40, series=3)
    together = judge(shop, a_watch(), 100, [BOTH, DAY, NONE])
    for row, one in enumerate((BOTH, DAY, NONE)):
        kept.clear()
        alone = judge(row_of(shop, row), a_watch(), 100, [one])
        assert np.array_equal(alone.expected[0], together.expected[row], equal_nan=True)
        assert np.array_equal(alone.score[0], together.score[row], equal_nan=True)


@pytest.mark.parametrize("seasons", [DAY, NONE])
def test_judgement_with_seasons_is_causal(seasons: Seasons) -> None:
    """Cutting the panel after a bucket leaves everything said before unchanged, to the last digit."""
    shop = at_zero(a_shop(seed=13, days=35), 30 * 24 + 9, 5)
    whole = judge(shop, a_watch(), len(shop.grid), [seasons])
    for end in (20 * 24 + 5, 30 * 24 + 11):
        part = judge(shop.cut(slice(0, end)), a_watch(), end, [seasons])
        assert np.array_equal(part.expected, whole.expected[:, :end], equal_nan=True)
        assert np.array_equal(part.score, whole.score[:, :end], equal_nan=True)


def test_one_level_for_all_hours_without_a_season() -> None:
    """Where neither hour nor weekday counts, all buckets of a day are expected alike."""
    flat = panel_of(np.random.default_rng(14).poisson(50.0, (5, 24 * 40)).astype(float))
    expected = judge(flat, a_watch(Kind.COUNT), 48, [NONE] * 5).spread
    assert np.all(np.ptp(expected.reshape(5, 2, 24), axis=2) < 1e-9)


def test_fewer_seasons_make_a_young_judge_surer() -> None:
    """Right after three weeks, shops whose days are alike are expected closer to the truth without weekdays."""
    shop = without_week(15, 28, 40)
    truth = np.tile(100.0 * HOURS, 7)
    errors = [
        np.mean(np.abs(judge(shop, a_watch(Kind.COUNT), 168, [one] * 40).expected / truth - 1.0)) for one in (BOTH, DAY)
    ]
    assert errors[1] < 0.97 * errors[0]


def test_fewer_seasons_lose_no_outage() -> None:
    """Shops whose days are alike: full outages are found in their first hour, and false alarms keep the promise."""
    shop = without_week(16, 98, 40)
    down = judge(at_zero(shop, 95 * 24 + 12, 4), a_watch(Kind.COUNT), 5 * 24, [DAY] * 40)
    assert np.mean(down.verdict[:, -60] == VerdictCode.ANOMALOUS) > 0.95
    calm = judge(shop, a_watch(Kind.COUNT), 28 * 24, [DAY] * 40)
    assert episodes(calm.verdict) / (40 * 28 / 30.44) <= 1.7
