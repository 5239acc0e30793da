from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from detector.linking.segments import find_whereabouts
from detector.model.incident import Whereabouts
from detector.model.rows import SegmentRows

USUAL = {"DE": 2000.0, "FR": 1000.0, "AT": 600.0, "CH": 390.0, "LI": 10.0}
NOWHERE = Whereabouts("country", everywhere=False)
EVERYWHERE = Whereabouts("country", everywhere=True)


def rows(values: Mapping[str, float | Sequence[float]]) -> SegmentRows:
    table = np.array([np.atleast_1d(np.asarray(one, dtype=np.float64)) for one in values.values()])
    return SegmentRows("country", tuple(values), np.arange(table.shape[1]) * 3600, table)


def scattered(values: Mapping[str, float], seed: int) -> SegmentRows:
    rng = np.random.default_rng(seed)
    level = rng.lognormal(0.0, 0.1)
    return rows({name: float(rng.poisson(value * level)) for name, value in values.items()})


EARLIER = [scattered(USUAL, seed) for seed in range(4)]


def fallen(**rates: float) -> SegmentRows:
    return rows({name: value * (1 - rates.get(name, 0.0)) for name, value in USUAL.items()})


@pytest.mark.parametrize("loss", [0.3, 0.6, 1.0])
def test_the_same_share_lost_by_all_is_everywhere_alike(loss: float) -> None:
    """A fault that takes the same share of everything has no segment."""
    assert find_whereabouts(fallen(**dict.fromkeys(USUAL, loss)), EARLIER, is_drop=True) == EVERYWHERE


def test_one_segment_that_vanished_is_named_with_its_share() -> None:
    """France alone lost everything, and so carries about the whole loss."""
    found = find_whereabouts(fallen(FR=1.0), EARLIER, is_drop=True)
    assert [name for name, _ in found.segments] == ["FR"]
    assert found.segments[0][1] > 0.85
    assert not found.everywhere


def test_a_segment_without_any_row_is_a_loss() -> None:
    """For sums a segment that is not there now has lost all it usually has."""
    gone = rows({name: value for name, value in USUAL.items() if name != "FR"})
    assert [name for name, _ in find_whereabouts(gone, EARLIER, is_drop=True).segments] == ["FR"]


def test_several_segments_stand_largest_loss_first() -> None:
    """Shares are of the whole loss, and sum to one at most."""
    found = find_whereabouts(fallen(AT=0.9, DE=0.8), EARLIER, is_drop=True)
    assert [name for name, _ in found.segments] == ["DE", "AT"]
    shares = [share for _, share in found.segments]
    assert shares == sorted(shares, reverse=True)
    assert 0.85 < sum(shares) <= 1.0


def test_a_tiny_segment_that_was_spared_changes_nothing() -> None:
    """Liechtenstein still sells: everywhere alike all the same."""
    assert find_whereabouts(fallen(DE=0.7, FR=0.7, AT=0.7, CH=0.7), EARLIER, is_drop=True) == EVERYWHERE


def test_a_tiny_segment_that_vanished_is_not_blamed_beside_a_large_one() -> None:
    """It lost all it had by chance, France lost what people miss."""
    found = find_whereabouts(fallen(FR=0.8, LI=1.0), EARLIER, is_drop=True)
    assert [name for name, _ in found.segments] == ["FR"]


def test_a_rise_looks_for_what_is_too_much() -> None:
    """A segment that nobody knew carries the rise."""
    now = rows(USUAL | {"BR": 3000.0})
    found = find_whereabouts(now, EARLIER, is_drop=False)
    assert [name for name, _ in found.segments] == ["BR"]
    assert find_whereabouts(now, EARLIER, is_drop=True).segments == ()


def test_growth_between_weeks_is_scaled_away() -> None:
    """Weeks on other levels agree on how the whole divides."""
    weeks = [rows({name: value * level for name, value in USUAL.items()}) for level in (0.5, 1.0, 2.0)]
    found = find_whereabouts(fallen(FR=1.0), weeks, is_drop=True)
    assert found.segments == (("FR", 1.0),)


def test_one_odd_week_among_four_changes_nothing() -> None:
    """An outage of France three weeks ago does not make its outage now usual."""
    odd = rows(USUAL | {"FR": 0.0})
    assert [name for name, _ in find_whereabouts(fallen(FR=1.0), [*EARLIER[:3], odd], is_drop=True).segments] == ["FR"]


def test_noise_names_a_segment_only_now_and_then() -> None:
    """Weeks that differ by chance alone are seldom told as a loss somewhere: at most 15 of 100 times."""
    few = {"DE": 25.0, "FR": 20.0, "AT": 30.0, "CH": 25.0}
    named = 0
    for seed in range(200):
        *weeks, now = [scattered(few, 5 * seed + week) for week in range(5)]
        named += bool(find_whereabouts(now, weeks, is_drop=True).segments)
    assert named <= 30


def test_a_loss_too_small_for_its_scatter_is_not_called_everywhere() -> None:
    """Some up, some down, a little less in all: neither everywhere alike nor somewhere."""
    weeks = [rows({"DE": 10.0 + step, "FR": 10.0 - step, "AT": 10.0}) for step in (-4.0, -2.0, 2.0, 4.0)]
    assert find_whereabouts(rows({"DE": 7.0, "FR": 12.0, "AT": 10.0}), weeks, is_drop=True) == NOWHERE


@pytest.mark.parametrize(
    ("now", "earlier"),
    [
        (fallen(FR=1.0), []),
        (fallen(), [fallen()]),
        (fallen(FR=1.0), [rows(dict.fromkeys(USUAL, 0.0))]),
        (SegmentRows("country", (), np.arange(2), np.zeros((0, 2))), []),
    ],
    ids=["no earlier week", "nothing missing", "nothing was ever sold", "no segment"],
)
def test_without_a_yardstick_nothing_is_said(now: SegmentRows, earlier: Sequence[SegmentRows]) -> None:
    """Neither everywhere nor somewhere."""
    assert find_whereabouts(now, earlier, is_drop=True) == NOWHERE


def test_a_single_segment_is_everywhere() -> None:
    """There is nothing that it could be told apart from."""
    assert find_whereabouts(rows({"DE": 10.0}), [rows({"DE": 100.0})], is_drop=True) == EVERYWHERE


def test_one_earlier_week_is_enough_for_a_clear_case() -> None:
    """Its scatter is unknown, the loss is plain."""
    assert [name for name, _ in find_whereabouts(fallen(DE=1.0), EARLIER[:1], is_drop=True).segments] == ["DE"]


def test_segments_that_fell_more_but_not_surely_are_not_called_alike() -> None:
    """Cards lost four fifths and all else one; earlier weeks scatter so much that it could be chance."""
    usual = ({"card": 50.0, "cash": 60.0}, {"card": 95.0, "cash": 20.0}, {"card": 70.0, "cash": 45.0})
    now = rows({"card": 14.0, "cash": 36.0})
    assert find_whereabouts(now, [rows(week) for week in usual], is_drop=True) == NOWHERE


def test_several_buckets_are_looked_at_together() -> None:
    """Three hours of each segment are one number."""
    hours = rows({name: (value, value, value) for name, value in USUAL.items()})
    now = rows(
        {name: (value, 0.0 if name == "FR" else value, 0.0 if name == "FR" else value) for name, value in USUAL.items()}
    )
    assert find_whereabouts(now, [hours, hours], is_drop=True).segments == (("FR", 1.0),)


def test_a_ratio_without_rows_is_unknown_not_zero() -> None:
    """For ratios a segment that is not there now has lost nothing."""
    usual = rows({"DE": 0.04, "FR": 0.05, "AT": 0.04})
    now = rows({"DE": 0.01, "FR": float("nan")})
    assert find_whereabouts(now, [usual] * 3, is_drop=True, adds_up=False) == EVERYWHERE
    split = rows({"DE": 0.01, "FR": 0.05, "AT": 0.04})
    assert [name for name, _ in find_whereabouts(split, [usual] * 3, is_drop=True, adds_up=False).segments] == ["DE"]
