"""When an anomaly began, from judged buckets."""

from dataclasses import replace
from datetime import timedelta

import pytest

from builders import EIGHT, an_outcome
from detector.model.metric import Kind
from detector.model.verdict import Outcome
from detector.pipeline.beginning import onset_among
from detector.stats.onset import find_onset


def dying(*kept: float) -> list[Outcome]:
    """A day of usual hours, and hours that hold so much of the usual."""
    usual = [an_outcome(hour, "n") for hour in range(-24, 0)]
    return [*usual, *(an_outcome(hour, "a", 1000.0 * part) for hour, part in enumerate(kept))]


def test_an_outage_that_grew_may_have_begun_when_it_began_to_grow() -> None:
    """Three quarters, a quarter, nothing: the first hour is inside the interval from its first half on."""
    onset = onset_among(dying(0.75, 0.25, 0.0), 24, Kind.COUNT, is_drop=True)
    assert onset.earliest < EIGHT + timedelta(minutes=30) < onset.latest


def test_it_begins_no_later_than_in_the_first_anomalous_bucket() -> None:
    """Half of an hour lost, and all of the next ones: the second step is no beginning."""
    onset = onset_among(dying(0.5, 0.5, 0.0, 0.0), 24, Kind.COUNT, is_drop=True)
    assert all(span.start_at < EIGHT + timedelta(hours=1) for span, _ in onset.pieces)


@pytest.mark.parametrize("kind", [Kind.RATIO, Kind.GAUGE])
def test_shares_and_levels_change_at_once(kind: Kind) -> None:
    """Nothing of them adds up, and no part of an hour is lost: one change of level, as before."""
    outcomes = dying(0.5, 0.0)
    assert onset_among(outcomes, 24, kind, is_drop=True) == find_onset(outcomes, 24, kind)


def test_a_stray_order_in_closed_hours_moves_nothing() -> None:
    """Where nothing is expected and nothing varies, what comes tells of no beginning and no end."""
    closed = [replace(an_outcome(hour, "n", 0.0), expected=0.0, spread=0.0) for hour in (2, 3)]
    stray = [closed[0], replace(closed[1], value=3.0)]
    plain, odd = (onset_among([*dying(0.5, 0.0), *after], 24, Kind.COUNT, is_drop=True) for after in (closed, stray))
    assert plain == odd


def test_where_nothing_is_known_it_is_as_wide_as_the_bucket() -> None:
    """Hours without an expectation have an onset all the same."""
    unknown = [replace(one, expected=None, spread=None) for one in dying(0.0)]
    onset = onset_among(unknown, 24, Kind.COUNT, is_drop=True)
    assert onset.earliest < onset.latest <= EIGHT + timedelta(hours=1)
