"""What a series teaches of itself: where it strays, how wide its range is, which of its days were incidents."""

from dataclasses import replace

import numpy as np
import pytest

from detector.model.metric import Kind
from detector.stats.coverage import deviates_of, reaches
from detector.stats.judge import VerdictCode, judge
from detector.stats.layout import layout_of
from detector.stats.recent import come_true
from detector.stats.slots import steadied
from rhythms import a_shop, a_watch, at_zero, episodes, panel_of

DAYS = 70


def test_restless_slot_counts_less() -> None:
    """An hour that strays three times as far as the others of its week is heard half as loud, or less."""
    layout = layout_of(panel_of(np.zeros((20, DAYS * 24))).grid)
    noise = np.random.default_rng(1).standard_normal((1, 20, DAYS * 24))
    restless = layout.slot == 7
    noise[..., restless] *= 3.0
    calm = steadied(noise, np.ones(noise.shape[1:], dtype=bool), layout)[..., -14 * 24 :]
    there = restless[-14 * 24 :]
    assert np.std(calm[..., there]) < 1.5 * np.std(calm[..., ~there])


def test_incidents_make_no_slot_restless() -> None:
    """One absurd day in ten weeks makes the hours in which it fell at most a third less heard."""
    layout = layout_of(panel_of(np.zeros((20, DAYS * 24))).grid)
    noise = np.random.default_rng(2).standard_normal((1, 20, DAYS * 24))
    usable = np.ones(noise.shape[1:], dtype=bool)
    before = steadied(noise, usable, layout)[..., -24:]
    noise[..., 40 * 24 + 9 : 40 * 24 + 15] = 50.0
    after = steadied(noise, usable, layout)[..., -24:]
    assert np.min(np.abs(after / before)) > 0.66


@pytest.mark.parametrize("heavy", [3.0, 30.0])
def test_range_comes_to_hold_99_of_100(heavy: float) -> None:
    """Whatever the law of the noise, one in a hundred lies outside after some weeks."""
    layout = layout_of(panel_of(np.zeros((40, 200 * 24))).grid)
    deviates = np.random.default_rng(3).standard_t(heavy, (40, 200 * 24))
    down, up = (layout.spread_out(side) for side in reaches(deviates, np.ones(deviates.shape, dtype=bool), layout))
    late = slice(60 * 24, None)
    outside = ((deviates < -down) | (deviates > up))[:, late]
    assert 0.007 < outside.mean() < 0.015


def test_deviates_undo_the_law_of_the_range() -> None:
    """A value in the middle of its law is 0, amounts and gauges alike; where nothing varies all are 0."""
    mean, variance = np.array([[50.0, 50.0]]), np.array([[25.0, 0.0]])
    middle = mean * (1.0 - 25.0 / (9.0 * 2500.0)) ** 3
    assert deviates_of(middle, mean, variance, Kind.REVENUE) == pytest.approx(np.zeros((1, 2)), abs=1e-12)
    assert deviates_of(mean + 5.0, mean, variance, Kind.GAUGE).tolist() == [[1.0, 0.0]]


def test_memory_is_believed_as_far_as_it_came_true() -> None:
    """A memory that told half of each error is trusted by half, one that told nothing not at all."""
    panel = panel_of(np.zeros((1, DAYS * 24)))
    rng = np.random.default_rng(4)
    useful, idle = rng.standard_normal((2, 1, DAYS * 24))
    gap = 0.5 * useful + 0.3 * rng.standard_normal((1, DAYS * 24))
    usable = np.ones(gap.shape, dtype=bool)
    said = come_true((useful, idle), gap, np.ones(gap.shape), usable, layout_of(panel.grid))[:, -24:]
    assert said == pytest.approx(0.5 * useful[:, -24:], abs=0.15)


def test_earlier_incidents_do_not_deafen() -> None:
    """After an outage every ten days half an outage scores nearly what it scores in shops without any."""
    shop = a_shop(seed=9, days=DAYS, series=20)
    broken = shop
    for day in (25, 35, 45, 55):
        broken = at_zero(broken, day * 24 + 10, 6)
    at = 66 * 24 + 11
    one, other = (judge(at_zero(panel, at, 4, left=0.5), a_watch(), 24 * 7) for panel in (shop, broken))
    first = at - DAYS * 24
    best = [np.median(judged.score[:, first : first + 3].max(axis=1)) for judged in (one, other)]
    assert best[1] > 0.6 * best[0]


def test_unsettled_day_needs_more() -> None:
    """A day that sells 35 % less is an anomaly on most days, and none beside a holiday; an outage is one on both."""
    shop = a_shop(seed=10, days=DAYS, series=20)
    flags = np.zeros(len(shop.grid), dtype=bool)
    flags[66 * 24 : 67 * 24] = True
    found = []
    for left in (0.65, 0.0):
        less = at_zero(shop, 66 * 24 + 8, 10, left=left)
        for panel in (less, replace(less, is_unsettled=flags)):
            verdict = judge(panel, a_watch(), 24 * 4).verdict[:, :24] == VerdictCode.ANOMALOUS
            found.append(float(verdict.any(axis=1).mean()))
    usual, doubtful, outage, doubtful_outage = found
    assert doubtful < 0.3
    assert usual > 0.7
    assert outage == doubtful_outage == 1.0


def test_slot_that_may_be_empty_by_chance_is_not_closed() -> None:
    """A sparse hour that was empty for eight weeks mostly expects a little; one amid busy ones is closed."""
    sparse = a_shop(seed=12, days=DAYS, series=20, orders=0.15, sway=0.0)
    assert np.mean(judge(sparse, a_watch(), 24).expected[:, 8:22] > 0) > 0.8
    hour = sparse.grid.slot_of_day
    busy = a_shop(seed=12, days=DAYS, series=20)
    shut = replace(busy, values=np.where((hour >= 1) & (hour < 5), 0.0, busy.values))
    assert np.all(judge(shut, a_watch(), 24).expected[:, 1:5] == 0)


def test_first_weeks_after_learning_keep_the_promise() -> None:
    """From the third to the sixth week there are no more false alarms than were asked for, give or take a half."""
    shop = a_shop(seed=14, days=42, series=60)
    verdict = judge(shop, a_watch(), 28 * 24).verdict
    assert episodes(verdict) <= 1.5 * 60 * 28 / 30.4
