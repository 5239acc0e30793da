"""Clock changes and opening hours are no anomalies; a shop that stays shut is one."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from scipy.stats import poisson

from detector.model.grid import HOUR_S, Grid
from detector.model.metric import Direction, Kind
from detector.model.panel import Bools, Panel
from detector.stats.judge import VerdictCode, judge
from rhythms import a_watch
from varied import Rhythm, a_grid, beginnings, local_hours, simulated, with_values

CHANGES = {
    "Europe/Berlin": (date(2026, 3, 29), date(2026, 10, 25)),
    "America/New_York": (date(2026, 3, 8), date(2026, 11, 1)),
    "Australia/Lord_Howe": (date(2026, 4, 5), date(2026, 10, 4)),  # by half an hour
    "Africa/Cairo": (date(2026, 4, 24), date(2026, 10, 29)),  # at midnight
}
EPOCH = date(1970, 1, 1)
ODDS = 0.001  # that an innocent judge fails


def hours_of_change(zone: str, day: date) -> int:
    grid = a_grid(zone, day - timedelta(days=1), 3, HOUR_S // 2)
    return int(np.sum(grid.local_day == (day - EPOCH).days))


@pytest.mark.parametrize(("zone", "halves"), [*zip(CHANGES, [(46, 50), (46, 50), (49, 47), (46, 50)], strict=True)])
def test_days_of_change_are_short_or_long(zone: str, halves: tuple[int, int]) -> None:
    """The dates above are those of the changes: the local days have 23, 23.5, 24.5 or 25 hours."""
    assert tuple(hours_of_change(zone, day) for day in CHANGES[zone]) == halves


def alarms_around(kinds: tuple[Kind, ...], on: Direction, every_s: int = HOUR_S) -> tuple[int, float, int]:
    """False alarms of 40 shops per zone and change: in the three days around it, as many usual days, a week later."""
    around, usually, later, seed = 0, 0.0, 0, 0
    for zone, days in CHANGES.items():
        for day in days:
            for kind in kinds:
                seed += 1
                grid = a_grid(zone, day - timedelta(days=56), 70, every_s)
                rhythm = Rhythm(600.0 if kind is Kind.RATIO else 60.0)
                panel = simulated(kind, grid, seed=seed, series=40, rhythm=rhythm)
                begun = beginnings(judge(panel, a_watch(kind, on, "week"), len(grid)).verdict)
                off = grid.local_day - (day - EPOCH).days
                near, after = np.abs(off) <= 1, np.abs(off - 7) <= 1
                usual = (np.abs(off) <= 20) & ~near & ~after
                around += int(begun[:, near].sum())
                later += int(begun[:, after].sum())
                usually += float(begun[:, usual].mean() * near.sum() * len(begun))
    return around, usually, later


def assert_no_more_than(found: int, usually: float) -> None:
    """As many as usual, but for chance: a Poisson count of that mean exceeds it in one case of a thousand."""
    assert found <= poisson.isf(ODDS, usually), (found, usually)


@pytest.mark.parametrize("on", [Direction.DROP, Direction.RISE])
def test_clock_changes_bring_no_more_alarms_than_other_days(on: Direction) -> None:
    """Days of 23 and 25 hours, their neighbours, and the same days a week later alarm as often as all others."""
    around, usually, later = alarms_around((Kind.COUNT,), on)
    assert usually > 40
    assert_no_more_than(around, usually)
    assert_no_more_than(later, usually)


@pytest.mark.long
@pytest.mark.parametrize("every_s", [HOUR_S, HOUR_S // 2])
@pytest.mark.parametrize("on", list(Direction))
def test_clock_changes_bring_no_more_alarms_for_any_kind(on: Direction, every_s: int) -> None:
    """The same for every kind, hours and half hours."""
    around, usually, later = alarms_around(tuple(Kind), on, every_s)
    assert_no_more_than(around, usually)
    assert_no_more_than(later, usually)


@pytest.mark.parametrize("zone", CHANGES)
def test_daily_totals_of_short_and_long_days_are_usual(zone: str) -> None:
    """A day of 23 or 25 hours holds less or more, and is expected to: 200 shops alarm no more often than on any day."""
    alarms = 0
    for day in CHANGES[zone]:
        grid = a_grid(zone, day - timedelta(days=100), 105, 24 * HOUR_S)
        shops = simulated(Kind.COUNT, grid, seed=31, series=100, rhythm=Rhythm(300.0, 0.02))
        verdict = judge(shops, a_watch(Kind.COUNT, Direction.BOTH), 10).verdict
        there = (grid.local_day == (day - EPOCH).days)[-10:]
        alarms += int((verdict[:, there] == VerdictCode.ANOMALOUS).sum())
    assert_no_more_than(alarms, 200 * 2.0 / 30.4)


def opens(grid: Grid, first: int = 9, last: int = 18, days: int = 6) -> Bools:
    hour = local_hours(grid)
    return (hour >= first) & (hour < last) & (grid.weekday < days)


def a_closing_shop(kind: Kind, *, has_rows: bool, orders: float = 60.0, days: int = 63) -> tuple[Panel, Bools]:
    """Forty shops that open from nine to six, Monday to Saturday, over the spring change in Berlin."""
    grid = a_grid("Europe/Berlin", date(2026, 2, 9), days)
    is_open = opens(grid)
    shops = simulated(kind, grid, seed=32, series=40, rhythm=Rhythm(orders))
    return with_values(shops, np.where(is_open, shops.values, 0.0 if has_rows else np.nan)), is_open


@pytest.mark.parametrize("has_rows", [True, False])
@pytest.mark.parametrize("kind", [Kind.COUNT, Kind.REVENUE])
@pytest.mark.parametrize("on", [Direction.DROP, Direction.BOTH])
def test_closed_hours_are_never_anomalous(kind: Kind, on: Direction, has_rows: bool) -> None:
    """At night and on Sundays nothing is found, whether the table holds zeros or no rows, on a dead day neither."""
    shops, is_open = a_closing_shop(kind, has_rows=has_rows)
    dead = shops.grid.local_day == shops.grid.local_day[-1] - 3
    shops = replace(shops, values=np.where(dead & is_open, 0.0, shops.values))
    verdict = judge(shops, a_watch(kind, on), len(shops.grid)).verdict
    assert not np.any(verdict[:, ~is_open] == VerdictCode.ANOMALOUS)
    if not has_rows:
        assert np.all(verdict[:, ~is_open] == VerdictCode.MISSING)
    calm = verdict[:, ~dead].copy()
    months = 40 * (63 - 14) / 30.44
    assert beginnings(calm).sum() <= poisson.isf(ODDS, 1.5 * months)


@pytest.mark.parametrize("has_rows", [True, False])
@pytest.mark.parametrize("kind", [Kind.COUNT, Kind.REVENUE])
def test_shop_that_does_not_open_is_found_in_its_first_hours(kind: Kind, has_rows: bool) -> None:
    """A dead day in the last week: nine of ten shops are found in the hour in which they should have opened."""
    shops, is_open = a_closing_shop(kind, has_rows=has_rows)
    dead = (shops.grid.local_day == shops.grid.local_day[-1] - 3) & is_open
    verdict = judge(replace(shops, values=np.where(dead, 0.0, shops.values)), a_watch(kind), 7 * 24).verdict
    found = (verdict == VerdictCode.ANOMALOUS)[:, dead[-7 * 24 :]]
    assert np.mean(found[:, 0]) >= 0.9
    assert np.all(found[:, :2].any(axis=1))
    assert np.mean(found) > 0.95


@pytest.mark.parametrize("kind", [Kind.RATIO, Kind.GAUGE])
def test_a_measure_without_rows_at_night_is_judged_by_day(kind: Kind) -> None:
    """Waiting times of a bank: missing at night, and a day far from usual is found in its first hours."""
    shops, is_open = a_closing_shop(kind, has_rows=False, orders=2000.0)
    strange = (shops.grid.local_day == shops.grid.local_day[-1] - 3) & is_open
    verdict = judge(
        replace(shops, values=np.where(strange, 0.5 * shops.values, shops.values)), a_watch(kind), 168
    ).verdict
    assert np.all((verdict == VerdictCode.MISSING) == ~shops.known[:, -168:])
    found = (verdict == VerdictCode.ANOMALOUS)[:, strange[-168:]]
    assert np.mean(found[:, :2].any(axis=1)) > 0.95
    before = verdict[:, : strange[-168:].argmax()]
    assert np.mean((before == VerdictCode.ANOMALOUS).any(axis=1)) < 0.25


def test_sunday_opening_is_no_drop() -> None:
    """A shop that sells on a Sunday for once neither alarms on that day nor on the Sunday after."""
    shops, _ = a_closing_shop(Kind.COUNT, has_rows=True)
    sunday = (shops.grid.weekday == 6) & (shops.grid.local_day < shops.grid.local_day[-1] - 7)
    last = sunday & (shops.grid.local_day == shops.grid.local_day[sunday].max())
    hour = local_hours(shops.grid)
    values = np.where(last & (hour >= 10) & (hour < 16), 40.0, shops.values)
    verdict = judge(replace(shops, values=values), a_watch(Kind.COUNT), 15 * 24).verdict
    sundays = (shops.grid.weekday == 6)[-15 * 24 :]
    assert np.mean((verdict[:, sundays] == VerdictCode.ANOMALOUS).any(axis=1)) <= 0.05
