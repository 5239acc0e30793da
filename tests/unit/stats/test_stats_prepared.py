"""Series are made ready for a day once, and judged while it goes on."""

from dataclasses import replace

import numpy as np
import pytest

from detector.model.metric import Kind
from detector.stats.judge import judge, prepare
from rhythms import a_shop, a_watch, same

TODAY = 24 * 33


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("series", [1, 5])
def test_hour_by_hour_is_what_judging_all_of_it_gives(series: int, *, together: bool) -> None:
    """What was prepared at midnight judges each hour of the day as all of the history would, to the last digit."""
    panel = a_shop(seed=2, days=34, series=series, orders=3.0, kind=Kind.COUNT)
    watch = a_watch(Kind.COUNT)
    prepared = prepare(panel.cut(slice(0, TODAY + 1)), watch, together=together)
    for end in (TODAY + 1, TODAY + 9, TODAY + 24):
        now = panel.cut(slice(0, end))
        assert same(prepared.judge(now.cut(slice(TODAY, None)), 1), judge(now, watch, 1, together=together))
        assert same(prepared.judge(now, 20), judge(now, watch, 20, together=together))


def test_the_day_itself_has_no_say() -> None:
    """Whatever the first bucket of the day holds, what is prepared is the same."""
    panel = a_shop(seed=3, days=34, series=3)
    other = replace(panel, values=np.where(np.arange(len(panel.grid)) >= TODAY, 7.0, panel.values))
    one, two = (prepare(each.cut(slice(0, TODAY + 1)), a_watch()) for each in (panel, other))
    today = panel.cut(slice(TODAY, TODAY + 12))
    assert same(one.judge(today, 12), two.judge(today, 12))


def test_who_has_not_begun_is_learned() -> None:
    """Series that begin later than others, or not at all, keep their place among them."""
    panel = a_shop(seed=4, days=34, series=6)
    values = panel.values.copy()
    values[1, : 24 * 10], values[3], values[4, : 24 * 30] = 0.0, 0.0, 0.0
    panel = replace(panel, values=values)
    prepared = prepare(panel, a_watch())
    assert same(prepared.judge(panel, 30), judge(panel, a_watch(), 30))


def test_a_new_level_is_known_in_every_group() -> None:
    """Series that begin on different days are judged group by group; a new level of one is no matter to the others."""
    panel = a_shop(seed=6, days=34, series=6)
    values, begins = panel.values.copy(), np.zeros(panel.values.shape, dtype=bool)
    values[3:, : 24 * 10], begins[1, 24 * 30 + 5] = 0.0, True
    panel = replace(panel, values=values, begins_level=begins)
    assert same(judge(panel, a_watch(), 30), prepare(panel, a_watch()).judge(panel, 30))
    for row in range(6):
        alone = judge(panel.rows(np.array([row])), a_watch(), 30)
        assert np.array_equal(alone.score[0], judge(panel, a_watch(), 30).score[row], equal_nan=True)


def test_another_day_is_refused() -> None:
    """Yesterday's preparation is no good today."""
    panel = a_shop(seed=5, days=30, series=2)
    with pytest.raises(ValueError, match="prepared for day"):
        prepare(panel.cut(slice(0, 24 * 29)), a_watch()).judge(panel, 1)
