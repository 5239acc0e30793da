"""What the judge finds, and what it leaves alone."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from detector.model.grid import DAY_S
from detector.model.metric import Direction, Kind
from detector.model.panel import Panel
from detector.stats.judge import VerdictCode, judge
from detector.stats.memory import kept
from rhythms import MONDAY, a_shop, a_watch, at_zero, episodes, found, panel_of, same

WEEKS = 10
NOON = (WEEKS * 7 - 4) * 24 + 12  # of a Thursday in the last week


@pytest.fixture(scope="module", name="shops")
def some_shops() -> Panel:
    return a_shop(seed=7, days=WEEKS * 7, series=40)


def test_full_outage_is_found_in_its_first_bucket(shops: Panel) -> None:
    """An hour without revenue where 4,000 are usual is anomalous in that hour, for 95 of 100 shops."""
    delay = found(at_zero(shops, NOON, 6), a_watch(), NOON)
    assert np.mean(delay == 0) >= 0.95
    assert np.all(delay <= 1)


def test_half_outage_is_found_within_three_buckets(shops: Panel) -> None:
    """Half the revenue gone is anomalous within three hours for two of three shops, and within six for nearly all."""
    delay = found(at_zero(shops, NOON, 12, left=0.5), a_watch(), NOON)
    assert np.mean(delay <= 2) >= 0.65
    assert np.mean(delay <= 5) >= 0.85


def test_outage_stays_anomalous_while_it_lasts(shops: Panel) -> None:
    """Ten hours of nothing are ten anomalous buckets: an outage does not become the new normal."""
    judged = judge(at_zero(shops, NOON - 3, 10), a_watch(), 24 * 7)
    during = judged.verdict[:, NOON - 3 - len(shops.grid) :][:, :10]
    assert np.mean(during[:, 1:] == VerdictCode.ANOMALOUS) > 0.97
    assert not judged.in_range[:, NOON - 3 - len(shops.grid) :][:, :10].any()


def test_day_after_an_outage_is_normal(shops: Panel) -> None:
    """A day of outage teaches nothing: the day after and the same day a week later are expected as before."""
    outage = at_zero(shops, NOON - 7 * 24, 24)
    with_it, without = judge(outage, a_watch(), 24 * 6), judge(shops, a_watch(), 24 * 6)
    assert np.median(with_it.expected / without.expected) == pytest.approx(1.0, abs=0.03)
    assert episodes(with_it.verdict) <= episodes(without.verdict) + 4


def test_recovered_bucket_is_in_range(shops: Panel) -> None:
    """After an outage the usual volume is in range at once, whatever the long sums still say."""
    judged = judge(at_zero(shops, NOON - 6, 5), a_watch(), 24 * 7)
    after = judged.in_range[:, NOON - len(shops.grid) :][:, :3]
    assert np.mean(after) > 0.85


def test_rise_is_found_when_rises_are_watched(shops: Panel) -> None:
    """Every order counted twice is a rise within three hours, and no drop."""
    twice = at_zero(shops, NOON, 6, left=2.0)
    assert np.mean(found(twice, a_watch(on=Direction.RISE), NOON) <= 2) > 0.9
    both = judge(twice, a_watch(on=Direction.BOTH), 24 * 7)
    here = (both.verdict == VerdictCode.ANOMALOUS)[:, NOON - len(shops.grid) :][:, :6]
    assert here.any(axis=1).mean() > 0.9
    assert not both.is_drop[:, NOON - len(shops.grid) :][:, :6][here].any()


def test_band_holds_99_of_100_normal_buckets() -> None:
    """The range holds 98.0 to 99.6 of 100 buckets of undisturbed shops."""
    shops = a_shop(seed=3, days=WEEKS * 7, series=30, sway=0.03)
    judged = judge(shops, a_watch(), 24 * 14)
    values = shops.values[:, -24 * 14 :]
    assert 0.98 <= np.mean((values >= judged.low) & (values <= judged.high)) <= 0.996


@pytest.mark.parametrize(("kind", "orders"), [(Kind.COUNT, 100.0), (Kind.REVENUE, 100.0), (Kind.COUNT, 5.0)])
def test_false_alarms_keep_the_promise(kind: Kind, orders: float) -> None:
    """At one per month, undisturbed shops alarm 0.3 to 1.7 times a month."""
    days = 61
    shops = a_shop(seed=11, days=WEEKS * 7 + days, series=40, orders=orders, kind=kind)
    rate = episodes(judge(shops, a_watch(kind), days * 24).verdict) / (40 * days / 30.44)
    assert 0.3 <= rate <= 1.7


def test_first_weeks_are_learning() -> None:
    """Before two weeks of hours nothing is said but the hard bounds; after them the band is there."""
    shop = a_shop(seed=1, days=20)
    judged = judge(shop, a_watch(), len(shop.grid))
    assert np.all(judged.verdict[0, : 13 * 24] == VerdictCode.LEARNING)
    assert np.isnan(judged.expected[0, : 13 * 24]).all()
    assert np.isnan(judged.score[0, : 13 * 24]).all()
    assert np.all(judged.verdict[0, 15 * 24 :] != VerdictCode.LEARNING)


def test_outage_right_after_learning_is_found() -> None:
    """Three hours of nothing in the third week are found."""
    shops = a_shop(seed=5, days=17, series=20)
    assert np.mean(found(at_zero(shops, 15 * 24 + 10, 6), a_watch(), 15 * 24 + 10, 7 * 24) <= 2) > 0.9


@pytest.mark.parametrize("before", [np.nan, 0.0])
def test_series_begins_with_its_first_value(before: float) -> None:
    """Weeks without a table, or with an empty one, are no history: what follows is judged as if they were not there."""
    shop = a_shop(seed=20, days=70, series=2)
    values = shop.values.copy()
    values[0, : 42 * 24] = before
    padded = judge(replace(shop, values=values, known=np.isfinite(values)), a_watch(), 24 * 20)
    alone = judge(shop.cut(slice(42 * 24, None)), a_watch(), 24 * 20)
    assert np.array_equal(padded.expected[0], alone.expected[0], equal_nan=True)
    assert np.array_equal(padded.verdict[0], alone.verdict[0])
    assert padded.verdict[0, 0] == VerdictCode.LEARNING != padded.verdict[1, 0]


def test_hard_bounds_hold_while_learning() -> None:
    """A value below `below` or above `above` is anomalous on the first day."""
    day = panel_of(np.array([[50.0, 150.0, 50.0, 900.0]]))
    judged = judge(day, a_watch(below=100.0, above=800.0), 4)
    assert judged.verdict.tolist() == [[1, 2, 1, 1]]
    assert judged.is_drop.tolist()[0][::2] == [True, True]
    assert not judged.is_drop[0, 3]


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("value", [0.0, 7.0])
@pytest.mark.parametrize("days", [0.1, 1, 7, 9, 30])
def test_dull_series_are_never_anomalous(kind: Kind, value: float, days: float) -> None:
    """A constant or empty series of any length brings neither a warning nor an anomaly."""
    panel = panel_of(np.full((2, int(days * 24)), value))
    for on in Direction:
        judged = judge(panel, a_watch(kind, on), min(48, len(panel.grid)))
        assert not np.any(judged.verdict == VerdictCode.ANOMALOUS)


def test_missing_buckets_are_missing_and_no_zeros() -> None:
    """An outage of the source is no outage of the shop."""
    shop = a_shop(seed=2, days=70)
    values = shop.values.copy()
    values[0, -6:] = np.nan
    judged = judge(replace(shop, values=values, known=np.isfinite(values)), a_watch(), 24)
    assert judged.verdict[0, -6:].tolist() == [3] * 6
    assert not np.any(judged.verdict[0, :-6] == VerdictCode.ANOMALOUS)
    assert np.isfinite(judged.expected[0, -6:]).all()


def test_closed_hours_are_neither_anomalous_nor_in_range() -> None:
    """A shop that sells from nine to five says nothing at night."""
    shop = a_shop(seed=4, days=70, series=10)
    hour = shop.grid.walls // 3600 % 24
    closed = (hour < 9) | (hour >= 17)
    values = np.where(closed, 0.0, shop.values)
    judged = judge(replace(shop, values=values), a_watch(), 24 * 14)
    night = closed[-24 * 14 :]
    assert not np.any(judged.verdict[:, night] == VerdictCode.ANOMALOUS)
    assert not judged.in_range[:, night].any()
    assert judged.in_range[:, ~night].mean() > 0.85


def test_holiday_like_a_sunday_is_no_anomaly() -> None:
    """On a public holiday a weekday may sell what a Sunday does; on any other day that is an outage."""
    shop = a_shop(seed=6, days=70, series=10)
    thursday = slice(66 * 24, 67 * 24)
    quiet = at_zero(shop, 66 * 24, 24, left=0.4)
    flags = np.zeros(len(shop.grid), bool)
    flags[thursday] = True
    as_ever = judge(quiet, a_watch(), 24 * 4).verdict[:, :24] == VerdictCode.ANOMALOUS
    assert as_ever.any(axis=1).all()
    assert episodes(judge(replace(quiet, is_holiday=flags), a_watch(), 24 * 4).verdict[:, :24]) <= 1


def test_giant_order_neither_alarms_nor_teaches() -> None:
    """One order of fifty times an hour's revenue changes the expectation of the next weeks by less than 3 %."""
    shop = a_shop(seed=8, days=70)
    values = shop.values.copy()
    values[0, -24 * 20 + 11] = 200_000.0
    with_it, without = (judge(replace(shop, values=v), a_watch(), 24 * 19) for v in (values, shop.values))
    assert np.max(np.abs(with_it.expected / without.expected - 1.0)) < 0.06
    assert np.median(np.abs(with_it.expected / without.expected - 1.0)) < 0.01
    assert episodes(with_it.verdict) <= episodes(without.verdict)


def test_past_incidents_do_not_teach() -> None:
    """What an owner's incident covers changes nothing, however deep it was."""
    shop = a_shop(seed=9, days=70)
    teaches = shop.teaches.copy()
    teaches[0, -24 * 14 : -24 * 11] = False
    half, none = (replace(at_zero(shop, 56 * 24, 72, left), teaches=teaches) for left in (0.5, 0.0))
    assert same(judge(half, a_watch(), 24 * 9), judge(none, a_watch(), 24 * 9)) or np.allclose(
        judge(half, a_watch(), 24 * 9).expected, judge(none, a_watch(), 24 * 9).expected, rtol=0.01
    )


def test_growth_is_followed() -> None:
    """A shop that grows by 3 % a week is expected within 4 % after ten weeks."""
    shop = a_shop(seed=10, days=77, series=20, sway=0.02)
    growth = 1.03 ** (np.arange(len(shop.grid)) / 168.0)
    judged = judge(replace(shop, values=shop.values * growth), a_watch(), 168)
    assert np.sum((shop.values * growth)[:, -168:]) / np.sum(judged.expected) == pytest.approx(1.0, abs=0.04)


def test_new_level_is_taken_after_some_days() -> None:
    """Half the volume for good is anomalous first, and expected three weeks later."""
    shop = a_shop(seed=12, days=91, series=10)
    shifted = at_zero(shop, 60 * 24, 31 * 24, left=0.5)
    assert np.all(found(shifted, a_watch(), 60 * 24 + 8, 31 * 24) < 12)
    late = judge(shifted, a_watch(), 7 * 24)
    assert np.sum(shifted.values[:, -168:]) / np.sum(late.expected) == pytest.approx(1.0, abs=0.15)


def test_daily_buckets_are_judged() -> None:
    """A day at 20 % of the usual is found on a grid of days, after four weeks of learning."""
    shop = a_shop(seed=13, days=120, series=20, every_s=DAY_S, orders=200.0)
    judged = judge(at_zero(shop, 117, 1, left=0.2), a_watch(), 120)
    assert np.all(judged.verdict[:, :27] == VerdictCode.LEARNING)
    assert np.mean(judged.verdict[:, 117] == VerdictCode.ANOMALOUS) > 0.85
    assert episodes(judged.verdict[:, 30:110]) <= 20 * 80 / 30.44 * 1.7


def test_five_minute_buckets_are_judged() -> None:
    """Half an hour of nothing is found on a grid of five minutes."""
    shop = a_shop(seed=14, days=28, series=4, every_s=300, orders=240.0)
    first = 26 * 288 + 144
    assert np.all(found(at_zero(shop, first, 12), a_watch(), first, 3 * 288) <= 6)


def test_clock_changes_are_no_anomaly() -> None:
    """In the weeks around both clock changes a shop that keeps its wall-clock rhythm stays normal."""
    for start in (datetime(2026, 1, 19, tzinfo=UTC), datetime(2026, 8, 17, tzinfo=UTC)):
        panel = panel_of(np.zeros((10, 24 * 77)), timezone="Europe/Berlin", start=start)
        hour, weekday = panel.grid.slot_of_day, panel.grid.weekday
        rng = np.random.default_rng(3)
        mean = 300.0 * (1.2 + np.sin(2 * np.pi * (hour - 9) / 24)) * (1.0 - 0.1 * (weekday >= 5))
        panel = replace(panel, values=rng.poisson(np.broadcast_to(mean, (10, 24 * 77))).astype(float))
        verdict = judge(panel, a_watch(Kind.COUNT), 24 * 14).verdict
        assert episodes(verdict) <= 6


def test_ratio_with_weights_is_judged() -> None:
    """A conversion of 3 % that halves is found within three hours; quiet nights are no false alarms."""
    shop = a_shop(seed=15, days=70, series=10, orders=4000.0, kind=Kind.COUNT)
    rng = np.random.default_rng(15)
    chance = np.where(np.arange(len(shop.grid)) >= NOON, 0.015, 0.03)
    bought = rng.binomial(shop.values.astype(int), chance)
    ratio = np.where(shop.values > 0, bought / np.maximum(shop.values, 1), np.nan)
    panel = replace(shop, values=ratio, known=np.isfinite(ratio), weights=shop.values)
    judged = judge(panel, a_watch(Kind.RATIO), 24 * 14)
    assert np.all(found(panel, a_watch(Kind.RATIO), NOON) <= 2)
    assert episodes(judged.verdict[:, : NOON - len(shop.grid)]) <= 10


def test_gauge_is_judged() -> None:
    """A price around 10 with a daily swing that falls by a quarter is found within three hours."""
    rng = np.random.default_rng(16)
    hour = np.arange(24 * 70)
    values = 10.0 + np.sin(2 * np.pi * hour / 24) + rng.normal(0.0, 0.4, (10, hour.size))
    values[:, NOON:] -= 2.5
    assert np.all(found(panel_of(values), a_watch(Kind.GAUGE), NOON) <= 2)
    assert episodes(judge(panel_of(values), a_watch(Kind.GAUGE), 24 * 14).verdict[:, : 24 * 9]) <= 8


def test_verdicts_are_causal() -> None:
    """Cutting the panel after a bucket leaves everything said before unchanged, to the last digit."""
    shop = at_zero(a_shop(seed=17, days=45, series=2), 40 * 24 + 9, 5)
    whole = judge(shop, a_watch(on=Direction.BOTH), len(shop.grid))
    for end in (20 * 24 + 5, 33 * 24, 40 * 24 + 11, 44 * 24 + 23):
        part = judge(shop.cut(slice(0, end)), a_watch(on=Direction.BOTH), end)
        for name in ("expected", "low", "high", "spread", "score", "verdict", "is_drop", "in_range"):
            assert np.array_equal(
                getattr(part, name),
                getattr(whole, name)[:, :end],
                equal_nan=name not in {"is_drop", "in_range", "verdict"},
            ), name


def test_how_many_are_judged_does_not_matter() -> None:
    """The newest bucket gets the same verdict alone and as the last of many."""
    shop = a_shop(seed=18, days=40)
    many, one = judge(shop, a_watch(), 300), judge(shop, a_watch(), 1)
    for name in ("expected", "low", "high", "spread", "score"):
        assert getattr(one, name)[0, 0] == getattr(many, name)[0, -1]


def test_monday_is_one() -> None:
    """The simulated series begin on a Monday, as their helper says."""
    assert MONDAY.weekday() == 0


def test_kept_walks_change_nothing() -> None:
    """Ticks that follow each other hour by hour, or day by day, say what a detector says that has just started."""
    shop = a_shop(seed=19, days=40)
    ticks = [range(end - 35 * 24, end) for end in (38 * 24 + 1, 38 * 24 + 2, 38 * 24 + 23, 39 * 24, 39 * 24 + 1)]
    panels = [shop.cut(slice(tick.start, tick.stop)) for tick in ticks]
    in_a_row = [judge(panel, a_watch(), 48) for panel in panels]
    kept.clear()
    assert same(in_a_row[-1], judge(panels[-1], a_watch(), 48))
    for panel, earlier in zip(panels, in_a_row, strict=True):
        kept.clear()
        assert same(earlier, judge(panel, a_watch(), 48))


def test_slow_loss_shows_in_short_buckets() -> None:
    """A quarter less for eight hours is found in two of three shops that are looked at every five minutes."""
    shop = a_shop(seed=5, days=42, series=20, orders=60.0, every_s=300, kind=Kind.COUNT, sway=0.03)
    at = 39 * 288 + 10 * 12
    assert np.mean(found(at_zero(shop, at, 96, left=0.75), a_watch(Kind.COUNT), at, 3 * 288) < 96) > 2 / 3
