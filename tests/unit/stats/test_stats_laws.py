"""The laws behind the judge, against the libraries that have them in full."""

from datetime import UTC, datetime

import numpy as np
import pytest
from scipy.stats import gamma, norm, poisson
from scipy.stats.mstats import winsorize
from statsmodels.genmod.families import Gamma
from statsmodels.genmod.families.links import Identity
from statsmodels.genmod.generalized_linear_model import GLM

from detector.model.metric import FalseAlarms, Kind
from detector.stats.band import quantile_of, rounded
from detector.stats.calibration import gumbel_of, prior_of, threshold_of
from detector.stats.days import days_of
from detector.stats.emptiness import Emptiness
from detector.stats.layout import layout_of
from detector.stats.outlook import buckets_of
from detector.stats.profile import Follows, winsorized_mean
from detector.stats.running import running_maximum, running_sum
from detector.stats.variance import VarianceLaw
from detector.stats.walk import Walk
from rhythms import panel_of


@pytest.mark.filterwarnings("ignore:The identity link function does not respect the domain")
def test_variance_law_agrees_with_gamma_regression() -> None:
    """Sixty days of squared errors give the law that a gamma GLM with identity link finds in them."""
    rng = np.random.default_rng(1)
    expected = np.linspace(100.0, 4000.0, 24)[:, None]
    law = VarianceLaw(Kind.REVENUE, np.array([2000.0]), 24, np.array([1000.0]))
    errors = rng.normal(0.0, np.sqrt(80.0 * expected + 0.01 * expected**2)[:, 0], (60, 24))
    for day in errors:
        law.learn(expected, None, day[:, None] ** 2)
    mean = np.tile(expected[:, 0], 60)
    weights = np.exp(-np.repeat(np.arange(59, -1, -1), 24) / 60.0)
    model = GLM(errors.ravel() ** 2, np.column_stack([mean, mean**2]), Gamma(Identity()), freq_weights=weights)
    first, second = model.fit(start_params=[80.0, 0.01]).params
    theirs = np.sqrt(first * expected + second * expected**2)
    assert np.allclose(np.sqrt(law.law.variance(expected, None)), theirs, rtol=0.08)


def test_variance_law_forgets_its_prior() -> None:
    """A series a hundred times quieter than the prior is known as such after two weeks."""
    rng = np.random.default_rng(2)
    expected = np.linspace(1000.0, 4000.0, 24)[:, None]
    law = VarianceLaw(Kind.REVENUE, np.array([2500.0]), 24, np.array([1000.0]))
    for _ in range(14):
        law.learn(expected, None, (0.02 * expected * rng.standard_normal(expected.shape)) ** 2)
    assert np.allclose(np.sqrt(law.law.variance(expected, None)) / expected, 0.02, rtol=0.35)


def test_giant_order_does_not_teach_the_variance() -> None:
    """One error of a hundred standard deviations moves the law by less than a fifth."""
    rng = np.random.default_rng(3)
    expected = np.full((24, 1), 100.0)
    law = VarianceLaw(Kind.COUNT, np.array([100.0]), 24, np.array([10.0]))
    for _ in range(40):
        law.learn(expected, None, rng.normal(0.0, 10.0, (24, 1)) ** 2)
    before = law.law.variance(expected, None)[0, 0]
    day = rng.normal(0.0, 10.0, (24, 1)) ** 2
    day[5] = 1e6
    law.learn(expected, None, day)
    assert law.law.variance(expected, None)[0, 0] < 1.2 * before


@pytest.mark.parametrize("spread", [0.1, 0.3, 0.6])
def test_band_of_amounts_is_that_of_a_gamma_law(spread: float) -> None:
    """The cube root gives the gamma quantiles within 2 % of the mean."""
    expected, variance = np.array([[1000.0]]), np.array([[(1000.0 * spread) ** 2]])
    for level in (0.005, 0.05, 0.995):
        mine = quantile_of(expected, variance, Kind.REVENUE, norm.ppf(level))[0, 0]
        assert mine == pytest.approx(gamma.ppf(level, spread**-2, scale=1000.0 * spread**2), abs=20.0)


@pytest.mark.parametrize("mean", [1.0, 4.0, 30.0, 400.0])
def test_band_of_counts_holds_99_of_100(mean: float) -> None:
    """Whole numbers: the band never holds less than 99 of 100 Poisson counts, and hardly more."""
    expected = np.array([[mean]])
    low, high = (quantile_of(expected, expected, Kind.COUNT, norm.ppf(level)) for level in (0.005, 0.995))
    low, high = rounded(low, high, Kind.COUNT, np.exp(-expected), np.array([[True]]), np.array([[False]]))
    held = poisson.cdf(high, mean) - poisson.cdf(low - 1, mean)
    assert 0.985 <= held[0, 0] < 1.0


def test_prior_of_maxima_is_that_of_normal_values() -> None:
    """The Gumbel law through two quantiles gives those quantiles back."""
    location, scale = prior_of(24.0)
    maxima = np.random.default_rng(4).standard_normal((20_000, 24)).max(axis=1)
    assert location - scale * np.log(-np.log(0.5)) == pytest.approx(np.median(maxima), abs=0.02)
    assert location - scale * np.log(-np.log(0.8)) == pytest.approx(np.quantile(maxima, 0.8), abs=0.02)


def test_fit_of_maxima_ignores_past_incidents() -> None:
    """Three days of incidents among fifty, eighty scales out, widen the scale by less than half."""
    maxima = np.random.default_rng(5).gumbel(2.0, 0.5, (400, 50))
    valid = np.ones(maxima.shape, dtype=bool)
    prior = (np.full(400, 1.9), np.full(400, 0.4))
    usual = gumbel_of(maxima, valid, prior, (0.0, 0.1))
    maxima[:, 10:13] = 40.0
    spoilt = gumbel_of(maxima, valid, prior, (0.0, 0.1))
    assert usual.scale.mean() == pytest.approx(0.5, abs=0.05)
    assert spoilt.scale.mean() < 1.5 * usual.scale.mean()
    assert abs(spoilt.location.mean() - usual.location.mean()) < 0.1


def test_threshold_is_the_rarity_that_was_asked_for() -> None:
    """One per month is the level that one day in 30.4 reaches."""
    level = threshold_of(FalseAlarms().per_second)
    assert 1.0 - np.exp(-np.exp(-level)) == pytest.approx(12 / 365.25)
    assert threshold_of(FalseAlarms(1, "year").per_second) > level > threshold_of(FalseAlarms(1, "week").per_second)
    assert np.isfinite(threshold_of(FalseAlarms(100, "day").per_second))


def test_emptiness_follows_the_size_of_the_bucket() -> None:
    """Busy buckets that were never empty make silence loud; thin ones that often were make it mean little."""
    rates = Emptiness(1)
    expected = np.array([[100.0] * 12 + [1.0] * 12]).T
    busy = np.array([100.0])
    is_empty = np.array([[False] * 12 + [True, False] * 6]).T
    for _ in range(30):
        rates.learn(expected, is_empty, np.ones(is_empty.shape, dtype=bool), busy)
    weeks = (np.full(expected.shape, 4.0), np.array([[0.0] * 12 + [2.0] * 12]).T)
    chance = rates.chance(expected, expected * 25.0, weeks, busy)
    assert np.all(chance[:12] < 0.02)
    assert np.all(np.abs(chance[12:] - 0.5) < 0.1)


@pytest.mark.parametrize("rate", [0.5, 1.0, 2.0, 3.0])
def test_counts_are_empty_as_often_as_chance_has_it(rate: float) -> None:
    """After ten weeks the chance that is given to no order at all is exp(-rate), within a tenth of itself."""
    panel = panel_of(np.random.default_rng(12).poisson(rate, (60, 24 * 70)).astype(float))
    days = days_of(panel)
    told = [buckets_of(panel, day.buckets).told(day, Kind.COUNT) for day in days]
    walk = Walk(Kind.COUNT, Follows.of(None, 60), list(zip(days[:7], told[:7], strict=True)))
    said = []
    for day, one in zip(days[7:], told[7:], strict=True):
        expected = walk.expect(day)
        said.append(expected.p_empty.mean())
        walk.learn(day, expected, one)
    assert said[-1] == pytest.approx(np.exp(-rate), rel=0.1)


def test_mean_of_weeks_bears_one_odd_week() -> None:
    """Eight weeks, one of them absurd: within 5 % of the others' mean; a single week is its own mean."""
    weeks = np.array([10.0, 11.0, 9.0, 10.0, 10.5, 9.5, 10.0, 5000.0])[:, None, None]
    mean, least, greatest = winsorized_mean(weeks, np.full((1, 1), 8.0))
    assert mean[0, 0] == pytest.approx(10.0, rel=0.05)
    assert (least[0, 0], greatest[0, 0]) == (9.0, 5000.0)
    one, _, _ = winsorized_mean(np.where(weeks == 11.0, weeks, np.nan), np.ones((1, 1)))
    assert one[0, 0] == 11.0
    none, _, _ = winsorized_mean(np.full(weeks.shape, np.nan), np.zeros((1, 1)))
    assert none[0, 0] == 0


@pytest.mark.parametrize("count", range(1, 9))
def test_mean_of_weeks_is_that_of_scipy(count: int) -> None:
    """From three weeks on the mean of scipy's winsorized values, whichever weeks are known."""
    rng = np.random.default_rng(count)
    weeks = rng.standard_normal((8, 5, 4))
    for place in np.ndindex(5, 4):
        weeks[(rng.permutation(8)[count:], *place)] = np.nan
    mean, _, _ = winsorized_mean(weeks, np.full((5, 4), float(count)))
    for place in np.ndindex(5, 4):
        known = weeks[(slice(None), *place)]
        known = known[np.isfinite(known)]
        theirs = winsorize(known, (1.0 / count, 1.0 / count)).mean() if count > 2 else known.mean()
        assert mean[place] == pytest.approx(theirs)


@pytest.mark.parametrize("decay", [1.0, 0.5, 0.99])
def test_running_sums_are_those_of_a_loop(decay: float) -> None:
    """Doubling gives what adding up one by one gives, and no digit of it changes when more comes after."""
    values = np.random.default_rng(6).standard_normal((3, 50, 2))
    found, total = running_sum(values, decay), np.zeros((3, 2))
    for at in range(50):
        total = total * decay + values[:, at]
        assert found[:, at] == pytest.approx(total)
    assert np.array_equal(running_sum(values[:, :37], decay), found[:, :37])
    assert np.array_equal(running_maximum(values), np.maximum.accumulate(values, axis=1))


def test_repeated_hour_stands_in_one_cell() -> None:
    """The day of 25 hours has 24 slots; the repeated one holds the mean of both, and no cell is left out."""
    panel = panel_of(np.arange(24.0 * 30)[None], timezone="Europe/Berlin")
    assert layout_of(panel.grid).table(panel.values).shape == (1, 31, 24)
    autumn = panel_of(np.arange(72.0)[None], timezone="Europe/Berlin", start=datetime(2026, 10, 23, 22, tzinfo=UTC))
    layout = layout_of(autumn.grid)
    table = layout.table(autumn.values)
    twins = np.flatnonzero(np.diff(autumn.grid.walls) == 0)
    assert twins.size == 1
    at = int(twins[0])
    assert table[0, layout.day[at], layout.slot[at]] == autumn.values[0, at : at + 2].mean()
    assert np.isfinite(table[0, layout.day, layout.slot]).all()
