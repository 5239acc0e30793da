"""Simulated series with a daily and weekly rhythm, for tests of the statistics."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np

from detector.model.grid import HOUR_S, grid_of
from detector.model.metric import Direction, FalseAlarms, Kind
from detector.model.panel import Panel
from detector.model.span import Span
from detector.stats.judge import Judgement, VerdictCode, Watch, judge

__all__ = ["MONDAY", "a_shop", "a_watch", "at_zero", "episodes", "found", "panel_of", "same"]

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
# Orders at 8:00 on a weekday are 1.
NIGHT = [0.10, 0.06, 0.04, 0.03, 0.03, 0.06, 0.20, 0.55]
DAY = [1.00, 1.05, 1.00, 0.95, 1.00, 0.95, 0.90, 0.90, 0.95, 1.00, 1.10, 1.20, 1.15, 0.90, 0.50, 0.25]
HOURS = np.array([*NIGHT, *DAY])
WEEKDAYS = np.array([1.0, 1.0, 1.0, 1.0, 1.1, 0.8, 0.7])


def panel_of(values: np.ndarray, every_s: int = HOUR_S, timezone: str = "UTC", start: datetime = MONDAY) -> Panel:
    """A panel of values (m, n) from a Monday's midnight in UTC on; nan is missing."""
    count = values.shape[1]
    grid = grid_of(timezone, every_s, Span(start, start + timedelta(seconds=every_s * (count + 60))))[:count]
    known = np.isfinite(values)
    names = tuple(f"series{row}" for row in range(values.shape[0]))
    return Panel(names, grid, values, known, np.ones(values.shape, bool), np.zeros(count, bool))


def a_shop(  # noqa: PLR0913  named in every call
    *,
    seed: int,
    days: int,
    series: int = 1,
    orders: float = 100.0,
    kind: Kind = Kind.REVENUE,
    sway: float = 0.05,
    every_s: int = HOUR_S,
) -> Panel:
    """Poisson orders of 40 each (exponential baskets for revenue), days and hours that sway by a gamma factor."""
    rng = np.random.default_rng(seed)
    count = days * 24 * HOUR_S // every_s
    panel = panel_of(np.zeros((series, count)), every_s)
    hour = panel.grid.walls // HOUR_S % 24
    mean = HOURS[hour] * WEEKDAYS[panel.grid.weekday] * orders * every_s / HOUR_S
    rate = np.broadcast_to(mean, (series, count))
    if sway:
        day = panel.grid.local_day - panel.grid.local_day[0]
        rate = rate * rng.gamma(sway**-2, sway**2, (series, int(day[-1]) + 1))[:, day]
        rate = rate * rng.gamma(sway**-2, sway**2, rate.shape)
    bought = rng.poisson(rate)
    if kind is Kind.COUNT:
        return replace(panel, values=bought.astype(float))
    return replace(panel, values=np.where(bought > 0, rng.gamma(np.maximum(bought, 1)) * 40.0, 0.0))


def a_watch(kind: Kind = Kind.REVENUE, on: Direction = Direction.DROP, per: str = "month", **bounds: float) -> Watch:
    return Watch(kind, on, FalseAlarms(1.0, per).per_second, bounds.get("below"), bounds.get("above"))


def at_zero(panel: Panel, first: int, count: int, left: float = 0.0) -> Panel:
    """The same with `count` buckets from `first` on scaled down."""
    values = panel.values.copy()
    values[:, first : first + count] *= left
    return replace(panel, values=values)


def found(panel: Panel, watch: Watch, first: int, newest: int = 24 * 7) -> np.ndarray:
    """How many buckets after `first` each series was first called anomalous; 999 for never."""
    verdict = judge(panel, watch, newest).verdict[:, first - len(panel.grid) :] == VerdictCode.ANOMALOUS
    return np.where(verdict.any(axis=1), verdict.argmax(axis=1), 999)


def episodes(verdict: np.ndarray) -> int:
    """Runs of anomalous buckets, no two of them less than twelve buckets apart."""
    total = 0
    for row in verdict:
        at = np.flatnonzero(row == VerdictCode.ANOMALOUS)
        total += int(at.size > 0) + int((np.diff(at) > 12).sum())
    return total


def same(one: Judgement, other: Judgement) -> bool:
    """To the last digit."""
    return all(
        np.array_equal(getattr(one, name), getattr(other, name), equal_nan=getattr(one, name).dtype == np.float64)
        for name in Judgement.__dataclass_fields__
    )
