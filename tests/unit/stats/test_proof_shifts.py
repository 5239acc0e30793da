"""What is unusual and yet no outage: giant orders, days off, new levels, growth; and the ends of what numbers are."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import poisson

from detector.model.metric import Direction, Kind
from detector.model.panel import Floats, Panel
from detector.stats.judge import Judgement, VerdictCode, judge
from rhythms import a_watch, at_zero
from varied import Rhythm, a_grid, beginnings, simulated, with_values

ODDS = 0.001  # that an innocent judge fails
MONTH_DAYS = 365.25 / 12
STEP = 70 * 24
SERIES = 20
AMOUNTS = [Kind.REVENUE, Kind.COUNT]


def since_step(panel: Panel, kind: Kind, on: Direction = Direction.DROP) -> Judgement:
    return judge(panel, a_watch(kind, on), len(panel.grid) - STEP)


def shops_of(kind: Kind, days: int, orders: float = 100.0, growth: float = 1.0, seed: int = 61) -> Panel:
    orders = orders * (10.0 if kind is Kind.RATIO else 1.0)
    return simulated(kind, a_grid(days=days), seed=seed, series=SERIES, rhythm=Rhythm(orders, growth=growth))


def alarming_days(judged: Judgement) -> Floats:
    """Share of the series that are anomalous at some hour of each day from the step on."""
    verdict = judged.verdict
    hit: Floats = (verdict == VerdictCode.ANOMALOUS).reshape(len(verdict), -1, 24).any(axis=2).mean(axis=0)
    return hit


@pytest.mark.parametrize("at", [3 * 24 + 12, 60 * 24 + 12])
@pytest.mark.parametrize("size", [30.0, 1e12])
@pytest.mark.parametrize("kind", AMOUNTS)
def test_one_giant_order_is_forgotten(kind: Kind, size: float, at: int) -> None:
    """Whenever it came, in the first week too: no drop is called for it, and the last week is expected as ever."""
    shops = shops_of(kind, 70)
    values = shops.values.copy()
    values[:, at] *= size
    one, other = judge(shops, a_watch(kind), 168), judge(with_values(shops, values), a_watch(kind), 168)
    off = np.abs(other.expected / one.expected - 1.0)
    assert np.nanmedian(off) < 0.02
    assert np.nanquantile(off, 0.99) < 0.2
    assert beginnings(other.verdict).sum() <= beginnings(one.verdict).sum() + 4


@pytest.mark.parametrize("size", [5.0, 100.0, 1e6])
@pytest.mark.parametrize("kind", [Kind.RATIO, Kind.GAUGE])
def test_one_wild_value_after_the_first_week_is_forgotten(kind: Kind, size: float) -> None:
    """A measure that was absurd for an hour is expected as ever a week later."""
    shops = shops_of(kind, 70)
    values = shops.values.copy()
    values[:, 40 * 24 + 12] *= size
    one, other = (judge(with_values(shops, each), a_watch(kind), 168) for each in (shops.values, values))
    assert np.nanquantile(np.abs(other.expected / one.expected - 1.0), 0.99) < 0.05
    assert beginnings(other.verdict).sum() <= beginnings(one.verdict).sum() + 4


@pytest.mark.parametrize("kind", [Kind.RATIO, Kind.GAUGE])
def test_one_wild_value_in_the_first_week_is_forgotten(kind: Kind) -> None:
    """The same for a wild value in the first week of the panel, where each one lies once while the window slides."""
    shops = shops_of(kind, 70)
    values = shops.values.copy()
    values[:, 3 * 24 + 12] *= 100.0
    watch = a_watch(kind, Direction.RISE)
    one, other = (judge(with_values(shops, each), watch, 168).verdict for each in (shops.values, values))
    assert beginnings(other).sum() <= beginnings(one).sum() + 8


@pytest.mark.parametrize("kind", [Kind.RATIO, Kind.GAUGE])
def test_a_rate_that_began_with_zeros_is_judged(kind: Kind) -> None:
    """Errors that were none in the first week, then one in ten, are found when they are nine in ten."""
    values = np.random.default_rng(62).normal(0.1, 0.02, (5, 70 * 24))
    values[:, : 7 * 24] = 0.0
    values[:, -6:] = 0.9
    panel = with_values(shops_of(Kind.GAUGE, 70).rows(np.arange(5)), values)
    verdict = judge(panel, a_watch(kind, Direction.RISE), 6).verdict
    assert np.all((verdict == VerdictCode.ANOMALOUS).any(axis=1))


@pytest.mark.parametrize("kind", AMOUNTS)
def test_a_day_off_is_an_anomaly_for_a_day(kind: Kind) -> None:
    """Unannounced, it is found; the day after, and the same day of the next week, are judged as if it had not been."""
    shops = shops_of(kind, 84)
    usual, shut = (
        alarming_days(since_step(panel, kind)) for panel in (shops, at_zero(shops, STEP + 24, 24, left=0.05))
    )
    assert shut[1] == 1.0
    others = np.array([0, *range(3, 14)])  # sums over a day still hold some of it on the morning after
    assert np.all(shut[others] <= usual[others] + 0.1)


LEVELS: list[tuple[float, Direction]] = [
    (0.6, Direction.DROP),
    (0.6, Direction.BOTH),
    (1.4, Direction.RISE),
    (1.4, Direction.BOTH),
]


def stepped(kind: Kind, factor: float, days: int = 105) -> Panel:
    shops = shops_of(kind, days)
    if kind is Kind.GAUGE:
        return with_values(
            shops, np.where(np.arange(days * 24) >= STEP, shops.values + 10 * (factor - 1), shops.values)
        )
    return replace(at_zero(shops, STEP, days * 24, left=factor), weights=None)


@pytest.mark.parametrize(("factor", "on"), LEVELS)
@pytest.mark.parametrize("kind", list(Kind))
def test_a_new_level_is_found_and_then_taken(kind: Kind, factor: float, on: Direction) -> None:
    """40 % more or less for good: silent after a fortnight, and expected as it is from the third week on."""
    panel = stepped(kind, factor)
    judged = since_step(panel, kind, on)
    hit = alarming_days(judged)
    assert hit[:3].max() > 0.5
    assert hit[14:].sum() <= poisson.isf(ODDS, 1.5 * SERIES * len(hit[14:]) / MONTH_DAYS) / SERIES
    assert np.sum(panel.values[:, -168:]) / np.sum(judged.expected[:, -168:]) == pytest.approx(1.0, abs=0.03)


@pytest.mark.parametrize(
    ("factor", "on"),
    [
        (0.6, Direction.DROP),
        (1.4, Direction.RISE),
        (1.4, Direction.BOTH),
    ],
)
def test_a_new_level_is_silent_after_a_week(factor: float, on: Direction) -> None:
    """From the eighth day on at most one shop in four alarms on any day."""
    hit = alarming_days(since_step(stepped(Kind.REVENUE, factor), Kind.REVENUE, on))
    assert hit[7:].max() <= 0.25


@pytest.mark.parametrize("kind", AMOUNTS)
def test_a_shop_that_closes_for_good_falls_silent(kind: Kind) -> None:
    """Every day of the first week alarms; after three weeks none does, and no zero ever tells that sales are back."""
    dead = at_zero(shops_of(kind, 105), STEP, 35 * 24)
    judged = since_step(dead, kind)
    hit = alarming_days(judged)
    assert np.all(hit[:7] == 1.0)
    assert np.all(hit[21:] == 0.0)
    assert not judged.in_range.any()
    assert np.isfinite(judged.expected).all()


@pytest.mark.parametrize(("growth", "on"), [(1.03, Direction.RISE), (0.97, Direction.DROP), (1.03, Direction.BOTH)])
def test_slow_growth_is_no_anomaly(growth: float, on: Direction) -> None:
    """3 % a week, up or down, over half a year: no more alarms than promised, and the level is followed within 2 %."""
    shops = shops_of(Kind.REVENUE, 180, growth=growth)
    judged = judge(shops, a_watch(on=on), 110 * 24)
    assert beginnings(judged.verdict).sum() <= poisson.isf(ODDS, SERIES * 110 / MONTH_DAYS)
    said = judged.expected[:, -168:].sum() / shops.values[:, -168:].sum()
    assert said == pytest.approx(1.0, abs=0.02)


def counted(rng: np.random.Generator, hour: np.ndarray) -> np.ndarray:
    return np.asarray(rng.poisson(50.0, hour.size), dtype=np.float64)


ODD: dict[str, Callable[[np.random.Generator, np.ndarray], np.ndarray]] = {
    "constant": lambda _, hour: np.full(hour.size, 7.0),
    "huge constant": lambda _, hour: np.full(hour.size, 1e12),
    "negative constant": lambda _, hour: np.full(hour.size, -3.0),
    "all zero": lambda _, hour: np.zeros(hour.size),
    "nothing": lambda _, hour: np.full(hour.size, np.nan),
    "one value": lambda _, hour: np.where(hour == 5, 3.0, np.nan),
    "one late value": lambda _, hour: np.where(hour == 900, 3.0, np.nan),
    "one that is not zero": lambda _, hour: np.where(hour == 900, 3.0, 0.0),
    "every other hour": lambda _, hour: np.where(hour % 2, 100.0, 0.0),
    "one hour a week": lambda _, hour: np.where(hour % 168 == 50, 100.0, 0.0),
    "huge": lambda rng, hour: counted(rng, hour) * 1e12,
    "tiny": lambda rng, hour: counted(rng, hour) * 1e-6,
    "beyond all numbers": lambda rng, hour: counted(rng, hour) * 1e300,
    "next to nothing": lambda rng, hour: counted(rng, hour) * 1e-160,
    "fading for ever": lambda _, hour: 100.0 * np.exp(-hour / 2.0),
    "from next to nothing to beyond": lambda _, hour: np.where(hour < 700, 1e-100, 1e100),
    "huge, then tiny": lambda _, hour: np.where(hour < 700, 1e12, 1e-6),
    "tiny, then huge": lambda _, hour: np.where(hour < 700, 1e-6, 1e12),
    "dead for good": lambda rng, hour: np.where(hour < 900, counted(rng, hour), 0.0),
    "below zero": lambda rng, hour: rng.normal(-50.0, 5.0, hour.size),
    "around zero": lambda rng, hour: rng.normal(0.0, 5.0, hour.size),
    "refunds": lambda rng, hour: 30.0 * counted(rng, hour) - 4000.0 * (rng.random(hour.size) < 0.01),
}


@pytest.mark.parametrize("title", ODD)
@pytest.mark.parametrize("kind", list(Kind))
def test_odd_series_bring_neither_error_nor_infinity(kind: Kind, title: str) -> None:
    """Sixty days of it, each side, finite numbers for each verdict, and no warning (they are errors here)."""
    hour = np.arange(60 * 24)
    values = ODD[title](np.random.default_rng(63), hour)
    panel = with_values(simulated(Kind.GAUGE, a_grid(days=60), seed=0), values[None])
    for on in Direction:
        judged = judge(panel, a_watch(kind, on), hour.size)
        said = np.isin(judged.verdict, [VerdictCode.NORMAL, VerdictCode.ANOMALOUS])
        for name in ("expected", "low", "high", "spread", "score"):
            assert np.isfinite(getattr(judged, name)[said]).all(), (name, on)
        has = np.isfinite(judged.expected)
        assert np.all(judged.low[has] <= judged.high[has])


@pytest.mark.parametrize(
    "title", ["constant", "huge constant", "negative constant", "all zero", "nothing", "one value"]
)
@pytest.mark.parametrize("kind", list(Kind))
def test_dull_series_are_never_anomalous(kind: Kind, title: str) -> None:
    """Nothing happens in them, so nothing is found."""
    values = ODD[title](np.random.default_rng(64), np.arange(60 * 24))
    panel = with_values(simulated(Kind.GAUGE, a_grid(days=60), seed=0), values[None])
    for on in Direction:
        assert not np.any(judge(panel, a_watch(kind, on), 60 * 24).verdict == VerdictCode.ANOMALOUS)


@pytest.mark.parametrize("level", [-1e9, -50.0, 0.0])
def test_gauge_may_be_below_zero(level: float) -> None:
    """A gauge of negative values is judged like one of positive ones: a fall by five deviations is found at once."""
    rng = np.random.default_rng(65)
    values = level + rng.normal(0.0, 2.0, (20, 60 * 24))
    values[:, -6:] -= 10.0
    panel = with_values(simulated(Kind.GAUGE, a_grid(days=60), seed=0, series=20), values)
    judged = judge(panel, a_watch(Kind.GAUGE), 6)
    assert np.mean((judged.verdict[:, :2] == VerdictCode.ANOMALOUS).any(axis=1)) > 0.9
    assert np.all(judged.low < level)


@pytest.mark.parametrize("weights", [0.0, np.nan, 1e-9, 1e12])
def test_denominators_may_be_anything(weights: float) -> None:
    """Zero, unknown, tiny or huge denominators now and then: finite numbers, and no drop where nothing dropped."""
    panel = simulated(Kind.RATIO, a_grid(days=60), seed=66, series=5, rhythm=Rhythm(2000.0))
    assert panel.weights is not None
    odd = np.random.default_rng(66).random(panel.weights.shape) < 0.2
    for share in (odd, np.ones(odd.shape, dtype=bool)):
        judged = judge(
            replace(panel, weights=np.where(share, weights, panel.weights)), a_watch(Kind.RATIO), len(panel.grid)
        )
        said = np.isin(judged.verdict, [VerdictCode.NORMAL, VerdictCode.ANOMALOUS])
        for name in ("expected", "low", "high", "spread", "score"):
            assert np.isfinite(getattr(judged, name)[said]).all(), name
        assert np.mean(judged.verdict == VerdictCode.ANOMALOUS) < 0.01
