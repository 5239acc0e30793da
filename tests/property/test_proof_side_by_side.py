"""Series that were made ready side by side are judged as each is alone, to the last digit."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pytest

from detector.model.metric import Direction, Kind
from detector.model.panel import Panel
from detector.model.state import DayOff, DaysOfMonth, Seasons
from detector.stats.judge import Judgement, Watch, judge
from detector.stats.memory import kept
from detector.stats.side_by_side import is_ready, make_ready, question_of
from rhythms import a_watch
from varied import GRIDS, a_grid, differing, mixed, simulated

NEWEST = 30
Asked = tuple[Panel, Watch, Seasons]


@pytest.fixture(autouse=True)
def nothing_is_kept_from_other_tests() -> Iterator[None]:
    """Each test begins cold, and leaves nothing behind."""
    kept.clear()
    yield
    kept.clear()


def days_off_of(panel: Panel, rng: np.random.Generator) -> tuple[DayOff, ...]:
    """Some of last year, each of a row's own: with holidays that others know by other numbers, in other parts."""
    first, pieces = int(panel.grid.local_day[0]), int(rng.choice([1, 6]))
    numbers = sorted(first - 1 - rng.choice(8, int(rng.integers(0, 4)), replace=False))

    def some() -> tuple[float, ...]:
        return tuple(rng.uniform(10.0, 100.0, pieces).tolist())

    return tuple(DayOff(int(day), int(rng.integers(0, 3)), some(), some(), some(), some()) for day in numbers)


def a_month(row: int, rng: np.random.Generator) -> DaysOfMonth | None:
    """Of every other row: the first counting, or the second."""
    factors = tuple(rng.uniform(0.5, 2.0, 31).tolist())
    return [None, DaysOfMonth(1, factors), None, DaysOfMonth(1, (), factors)][row // 3 % 4]


def rows_by_themselves(seed: int, series: int, kind: Kind) -> list[Asked]:
    """Series of all sizes that begin on two days, each with a watch and seasons of its own, some with a new level."""
    rng = np.random.default_rng(seed)
    panel = mixed(seed, kind, series)
    local = panel.grid.local_day
    asked: list[Asked] = []
    for row in range(series):
        alone = panel.rows(np.array([row]))
        first = int(np.searchsorted(local, local[0] + 3 * (row % 2)))
        values, teaches = alone.values.copy(), alone.teaches.copy()
        values[0, :first], values[0, first], teaches[0, first] = np.nan, 0.5, True
        alone = replace(alone, values=values, known=np.isfinite(values), teaches=teaches)
        if row % 6 < 2:
            begins = np.zeros(alone.values.shape, dtype=bool)
            begins[0, int(rng.integers(len(panel.grid) // 2, len(panel.grid)))] = True
            alone = replace(alone, begins_level=begins)
        on = Direction.BOTH if row % 6 > 3 else Direction.DROP
        watch = a_watch(kind, on, per="week" if row == 3 else "month")
        day, week = rng.integers(0, 2, 2).astype(bool).tolist()
        off, near = days_off_of(panel, rng), days_off_of(panel, rng)
        asked.append((alone, watch, Seasons(day=day, week=week, days_off=off, days_near=near, month=a_month(row, rng))))
    return asked


def judged_alone(one: Asked) -> Judgement:
    """As a detector does that has just started."""
    kept.clear()
    panel, watch, seasons = one
    return judge(panel, watch, NEWEST, [seasons])


def judged(one: Asked) -> Judgement:
    """By what is kept."""
    panel, watch, seasons = one
    return judge(panel, watch, NEWEST, [seasons])


def prepare(asked: Sequence[Asked]) -> list[bool]:
    """Make all ready; and which of them now are."""
    questions = [question_of(*one) for one in asked]
    make_ready([one for one in questions if one is not None])
    return [one is None or is_ready(one) for one in questions]


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("seed", range(len(GRIDS)))
def test_series_made_ready_together_are_judged_as_alone(seed: int, kind: Kind) -> None:
    """Every kind on every grid; watches, beginnings, seasons, days off and levels differ."""
    asked = rows_by_themselves(seed, 12, kind)
    alone = [judged_alone(one) for one in asked]
    kept.clear()
    assert sum(prepare(asked)) == len(asked) - 2  # but for two that nobody else is like
    for one, expected in zip(asked, alone, strict=True):
        assert differing(judged(one), expected) == []


def revised(one: Asked, rng: np.random.Generator) -> Asked:
    """Rows have come late, of yesterday and the day before."""
    panel, watch, seasons = one
    local = panel.grid.local_day
    late = np.flatnonzero((local >= local[-1] - 2) & (local < local[-1]))
    values = panel.values.copy()
    values[0, rng.choice(late, 3, replace=False)] *= 1.25
    return replace(panel, values=values), watch, seasons


def a_crowd(kind: Kind, series: int, seed: int) -> list[Asked]:
    """Series that have everything in common but their values."""
    panel = simulated(kind, a_grid("Europe/Berlin", days=40), seed=seed, series=series)
    panel = panel.cut(slice(0, len(panel.grid) - 9))
    seasons = Seasons(day=True, week=True)
    return [(panel.rows(np.array([row])), a_watch(kind), seasons) for row in range(series)]


@pytest.mark.parametrize("changed", [3, 20])
@pytest.mark.parametrize("kind", [Kind.REVENUE, Kind.RATIO, Kind.GAUGE])
def test_late_rows_are_heard_by_those_they_belong_to(kind: Kind, changed: int) -> None:
    """A few go on from the walk that all had in common, many walk anew; nobody else's digits move."""
    rng = np.random.default_rng(changed)
    asked = a_crowd(kind, 22, seed=3)
    assert all(prepare(asked))
    later = [revised(one, rng) if row < changed else one for row, one in enumerate(asked)]
    prepare(later)
    said = [judged(one) for one in later]
    again = [judged(one) for one in reversed(asked)][::-1]
    for row, one in enumerate(later):
        assert differing(said[row], judged_alone(one)) == [], row
        assert differing(again[row], judged_alone(asked[row])) == [], row


def test_going_on_from_a_walk_is_the_walk() -> None:
    """A dozen late rows, one after the other: none of those that go on from the kept walk moves it on."""
    rng = np.random.default_rng(5)
    asked = a_crowd(Kind.COUNT, 2, seed=4)
    prepare(asked)
    for _ in range(12):
        asked[0] = revised(asked[0], rng)
        said = judged(asked[0])
        other = judged(asked[1])
        walks = kept._ready.copy(), kept._walks.copy()
        assert differing(said, judged_alone(asked[0])) == []
        assert differing(other, judged_alone(asked[1])) == []
        kept._ready.update(walks[0])
        kept._walks.update(walks[1])


@pytest.mark.parametrize("seed", range(len(GRIDS)))
def test_days_that_often_change_are_judged_from_what_is_kept(seed: int) -> None:
    """The two days before today, and some buckets before them: what a walk up to now says of them, digit by digit."""
    panel, watch, seasons = rows_by_themselves(seed, 1, list(Kind)[seed])[0]
    whole = judge(panel, watch, len(panel.grid), [seasons])
    today = int((panel.grid.local_day == panel.grid.local_day[-1]).sum())
    for newest in (today + 1, today + 48, today + 48 + 2 * panel.grid.slots_per_day):
        kept.clear()
        for _ in range(2):  # cold and warm
            said = judge(panel, watch, newest, [seasons])
            assert len(kept._ready) == 1
            assert differing(said, whole, slice(len(panel.grid) - newest, None)) == []


def test_a_single_cold_series_is_left_to_itself() -> None:
    """Nothing is gained by asking for it before it is judged."""
    assert prepare(a_crowd(Kind.COUNT, 1, seed=6)) == [False]


def test_who_has_not_begun_asks_nothing() -> None:
    """Silence from the beginning on is no series yet."""
    panel, watch, seasons = a_crowd(Kind.COUNT, 1, seed=7)[0]
    assert question_of(replace(panel, values=np.zeros(panel.values.shape)), watch, seasons) is None
