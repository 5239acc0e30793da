"""What was said of a bucket stands, to the last digit, whatever comes after it."""

from dataclasses import replace

import numpy as np
import pytest

from detector.model.metric import Direction, Kind
from detector.stats.judge import judge
from rhythms import a_watch
from varied import Rhythm, a_grid, befallen, differing, simulated


def assert_causal(seed: int) -> None:
    """One series of the seed, cut anywhere: in a gap, an outage, a repeated hour or its first week."""
    case = befallen(seed)
    panel = replace(case.panel, weights=None)
    watch = a_watch(case.kind, case.on)
    end = int(np.random.default_rng(seed).integers(1, len(panel.grid)))
    whole, part = judge(panel, watch, len(panel.grid)), judge(panel.cut(slice(0, end)), watch, end)
    assert differing(part, whole, slice(0, end)) == [], f"{case.title}, cut after {end}"


def test_nothing_that_comes_later_counts() -> None:
    """Thirty cuts of thirty series: kinds, sides, zones, lengths of buckets, holidays, gaps, masked incidents."""
    for seed in range(30):
        assert_causal(seed)


@pytest.mark.long
def test_nothing_that_comes_later_counts_in_200_cuts() -> None:
    """Two hundred more."""
    for seed in range(1000, 1200):
        assert_causal(seed)


@pytest.mark.parametrize("on", list(Direction))
def test_future_of_another_kind_changes_nothing(on: Direction) -> None:
    """Not only cut off: a future of zeros, of giants or of other masks and holidays says nothing of the past either."""
    panel = simulated(Kind.REVENUE, a_grid("Europe/Berlin", days=40), seed=4, series=5)
    watch, end = a_watch(on=on), 33 * 24 + 7
    after = np.arange(len(panel.grid)) >= end
    before = judge(panel, watch, len(panel.grid))
    for values in (0.0, 1e9, np.nan):
        other = np.where(after, values, panel.values)
        off = after & (panel.grid.local_day > panel.grid.local_day[end])
        changed = replace(
            panel,
            values=other,
            known=np.isfinite(other),
            teaches=np.broadcast_to(~after, other.shape),
            is_holiday=off,
            is_unsettled=off[::-1] & after,
        )
        judged = judge(changed, watch, len(panel.grid))
        kept = judge(panel.cut(slice(0, end)), watch, end)
        assert differing(kept, judged, slice(0, end)) == []
        assert differing(kept, before, slice(0, end)) == []


def test_later_denominators_change_nothing() -> None:
    """What is known of a ratio's bucket is the same before and after the other hours of its day are in."""
    panel = simulated(Kind.RATIO, a_grid(days=30), seed=1, series=4, rhythm=Rhythm(1000.0))
    end, watch = 25 * 24 + 13, a_watch(Kind.RATIO)
    whole, part = judge(panel, watch, len(panel.grid)), judge(panel.cut(slice(0, end)), watch, end)
    assert differing(part, whole, slice(0, end)) == []
