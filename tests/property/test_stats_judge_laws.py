"""What holds for every series: scale, strictness, causality, and that a row stands for itself."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.model.grid import DAY_S, HOUR_S
from detector.model.metric import Direction, Kind
from detector.model.panel import Panel
from detector.stats.judge import Judgement, VerdictCode, judge
from rhythms import a_shop, a_watch, at_zero, same

FEW = settings(max_examples=12, deadline=None)
SEEDS = st.integers(0, 10_000)
KINDS = st.sampled_from(list(Kind))
DIRECTIONS = st.sampled_from(list(Direction))


def a_history(seed: int, series: int = 1, every_s: int = HOUR_S) -> Panel:
    """Some weeks with a fault, a gap, a past incident and a holiday in them."""
    days = 30 if every_s < DAY_S else 90
    shop = a_shop(seed=seed, days=days, series=series, orders=float(1 + seed % 200), every_s=every_s)
    count = len(shop.grid)
    rng = np.random.default_rng(seed)
    fault, gap, past = (int(rng.integers(count // 2, count - 8)) for _ in range(3))
    values = at_zero(shop, fault, 6, left=float(rng.choice([0.0, 0.5]))).values.copy()
    values[:, gap : gap + 5] = np.nan
    teaches = shop.teaches.copy()
    teaches[:, past : past + 7] = False
    flags = shop.grid.local_day == shop.grid.local_day[-1] - 3
    return replace(shop, values=values, known=np.isfinite(values), teaches=teaches, is_holiday=flags)


def one_row(panel: Panel, row: int) -> Panel:
    part = slice(row, row + 1)
    return replace(
        panel,
        series=panel.series[part],
        values=panel.values[part],
        known=panel.known[part],
        teaches=panel.teaches[part],
    )


def row_of(judgement: Judgement, row: int) -> Judgement:
    return Judgement(*(getattr(judgement, name)[row : row + 1] for name in Judgement.__dataclass_fields__))


@FEW
@given(seed=SEEDS, kind=KINDS, on=DIRECTIONS, every_s=st.sampled_from([900, HOUR_S, 6 * HOUR_S, DAY_S]))
def test_row_of_a_panel_gives_what_it_gives_alone(seed: int, kind: Kind, on: Direction, every_s: int) -> None:
    """No digit of a series depends on which others are judged with it."""
    panel = a_history(seed, series=5, every_s=every_s)
    together = judge(panel, a_watch(kind, on), 48)
    for row in (0, 3):
        assert same(row_of(together, row), judge(one_row(panel, row), a_watch(kind, on), 48))


@FEW
@given(seed=SEEDS, kind=KINDS, on=DIRECTIONS, cut=st.integers(1, 300))
def test_later_buckets_change_nothing_before_them(seed: int, kind: Kind, on: Direction, cut: int) -> None:
    """A panel that ends earlier says the same of every bucket it has, to the last digit."""
    panel = a_history(seed)
    whole = judge(panel, a_watch(kind, on), len(panel.grid))
    end = len(panel.grid) - cut
    part = judge(panel.cut(slice(0, end)), a_watch(kind, on), end)
    before = Judgement(*(getattr(whole, name)[:, :end] for name in Judgement.__dataclass_fields__))
    assert same(part, before)


@FEW
@given(seed=SEEDS, kind=KINDS, on=DIRECTIONS)
def test_missing_bucket_changes_nothing_before_it(seed: int, kind: Kind, on: Direction) -> None:
    """Taking a bucket's value away changes no verdict of an earlier one, and its own to missing."""
    panel = a_history(seed)
    at = len(panel.grid) - 1 - seed % 100
    values = panel.values.copy()
    values[:, at] = np.nan
    holed = judge(replace(panel, values=values, known=np.isfinite(values)), a_watch(kind, on), 240)
    full = judge(panel, a_watch(kind, on), 240)
    place = at - len(panel.grid)
    assert holed.verdict[0, place] == VerdictCode.MISSING
    for name in Judgement.__dataclass_fields__:
        assert np.array_equal(
            getattr(holed, name)[:, :place].astype(float), getattr(full, name)[:, :place].astype(float), equal_nan=True
        )


@FEW
@given(seed=SEEDS, factor=st.sampled_from([0.01, 0.5, 3.0, 1000.0]), kind=st.sampled_from([Kind.REVENUE, Kind.GAUGE]))
def test_scaled_series_has_a_scaled_band(seed: int, factor: float, kind: Kind) -> None:
    """Cents instead of euros scale expectation, band and spread, and change no score."""
    panel = a_history(seed)
    one = judge(panel, a_watch(kind, Direction.BOTH), 100)
    scaled = judge(replace(panel, values=panel.values * factor), a_watch(kind, Direction.BOTH), 100)
    for name in ("expected", "low", "high", "spread"):
        assert np.allclose(getattr(scaled, name), getattr(one, name) * factor, rtol=1e-6, equal_nan=True)
    assert np.allclose(scaled.score, one.score, atol=1e-5, equal_nan=True)


@FEW
@given(seed=SEEDS, kind=KINDS, on=DIRECTIONS)
def test_stricter_knob_never_adds_anomalies(seed: int, kind: Kind, on: Direction) -> None:
    """Fewer allowed false alarms, fewer or the same anomalous buckets."""
    panel = a_history(seed)
    loose, usual, strict = (
        judge(panel, a_watch(kind, on, per), 200).verdict == VerdictCode.ANOMALOUS for per in ("day", "month", "year")
    )
    assert np.all(loose | ~usual)
    assert np.all(usual | ~strict)


@FEW
@given(seed=SEEDS, kind=KINDS)
def test_known_numbers_are_in_order(seed: int, kind: Kind) -> None:
    """Low is never above high, a spread is never negative, and numbers are there unless learning."""
    judged = judge(a_history(seed), a_watch(kind, Direction.BOTH), 24 * 10)
    said = judged.verdict != VerdictCode.LEARNING
    assert np.isfinite(judged.expected[said & (judged.verdict != VerdictCode.MISSING)]).all()
    has = np.isfinite(judged.expected)
    assert np.all(judged.low[has] <= judged.high[has])
    assert np.all(judged.spread[has] >= 0)


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"])
def test_any_timezone_is_judged(zone: str) -> None:
    """Zones with odd offsets and half-hour clock changes bring no error."""
    from rhythms import panel_of  # noqa: PLC0415  used here alone

    shop = a_shop(seed=1, days=90)
    panel = panel_of(shop.values, timezone=zone)
    judged = judge(panel, a_watch(), 24 * 60)
    assert np.mean(judged.verdict == VerdictCode.ANOMALOUS) < 0.02
