"""Times as readers in their zone say them."""

import locale
from datetime import UTC, datetime, timedelta

import pytest

from detector.alerting.wording_times import LocalTimes
from detector.model.span import Span

BERLIN = LocalTimes("Europe/Berlin", datetime(2026, 3, 10, 8, 5, tzinfo=UTC))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "words"),
    [
        ("2026-03-10T07:00", "08:00"),
        ("2026-03-09T21:00", "Mon 09 Mar 22:00"),
        ("2026-03-09T23:30", "00:30"),
        ("2026-03-11T07:00", "Wed 11 Mar 08:00"),
        ("2025-12-31T20:00", "Wed 31 Dec 2025 21:00"),
    ],
)
def test_the_day_is_named_when_it_is_not_today(at: str, words: str) -> None:
    """Today is the reader's local day at `now`."""
    assert BERLIN.at(utc(at)) == words


@pytest.mark.parametrize(
    ("start", "end", "every_s", "words"),
    [
        ("2026-03-10T07:00", "2026-03-10T08:00", 3600, "from 08:00 to 09:00"),
        ("2026-03-09T21:00", "2026-03-09T22:00", 3600, "from Mon 09 Mar 22:00 to 23:00"),
        ("2026-03-09T21:00", "2026-03-09T23:00", 3600, "from Mon 09 Mar 22:00 to 24:00"),
        ("2026-03-09T21:00", "2026-03-10T01:00", 3600, "from Mon 09 Mar 22:00 to Tue 10 Mar 02:00"),
        ("2026-03-08T23:00", "2026-03-09T23:00", 86400, "on Mon 09 Mar"),
        ("2026-03-06T23:00", "2026-03-09T23:00", 86400, "from Sat 07 Mar to Mon 09 Mar"),
    ],
)
def test_a_span_is_said_as_a_person_would(start: str, end: str, every_s: int, words: str) -> None:
    """Hours from and to, a day's end is 24:00, and days are named whole."""
    assert BERLIN.over(Span(utc(start), utc(end)), every_s) == words


def test_the_repeated_hour_of_autumn_is_told_apart() -> None:
    """Where the clock shows a time twice, the zone's letters say which one."""
    times = LocalTimes("Europe/Berlin", utc("2026-10-25T10:00"))
    assert [times.at(utc("2026-10-25T00:30") + timedelta(hours=hour)) for hour in range(3)] == [
        "02:30 CEST",
        "02:30 CET",
        "03:30",
    ]


def test_the_machines_locale_does_not_matter() -> None:
    """Names of days and months are the same everywhere."""
    before = locale.setlocale(locale.LC_TIME)
    try:
        for name in ("de_DE.UTF-8", "C.UTF-8", "C"):
            try:
                locale.setlocale(locale.LC_TIME, name)
            except locale.Error:
                continue
            assert BERLIN.at(utc("2026-03-09T21:00")) == "Mon 09 Mar 22:00"
    finally:
        locale.setlocale(locale.LC_TIME, before)
