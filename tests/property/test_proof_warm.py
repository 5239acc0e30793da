"""Day after day, hour after hour: what the detector keeps between two calls changes nothing but the time they take.

A number may differ by 1e-9 of itself from what one call over the whole says: whatever is kept may be summed in another
order. Verdicts may not differ.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from detector.model.metric import Direction, Kind
from detector.model.panel import Panel
from detector.model.state import Seasons
from detector.stats.judge import Judgement, Watch, judge
from detector.stats.memory import kept
from rhythms import a_watch, at_zero
from varied import Rhythm, a_grid, befallen, differing, simulated

CLOSE = 1e-9


@pytest.fixture(autouse=True)
def nothing_is_kept_from_other_tests() -> Iterator[None]:
    """Each test begins cold, and leaves nothing behind."""
    kept.clear()
    yield
    kept.clear()


def cold(panel: Panel, watch: Watch, newest: int, seasons: list[Seasons] | None = None) -> Judgement:
    """What a detector says that has just started."""
    kept.clear()
    return judge(panel, watch, newest, seasons)


def days_of(panel: Panel, last: int) -> list[tuple[int, int]]:
    """Of the last whole days: how many buckets there were at their end, and how many of those were theirs."""
    local = panel.grid.local_day
    ends = [int(np.searchsorted(local, day, side="right")) for day in np.unique(local)[-last:]]
    return [(end, int((local[:end] == local[end - 1]).sum())) for end in ends]


@pytest.mark.parametrize("seed", [*range(24), 36, 37, 39, 41])
def test_day_after_day_agrees_with_one_call(seed: int) -> None:
    """Six days, each judged at its end, are what one call over all weeks says of them."""
    case = befallen(seed)
    panel, watch = replace(case.panel, weights=None), a_watch(case.kind, case.on)
    whole = cold(panel, watch, len(panel.grid))
    kept.clear()
    for end, newest in days_of(panel, 6):
        today = judge(panel.cut(slice(0, end)), watch, newest)
        assert differing(today, whole, slice(end - newest, end), rtol=CLOSE) == [], case.title


@pytest.mark.parametrize("kind", list(Kind))
def test_hour_after_hour_agrees_with_one_call(kind: Kind) -> None:
    """Two days and a half of hours, each judged when it has ended, as whole days go by."""
    panel = replace(simulated(kind, a_grid("Europe/Berlin", days=60), seed=5), weights=None)
    panel = at_zero(panel, len(panel.grid) - 40, 8)
    for end in range(len(panel.grid) - 60, len(panel.grid) + 1):
        window = panel.cut(slice(0, end))
        warm = judge(window, a_watch(kind), 2)
        if end % 7 == 0:
            memory = cold(window, a_watch(kind), len(window.grid))
            assert differing(warm, memory, slice(end - 2, end), rtol=CLOSE) == []


@pytest.mark.parametrize("every", [1, 24])
def test_sliding_window_agrees_with_a_fresh_start(every: int) -> None:
    """The daemon's window of whole weeks moves on by an hour or a day; each time it says what a fresh start says."""
    panel = simulated(Kind.REVENUE, a_grid("America/New_York", days=60), seed=6, series=3)
    width = 35 * 24
    ends = list(range(len(panel.grid) - 10 * every, len(panel.grid) + 1, every))
    windows = [panel.cut(slice(end - width, end)) for end in ends]
    warm = [judge(window, a_watch(), 26) for window in windows]
    for window, said in zip(windows, warm, strict=True):
        assert differing(said, cold(window, a_watch(), 26), rtol=CLOSE) == []


def changed(panel: Panel) -> dict[str, Panel]:
    """The same names and buckets, but something of the past is known better than a moment ago."""
    values, wider = panel.values.copy(), panel.values.copy()
    values[:, 500] = 0.0
    wider[:, 400:404] = np.nan
    masked, holidays = panel.teaches.copy(), panel.is_holiday.copy()
    masked[:, 600:630] = False
    holidays[30 * 24 : 31 * 24] = True
    order = np.arange(len(panel.series))[::-1].copy()
    shifted = replace(panel, grid=a_grid("America/New_York", days=40)[: len(panel.grid)])
    return {
        "a late row": replace(panel, values=values),
        "rows gone": replace(panel, values=wider, known=np.isfinite(wider)),
        "an incident": replace(panel, teaches=masked),
        "a holiday": replace(panel, is_holiday=holidays),
        "a bridge day": replace(panel, is_unsettled=holidays),
        "another order": panel.rows(order),
        "another zone": shifted,
        "a shorter past": panel.cut(slice(7 * 24, None)),
    }


@pytest.mark.parametrize("series", [1, 3, 9])
def test_better_knowledge_of_the_past_is_heard(series: int) -> None:
    """Whatever changes between two calls with the same names, the second says what a fresh start says."""
    panel = simulated(Kind.COUNT, a_grid("Europe/Berlin", days=40), seed=7, series=series)
    watch = a_watch(Kind.COUNT, Direction.BOTH)
    for title, other in changed(panel).items():
        judge(panel, watch, 30)
        warm = judge(other, watch, 30)
        assert differing(warm, cold(other, watch, 30), rtol=CLOSE) == [], title
        assert differing(judge(panel, watch, 30), cold(panel, watch, 30), rtol=CLOSE) == [], title


def test_other_questions_of_the_same_panel_are_heard() -> None:
    """Kind, side, knob, bounds and seasons are part of the question."""
    panel = simulated(Kind.COUNT, a_grid(days=40), seed=8)
    asked: list[tuple[Watch, list[Seasons] | None]] = [
        (a_watch(kind, on, per), seasons)
        for kind in Kind
        for on, per in ((Direction.DROP, "month"), (Direction.BOTH, "week"))
        for seasons in (None, [Seasons(day=True, week=False)])
    ]
    asked.append((a_watch(Kind.COUNT, below=50.0), None))
    warm = [judge(panel, watch, 48, seasons) for watch, seasons in asked]
    for (watch, seasons), said in zip(asked, warm, strict=True):
        assert differing(said, cold(panel, watch, 48, seasons), rtol=CLOSE) == []


def test_asking_for_more_or_less_of_the_end_changes_nothing() -> None:
    """The newest bucket, a day, or all weeks: what is said of a bucket does not hang on how many are asked for."""
    panel = simulated(Kind.REVENUE, a_grid(days=40), seed=9, series=2, rhythm=Rhythm(3.0))
    count = len(panel.grid)
    whole = cold(panel, a_watch(), count)
    for newest in (1, 24, 25, 500, 2, count):
        said = judge(panel, a_watch(), newest)
        assert differing(said, whole, slice(count - newest, count), rtol=CLOSE) == []


def test_ratio_with_denominators_is_not_mixed_up() -> None:
    """The same shares from other denominators are another series."""
    panel = simulated(Kind.RATIO, a_grid(days=40), seed=10, rhythm=Rhythm(30.0))
    assert panel.weights is not None
    watch = a_watch(Kind.RATIO)
    for weights in (panel.weights, panel.weights * 100.0, None):
        other = replace(panel, weights=weights)
        warm = judge(other, watch, 30)
        assert differing(warm, cold(other, watch, 30), rtol=CLOSE) == []
