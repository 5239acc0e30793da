"""When a bucket falls due, and which ones a tick has to judge."""

from datetime import UTC, datetime, timedelta

from builders import EIGHT, HOUR, a_metric, hours
from detector.alerting.due import due_buckets, next_due_at
from detector.model.state import MetricState

FIVE_MINUTES = timedelta(minutes=5)


def seen(judged_until: datetime) -> MetricState:
    return MetricState("checkout/revenue", "f", EIGHT, judged_until=judged_until)


def test_the_first_sight_of_a_metric_owes_its_newest_closed_bucket() -> None:
    """What came before is history."""
    due = due_buckets(a_metric(), None, EIGHT + HOUR + FIVE_MINUTES)
    assert due.judge == (hours(0, 1),)
    assert due.skip == ()


def test_a_bucket_is_due_after_its_end_and_its_lateness() -> None:
    """Four minutes past nine is too early for the hour that ended at nine."""
    early = due_buckets(a_metric(), seen(EIGHT), EIGHT + HOUR + timedelta(minutes=4))
    assert not early
    assert due_buckets(a_metric(), seen(EIGHT), EIGHT + HOUR + FIVE_MINUTES).judge == (hours(0, 1),)


def test_nothing_is_due_twice() -> None:
    """A bucket with an outcome is not judged again, and none is when the clock went back."""
    assert not due_buckets(a_metric(), seen(EIGHT + HOUR), EIGHT + HOUR + FIVE_MINUTES)
    assert not due_buckets(a_metric(), seen(EIGHT + HOUR), EIGHT - 24 * HOUR)


def test_after_a_gap_at_most_a_day_is_judged_and_the_rest_skipped() -> None:
    """Thirty hours off: the newest twenty-four are judged, in order, and six are not."""
    due = due_buckets(a_metric(), seen(EIGHT), EIGHT + 30 * HOUR + FIVE_MINUTES)
    assert (len(due.judge), len(due.skip)) == (24, 6)
    assert due.skip[0] == hours(0, 1)
    assert due.judge[0] == hours(6, 7)
    assert due.judge[-1] == hours(29, 30)


def test_a_daily_metric_falls_due_after_local_midnight() -> None:
    """A day is cut where the owner lives, on a day of 23 hours too."""
    daily = a_metric(every_s=86400)
    due = due_buckets(daily, None, datetime(2026, 3, 30, 0, 0, tzinfo=UTC))
    assert due.judge[0].start_at == datetime(2026, 3, 28, 23, tzinfo=UTC)
    assert due.judge[0].length == 23 * HOUR


def test_the_next_instant_is_strictly_later() -> None:
    """Asked at the very instant, it names the one after."""
    first = EIGHT + FIVE_MINUTES
    assert next_due_at(a_metric(), first - timedelta(seconds=1)) == first
    assert next_due_at(a_metric(), first) == first + HOUR


def test_the_end_of_a_day_of_25_hours_is_not_missed() -> None:
    """Half an hour before midnight the day is older than 24 hours, and still the next to end."""
    daily, late_evening = a_metric(every_s=86400), datetime(2026, 10, 25, 22, 30, tzinfo=UTC)
    assert next_due_at(daily, late_evening) == datetime(2026, 10, 25, 23, 5, tzinfo=UTC)
