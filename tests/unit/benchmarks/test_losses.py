"""Losses are told with an interval that holds nine true ones in ten, at first and once it is over."""

import numpy as np
import pytest

from benchmarks.losses import Case, Told, a_trade, cases_of
from detector.model.metric import Kind

SHOPS = 100


def is_inside(told: Told) -> bool:
    return told.loss.low <= told.true <= told.loss.high


def middle(told: list[Told]) -> float:
    return float(np.median([one.loss.amount / one.true for one in told]))


@pytest.mark.parametrize("kind", [Kind.REVENUE, Kind.COUNT])
def test_nine_true_losses_in_ten_are_inside(kind: Kind) -> None:
    """Of shops and outages of any size that are found; and half of what is told is too much, half too little."""
    cases: list[Case] = list(cases_of(a_trade(np.random.default_rng([41, kind is Kind.COUNT]), SHOPS, kind), kind))
    assert len(cases) > 0.5 * SHOPS
    assert 0.86 <= np.mean([is_inside(case.first) for case in cases]) <= 0.99
    assert 0.83 <= np.mean([is_inside(case.over) for case in cases]) <= 0.98
    assert 0.88 <= middle([case.first for case in cases]) <= 1.1
    assert 0.88 <= middle([case.over for case in cases]) <= 1.1


def test_what_a_fault_takes_and_leaves_is_the_trade() -> None:
    """Outside of it nothing is taken; all of it where it takes all; and what comes back was taken."""
    trade = a_trade(np.random.default_rng(5), 60, Kind.COUNT)
    at = np.arange(trade.came.shape[1])
    inside = (at + 1 > trade.begins[:, None]) & (at < trade.ends[:, None])
    assert not trade.taken[~inside].any()
    whole = (at >= trade.begins[:, None]) & (at + 1 <= trade.ends[:, None]) & (trade.part[:, None] == 1.0)
    assert whole.any()
    assert not trade.came[whole].any()
    assert (trade.returned.sum(axis=1) <= trade.taken.sum(axis=1)).all()
    assert trade.returned.any()
