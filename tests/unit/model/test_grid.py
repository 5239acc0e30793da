"""Buckets on days of 23, 24 and 25 hours."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from detector.model.grid import HOUR_S, Grid, grid_of, last_closed_end, offset_changes
from detector.model.span import Span, epoch_s


def day(timezone: str, every_s: int, start: datetime, hours: float = 25) -> Grid:
    return grid_of(timezone, every_s, Span(start, start + timedelta(hours=hours)))


def test_the_repeated_hour_of_autumn_is_two_hourly_buckets() -> None:
    """UTC tells them apart, and every one of the 25 is an hour long."""
    grid = day("Europe/Berlin", HOUR_S, datetime(2026, 10, 24, 22, tzinfo=UTC))
    assert (grid.walls // HOUR_S % 24).tolist() == [0, 1, 2, 2, *range(3, 24)]
    assert np.all(grid.length_ratio == 1)


def test_a_longer_bucket_takes_the_repeated_hour_in() -> None:
    """Two to four o'clock lasts three hours, and the day 25."""
    start = datetime(2026, 10, 24, 22, tzinfo=UTC)
    grid = day("Europe/Berlin", 2 * HOUR_S, start)
    assert grid.length_ratio.tolist() == [1, 1.5, *[1] * 10]
    assert day("Europe/Berlin", 24 * HOUR_S, start).length_ratio.tolist() == [25 / 24]


def test_spring_leaves_an_hour_out() -> None:
    """Three hourly buckets begin 0, 1 and 3 o'clock; two to four lasts an hour."""
    start = datetime(2026, 3, 28, 23, tzinfo=UTC)
    hourly = day("Europe/Berlin", HOUR_S, start, hours=23)
    assert (hourly.walls // HOUR_S % 24).tolist() == [0, 1, *range(3, 24)]
    assert day("Europe/Berlin", 2 * HOUR_S, start, hours=23).length_ratio.tolist() == [1, 0.5, *[1] * 10]


def test_lord_howe_moves_its_clocks_by_half_an_hour() -> None:
    """The repeated half hour is a bucket of its own."""
    grid = day("Australia/Lord_Howe", HOUR_S, datetime(2026, 4, 4, 13, tzinfo=UTC), hours=24.5)
    assert len(grid) == 25
    assert sorted(set(grid.length_ratio.tolist())) == [0.5, 1.0]


@pytest.mark.parametrize(
    "timezone", ["Europe/Berlin", "Asia/Kolkata", "America/St_Johns", "Australia/Lord_Howe", "UTC"]
)
@pytest.mark.parametrize("every_s", [300, 1800, HOUR_S, 6 * HOUR_S, 24 * HOUR_S])
def test_buckets_follow_each_other_without_holes(timezone: str, every_s: int) -> None:
    """Over a whole year each one ends where the next one begins, and its start is a wall boundary or a clock change."""
    span = Span(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
    grid = grid_of(timezone, every_s, span)
    assert np.array_equal(grid.ends[:-1], grid.starts[1:])
    assert np.all(grid.ends > grid.starts)
    assert np.all(grid.walls % every_s == 0)
    assert grid.length_ratio.min() > 0
    assert grid.length_ratio.max() < 2


def test_a_grid_is_the_same_wherever_it_is_cut() -> None:
    """Two neighbouring spans give what the whole gives."""
    start, middle, end = (datetime(2026, month, 7, 3, 30, tzinfo=UTC) for month in (1, 5, 12))
    whole = grid_of("Europe/Berlin", HOUR_S, Span(start, end))
    parts = [grid_of("Europe/Berlin", HOUR_S, span) for span in (Span(start, middle), Span(middle, end))]
    assert np.array_equal(whole.starts, np.concatenate([part.starts for part in parts]))
    assert np.array_equal(whole.ends, np.concatenate([part.ends for part in parts]))


def test_changes_of_the_offset_are_found_to_the_second() -> None:
    """Berlin leaves summer time on 25 October 2026 at 01:00 UTC."""
    start, end = (epoch_s(datetime(2026, month, 1, tzinfo=UTC)) for month in (10, 11))
    (change,) = offset_changes("Europe/Berlin", start, end)
    assert change.at_s == epoch_s(datetime(2026, 10, 25, 1, tzinfo=UTC))
    assert (change.before_s, change.after_s) == (2 * HOUR_S, HOUR_S)


def test_a_length_that_does_not_divide_a_day_is_refused() -> None:
    """Seven hours would drift through the day."""
    with pytest.raises(ValueError, match="do not divide a day"):
        day("UTC", 7 * HOUR_S, datetime(2026, 1, 1, tzinfo=UTC))


def test_the_last_closed_bucket_respects_lateness() -> None:
    """At 09:04 with five minutes of lateness the hour that ended at nine is still open."""
    now = datetime(2026, 3, 10, 9, 4, tzinfo=UTC)
    assert last_closed_end("UTC", HOUR_S, now, 300) == datetime(2026, 3, 10, 8, tzinfo=UTC)
    assert last_closed_end("UTC", HOUR_S, now + timedelta(minutes=1), 300) == datetime(2026, 3, 10, 9, tzinfo=UTC)
