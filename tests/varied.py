"""Simulated series of every kind in any timezone and bucket length, undisturbed or with what befalls real ones."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from detector.model.grid import HOUR_S, Grid, grid_of
from detector.model.metric import Direction, Kind
from detector.model.panel import Bools, Floats, Panel
from detector.model.span import Span
from detector.stats.judge import Judgement, VerdictCode
from rhythms import HOURS, WEEKDAYS

__all__ = [
    "GRIDS",
    "Befallen",
    "Rhythm",
    "a_grid",
    "befallen",
    "beginnings",
    "differing",
    "local_hours",
    "mixed",
    "simulated",
    "with_values",
]

FIRST = date(2026, 1, 5)
BASKET = 40.0
CHANCE = 0.2  # of the visitors who buy, in a ratio


def a_grid(zone: str = "UTC", first: date = FIRST, days: int = 70, every_s: int = HOUR_S) -> Grid:
    """Whole local days of a timezone."""
    start = datetime(first.year, first.month, first.day, tzinfo=ZoneInfo(zone))
    return grid_of(zone, every_s, Span(start, start + timedelta(days=days)))


def local_hours(grid: Grid) -> np.ndarray:
    """The hour that the wall clock shows at the start of each bucket."""
    return grid.walls // HOUR_S % 24


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How much is sold when.

    Attributes:
        orders: at eight on a weekday, in an hour.
        sway: sd of the factors by which whole days, and single buckets, are better or worse than usual.
        growth: a week, as a factor.
        is_open: of every bucket, or None for always.
    """

    orders: float = 100.0
    sway: float = 0.05
    growth: float = 1.0
    is_open: Bools | None = None

    def rates(self, grid: Grid, series: int, rng: np.random.Generator) -> Floats:
        """Orders expected in every bucket, (series, buckets)."""
        weeks = (grid.walls - grid.walls[0]) / (7 * 24.0 * HOUR_S)
        mean = HOURS[local_hours(grid)] * WEEKDAYS[grid.weekday] * self.orders * self.growth**weeks
        if grid.every_s > HOUR_S:
            mean = HOURS.mean() * WEEKDAYS[grid.weekday] * self.orders * self.growth**weeks
        mean = mean * (grid.ends - grid.starts) / HOUR_S
        if self.is_open is not None:
            mean = mean * self.is_open
        rate = np.broadcast_to(mean, (series, len(grid)))
        if self.sway == 0:
            return rate
        day = grid.local_day - grid.local_day.min()
        of_days = rng.gamma(self.sway**-2, self.sway**2, (series, int(day.max()) + 1))[:, day]
        return rate * of_days * rng.gamma(self.sway**-2, self.sway**2, rate.shape)


def simulated(kind: Kind, grid: Grid, *, seed: int, series: int = 1, rhythm: Rhythm = Rhythm()) -> Panel:
    """Undisturbed series: Poisson orders that sway, exponential baskets, purchases by visitor, a swinging gauge."""
    rng = np.random.default_rng(seed)
    weights = None
    if kind is Kind.GAUGE:
        swing = 5.0 * np.sin(2 * np.pi * (local_hours(grid) - 9) / 24)
        values = 50.0 + swing + rng.normal(0.0, 2.0, (series, len(grid)))
    else:
        orders = rng.poisson(rhythm.rates(grid, series, rng))
        values = orders.astype(float)
        if kind is Kind.REVENUE:
            values = np.where(orders > 0, rng.gamma(np.maximum(orders, 1)) * BASKET, 0.0)
        if kind is Kind.RATIO:
            weights = values
            values = np.where(orders > 0, rng.binomial(orders, CHANCE) / np.maximum(orders, 1), np.nan)
    shape, known = values.shape, np.isfinite(values)
    names = tuple(f"{kind}{seed}-{row}" for row in range(series))
    return Panel(names, grid, values, known, np.ones(shape, bool), np.zeros(shape[1], bool), weights)


@dataclass(frozen=True, slots=True)
class Befallen:
    """A panel of one series, and what is watched in it."""

    panel: Panel
    kind: Kind
    on: Direction
    title: str


ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Cairo")
BUCKETS_S = {300: 24, 1800: 40, HOUR_S: 56, 24 * HOUR_S: 150}  # with the days that tests take of each


def befallen(seed: int) -> Befallen:
    """One series of many weeks over a clock change, with days off, gaps, an outage, a rise, a giant order and a mask.

    Kind, direction, timezone, length of buckets, size and all else follow from the seed.
    """
    rng = np.random.default_rng(seed)
    kind, on = list(Kind)[seed % 4], list(Direction)[seed // 4 % 3]
    every_s, zone = list(BUCKETS_S)[seed // 12 % 4], ZONES[int(rng.integers(len(ZONES)))]
    # Both changes of every zone lie within some days after these dates.
    first = [date(2026, 2, 16), date(2026, 9, 7)][int(rng.integers(2))] + timedelta(days=int(rng.integers(7)))
    grid = a_grid(zone, first, BUCKETS_S[every_s], every_s)
    orders = float(10.0 ** rng.uniform(-0.5, 3.0))
    shop = simulated(kind, grid, seed=seed, rhythm=Rhythm(orders, float(rng.choice([0.0, 0.05, 0.15]))))
    values, teaches = shop.values.copy(), shop.teaches.copy()
    day = max(24 * HOUR_S // every_s, 1)

    def somewhere(length: int) -> slice:
        start = int(rng.integers(0, values.shape[1] - length))
        return slice(start, start + length)

    for factor in (0.0, 0.5, 2.0):
        values[:, somewhere(max(day // 4, 1))] *= factor
    values[:, somewhere(1)] *= 50.0
    for _ in range(3):
        values[:, somewhere(max(day // 8, 1))] = np.nan
    values = np.where(rng.random(values.shape) < 0.01, np.nan, values)
    teaches[:, somewhere(max(day // 2, 1))] = False
    local = grid.local_day
    off = np.isin(local, rng.choice(np.unique(local), 4, replace=False))
    near = np.isin(local, local[off] + 1) & ~off
    panel = replace(shop, values=values, known=np.isfinite(values), teaches=teaches, is_holiday=off, is_unsettled=near)
    panel = replace(panel, occasion=np.where(off | near, 1 + local % 2, 0))
    return Befallen(panel, kind, on, f"{kind} {on} {every_s} s {zone} {first} {orders:.1f}")


def with_values(panel: Panel, values: np.ndarray) -> Panel:
    """The same buckets with other values and without weights; nan is missing."""
    numbers = np.asarray(values, dtype=np.float64)
    return replace(panel, values=numbers, known=np.isfinite(numbers), weights=None)


GRIDS = [(HOUR_S, 30), (24 * HOUR_S, 100), (1800, 22), (300, 16)]


def mixed(seed: int, kind: Kind, series: int) -> Panel:
    """Series of all sizes that begin and end at different times, with gaps, masks, and weights in a ratio."""
    rng = np.random.default_rng(seed)
    every_s, days = GRIDS[seed % len(GRIDS)]
    zone = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"][seed % 3]
    grid = a_grid(zone, date(2026, 3, 1), days, every_s)
    rows = [
        simulated(kind, grid, seed=1000 * seed + row, rhythm=Rhythm(float(10.0 ** rng.uniform(-0.5, 3.0))))
        for row in range(series)
    ]
    values = np.concatenate([row.values for row in rows])
    if kind is not Kind.COUNT:
        values = values * 10.0 ** rng.uniform(-3.0, 3.0, (series, 1))
    bucket = np.arange(len(grid))
    values = np.where(bucket > len(grid) * rng.uniform(0.5, 1.5, (series, 1)), np.nan, values)
    begin = rng.choice([np.nan, 0.0], (series, 1))
    values = np.where(bucket < len(grid) * rng.uniform(-0.5, 0.4, (series, 1)), begin, values)
    values = np.where(rng.random(values.shape) < 0.05, np.nan, values)
    weights = np.concatenate([row.weights for row in rows if row.weights is not None]) if kind is Kind.RATIO else None
    off = np.isin(grid.local_day, rng.choice(np.unique(grid.local_day), 4))
    near = np.isin(grid.local_day, grid.local_day[off] + 1) & ~off
    return replace(
        with_values(simulated(kind, grid, seed=0, series=series), values),
        teaches=rng.random(values.shape) > 0.03,
        is_holiday=off,
        weights=weights,
        is_unsettled=near,
        occasion=np.where(off | near, 1 + grid.local_day % 2, 0),
    )


def beginnings(verdict: np.ndarray, quiet: int = 12) -> Bools:
    """Anomalous buckets that no other anomalous one precedes within `quiet` buckets: each begins a false alarm."""
    hit = verdict == VerdictCode.ANOMALOUS
    before = np.cumsum(np.pad(hit, ((0, 0), (quiet + 1, 0))), axis=1)
    lately: Bools = before[:, quiet : quiet + hit.shape[1]] > before[:, : hit.shape[1]]
    first: Bools = hit & ~lately
    return first


def differing(one: Judgement, other: Judgement, place: slice = slice(None), *, rtol: float = 0.0) -> list[str]:
    """The fields in which a judgement is not, digit by digit, the part of another one; with a tolerance, of numbers."""
    found = []
    for name in Judgement.__dataclass_fields__:
        left, right = getattr(one, name), getattr(other, name)[:, place]
        if left.dtype == np.float64 and rtol:
            is_same = np.allclose(left, right, rtol=rtol, atol=rtol, equal_nan=True)
        else:
            is_same = np.array_equal(left, right, equal_nan=left.dtype == np.float64)
        if not is_same:
            found.append(name)
    return found
