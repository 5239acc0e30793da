"""Hourly business as it is drawn, with its truth: what a scorer that knew everything but chance would expect.

An hour's orders are Poisson around: size x hour of the day x day of the week x growth x holidays x the day itself x a
little unrest of the hour. Revenue is the sum of their baskets, which are lognormal, now and then a giant one.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import holidays
import numpy as np

from benchmarks.detection.series_files import HOUR_S, WARM_UP_H, WEEK_H, Floats, Series

__all__ = ["Drawn", "simulated"]

FIRST = datetime(2025, 1, 5, 23, tzinfo=UTC)  # Monday, midnight in Berlin; spring brings a clock change and holidays
WEEKS, SHORT_WEEKS = 26, 17
SIZES, SHORT_SIZES = (5, 20, 80, 300, 1200), (20, 300)  # orders in the busiest hour
KINDS = ("count", "revenue")
BASKET, SPREAD_OF_BASKETS = 35.0, 0.7  # median, and sd of the logarithm: half of the baskets lie between 22 and 56
GIANT, GIANT_SHARE = 40.0, 3e-4  # one order in three thousand is that many times as large
UNREST = 0.06  # sd of an hour's own factor
DAY_SD, DAY_MEMORY = (
    0.08,
    0.5,
)  # sd and autocorrelation of the logarithm of a day's own factor, with tails of Student's t
EVENT_SHARE, EVENTS = 1 / 45, (0.75, 1.35)  # days that no calendar names: a storm, a campaign


@dataclass(frozen=True, slots=True)
class Habit:
    """When customers come: hours of a day, days of a week from Monday, and what a holiday leaves of a day."""

    hours: tuple[float, ...]
    days: tuple[float, ...]
    holiday: float


def _hump(peak: float, night: float) -> tuple[float, ...]:
    wave = (np.cos((np.arange(24) - peak) / 24 * 2 * np.pi) + 1) / 2
    return tuple((night + (1 - night) * wave**1.5).tolist())


def _open(first: int, last: int) -> tuple[float, ...]:
    day = np.sin((np.arange(24) - first + 0.5) / (last - first) * np.pi)
    return tuple(np.where((np.arange(24) >= first) & (np.arange(24) < last), np.sqrt(np.abs(day)), 0.0).tolist())


HABITS = {
    "evenings": Habit(_hump(19.5, 0.04), (0.9, 0.88, 0.9, 0.95, 0.92, 0.97, 1.0), 1.1),
    "office": Habit(_open(8, 19), (1.0, 0.98, 0.97, 0.95, 0.85, 0.3, 0.0), 0.05),
    "world": Habit(_hump(15.0, 0.45), (1.0, 1.0, 0.98, 0.99, 0.97, 0.85, 0.84), 0.9),
}


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """A series and its truth.

    Attributes:
        series: what scorers see.
        orders: behind each hour's value.
        mean, variance: of an hour, given its day; without giant baskets.
        mean_orders: behind the mean.
    """

    series: Series
    orders: Floats
    mean: Floats
    variance: Floats
    mean_orders: Floats


def simulated(seed: int, *, short: bool = False) -> Iterator[Drawn]:
    """Every size, habit and kind once; the same for the same seed, whatever else is drawn."""
    for size in SHORT_SIZES if short else SIZES:
        for habit in HABITS:
            for kind in KINDS:
                name = f"{habit}_{size}_{kind}"
                rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
                yield _draw(rng, name, kind, size, WEEK_H * (SHORT_WEEKS if short else WEEKS))


def _draw(rng: np.random.Generator, name: str, kind: str, size: int, count: int) -> Drawn:
    empty = Series(name, kind, int(FIRST.timestamp()) // HOUR_S, np.zeros(count), "Europe/Berlin", "DE")
    rate = size * _usual(rng, empty, HABITS[name.split("_", maxsplit=1)[0]])
    orders = rng.poisson(rate * rng.gamma(1 / UNREST**2, UNREST**2, count)).astype(np.float64)
    each, square = (1.0, 1.0) if kind == "count" else _moments()
    values = orders if kind == "count" else _baskets(rng, orders)
    series = Series(name, kind, empty.start_h, values, empty.timezone, empty.holidays)
    variance = rate * square + (UNREST * rate * each) ** 2
    return Drawn(series, orders, rate * each, variance, rate)


def _usual(rng: np.random.Generator, series: Series, habit: Habit) -> Floats:
    local = series.local()
    weekly = np.outer(habit.days, habit.hours).ravel()[series.slots()]
    growth = np.exp(rng.uniform(-0.003, 0.012) * (np.arange(len(local)) - WARM_UP_H) / WEEK_H)
    days = np.array([at.toordinal() for at in local])
    days -= days[0]
    own = _days_own(rng, int(days[-1]) + 1)
    first = local[0].date()
    off = holidays.country_holidays("DE", years=sorted({at.year for at in local}))
    rest = np.array([habit.holiday if _on(first, day) in off else 1.0 for day in range(own.size)])
    usual: Floats = weekly * growth * (own * rest)[days]
    return usual


def _on(first: date, day: int) -> date:
    return first + timedelta(days=day)


def _days_own(rng: np.random.Generator, count: int) -> Floats:
    shocks = rng.standard_t(5, count) / np.sqrt(5 / 3) * DAY_SD * np.sqrt(1 - DAY_MEMORY**2)
    logs = np.zeros(count)
    for day in range(count):
        logs[day] = shocks[day] + (DAY_MEMORY * logs[day - 1] if day else 0.0)
    events = np.where(rng.random(count) < EVENT_SHARE, rng.choice(EVENTS, count), 1.0)
    own: Floats = np.exp(logs) * events
    return own


def _moments() -> tuple[float, float]:
    variance = SPREAD_OF_BASKETS**2
    return BASKET * np.exp(variance / 2), BASKET**2 * np.exp(2 * variance)


def _baskets(rng: np.random.Generator, orders: Floats) -> Floats:
    buckets = np.repeat(np.arange(orders.size), orders.astype(np.int64))
    sums = BASKET * np.exp(rng.normal(0.0, SPREAD_OF_BASKETS, buckets.size))
    sums *= np.where(rng.random(buckets.size) < GIANT_SHARE, GIANT, 1.0)
    return np.round(np.bincount(buckets, weights=sums, minlength=orders.size), 2)
