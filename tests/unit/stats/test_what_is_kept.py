"""What a tick finds again of what an earlier one has walked through."""

from dataclasses import replace
from unittest.mock import patch

import numpy as np

from detector.stats import memory, together
from detector.stats.judge import Judgement, judge
from rhythms import a_shop, a_watch

WATCH = a_watch()


def test_members_of_two_metrics_have_the_same_names_and_are_kept_apart() -> None:
    """Revenue and orders by country: each finds its own walk at the next tick."""
    revenue, orders = (replace(a_shop(seed=seed, days=30, series=6), whose=f"shop/{seed}") for seed in (1, 2))
    assert revenue.series == orders.series
    for panel in (revenue, orders):
        judge(panel, WATCH, 3)
    with patch.object(memory, "ready_of", side_effect=AssertionError("walked again")):
        for panel in (revenue, orders):
            judge(panel, WATCH, 3)


def test_what_members_share_is_found_once_a_day() -> None:
    """Hours that come later in the day are no reason to look for it again, and change nothing of it."""
    panel = a_shop(seed=3, days=30, series=8)
    morning, noon = (panel.cut(slice(0, len(panel.grid) - 24 + hour)) for hour in (8, 12))
    together.forget_companies()
    judge(morning, WATCH, 3, together=True)
    with patch.object(together, "_found", side_effect=AssertionError("looked for again")):
        found = judge(noon, WATCH, 3, together=True)
    together.forget_companies()
    assert same(found, judge(noon, WATCH, 3, together=True))


def same(one: Judgement, other: Judgement) -> bool:
    return np.array_equal(one.score, other.score, equal_nan=True) and np.array_equal(
        one.expected, other.expected, equal_nan=True
    )
