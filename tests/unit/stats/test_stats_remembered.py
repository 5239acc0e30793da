"""Days off of last year are remembered where the history is one of ten weeks."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from detector.model.metric import Kind
from detector.model.panel import Panel
from detector.model.state import DayOff, Seasons
from detector.stats.calendar import with_calendar
from detector.stats.judge import judge
from detector.stats.memory import kept
from detector.stats.remembered import with_days_off
from detector.stats.seasons import ASSUMED
from rhythms import a_shop, a_watch, panel_of, same

CHRISTMAS = [date(2025, 12, 25), date(2026, 12, 25)]


def around(day: date, seed: int, share: float, kind: Kind = Kind.COUNT) -> Panel:
    """Ten weeks of a shop that end with the day after a day off, on which it sells that share of a usual day."""
    shop = a_shop(seed=seed, days=70, kind=kind)
    start = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(days=68)
    values = np.roll(shop.values, -24 * start.weekday(), axis=1)
    panel = with_calendar(panel_of(values, start=start), None, CHRISTMAS)
    return replace(panel, values=np.where(panel.is_holiday, np.rint(share * panel.values), panel.values))


def remembered(*panels: Panel, kind: Kind = Kind.COUNT) -> Seasons:
    seasons = ASSUMED
    for panel in panels:
        seasons = with_days_off(panel, kind, ASSUMED, seasons)
    return seasons


def test_a_day_off_is_remembered_once() -> None:
    """What it held beside its weekday; the next night adds nothing, and what does not teach is not taken for zero."""
    panel = around(CHRISTMAS[0], 1, 0.3)
    seasons = remembered(panel, panel)
    (one,) = seasons.days_off
    assert one.number == (CHRISTMAS[0] - date(1970, 1, 1)).days
    assert sum(part or 0.0 for part in one.held) / sum(one.weekday) == pytest.approx(0.3, abs=0.05)
    masked = replace(panel, teaches=panel.teaches & ~panel.is_holiday)
    assert remembered(masked).days_off == ()


def test_days_off_are_forgotten_after_two_years() -> None:
    """A third Christmas is not needed."""
    old = DayOff((CHRISTMAS[0] - date(1970, 1, 1)).days - 740, 1, (1.0,), (1.0,), (1.0,), (1.0,))
    assert (
        len(
            with_days_off(around(CHRISTMAS[0], 1, 0.3), Kind.COUNT, ASSUMED, replace(ASSUMED, days_off=(old,))).days_off
        )
        == 1
    )


@pytest.mark.parametrize("kind", [Kind.COUNT, Kind.REVENUE])
def test_last_years_christmas_is_expected_this_year(kind: Kind) -> None:
    """Nearly closed last year: so it may be now, and half of a usual day would be no drop."""
    panel = around(CHRISTMAS[1], 2, 0.1, kind)
    before = remembered(around(CHRISTMAS[0], 1, 0.1, kind), kind=kind)
    newest, day = len(panel.grid), panel.is_holiday
    without = judge(panel, a_watch(kind), newest, [ASSUMED])
    with_memory = judge(panel, a_watch(kind), newest, [before])
    came = panel.values[0, day].sum()
    assert abs(with_memory.expected[0, day].sum() - came) < 0.6 * abs(without.expected[0, day].sum() - came)
    assert panel.is_unsettled is not None
    others = ~day & ~panel.is_unsettled & (np.arange(newest) < day.argmax())
    assert np.array_equal(with_memory.expected[:, others], without.expected[:, others], equal_nan=True)


def eve_of(panel: Panel, share: float) -> Panel:
    """The same with so much of what the day before the day off sold."""
    is_eve = panel.grid.local_day == panel.grid.local_day[panel.is_holiday].min() - 1
    return replace(panel, values=np.where(is_eve, np.rint(share * panel.values), panel.values))


def test_the_day_before_a_day_off_is_remembered() -> None:
    """With the day itself and the one after it; other days on which some are off are many, and are not."""
    panel = eve_of(around(CHRISTMAS[0], 1, 0.3), 0.2)
    seasons = remembered(panel, panel)
    number = (CHRISTMAS[0] - date(1970, 1, 1)).days
    assert [one.number - number for one in seasons.days_off] == [0]
    assert [one.number - number for one in seasons.days_near] == [-1, 1]
    eve = seasons.days_near[0]
    assert sum(part or 0.0 for part in eve.held) / sum(eve.weekday) == pytest.approx(0.2, abs=0.05)
    after_a_year = [replace(one, number=one.number - 400) for one in seasons.days_near]
    again = with_days_off(panel, Kind.COUNT, ASSUMED, replace(seasons, days_near=tuple(after_a_year)))
    assert again.days_near == (after_a_year[1], *seasons.days_near)


def test_last_years_christmas_eve_is_expected_this_year() -> None:
    """Half a day last year: so it may be now, and what it holds is nearer to what is expected."""
    panel = eve_of(around(CHRISTMAS[1], 2, 0.3), 0.3)
    before = remembered(eve_of(around(CHRISTMAS[0], 1, 0.3), 0.3))
    newest = len(panel.grid)
    is_eve = panel.grid.local_day == panel.grid.local_day[panel.is_holiday].min() - 1
    without = judge(panel, a_watch(Kind.COUNT), newest, [replace(before, days_near=())])
    with_memory = judge(panel, a_watch(Kind.COUNT), newest, [before])
    came = panel.values[0, is_eve].sum()
    assert abs(with_memory.expected[0, is_eve].sum() - came) < 0.7 * abs(without.expected[0, is_eve].sum() - came)
    assert with_memory.score[0, is_eve].max() < without.score[0, is_eve].max()


def test_memory_of_days_off_counts_with_and_without_the_warm_walk() -> None:
    """A walk that was kept from before the memory changed is not gone on with."""
    panel = around(CHRISTMAS[1], 2, 0.1).cut(slice(0, 69 * 24 - 6))
    before = remembered(around(CHRISTMAS[0], 1, 0.1))
    judge(panel, a_watch(Kind.COUNT), 1, [ASSUMED])
    warm = judge(panel, a_watch(Kind.COUNT), 1, [before])
    kept.clear()
    cold = judge(panel, a_watch(Kind.COUNT), 1, [before])
    assert same(warm, cold)
    assert warm.expected[0, -1] < 0.8 * judge(panel, a_watch(Kind.COUNT), 1, [ASSUMED]).expected[0, -1]


def test_days_off_in_the_history_teach_by_themselves() -> None:
    """One that is remembered and still in the history counts once."""
    panel = around(CHRISTMAS[0], 1, 0.3)
    longer = panel.cut(slice(0, 70 * 24))
    seasons = remembered(panel)
    plain, told = judge(longer, a_watch(Kind.COUNT), 24), judge(longer, a_watch(Kind.COUNT), 24, [seasons])
    assert same(plain, told)
