"""What an anomaly costs goes by when it began."""

from dataclasses import replace
from datetime import timedelta

import pytest

from builders import EIGHT, a_part, hours, outcomes
from detector.model.metric import Kind
from detector.model.verdict import Onset
from detector.pipeline.costing import costed

MINUTE = timedelta(minutes=1)


def onset(earliest: float, latest: float) -> Onset:
    """Between two minutes from eight."""
    first, last = EIGHT + earliest * MINUTE, EIGHT + latest * MINUTE
    return Onset(first, first + (last - first) / 2, last, ((hours(-3, 1), 1.0),))


def test_the_interval_reaches_back_to_the_earliest_beginning() -> None:
    """An empty hour of 1,000, sd 100, that may have begun 45 minutes before it: 750 more, and the noise."""
    part = costed(a_part(0, 1, onset=onset(-45, -5)), Kind.REVENUE, outcomes("nnna", -3))
    assert (part.loss.amount, part.loss.low) == pytest.approx((1000.0, 835.5), abs=0.1)
    assert part.loss.high == pytest.approx(1000.0 + (750.0**2 + 164.5**2) ** 0.5, abs=0.1)


def test_hours_before_count_whole_where_it_may_have_begun_before_them() -> None:
    """An hour and a half: one whole hour and half of another."""
    part = costed(a_part(0, 1, onset=onset(-90, -5)), Kind.REVENUE, outcomes("nnna", -3))
    assert part.loss.high == pytest.approx(1000.0 + (1500.0**2 + 164.5**2) ** 0.5, abs=0.1)


def test_a_beginning_in_its_first_hour_adds_nothing() -> None:
    """What is missing there is counted as it is."""
    part = costed(a_part(0, 1, onset=onset(0, 20)), Kind.REVENUE, outcomes("nnna", -3))
    assert part.loss.high == pytest.approx(1164.5, abs=0.1)


def test_what_follows_counts_once_it_recovers() -> None:
    """Before that it is not looked at."""
    part = a_part(0, 1, onset=onset(0, 20))
    timeline = [*outcomes("nnna", -3), *(replace(one, value=1500.0) for one in outcomes("nn", 1))]
    assert costed(part, Kind.REVENUE, timeline).loss.came_back == 0.0
    assert costed(replace(part, normal_in_a_row=2), Kind.REVENUE, timeline).loss.came_back == 1000.0
