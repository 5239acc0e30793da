"""What the admins are told of the detector itself."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from detector.alerting.wording_admins import (
    ChannelTrouble,
    clock_stepped,
    rules_load_again,
    rules_not_loading,
    store_failing,
    store_works_again,
    write_channel,
)
from detector.errors import Fault
from detector.model.notification import Notification
from detector.model.rulebook import Settings
from detector.model.secret import Secret

NOW = datetime(2026, 3, 10, 9, 10, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
SETTINGS = Settings(Path("detector.yml"), Secret(""), "Europe/Berlin", Path("rules"), {}, {}, {}, admins="platform")
NASTY = "<!channel> @everyone\n\u202e**<https://evil.example|bank>** `x`"
FAULTS = (Fault("rules/checkout.yml", 3, 1, "unknown key 'tabel'"),)


def keys(*told: tuple[Notification, ...]) -> list[str]:
    return [message.key for messages in told for message in messages]


def test_the_same_mistakes_are_one_message_a_day() -> None:
    """However often the files are read; other mistakes, or another day, are another message."""
    same = keys(rules_not_loading(FAULTS, SETTINGS, NOW), rules_not_loading(FAULTS, SETTINGS, NOW + HOUR))
    assert len(set(same)) == 1
    other = (*FAULTS, Fault("rules/search.yml", 1, 1, "is empty"))
    assert len({*same, *keys(rules_not_loading(other, SETTINGS, NOW))}) == 2
    assert len({*same, *keys(rules_not_loading(FAULTS, SETTINGS, NOW + DAY))}) == 2


def test_a_clock_that_jumps_about_is_one_message_a_day_and_direction() -> None:
    """Not one a minute."""
    steps = [timedelta(minutes=minutes) for minutes in (5, -5, 7, -90, 60)]
    assert len(set(keys(*(clock_stepped(step, SETTINGS, NOW + step) for step in steps)))) == 2


def test_nobody_is_told_where_nobody_is_named() -> None:
    """Without `admins` there is no message."""
    nobody = replace(SETTINGS, admins=None)
    assert rules_not_loading(FAULTS, nobody, NOW) == ()
    assert rules_load_again(nobody, NOW) == ()
    assert clock_stepped(HOUR, nobody, NOW) == ()
    assert store_failing("disk full", nobody, NOW) == ()
    assert store_works_again(NOW - HOUR, nobody, NOW) == ()


@pytest.mark.parametrize("part", ["<!channel>", "@everyone", "\u202e", "https://", "**"])
def test_texts_of_others_are_inert(part: str) -> None:
    """Mistakes quote rule files, errors quote servers, titles come from owners: nothing of it acts."""
    faults = (Fault(NASTY, 1, 1, NASTY),)
    trouble = ChannelTrouble(NASTY, 0, NOW - HOUR, 1, 0, 5, NASTY, (NASTY,), 0, 0)
    told = (*rules_not_loading(faults, SETTINGS, NOW), *store_failing(NASTY, SETTINGS, NOW))
    title, body = write_channel(trouble, "UTC", NOW)
    assert part not in "".join([title, body, *(message.title + message.body for message in told)])
    assert "\n" not in title
