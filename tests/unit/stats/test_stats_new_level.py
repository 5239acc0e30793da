"""A level that is known to be new is taken at once, and nothing but the level."""

from dataclasses import replace

import numpy as np
import pytest

from detector.model.metric import Direction, Kind
from detector.model.panel import Bools, Floats, Panel
from detector.stats.judge import VerdictCode, judge
from rhythms import a_watch, at_zero
from varied import Rhythm, a_grid, simulated, with_values

DAYS, STEP, SERIES = 80, 70 * 24 + 14, 12
MIDNIGHT = 71 * 24
"""The first one after the step."""


def shops_of(kind: Kind, orders: float = 100.0) -> Panel:
    orders = orders * (10.0 if kind is Kind.RATIO else 1.0)
    return simulated(kind, a_grid(days=DAYS), seed=5, series=SERIES, rhythm=Rhythm(orders))


def stepped(kind: Kind, factor: float, orders: float = 100.0) -> Panel:
    """In the afternoon of a day all series come to another level."""
    shops = shops_of(kind, orders)
    if kind is Kind.GAUGE:
        is_down = np.arange(DAYS * 24) >= STEP
        return with_values(shops, np.where(is_down, shops.values + 10 * (factor - 1), shops.values))
    return replace(at_zero(shops, STEP, DAYS * 24 - STEP, left=factor), weights=None)


def said(panel: Panel, *steps: int) -> Panel:
    """The same, with new levels from some buckets on."""
    begun: Bools = np.zeros(panel.values.shape, dtype=bool)
    begun[:, list(steps)] = True
    return replace(panel, begins_level=begun)


def off(panel: Panel, kind: Kind, first: int) -> Floats:
    """What is expected over what comes, for each series, from a bucket on."""
    found = judge(panel, a_watch(kind, Direction.BOTH), len(panel.grid) - first)
    ratio: Floats = np.nansum(found.expected, axis=1) / np.nansum(panel.values[:, first:], axis=1)
    return ratio


@pytest.mark.parametrize("factor", [0.3, 0.6, 1.4])
@pytest.mark.parametrize("kind", list(Kind))
def test_it_is_expected_from_the_next_midnight_on(kind: Kind, factor: float) -> None:
    """Ten hours of it are enough; and it is no anomaly any more."""
    panel = said(stepped(kind, factor), STEP)
    assert np.median(off(panel.cut(slice(0, MIDNIGHT + 24)), kind, MIDNIGHT)) == pytest.approx(1.0, abs=0.06)
    verdict = judge(panel, a_watch(kind, Direction.BOTH), len(panel.grid) - MIDNIGHT).verdict
    days = (verdict == VerdictCode.ANOMALOUS).reshape(SERIES, -1, 24).any(axis=2)
    assert days.mean() < 0.12
    unsaid = judge(stepped(kind, factor), a_watch(kind, Direction.BOTH), len(panel.grid) - MIDNIGHT).verdict
    assert (unsaid[:, :24] == VerdictCode.ANOMALOUS).any(axis=1).mean() > 0.9


@pytest.mark.parametrize("kind", list(Kind))
def test_where_nothing_has_moved_it_says_nothing(kind: Kind) -> None:
    """A word too many: what chance could have done moves no level by more than it."""
    shops = shops_of(kind)
    one, other = off(shops, kind, MIDNIGHT), off(said(shops, STEP), kind, MIDNIGHT)
    assert np.abs(other / one - 1.0).max() < 0.04


def test_before_it_nothing_changes() -> None:
    """No verdict, range or score of an earlier bucket, nor of the day on which it began."""
    panel = stepped(Kind.COUNT, 0.5)
    one, other = (judge(each.cut(slice(0, MIDNIGHT)), a_watch(Kind.COUNT), 200) for each in (panel, said(panel, STEP)))
    for name in ("verdict", "expected", "low", "high", "score"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_of_a_few_series_each_has_its_own_word() -> None:
    """Beside those whose level is new the others are judged as if they were alone."""
    panel = stepped(Kind.COUNT, 0.5)
    begun = np.zeros(panel.values.shape, dtype=bool)
    begun[::2, STEP] = True
    mixed = judge(replace(panel, begins_level=begun), a_watch(Kind.COUNT), 48)
    with_it, without = judge(said(panel, STEP), a_watch(Kind.COUNT), 48), judge(panel, a_watch(Kind.COUNT), 48)
    np.testing.assert_array_equal(mixed.expected[::2], with_it.expected[::2])
    np.testing.assert_array_equal(mixed.expected[1::2], without.expected[1::2])


def test_a_second_level_replaces_the_first() -> None:
    """Two changes of price within a week: the newest holds."""
    panel = stepped(Kind.COUNT, 0.5)
    later = STEP + 3 * 24
    values = np.where(np.arange(DAYS * 24) >= later, panel.values * 1.8, panel.values)
    twice = said(with_values(panel, values), STEP, later)
    assert np.median(off(twice, Kind.COUNT, later + 24)) == pytest.approx(1.0, abs=0.05)


def test_what_came_to_nothing_keeps_its_profile() -> None:
    """Nothing is expected any more; and where it comes back, its days are known as they were after a week."""
    dead = at_zero(shops_of(Kind.COUNT), STEP, DAYS * 24 - STEP)
    found = judge(said(dead, STEP), a_watch(Kind.COUNT), 24)
    usual = judge(shops_of(Kind.COUNT), a_watch(Kind.COUNT), 24)
    assert np.nanmax(found.expected) < 0.05 * np.nanmax(usual.expected)
    assert not (found.verdict == VerdictCode.ANOMALOUS).any()


def test_few_sales_say_little() -> None:
    """A closed night after the step is no proof that nothing is left: the old level stays until something is known."""
    thin = said(stepped(Kind.COUNT, 0.6, orders=1.0), STEP + 8)  # 22:00
    near = off(thin.cut(slice(0, MIDNIGHT + 24)), Kind.COUNT, MIDNIGHT)
    assert np.median(near) > 1.0
