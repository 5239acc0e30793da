"""What an anomaly cost."""

from datetime import UTC, datetime, timedelta
from math import inf, nan

import pytest

from detector.model.metric import Kind
from detector.model.span import Span
from detector.model.verdict import Outcome, OutcomeKind
from detector.stats.loss import find_loss

EIGHT = datetime(2026, 3, 10, 7, tzinfo=UTC)


def bucket(
    at: int, value: float | None, expected: float | None = 4000.0, weight: float | None = None, minutes: int = 60
) -> Outcome:
    length = timedelta(minutes=minutes)
    return Outcome(
        metric="checkout/revenue",
        span=Span(EIGHT + at * length, EIGHT + (at + 1) * length),
        kind=OutcomeKind.ANOMALOUS,
        judged_at=EIGHT + (at + 2) * length,
        value=value,
        weight=weight,
        expected=expected,
        spread=None if expected is None else 0.1 * expected,
    )


def test_empty_hour_costs_what_was_expected() -> None:
    """4,000 expected, sd 400 and nothing there: 4,000, between 3,342 and 4,658."""
    loss = find_loss([bucket(0, 0.0)], Kind.REVENUE, is_drop=True)
    assert loss.amount == loss.per_hour == 4000.0
    assert (loss.low, loss.high) == pytest.approx((3342.1, 4657.9), abs=0.1)


def test_errors_of_neighbours_add_up_more_than_independent_ones() -> None:
    """The interval of four hours is wider than twice that of one hour, and narrower than four times."""
    one = find_loss([bucket(0, 0.0)], Kind.REVENUE, is_drop=True)
    four = find_loss([bucket(at, 0.0) for at in range(4)], Kind.REVENUE, is_drop=True)
    ratio = (four.high - four.low) / (one.high - one.low)
    assert 2.0 < ratio < 4.0
    assert four.amount == 16_000.0


def test_correlation_is_counted_over_all_pairs() -> None:
    """The one pass gives what the sum over all pairs of buckets gives."""
    buckets = [bucket(at, 0.0, 1000.0 + 500.0 * at) for at in range(6)]
    spreads = [100.0 + 50.0 * at for at in range(6)]
    variance = sum(
        one * other * (1.0 if i == k else 0.35 * 0.8 ** (abs(i - k) - 1))
        for i, one in enumerate(spreads)
        for k, other in enumerate(spreads)
    )
    loss = find_loss(buckets, Kind.REVENUE, is_drop=True)
    assert (loss.high - loss.low) / 2 == pytest.approx(1.6448536 * variance**0.5)


def test_missing_buckets_do_not_count() -> None:
    """A bucket without value or expectation adds nothing, and the newest known one gives the rate."""
    loss = find_loss([bucket(0, 1000.0), bucket(1, None), bucket(2, 0.0, None)], Kind.REVENUE, is_drop=True)
    assert loss.amount == loss.per_hour == 3000.0


def test_rise_counts_what_is_too_much() -> None:
    """Of a rise the surplus is the loss."""
    assert find_loss([bucket(0, 9000.0)], Kind.COUNT, is_drop=False).amount == 5000.0


def test_ratio_is_counted_in_its_numerator() -> None:
    """A conversion of 1 instead of 3 % of 5,000 visits misses 100 orders; without weights it misses 0.02."""
    assert find_loss([bucket(0, 0.01, 0.03, 5000.0)], Kind.RATIO, is_drop=True).amount == pytest.approx(100.0)
    assert find_loss([bucket(0, 0.01, 0.03)], Kind.RATIO, is_drop=True).amount == pytest.approx(0.02)


def test_rate_is_per_hour_whatever_the_bucket() -> None:
    """Ten missing in a quarter of an hour are forty an hour."""
    assert find_loss([bucket(0, 90.0, 100.0, minutes=15)], Kind.COUNT, is_drop=True).per_hour == 40.0


def test_what_is_missing_is_never_below_nothing() -> None:
    """A small loss with a large error starts at 0."""
    loss = find_loss([bucket(0, 3900.0)], Kind.REVENUE, is_drop=True)
    assert loss.low == 0.0
    assert loss.high > 700.0


def test_nothing_known_costs_nothing() -> None:
    """No bucket with value and expectation: all zeros."""
    loss = find_loss([bucket(0, None)], Kind.REVENUE, is_drop=True)
    assert (loss.amount, loss.low, loss.high, loss.per_hour) == (0.0, 0.0, 0.0, 0.0)


def test_what_was_bought_right_after_it_came_back() -> None:
    """Two hours with 1,500 more than usual, sd 400 each: 3,000 of 8,000; never more than was lost."""
    during, after = [bucket(0, 0.0), bucket(1, 0.0)], [bucket(2, 5500.0), bucket(3, 5500.0)]
    assert find_loss(during, Kind.REVENUE, True, after).came_back == 3000.0
    assert find_loss([bucket(0, 3000.0)], Kind.REVENUE, True, after).came_back == 1000.0


def test_a_good_hour_is_no_return() -> None:
    """200 more than usual is within the noise, and says nothing; neither does more of what rose too much."""
    assert find_loss([bucket(0, 0.0)], Kind.REVENUE, True, [bucket(1, 4200.0)]).came_back == 0.0
    assert find_loss([bucket(0, 9000.0)], Kind.REVENUE, False, [bucket(1, 9000.0)]).came_back == 0.0


@pytest.mark.parametrize("value", [inf, nan])
def test_what_is_no_number_counts_for_nothing(value: float) -> None:
    """Neither in the anomaly nor after it, where infinity would have made up for everything."""
    one = find_loss([bucket(0, 0.0), bucket(1, value)], Kind.REVENUE, True, [bucket(2, value)])
    assert (one.amount, one.per_hour, one.came_back) == (4000.0, 4000.0, 0.0)


def test_what_may_have_gone_before_reaches_up_only() -> None:
    """Half of an hour of 3,000 may have lost what the next one did, all: 1,500 beside 658 of noise, by squares."""
    alone = find_loss([bucket(0, 0.0)], Kind.REVENUE, is_drop=True)
    loss = find_loss([bucket(0, 0.0)], Kind.REVENUE, True, beside=[(bucket(-1, 2800.0, 3000.0), 0.5)])
    assert (loss.amount, loss.low) == (alone.amount, alone.low)
    assert loss.high == pytest.approx(4000.0 + (1500.0**2 + 657.9**2) ** 0.5, abs=0.1)


def test_what_may_have_gone_before_is_of_the_same_depth() -> None:
    """Where half is missing half of what was usual before may be; a level falls as far in any bucket."""
    half = find_loss([bucket(0, 2000.0)], Kind.COUNT, True, beside=[(bucket(-1, 900.0, 1000.0), 1.0)])
    assert half.high == pytest.approx(2000.0 + (500.0**2 + 657.9**2) ** 0.5, abs=0.1)
    level = find_loss([bucket(0, 10.0, 30.0)], Kind.GAUGE, True, beside=[(bucket(-1, -5.0, -2.0), 0.25)])
    assert level.high == pytest.approx(20.0 + (5.0**2 + 4.93**2) ** 0.5, abs=0.1)


def test_nothing_known_before_adds_nothing() -> None:
    """Neither a bucket without a value, nor what stands beside nothing missing."""
    alone = find_loss([bucket(0, 0.0)], Kind.REVENUE, is_drop=True)
    assert find_loss([bucket(0, 0.0)], Kind.REVENUE, True, beside=[(bucket(-1, None), 1.0)]) == alone
    none = find_loss([bucket(0, 4100.0)], Kind.REVENUE, is_drop=True)
    assert find_loss([bucket(0, 4100.0)], Kind.REVENUE, True, beside=[(bucket(-1, 4000.0), 1.0)]) == none
