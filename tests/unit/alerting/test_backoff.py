"""When a failed message is tried again."""

from datetime import UTC, datetime, timedelta

import pytest

from detector.alerting.backoff import retry_at

NOW = datetime(2026, 3, 10, 8, 5, tzinfo=UTC)


def waits_min() -> list[float]:
    """How long each failed attempt waits for the next one, until it is given up."""
    waits: list[float] = []
    while (at := retry_at(len(waits) + 1, NOW)) is not None:
        waits.append((at - NOW) / timedelta(minutes=1))
    return waits


def test_waits_grow_to_an_hour() -> None:
    """1, 2, 5, 15, 30 and 60 minutes, then every hour."""
    assert waits_min()[:8] == [1, 2, 5, 15, 30, 60, 60, 60]


def test_an_outage_of_a_day_is_survived_and_one_of_two_days_is_not() -> None:
    """All attempts together reach over more than 24 and less than 48 hours."""
    assert 24 * 60 < sum(waits_min()) < 48 * 60


@pytest.mark.parametrize(
    ("asked_s", "wait_s"),
    [(0.4, 60), (3600, 3600), (10 * 86400, 86400), (-5, 60), (None, 60), (float("inf"), 86400)],
)
def test_a_destination_may_ask_for_more_time(asked_s: float | None, wait_s: float) -> None:
    """Never earlier than asked for, never earlier than usual, and a day at most is believed."""
    assert retry_at(1, NOW, asked_s) == NOW + timedelta(seconds=wait_s)
