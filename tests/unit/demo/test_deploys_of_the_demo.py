"""The deploys of the demo's shop."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from detector.demo.deploys import NEXT_VERSION, deploys

NOW = datetime(2026, 11, 20, 4, 6, tzinfo=UTC)


def test_deploys_of_twenty_days() -> None:
    """Six services were deployed in the twenty days before `now`, in order of time."""
    reports = deploys(NOW)
    assert {report.service for report in reports} == set(NEXT_VERSION)
    assert all(NOW - timedelta(days=21) < report.received_at < NOW for report in reports)
    assert all(one.received_at <= next_.received_at for one, next_ in pairwise(reports))
    assert len({report.id for report in reports}) == len(reports)


def test_deploys_in_office_hours() -> None:
    """Nobody deploys at night, at the weekend or on a holiday."""
    for report in deploys(NOW):
        wall = report.received_at.astimezone(ZoneInfo("Europe/Berlin"))
        assert wall.weekday() < 5
        assert 8 <= wall.hour < 18


def test_deploys_count_up() -> None:
    """Versions of a service rise one by one, and the next one is the version that the story deploys."""
    for service, next_version in NEXT_VERSION.items():
        versions = [int(report.version[1:]) for report in deploys(NOW) if report.service == service]
        assert versions == list(range(next_version - len(versions), next_version))


def test_deploys_are_repeatable() -> None:
    """The same `now` gives the same reports."""
    assert deploys(NOW) == deploys(NOW)
