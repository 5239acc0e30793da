"""Days off have a profile of their own, learned from those that were."""

import numpy as np
import pytest

from detector.model.metric import Kind
from detector.model.panel import Floats
from detector.stats.days_off import NEAR, OFF, DaysOff, Prior

WEEKDAY = np.repeat((100.0 * (1.0 + np.sin(np.arange(24.0) / 24.0 * 6.28)) + 20.0)[:, None], 2, axis=1)
SUNDAY = 0.5 * WEEKDAY
NOISE = np.sqrt(WEEKDAY)
ALL = np.ones(WEEKDAY.shape, dtype=bool)


def after(
    *held: Floats, kind: Kind = Kind.COUNT, prior: Prior = OFF, sunday: Floats = SUNDAY, occasions: tuple[int, ...] = ()
) -> DaysOff:
    days = DaysOff(kind, 2, prior)
    for place, one in enumerate(held):
        days.expect(WEEKDAY, sunday, NOISE, occasions[place] if occasions else 0)
        days.learn(one, ALL)
    return days


def ratio(days: DaysOff, occasion: int = 0, sunday: Floats = SUNDAY) -> tuple[float, float]:
    """Mean and shared sd of the next one, as parts of a weekday."""
    mean, shared = days.expect(WEEKDAY, sunday, NOISE, occasion)
    whole = WEEKDAY[:, 0].sum()
    return float(mean[:, 0].sum() / whole), float(shared[:, 0].sum() / whole)


def test_first_day_off_is_the_lower_of_its_weekday_and_a_sunday() -> None:
    """Whichever of them that is."""
    assert ratio(after())[0] == pytest.approx(0.5)
    assert ratio(after(), sunday=3.0 * WEEKDAY)[0] == pytest.approx(1.0)
    assert ratio(after(prior=NEAR))[0] == pytest.approx(1.0)


def test_who_trades_as_ever_is_expected_to_after_a_few() -> None:
    """Taxis, web shops: each day off brings the expectation nearer to the weekday, and makes it surer."""
    seen = [ratio(after(*[WEEKDAY] * count)) for count in (0, 1, 3, 6, 12)]
    means, spreads = [mean for mean, _ in seen], [spread for _, spread in seen]
    assert means == sorted(means)
    assert means[2] > 0.75
    assert means[3] > 0.85
    assert spreads[4] < 0.75 * spreads[0]


def test_days_off_that_agree_make_the_next_one_surer_and_others_do_not() -> None:
    """The error that all buckets of the day have in common follows from how far days off went apart."""
    alike = ratio(after(*[0.5 * WEEKDAY] * 6))[1]
    apart = ratio(after(*[share * WEEKDAY for share in (0.1, 1.2, 0.2, 1.3, 0.1, 1.1)]))[1]
    assert alike < 0.7 * ratio(after())[1] < apart


def test_the_shape_of_a_day_off_is_learned() -> None:
    """A day of its own between weekday and Sunday: late mornings, and evenings as ever."""
    sunday = np.where(np.arange(24)[:, None] < 12, 0.2, 1.5) * WEEKDAY
    held = 0.5 * (WEEKDAY + sunday)
    mean, _ = after(*[held] * 6, sunday=sunday).expect(WEEKDAY, sunday, NOISE)
    prior, _ = after().expect(WEEKDAY, sunday, NOISE)
    assert np.abs(mean - held).sum() < 0.4 * np.abs(prior - held).sum()


def test_the_same_holiday_of_last_year_counts_beside_the_others() -> None:
    """Christmas is quieter than other days off, year by year."""
    quiet, usual = 0.1 * WEEKDAY, 0.5 * WEEKDAY
    days = after(usual, quiet, usual, usual, usual, occasions=(1, 2, 3, 4, 5))
    assert ratio(days, 2)[0] < 0.75 * ratio(days, 3)[0]
    assert ratio(days, 9)[0] == pytest.approx(ratio(days)[0])


def test_one_strike_or_outage_does_not_decide() -> None:
    """One closed day among four pulls the expectation down by less than a third."""
    assert ratio(after(SUNDAY, SUNDAY, 0.0 * SUNDAY, SUNDAY))[0] > 0.67 * 0.5


def test_closed_days_are_believed_in_by_those_that_were() -> None:
    """The chance that a day off is closed is the share of those that were; Sundays count as one of them."""
    closed = 0.0 * SUNDAY

    def chance(days: DaysOff, sunday: Floats) -> float:
        days.expect(WEEKDAY, sunday, NOISE)
        return float(days.closed()[0])

    assert chance(after(*[SUNDAY] * 4), SUNDAY) == 0.0
    assert chance(after(*[closed] * 4), SUNDAY) == pytest.approx(0.8)
    assert chance(after(), closed) == pytest.approx(0.5)
    assert chance(after(WEEKDAY, WEEKDAY, sunday=closed), closed) == pytest.approx(0.25)


def test_what_does_not_teach_leaves_all_as_it_was() -> None:
    """A past incident on a day off says nothing of days off."""
    days = after()
    days.expect(WEEKDAY, SUNDAY, NOISE, 4)
    days.learn(0.0 * WEEKDAY, ~ALL)
    assert ratio(days) == ratio(days, 4) == ratio(after())


@pytest.mark.parametrize("kind", [Kind.GAUGE, Kind.RATIO])
def test_gauges_learn_sums_in_place_of_products(kind: Kind) -> None:
    """What a gauge is on days off is found between its weekday and its Sunday, whatever its zero is."""
    weekday, sunday, noise = np.full((24, 2), -5.0), np.full((24, 2), 5.0), np.ones((24, 2))
    days = DaysOff(kind, 2, OFF)
    first, _ = days.expect(weekday, sunday, noise)
    mean = first
    assert first[0, 0] == -5.0
    for _ in range(6):
        days.learn(0.8 * sunday + 0.2 * weekday, ALL)
        mean, _ = days.expect(weekday, sunday, noise)
    assert abs(mean[0, 0] - 3.0) < 0.3 * abs(first[0, 0] - 3.0)
