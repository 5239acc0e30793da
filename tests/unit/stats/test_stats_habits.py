"""What a series teaches of itself: where it strays, how wide its range is, which of its days were incidents."""

from dataclasses import replace

import numpy as np
import pytest

from detector.stats.coverage import Reach
from detector.stats.days import days_of
from detector.stats.judge import VerdictCode, judge
from detector.stats.recent import Trust
from detector.stats.slots import Habits
from rhythms import a_shop, a_watch, at_zero, episodes, panel_of

DAYS = 70


def calmed(noise: np.ndarray) -> np.ndarray:
    """Deviations (days, slots, m) times the factors that the days before gave them."""
    days = days_of(panel_of(np.zeros((1, DAYS * 24))))
    habits, found = Habits(1, 24, noise.shape[2]), []
    for day, here in zip(days, noise, strict=True):
        found.append(here * habits.factors(day)[0])
        habits.learn(day, here[None], np.ones(here.shape, dtype=bool))
    return np.stack(found)


def test_restless_slot_counts_less() -> None:
    """An hour that strays three times as far as the others of its week is heard little more than half as loud."""
    noise = np.random.default_rng(1).standard_normal((DAYS, 24, 20))
    noise[:, 7] *= 3.0
    calm = calmed(noise)[-14:]
    assert np.std(calm[:, 7]) < 1.7 * np.std(np.delete(calm, 7, axis=1))


def test_incidents_make_no_slot_restless() -> None:
    """One absurd day in ten weeks makes the hours in which it fell at most a third less heard."""
    noise = np.random.default_rng(2).standard_normal((DAYS, 24, 20))
    before = calmed(noise)[-1]
    noise[40, 9:15] = 50.0
    assert np.min(np.abs(calmed(noise)[-1] / before)) > 0.66


@pytest.mark.parametrize("heavy", [3.0, 30.0])
def test_range_comes_to_hold_99_of_100(heavy: float) -> None:
    """Whatever the law of the noise, one in a hundred lies outside after some weeks."""
    deviates = np.random.default_rng(3).standard_t(heavy, (200, 24, 40))
    reach, outside = Reach(40), []
    for day in deviates:
        below, above = day < -reach.down, day > reach.up
        outside.append(below | above)
        reach.learn(below, above, np.ones(day.shape, dtype=bool))
    assert 0.007 < np.mean(outside[60:]) < 0.015


def test_memory_is_believed_as_far_as_it_came_true() -> None:
    """A memory that told half of each error is trusted by half, one that told nothing not at all."""
    rng, trust = np.random.default_rng(4), Trust(1, 1)
    for _ in range(DAYS):
        useful, idle = rng.standard_normal((2, 1, 24, 1))
        gap = 0.5 * useful + 0.3 * rng.standard_normal((1, 24, 1))
        trust.learn((useful, idle), gap, np.ones(gap.shape), np.ones((24, 1), dtype=bool))
    believed, doubted = trust.weights()
    assert believed[0, 0] == pytest.approx(0.5, abs=0.05)
    assert doubted[0, 0] == pytest.approx(0.0, abs=0.05)


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
