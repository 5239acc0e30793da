from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from scipy import stats

from detector.linking.experience import Experience
from detector.linking.lag import CLOCK_SKEW_H, Exposure, lag_parts, parts_distribution
from detector.linking.prior import Habits, Traffic, background_per_hour, failure_rate, habits_of, worth_of
from detector.linking.services import reach, relations
from detector.model.deploy import ServiceRecord
from detector.model.panel import Floats
from detector.model.span import Span
from unit.linking.morning import GRAPH, SERVICES

FOUND = relations(SERVICES, GRAPH)


PARTS = np.array([0.72, 0.20, 0.08])


def spread(exposure: Exposure, at: Floats) -> Floats:
    """The lag's distribution over one exposure, all parts together."""
    whole: Floats = np.tensordot(PARTS, parts_distribution([exposure], at), axes=1)[0]
    return whole


def test_the_lag_follows_its_mixture() -> None:
    """The three parts as another library computes them."""
    hours = np.array([-1.0, 0.0, 0.001, 0.05, 0.3, 1.0, 3.0, 10.0, 24.0, 100.0])
    quick = stats.gamma(1.3, scale=0.3).cdf(hours)
    slow = stats.lognorm(0.8, scale=3.0).cdf(hours)
    any_time = stats.uniform(0.0, 24.0).cdf(hours)
    assert lag_parts(hours) == pytest.approx(np.stack([quick, slow, any_time]), abs=1e-12)


def test_a_gradual_exposure_is_the_mean_of_its_moments() -> None:
    """The ramp's distribution is the average over many instants of exposure."""
    at = np.array([-1.0, 0.5, 2.0, 5.0, 30.0])
    first, last = -CLOCK_SKEW_H, 4.0 + CLOCK_SKEW_H
    moments = np.linspace(first, last, 4001)
    mean = np.array([(PARTS @ lag_parts(one - moments)).mean() for one in at])
    assert spread(Exposure(0.0, 4.0), at) == pytest.approx(mean, abs=1e-3)


def test_nothing_begins_before_exposure_but_for_the_clocks() -> None:
    """Zero until two minutes before the first user had the change."""
    assert spread(Exposure(0.0, 0.1), np.array([-5.0, -CLOCK_SKEW_H])).tolist() == [0.0, 0.0]


def test_everything_has_begun_long_after() -> None:
    """Far beyond the table the distribution stays at 1."""
    assert spread(Exposure(0.0, 0.1), np.array([119.0, 121.0, 5000.0])) == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize(
    ("record", "rate"),
    [(None, 1 / 16), (ServiceRecord(0, 0), 1 / 16), (ServiceRecord(120, 9), 10 / 136), (ServiceRecord(4, 4), 5 / 20)],
)
def test_the_failure_rate_is_the_record_shrunk_by_a_beta_prior(record: ServiceRecord | None, rate: float) -> None:
    """Beta(1, 15) before anything was seen."""
    assert failure_rate(record) == pytest.approx(rate)


def test_habits_are_learned_from_all_services() -> None:
    """Services without a record are taken to be as the others; alike services are shrunk harder than unlike ones."""
    alike = {name: ServiceRecord(100, 10) for name in "abcdef"}
    unlike = {name: ServiceRecord(100, guilty) for name, guilty in zip("abcdef", (0, 1, 2, 7, 20, 30), strict=True)}
    assert habits_of({}).rate == pytest.approx(1 / 16)
    assert failure_rate(None, habits_of(alike)) == pytest.approx(61 / 616)
    assert habits_of(alike).worth > habits_of(unlike).worth


def test_a_quiet_weekend_is_worth_few_hours() -> None:
    """A week is worth its hours; Saturday and Sunday alone are worth half a day."""
    monday = datetime(2026, 3, 9, tzinfo=UTC)
    assert worth_of(Span(monday, monday + timedelta(days=7))) == pytest.approx(168.0)
    assert worth_of(Span(monday - timedelta(days=2), monday)) == pytest.approx(12.0)
    assert worth_of(Span(monday - timedelta(hours=1), monday + timedelta(hours=1))) == pytest.approx(1.55)


def test_something_strays_once_a_year_where_nobody_deploys() -> None:
    """The background is never nothing, and grows with the traffic."""
    quiet = background_per_hour(Traffic(), Habits())
    assert 1 / 8760 < quiet < background_per_hour(Traffic(20), Habits())


@pytest.mark.parametrize("per_day", [2, 5, 20, 60])
def test_deploys_start_with_about_half_of_all_anomalies(per_day: int) -> None:
    """Traffic spread over all services gives the long-run share of deploys that published counts suggest."""
    names = sorted(FOUND)
    seen = [names[i % len(names)] for i in range(2 * per_day)]
    hazard = sum(failure_rate(None) * reach(FOUND[name]) for name in seen) / 48
    share = hazard / (hazard + background_per_hour(Traffic(len(seen)), Habits()))
    assert 0.35 < share < 0.7


def test_a_smaller_share_of_deploys_means_higher_odds_against_one() -> None:
    """Even odds at one half, four to one at a fifth."""
    assert Experience(0.5).log_odds == pytest.approx(0.0)
    assert Experience(0.2).log_odds == pytest.approx(np.log(4.0))
