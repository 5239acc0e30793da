"""Days of the month of last year are remembered where the history that is judged by is one of ten weeks."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from detector.model.grid import DAY_S, grid_of
from detector.model.metric import Direction, Kind
from detector.model.panel import Floats, Panel
from detector.model.span import Span
from detector.model.state import DaysOfMonth, Seasons
from detector.stats.judge import VerdictCode, judge
from detector.stats.memory import kept
from detector.stats.months import classes_of, factors_on
from detector.stats.months_remembered import asks_for_month, with_month
from detector.stats.seasons import ASSUMED
from rhythms import HOURS, WEEKDAYS, a_watch, panel_of, same

TODAY = 20_500
MARCH = (datetime(2026, 3, 1, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)).days + np.arange(31)
SPRING = datetime(2026, 3, 9, tzinfo=UTC)
BILLING = DaysOfMonth(TODAY, (2.5, *(1.0,) * 13, 1.6, *(1.0,) * 16))


def days_of(sums: Floats, start: datetime = SPRING) -> Panel:
    """Sums of whole days."""
    count = sums.size
    grid = grid_of("UTC", DAY_S, Span(start, start + timedelta(days=count)))
    whole = np.ones((1, count), dtype=bool)
    return Panel(("billing",), grid, sums[None], np.isfinite(sums)[None], whole, np.zeros(count, dtype=bool))


def a_business(seed: int, count: int, noise: float = 0.1, billing: DaysOfMonth | None = BILLING) -> Panel:
    """Days of a business that grows by a half in a year, with quiet weekends and days on which it bills."""
    rng = np.random.default_rng(seed)
    panel = days_of(np.ones(count))
    usual = 1000.0 * WEEKDAYS[panel.grid.weekday] * 1.5 ** (np.arange(count) / 365.0)
    factors = np.ones(count) if billing is None else factors_on(panel.grid.local_day, billing)
    return replace(panel, values=(usual * factors * np.maximum(1.0 + noise * rng.standard_normal(count), 0.0))[None])


def month_of(days: Panel) -> DaysOfMonth:
    found = with_month(days, TODAY, ASSUMED).month
    assert found is not None
    return found


@pytest.mark.parametrize("count", [120, 160, 400])
def test_billing_days_are_found_from_daily_sums(count: int) -> None:
    """The 1st and the 15th, beside plain days; growth and weekends are no season of the month."""
    found = month_of(a_business(1, count))
    assert found.found_on == TODAY
    factors = factors_on(MARCH, found) / np.median(factors_on(MARCH, found))
    assert factors[0] == pytest.approx(2.5, rel=0.1)
    assert factors[14] == pytest.approx(1.6, rel=0.12)
    assert np.abs(np.delete(factors, [0, 14]) - 1.0).max() < 0.12


def test_invoices_on_the_last_are_counted_from_the_end() -> None:
    """Whether it is the 28th or the 31st."""
    last = DaysOfMonth(TODAY, (), (*(1.0,) * 30, 2.0))
    found = month_of(a_business(2, 300, billing=last))
    assert found.from_first == ()
    assert found.from_ends[30] == pytest.approx(1.9, abs=0.15)


@pytest.mark.parametrize("count", [91, 300])
def test_noise_has_no_days_of_the_month(count: int) -> None:
    """At most one series of twenty is said to have some."""
    found = [month_of(a_business(seed, count, noise=0.25, billing=None)).is_season for seed in range(200)]
    assert np.mean(found) < 0.05


def test_three_months_are_the_least_of_daily_sums() -> None:
    """What is too little is put down as asked for, so that it is not asked again every night."""
    assert month_of(a_business(3, 90)) == DaysOfMonth(TODAY)


def test_days_in_incidents_and_days_off_tell_nothing() -> None:
    """An outage on the 12th of one month is no season, whatever it left; nor is what a day off held."""
    days = a_business(4, 130)
    plain = factors_on(MARCH, month_of(days))
    out, off = 40, 71
    values, teaches, is_off = days.values.copy(), days.teaches.copy(), days.is_holiday.copy()
    values[0, [out, off]] = 0.0
    teaches[0, out], is_off[off] = False, True
    found = month_of(replace(days, values=values, teaches=teaches, is_holiday=is_off))
    assert np.abs(factors_on(MARCH, found) - plain).max() < 0.06


def test_a_day_of_the_month_that_breaks_every_time_is_a_season() -> None:
    """Who is called every first of the month is not called for ever: what keeps a calendar is usual."""
    days = a_business(5, 200)
    is_first = classes_of(days.grid.local_day)[0] == 0
    assert factors_on(MARCH, month_of(replace(days, teaches=~is_first[None])))[0] > 2.0
    plain = a_business(5, 200, billing=None)
    twice = np.isin(np.arange(200), np.flatnonzero(is_first)[:2])[None]
    assert not month_of(replace(plain, values=np.where(twice, 0.0, plain.values), teaches=~twice)).is_season


def test_it_is_asked_for_once_a_month() -> None:
    """At the first midnight there is in it, or the first one ever; gauges and ratios have no such season."""
    march = int(MARCH[0])
    found = replace(ASSUMED, month=DaysOfMonth(march + 3))
    assert [asks_for_month(found, Kind.COUNT, march + day) for day in (4, 20, 31)] == [False, False, True]
    assert asks_for_month(None, Kind.REVENUE, march)
    assert asks_for_month(ASSUMED, Kind.REVENUE, march)
    assert not asks_for_month(None, Kind.RATIO, march)
    assert not asks_for_month(None, Kind.GAUGE, march)


def ten_weeks(seed: int, until: datetime, follow: Floats, orders: float = 100.0) -> Panel:
    """Hours of shops before an instant; each follows the billing days as far as is said of it."""
    rng = np.random.default_rng(seed)
    start = (until - timedelta(days=70)).replace(hour=0)
    count = int((until - start).total_seconds()) // 3600
    panel = panel_of(np.zeros((follow.size, count)), start=start)
    hour = panel.grid.walls // 3600 % 24
    beyond = factors_on(panel.grid.local_day, BILLING) - 1.0
    mean = HOURS[hour] * WEEKDAYS[panel.grid.weekday] * orders * (1.0 + follow[:, None] * beyond)
    return replace(panel, values=rng.poisson(mean).astype(np.float64))


FIRST_OF_APRIL = datetime(2026, 4, 1, 12, tzinfo=UTC)
WATCH = a_watch(Kind.COUNT, Direction.BOTH)


def test_the_first_of_the_month_is_expected() -> None:
    """Two and a half times a plain day: an alarm without the memory, and as usual with it; half of that is a drop."""
    panel = ten_weeks(6, FIRST_OF_APRIL, np.ones(2))
    told = [replace(ASSUMED, month=BILLING)] * 2
    without, with_memory = judge(panel, WATCH, 12), judge(panel, WATCH, 12, told)
    busy = slice(8, 12)
    assert (without.verdict[:, busy] == VerdictCode.ANOMALOUS).all()
    assert (with_memory.verdict == VerdictCode.NORMAL).all()
    over = panel.values[:, -12:] / with_memory.expected
    assert over[:, busy].mean() == pytest.approx(1.0, abs=0.08)
    values = panel.values.copy()
    values[:, -3:] *= 0.5
    halved = judge(replace(panel, values=values), WATCH, 12, told)
    assert (halved.verdict[:, -1] == VerdictCode.ANOMALOUS).all()
    assert halved.is_drop[:, -1].all()


def test_billing_days_in_the_first_week_teach_as_plain_ones() -> None:
    """Where the history begins with the 1st, of the Wednesdays that follow not as much is expected."""
    panel = ten_weeks(7, datetime(2026, 4, 15, 12, tzinfo=UTC), np.ones(2))
    young = panel.cut(slice(-24 * 14 - 12, None))  # from the 1st on
    seasons = replace(ASSUMED, month=BILLING)
    told, untold = judge(young, WATCH, 12, [seasons] * 2), judge(young, WATCH, 12, [ASSUMED] * 2)
    came = panel.values[:, -12:].sum()
    assert told.expected.sum() / came == pytest.approx(1.0, abs=0.05)
    assert untold.expected.sum() / came > 1.2


def test_days_of_the_month_count_with_and_without_the_warm_walk() -> None:
    """What was walked to before they were known is not gone on with."""
    panel = ten_weeks(8, FIRST_OF_APRIL, np.ones(1))
    judge(panel, WATCH, 1, [ASSUMED])
    warm = judge(panel, WATCH, 1, [replace(ASSUMED, month=BILLING)])
    kept.clear()
    cold = judge(panel, WATCH, 1, [replace(ASSUMED, month=BILLING)])
    assert same(warm, cold)
    assert warm.expected[0, -1] > 2.0 * judge(panel, WATCH, 1, [ASSUMED]).expected[0, -1]


def test_each_row_has_days_of_the_month_of_its_own() -> None:
    """Beside others it is judged as alone; who has none is judged as ever."""
    panel = ten_weeks(9, FIRST_OF_APRIL, np.array([1.0, 0.0, 1.0]))
    other = DaysOfMonth(TODAY, (), (1.5, *(1.0,) * 30))
    seasons = [replace(ASSUMED, month=month) for month in (BILLING, None, other)]
    together = judge(panel, WATCH, len(panel.grid), seasons)
    for row, season in enumerate(seasons):
        alone = judge(panel.rows(np.array([row])), WATCH, len(panel.grid), [season])
        for name in ("expected", "score", "verdict"):
            assert np.array_equal(getattr(together, name)[row], getattr(alone, name)[0], equal_nan=True)
    assert np.array_equal(together.expected[1], judge(panel, WATCH, len(panel.grid)).expected[1], equal_nan=True)


def test_members_follow_the_days_of_their_whole_as_far_as_their_own_days_do() -> None:
    """A member that sells subscriptions bills, one that sells by the hour does not."""
    follow = np.array([1.0] * 5 + [0.0] * 5)
    panel = ten_weeks(10, FIRST_OF_APRIL, follow)
    seasons: list[Seasons] = [replace(ASSUMED, month=BILLING)] * follow.size
    found = judge(panel, WATCH, 12, seasons, together=True)
    over = panel.values[:, -4:].sum(axis=1) / found.expected[:, -4:].sum(axis=1)
    assert over[:5] == pytest.approx(np.ones(5), abs=0.15)
    assert over[5:] == pytest.approx(np.ones(5), abs=0.15)
    assert (found.verdict == VerdictCode.NORMAL).mean() > 0.99
