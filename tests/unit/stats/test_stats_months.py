"""The season of the day of the month is found where there is one, and only there."""

from datetime import UTC, date, datetime

import numpy as np
import pytest

from detector.model.grid import HOUR_S
from detector.model.metric import Kind
from detector.model.panel import Floats
from detector.stats.judge import VerdictCode, judge
from detector.stats.months import classes_of, find_month
from rhythms import a_shop, a_watch
from varied import differing, with_values

FIRST = (date(2025, 1, 14) - date(1970, 1, 1)).days


def noise(shape: str, days: int, series: int) -> Floats:
    """What days hold beyond what was expected, without any season; some are unknown."""
    rng = np.random.default_rng(7)
    match shape:
        case "white":
            values = rng.normal(0.0, 0.2, (days, series))
        case "heavy tails":
            values = 0.15 * rng.standard_t(3, (days, series))
        case "skewed":
            values = rng.gamma(0.5, 2.0, (days, series)) - 1.0
        case _:
            values = np.zeros((days, series))
            for day in range(1, days):
                values[day] = 0.7 * values[day - 1] + rng.normal(0.0, 0.15, series)
    return np.where(rng.random(values.shape) < 0.05, np.nan, np.clip(values, -1.0, 3.0))


def found(beyond: Floats) -> tuple[np.ndarray, Floats]:
    """Which series have the season, and the factors of all days."""
    days = np.arange(FIRST, FIRST + beyond.shape[0])
    factors, classes = find_month(days, beyond), classes_of(days)
    return (factors != 1.0).any(axis=(0, 1)), factors[0, classes[0]] * factors[1, classes[1]]


@pytest.mark.parametrize("shape", ["white", "autocorrelated", "heavy tails", "skewed"])
@pytest.mark.parametrize("days", [91, 365])
def test_noise_has_no_month(shape: str, days: int) -> None:
    """At most one series of twenty is said to have one; bad weeks and giant orders are none."""
    assert found(noise(shape, days, 600))[0].mean() < 0.05


def test_invoices_on_the_last_of_the_month_are_counted_from_its_end() -> None:
    """Whether it has 28 days or 31."""
    beyond = noise("white", 200, 20)
    is_last = classes_of(np.arange(FIRST, FIRST + 200))[1] == 30
    has, factors = found(np.where(is_last[:, None], beyond + 1.0, beyond))
    assert has.all()
    assert factors[is_last].mean() == pytest.approx(2.0, abs=0.25)
    assert np.abs(factors[~is_last] - 1.0).mean() < 0.08


def test_salaries_on_the_25th_are_counted_from_the_first() -> None:
    """The 25th lies three to six days before the end."""
    beyond = noise("white", 365, 20)
    is_25th = classes_of(np.arange(FIRST, FIRST + 365))[0] == 24
    has, factors = found(np.where(is_25th[:, None], beyond - 0.5, beyond))
    assert has.all()
    assert factors[is_25th].mean() == pytest.approx(0.5, abs=0.12)


def test_three_months_are_the_least() -> None:
    """Two days alike may be chance."""
    beyond = noise("white", 70, 20)
    beyond[classes_of(np.arange(FIRST, FIRST + 70))[0] == 0] += 2.0
    assert not found(beyond)[0].any()


def test_days_of_invoices_are_expected() -> None:
    """A shop that sells twice as much on the first of the month; nothing is said of other months' firsts too early."""
    start = datetime(2026, 1, 5, tzinfo=UTC)
    shop = a_shop(seed=3, days=210, series=4, kind=Kind.COUNT)
    days = shop.grid.local_day
    is_first = classes_of(days)[0] == 0
    billed = with_values(shop, shop.values * np.where(is_first, 2.0, 1.0))
    judgement = judge(billed, a_watch(Kind.COUNT), len(shop.grid))
    late = is_first & (shop.grid.starts > start.timestamp() + 150 * 24 * HOUR_S)
    early = is_first & (shop.grid.starts < start.timestamp() + 80 * 24 * HOUR_S) & np.isfinite(judgement.expected[0])
    over = (billed.values / np.maximum(judgement.expected, 1.0)).mean(axis=0)
    assert over[late].mean() == pytest.approx(1.0, abs=0.2)
    assert over[early].mean() > 1.4
    missed = with_values(billed, np.where(late & (days == days[late].max()), 0.5, 1.0) * billed.values)
    verdicts = judge(missed, a_watch(Kind.COUNT), len(shop.grid)).verdict
    assert (verdicts[:, late & (days == days[late].max())] == VerdictCode.ANOMALOUS).any(axis=1).all()


def test_what_comes_later_has_no_say_in_months() -> None:
    """The season is found on the first of a month from the days before it."""
    shop = a_shop(seed=5, days=150, series=2, kind=Kind.COUNT)
    billed = with_values(shop, shop.values * np.where(classes_of(shop.grid.local_day)[0] == 0, 2.0, 1.0))
    watch, end = a_watch(Kind.COUNT), 124 * 24 + 9
    whole, part = judge(billed, watch, len(shop.grid)), judge(billed.cut(slice(0, end)), watch, end)
    assert differing(part, whole, slice(0, end)) == []
