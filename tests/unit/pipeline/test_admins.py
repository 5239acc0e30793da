"""When the admins hear of a channel, on which of theirs, and how often."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from detector.model.notification import Delivery, DeliveryStatus, Notification, Reason
from detector.model.rulebook import RuleBook, Team
from detector.model.secret import Secret
from detector.model.state import SourceHealth
from detector.pipeline.admins import check_channels, health_name, unheard
from worlds import a_book

NINE = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
SENT, PENDING, GIVEN_UP = DeliveryStatus.SENT, DeliveryStatus.PENDING, DeliveryStatus.GIVEN_UP


def book(*, admins: str | None = "platform", **channels: Sequence[str]) -> RuleBook:
    """Teams with their channels' addresses."""
    plain = a_book(admins=admins)
    teams = {name: Team(name, tuple(Secret(f"json://{url}", url) for url in urls)) for name, urls in channels.items()}
    return replace(plain, settings=replace(plain.settings, teams=teams))


TWO = book(checkout=["shop"], platform=["ops", "pager"])
ONE = book(checkout=["shop"], platform=["ops"])


def delivery(
    number: int,
    status: DeliveryStatus,
    attempts: int = 1,
    *,
    team: str = "checkout",
    channel: int = 0,
    at: datetime = NINE,
) -> Delivery:
    told = Notification(f"incident/{number}/1", team, Reason.OPENED, f"Title {number}", "", at)
    return Delivery(number, told, channel, status, attempts, error="404, no such room")


@dataclass
class Ticks:
    """Looks at the channels minute after minute, as ticks do."""

    book: RuleBook
    health: dict[str, SourceHealth] = field(default_factory=dict)
    last_at: datetime | None = None

    def look(self, deliveries: Sequence[Delivery], at: datetime) -> list[tuple[Reason, tuple[int, ...]]]:
        checkup = check_channels(deliveries, self.health, self.book, at, self.last_at)
        self.health |= {one.source: one for one in checkup.health}
        self.last_at = at
        assert all(message.team == self.book.settings.admins for message in checkup.notifications)
        self.keys = [message.key for message in checkup.notifications]
        return [(message.reason, message.except_channels) for message in checkup.notifications]


def test_a_first_failure_is_no_trouble_yet() -> None:
    """Blips pass: neither one attempt nor four are told, as long as they are fresh."""
    ticks = Ticks(TWO)
    assert ticks.look([delivery(1, PENDING, 1)], NINE + MINUTE) == []
    assert ticks.look([delivery(1, PENDING, 4)], NINE + 15 * MINUTE) == []
    assert ticks.look([delivery(1, PENDING, 0)], NINE + 60 * MINUTE) == []


def test_five_attempts_a_quarter_of_an_hour_or_giving_up_are() -> None:
    """Each by itself; the admins are told once."""
    for one, at in (
        (delivery(1, PENDING, 5), NINE + MINUTE),
        (delivery(1, PENDING, 1), NINE + 16 * MINUTE),
        (delivery(1, GIVEN_UP, 1), NINE + MINUTE),
    ):
        ticks = Ticks(TWO)
        assert ticks.look([one], at) == [(Reason.CHANNEL_FAILING, ())]
        assert ticks.look([one], at + MINUTE) == []


def test_it_is_over_with_the_next_message_that_arrives() -> None:
    """What is older and still waits does not matter; and it may begin anew."""
    ticks = Ticks(TWO)
    bad = delivery(1, PENDING, 6)
    ticks.look([bad], NINE)
    assert ticks.look([delivery(2, PENDING, 1), bad], NINE + MINUTE) == []
    assert ticks.look([delivery(2, SENT), bad], NINE + 2 * MINUTE) == [(Reason.CHANNEL_BACK, ())]
    assert ticks.look([delivery(2, SENT), bad], NINE + 3 * MINUTE) == []
    later = delivery(3, GIVEN_UP, at=NINE + 4 * MINUTE)
    assert ticks.look([later, delivery(2, SENT)], NINE + 4 * MINUTE) == [(Reason.CHANNEL_FAILING, ())]


def test_it_is_told_again_once_a_day() -> None:
    """While messages are still being tried; what was only given up says nothing new."""
    for status, expected in ((PENDING, 3), (GIVEN_UP, 1)):
        ticks, told, keys = Ticks(TWO), 0, []
        for minute in range(0, 3 * 24 * 60, 10):
            told += len(ticks.look([delivery(1, status, 9)], NINE + DAY + minute * MINUTE))
            keys += ticks.keys
        assert told == expected
        assert len(set(keys)) == expected


def test_a_restart_repeats_nothing() -> None:
    """The same tick taken again has the same key, by which the store knows it."""
    first, again = Ticks(TWO), Ticks(TWO)
    first.look([delivery(1, PENDING, 5)], NINE)
    again.look([delivery(1, PENDING, 6)], NINE)
    assert first.keys == again.keys


def test_never_through_the_channel_that_fails() -> None:
    """The admins read of their own first channel on their second one."""
    failing = delivery(1, PENDING, 5, team="platform", channel=0)
    assert Ticks(TWO).look([failing], NINE) == [(Reason.CHANNEL_FAILING, (0,))]


def test_nor_through_another_one_with_the_same_address() -> None:
    """Two teams may share a room; when it is gone it is gone for both."""
    shared = book(checkout=["ops"], platform=["ops", "pager"])
    assert Ticks(shared).look([delivery(1, PENDING, 5)], NINE) == [(Reason.CHANNEL_FAILING, (0,))]


def test_where_nobody_can_be_told_that_is_known() -> None:
    """The only channel of the admins fails: no message is written, and the doubts say so until it works."""
    ticks, failing = Ticks(ONE), delivery(1, PENDING, 5, team="platform")
    assert ticks.look([failing], NINE) == []
    assert unheard(ticks.health, ONE) == (
        "messages do not arrive on channel 1 of team platform, and no channel of the admins works",
    )
    assert ticks.look([delivery(2, SENT, team="platform"), failing], NINE + MINUTE) == []
    assert unheard(ticks.health, ONE) == ()


def test_what_could_not_be_told_is_told_once_it_can_be() -> None:
    """Checkout's channel fails while the admins' only one does; theirs is repaired first."""
    ticks = Ticks(ONE)
    both = [delivery(2, PENDING, 5), delivery(1, PENDING, 5, team="platform")]
    assert ticks.look(both, NINE) == []
    assert ticks.look([delivery(3, SENT, team="platform"), *both], NINE + MINUTE) == [(Reason.CHANNEL_FAILING, ())]


def test_without_admins_it_is_unheard() -> None:
    """Nobody is named who could be told."""
    nobody = book(admins=None, checkout=["shop"])
    ticks = Ticks(nobody)
    assert ticks.look([delivery(1, PENDING, 5)], NINE) == []
    assert "nobody is named" in unheard(ticks.health, nobody)[0]


def test_a_channel_that_is_configured_no_more_is_forgotten() -> None:
    """Its deliveries are given up for that, and nobody is told."""
    ticks = Ticks(TWO)
    ticks.look([delivery(1, PENDING, 5, team="platform", channel=1)], NINE)
    ticks.book = ONE
    assert ticks.look([delivery(1, GIVEN_UP, 6, team="platform", channel=1)], NINE + MINUTE) == []
    assert ticks.health[health_name("platform", 1)].failing_since is None
    assert ticks.look([delivery(9, GIVEN_UP, team="gone")], NINE + MINUTE) == []


def test_healthy_channels_cost_nothing() -> None:
    """No row is written and nothing is told while messages arrive."""
    sent = [delivery(number, SENT) for number in range(50, 0, -1)]
    checkup = check_channels(sent, {}, TWO, NINE, NINE - MINUTE)
    assert checkup.health == ()
    assert checkup.notifications == ()


def test_health_of_sources_is_left_alone() -> None:
    """Rows of sources and metrics stand beside those of channels."""
    others: Mapping[str, SourceHealth] = {"shop": SourceHealth("shop", NINE, 3, "down", told_admins=True)}
    assert check_channels([], others, TWO, NINE, None).health == ()
    assert unheard(others, TWO) == ()
