"""What segments held, and what they were expected to hold."""

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.linking.levels import MOST_LEVELS, find_levels, gathered, summed
from detector.model.incident import Level, Noise
from detector.model.rows import SegmentRows

QUIET = Noise(dispersion=4.0, wander=0.05)


def rows(values: Mapping[str, float], weights: Mapping[str, float] | None = None) -> SegmentRows:
    """One hour of each segment."""
    table = np.array(list(values.values()), dtype=np.float64)[:, None]
    trials = None if weights is None else np.array([weights[name] for name in values])[:, None]
    return SegmentRows("country", tuple(values), np.array([0]), table, trials)


WEEKS = [rows({"DE": 600.0 * k, "FR": 300.0 * k, "AT": 100.0 * k}) for k in (0.9, 1.0, 1.1, 1.0)]


def test_a_segment_is_expected_to_hold_its_usual_share_of_what_is_expected_today() -> None:
    """It is a day for twice as much: each country for twice its own."""
    levels = find_levels(rows({"AT": 190.0, "DE": 0.0, "FR": 610.0}), WEEKS, 2000.0, QUIET)
    assert [(one.name, one.value) for one in levels] == [("DE", 0.0), ("FR", 610.0), ("AT", 190.0)]
    assert [one.expected for one in levels] == pytest.approx([1200.0, 600.0, 200.0])
    assert [one.expected for one in find_levels(WEEKS[0], WEEKS, None, QUIET)] == pytest.approx([600.0, 300.0, 100.0])


def test_the_spread_is_that_of_the_metric_or_that_of_the_weeks() -> None:
    """Chance and slow error, with that of the expectation; weeks that scatter more count instead."""
    (germany, *_) = find_levels(WEEKS[0], WEEKS, None, QUIET)
    assert germany.spread == pytest.approx((4.0 * 1.25 * 600.0 + 2.0 * (0.05 * 600.0) ** 2) ** 0.5)
    odd = [rows({"DE": 600.0 + k, "FR": 300.0 - k, "AT": 100.0}) for k in (-200.0, -90.0, 100.0, 180.0)]
    (wilder, *_) = find_levels(odd[0], odd, None, QUIET)
    assert wilder.spread > 1.5 * germany.spread
    assert find_levels(odd[0], odd, None, None)[0].spread > 0
    assert find_levels(WEEKS[0], WEEKS[:1], None, None) == ()


def test_a_ratio_is_told_by_what_adds_up() -> None:
    """Of so many visits today so many should have bought, by each country's own usual rate."""
    trials = {"DE": 1000.0, "FR": 200.0}
    weeks = [rows({"DE": 0.04, "FR": 0.02}, {"DE": 3000.0 * k, "FR": 500.0}) for k in (1.0, 2.0, 3.0)]
    levels = find_levels(rows({"DE": 0.01, "FR": 0.02}, trials), weeks, 44.0 / 1200.0, QUIET)
    assert [one.value for one in levels] == pytest.approx([10.0, 4.0])
    assert [one.expected for one in levels] == pytest.approx([40.0, 4.0])


def test_nothing_is_said_without_earlier_weeks() -> None:
    """Neither of a segment that nobody has seen before, nor of empty weeks."""
    assert find_levels(rows({"DE": 3.0}), [], 10.0, QUIET) == ()
    assert find_levels(rows({"DE": 3.0}), [rows({"DE": 0.0})] * 4, 10.0, QUIET) == ()
    assert [one.name for one in find_levels(rows({"XX": 9.0, "DE": 1.0}), WEEKS, 10.0, QUIET)] == ["DE", "FR", "AT"]


def test_many_segments_are_kept_as_the_largest_the_most_hit_and_a_rest() -> None:
    """All of it is still there, and a small one that died is told by name."""
    levels = [Level(f"c{n:03}", 1000.0 - n, 1000.0 - n, 10.0) for n in range(200)]
    levels[150] = Level("c150", 0.0, 850.0, 10.0)
    kept, rest = gathered(levels, None)
    assert len(kept) == MOST_LEVELS
    assert "c150" in {one.name for one in kept}
    assert rest is not None
    assert rest.expected + sum(one.expected for one in kept) == pytest.approx(sum(one.expected for one in levels))
    assert rest.spread == pytest.approx(10.0 * 170.0**0.5)
    assert gathered(levels[:10], None) == (tuple(levels[:10]), None)
    assert summed([]) is None


counts = st.lists(st.integers(0, 400), min_size=4, max_size=4)


@given(counts, st.lists(counts, max_size=4), st.permutations(range(4)))
def test_levels_do_not_depend_on_order(now: list[int], weeks: list[list[int]], order: list[int]) -> None:
    """Shuffled segments and reversed weeks change no digit."""
    names = ("DE", "FR", "AT", "CH")

    def told(values: list[int], by: list[int]) -> SegmentRows:
        return rows({names[i]: float(values[i]) for i in by})

    straight = [0, 1, 2, 3]
    plain = find_levels(told(now, straight), [told(week, straight) for week in weeks], 100.0, QUIET)
    other = find_levels(told(now, order), [told(week, order[::-1]) for week in weeks[::-1]], 100.0, QUIET)
    assert other == plain
