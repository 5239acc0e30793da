"""Numbers as people say them."""

import math
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.alerting.numbers import Measure, chance, duration, measure_of
from detector.model.metric import Kind

EUR, USD, CHF = (Measure(Kind.REVENUE, unit) for unit in ("EUR", "USD", "CHF"))
COUNT, ORDERS = Measure(Kind.COUNT, ""), Measure(Kind.COUNT, "orders")
RATIO, GAUGE = Measure(Kind.RATIO, "%"), Measure(Kind.GAUGE, "ms")

NUMBERS = st.one_of(st.floats(allow_nan=True, allow_infinity=True), st.floats(-1e6, 1e6), st.just(0.0))
MEASURES = st.sampled_from([EUR, USD, CHF, COUNT, ORDERS, RATIO, GAUGE])


@pytest.mark.parametrize(
    ("measure", "value", "against", "words"),
    [
        (EUR, 0.0, 4000.0, "0 €"),
        (EUR, 3947.4, 4000.0, "3,947 €"),
        (EUR, 12.5, 400.0, "12.50 €"),
        (EUR, -20.0, 400.0, "-20 €"),
        (USD, 5230.4, 698.0, "$5,230"),
        (USD, -12.5, 698.0, "-$12.50"),
        (CHF, 61203.0, 9e4, "61,203 CHF"),
        (COUNT, 1234567.0, 9.0, "1,234,567"),
        (ORDERS, 3.0, 118.0, "3 orders"),
        (RATIO, 0.1234, 0.9312, "12 %"),
        (RATIO, 0.992, 0.9995, "99.2 %"),
        (GAUGE, 943.6, 121.3, "944 ms"),
        (GAUGE, 0.034, 0.08, "0.034 ms"),
        (EUR, math.nan, 1.0, "?"),
    ],
)
def test_what_was_measured_is_written_out(measure: Measure, value: float, against: float, words: str) -> None:
    """Money and counts in full; shares and levels as finely as the difference needs."""
    assert measure.exact(value, against) == words


@pytest.mark.parametrize(
    ("measure", "value", "against", "words"),
    [
        (EUR, 4012.37, 0.0, "about 4,000 €"),
        (EUR, 4049.0, 3980.0, "about 4,050 €"),
        (EUR, 3.47, 0.0, "about 3.50 €"),
        (USD, 698.0, 5230.0, "about $700"),
        (COUNT, 118.0, 3.0, "about 120"),
        (RATIO, 0.9312, 0.1234, "about 93 %"),
        (RATIO, 0.9995, 0.992, "about 100 %"),
        (EUR, 0.0, 10.0, "about 0 €"),
        (EUR, math.inf, 10.0, "?"),
    ],
)
def test_what_was_estimated_is_rounded(measure: Measure, value: float, against: float, words: str) -> None:
    """Two significant digits, unless what it is compared with is nearer than that."""
    assert measure.about(value, against) == words


@pytest.mark.parametrize(
    ("measure", "low", "high", "amount", "words"),
    [
        (EUR, 3187.0, 4876.0, 4012.0, "3,200 to 4,900 €"),
        (USD, 4100.0, 5010.0, 4532.0, "$4,100 to $5,000"),
        (COUNT, 92.0, 140.0, 115.0, "90 to 140"),
        (EUR, 3960.0, 4040.0, 4012.0, "4,000 to 4,000 €"),
        (EUR, -150.0, 900.0, 410.0, "-150 to 900 €"),
        (EUR, 0.0, 900.0, 0.0, "0 to 900 €"),
    ],
)
def test_an_interval_is_rounded_like_its_amount(
    measure: Measure, low: float, high: float, amount: float, words: str
) -> None:
    """The same step for both ends."""
    assert measure.between(low, high, amount) == words


@given(st.floats(0.01, 1e9), st.floats(0.0, 1.0), st.floats(1.0, 3.0))
def test_an_interval_holds_its_amount_as_written(amount: float, below: float, above: float) -> None:
    """After rounding, too, the amount lies in its interval."""
    low, high = Measure(Kind.COUNT, "").between(amount * below, amount * above, amount).split(" to ")
    written = Measure(Kind.COUNT, "").about(amount, 0.0).removeprefix("about ")
    assert number(low) <= number(written) <= number(high)


def number(text: str) -> float:
    return float(text.replace(",", ""))


@pytest.mark.parametrize(
    ("measure", "value", "expected", "words"),
    [
        (EUR, 0.0, 4012.0, "-100 %"),
        (EUR, 3.0, 4012.0, "-99.9 %"),
        (EUR, 0.01, 4012.0, "-99.9 %"),
        (EUR, 310.0, 12411.0, "-98 %"),
        (USD, 5230.4, 698.0, "+649 %"),
        (COUNT, 900.0, 3.0, "+29,900 %"),
        (COUNT, 5.0, 0.0, "from 0"),
        (RATIO, 0.1234, 0.9312, "-81 points"),
        (RATIO, 0.992, 0.9995, "-0.75 points"),
        (EUR, math.nan, 4012.0, "?"),
    ],
)
def test_a_change_is_relative(measure: Measure, value: float, expected: float, words: str) -> None:
    """In percent, in points for shares; -100 % only where nothing is left."""
    assert measure.change(value, expected) == words


@given(MEASURES, NUMBERS, NUMBERS, NUMBERS)
def test_no_number_stops_a_message(measure: Measure, one: float, two: float, three: float) -> None:
    """Whatever floats may come, words come out."""
    for words in (measure.exact(one, two), measure.about(one, two), measure.change(one, two)):
        assert words
        assert len(words) < 60
    assert measure.between(one, two, three)
    assert chance(one)


@pytest.mark.parametrize(
    ("probability", "words"),
    [(0.86, "86 %"), (0.0, "0 %"), (1.0, "100 %"), (0.001, "under 1 %"), (0.9999, "over 99 %"), (math.nan, "?")],
)
def test_a_chance_is_certain_only_if_it_is(probability: float, words: str) -> None:
    """Whole percent; 0 and 100 are not rounded to."""
    assert chance(probability) == words


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (0, "less than a minute"),
        (8, "8 min"),
        (60, "1 h"),
        (95, "1 h 35 min"),
        (425, "7 h"),
        (2879, "48 h"),
        (4321, "3 days"),
    ],
)
def test_a_duration_is_as_fine_as_it_helps(minutes: int, words: str) -> None:
    """Minutes, then hours, then days."""
    assert duration(timedelta(minutes=minutes)) == words


def test_a_metric_that_is_gone_is_a_bare_count() -> None:
    """Nobody knows its unit any more."""
    assert measure_of(None) == Measure(Kind.COUNT, "")
