"""The hours around a new anomaly are read again in five-minute buckets."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from builders import EIGHT, a_metric, a_part, an_outcome, hours
from detector.errors import SourceUnavailable
from detector.model.grid import DAY_S
from detector.model.metric import Kind, LongForm, Metric
from detector.model.verdict import Outcome
from detector.pipeline.finer import refine_onset
from detector.stats.onset import find_onset
from worlds import FakeSource

BROKEN_AT = EIGHT - timedelta(minutes=8)
METRIC = a_metric()


def sales(at: datetime) -> float:
    return 1000.0 if at < BROKEN_AT else 0.0


def timeline() -> list[Outcome]:
    """Usual hours, one that lost its last eight minutes, and an empty one."""
    told = [an_outcome(hour, "n") for hour in range(-5, -1)]
    return [*told, an_outcome(-1, "n", 1000.0 * 52 / 60), an_outcome(0, "a")]


PART = a_part(onset=find_onset(timeline(), 5, METRIC.kind))


def test_the_minute_is_found_with_one_question() -> None:
    """Two hours before the first empty one and that one are read, once; the onset is known to five minutes."""
    source = FakeSource({METRIC.name: sales})
    found = refine_onset(METRIC, PART, timeline(), source)
    assert source.asked == [(METRIC.name, hours(-2, 1))]
    assert abs(found.onset.likely - BROKEN_AT) <= timedelta(minutes=5)
    assert found.onset.latest - found.onset.earliest < PART.onset.latest - PART.onset.earliest
    assert replace(found, onset=PART.onset, loss=PART.loss) == PART


def test_a_source_that_cannot_tell_holds_nothing_back() -> None:
    """The onset stays as the hours told it."""
    source = FakeSource({METRIC.name: sales}, down={METRIC.name: SourceUnavailable("shop: connection refused")})
    assert refine_onset(METRIC, PART, timeline(), source) == PART


@pytest.mark.parametrize(
    "metric",
    [
        replace(METRIC, kind=Kind.GAUGE),
        replace(METRIC, query=LongForm("SELECT 1")),
        replace(METRIC, every_s=900),
        replace(METRIC, every_s=DAY_S),
    ],
    ids=["gauge", "long form", "fine enough", "day"],
)
def test_what_gains_nothing_by_it_is_not_asked(metric: Metric) -> None:
    """Levels, statements of the owner's own, buckets that are fine enough, and days."""
    source = FakeSource({METRIC.name: sales})
    assert refine_onset(metric, PART, timeline(), source) == PART
    assert source.asked == []


def test_where_the_hours_say_that_it_began_elsewhere_they_hold() -> None:
    """An onset that lies mostly before what would be read again is left alone."""
    early = replace(PART, onset=replace(PART.onset, pieces=((hours(-5, -4), 0.9), (hours(-1, 0), 0.1))))
    source = FakeSource({METRIC.name: sales})
    assert refine_onset(METRIC, early, timeline(), source) == early
    assert source.asked == []
