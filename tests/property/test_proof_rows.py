"""A row of a panel stands for itself: no digit depends on its neighbours, their order or their number."""

import numpy as np
import pytest

from detector.model.metric import Direction, Kind
from detector.model.state import Seasons
from detector.stats.judge import Judgement, judge
from rhythms import a_watch
from varied import GRIDS, a_grid, differing, mixed, simulated


def row_of(judgement: Judgement, rows: np.ndarray) -> Judgement:
    return Judgement(*(getattr(judgement, name)[rows] for name in Judgement.__dataclass_fields__))


def assert_rows_stand_alone(seed: int, series: int) -> None:
    """Alone, in another order, and in parts of any size: the same digits."""
    rng = np.random.default_rng(seed)
    kind, on = list(Kind)[seed // len(GRIDS) % 4], list(Direction)[seed % 3]
    panel, watch = mixed(seed, kind, series), a_watch(kind, on)
    seasons = [Seasons(day=bool(day), week=bool(week)) for day, week in rng.integers(0, 2, (series, 2))]
    newest = len(panel.grid)

    def said(rows: np.ndarray) -> Judgement:
        return judge(panel.rows(rows), watch, newest, [seasons[row] for row in rows.tolist()])

    every = np.arange(series)
    together = said(every)
    order = rng.permutation(series)
    assert differing(said(order), row_of(together, order)) == []
    for part in np.split(order, np.sort(rng.integers(0, series, 2))):
        if part.size:
            assert differing(said(part), row_of(together, part)) == []
    for row in np.split(every, series):
        assert differing(said(row), row_of(together, row)) == [], (kind, on, row)


@pytest.mark.parametrize("seed", [0, 1, 4, 6, 8, 12, 13])
def test_row_stands_for_itself(seed: int) -> None:
    """Seven series of one panel, permuted, split and one by one."""
    assert_rows_stand_alone(seed, 7)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(16, 64))
def test_rows_of_many_panels_stand_for_themselves(seed: int) -> None:
    """Every kind on every grid, twenty series each."""
    assert_rows_stand_alone(seed, 20)


def test_row_of_a_large_panel_stands_for_itself() -> None:
    """A panel of so many series that it is judged in parts says of each what it says of it alone."""
    panel = simulated(Kind.COUNT, a_grid(days=70), seed=3, series=200)
    together = judge(panel, a_watch(Kind.COUNT), 200)
    for row in (0, 1, 177, 178, 179, 199):
        part = np.array([row])
        assert differing(judge(panel.rows(part), a_watch(Kind.COUNT), 200), row_of(together, part)) == []
