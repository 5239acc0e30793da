"""A channel that takes no messages is the admins' business, and never told on the channel that fails."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import takewhile

from detector.alerting.wording_admins import ChannelTrouble, write_channel, write_channel_back
from detector.model.notification import Delivery, DeliveryStatus, Notification, Reason
from detector.model.rulebook import RuleBook
from detector.model.state import SourceHealth
from detector.pipeline.source_health import Checkup

__all__ = ["LOOKED_THROUGH", "check_channels", "health_name", "unheard"]

LOOKED_THROUGH = 200
"""Deliveries, newest first, that tell how the channels are."""

FAILING_AFTER = timedelta(minutes=15)
FAILING_ATTEMPTS = 5
AGAIN_AFTER = timedelta(days=1)

Channel = tuple[str, int]


class _Sign(StrEnum):
    """What deliveries tell of a channel."""

    WORKS = "works"
    FAILS = "fails"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class _Look:
    """One look at all channels: those that fail now, and when it was looked before."""

    book: RuleBook
    failing: frozenset[Channel]
    now: datetime
    last_at: datetime | None


def health_name(team: str, channel: int) -> str:
    """Under which the health of a channel is kept among that of sources; no metric and no source has a blank."""
    return f"channel {team}/{channel}"


def check_channels(
    deliveries: Sequence[Delivery],
    before: Mapping[str, SourceHealth],
    book: RuleBook,
    now: datetime,
    last_at: datetime | None,
) -> Checkup:
    """Compare how channels took messages with how they did before.

    Args:
        deliveries: the newest `LOOKED_THROUGH`, sent ones included, newest first.
        before: health of channels among that of sources.
        book: teams and their channels.
        now: of the tick.
        last_at: of the tick before; a failure is told again by the tick with which another day of it is full.
    """
    tried = _tried(deliveries)
    signs = {channel: _sign(tried.get(channel, ()), now) for channel in _channels(book)}
    failing = {channel for channel, sign in signs.items() if sign is _Sign.FAILS}
    failing |= {channel for channel, sign in signs.items() if sign is _Sign.UNKNOWN and _is_known(channel, before)}
    look = _Look(book, frozenset(failing), now, last_at)
    health: list[SourceHealth] = []
    messages: list[Notification] = []
    for channel, sign in signs.items():
        name = health_name(*channel)
        known = before.get(name, SourceHealth(name))
        if sign is _Sign.FAILS:
            after, told = _still(channel, _unsent(tried[channel]), known, look)
        elif sign is _Sign.WORKS and known.failing_since is not None:
            after, told = SourceHealth(name), _back(channel, known, look)
        else:
            continue
        messages += told
        if after != known:
            health.append(after)
    return Checkup((*health, *_forgotten(before, book)), tuple(messages))


def unheard(health: Mapping[str, SourceHealth], book: RuleBook) -> tuple[str, ...]:
    """What is wrong with channels and cannot be told to the admins, because no channel of theirs works."""
    failing = frozenset(channel for channel in _channels(book) if _is_known(channel, health))
    if not failing or _reachable(failing, book):
        return ()
    names = ", ".join(f"channel {channel + 1} of team {team}" for team, channel in sorted(failing))
    who = "nobody is named `admins`" if book.settings.admins is None else "no channel of the admins works"
    return (f"messages do not arrive on {names}, and {who}",)


def _channels(book: RuleBook) -> list[Channel]:
    return [(name, number) for name, team in book.settings.teams.items() for number in range(len(team.notify))]


def _is_known(channel: Channel, health: Mapping[str, SourceHealth]) -> bool:
    known = health.get(health_name(*channel))
    return known is not None and known.failing_since is not None


def _tried(deliveries: Sequence[Delivery]) -> Mapping[Channel, list[Delivery]]:
    """By channel, newest first; what was never tried says nothing."""
    tried: dict[Channel, list[Delivery]] = defaultdict(list)
    for one in sorted(deliveries, key=lambda delivery: -delivery.id):
        if one.attempts or one.status in {DeliveryStatus.SENT, DeliveryStatus.GIVEN_UP}:
            tried[one.notification.team, one.channel].append(one)
    return tried


def _unsent(tried: Sequence[Delivery]) -> list[Delivery]:
    """What did not arrive since something last did, newest first."""
    return list(takewhile(lambda one: one.status is not DeliveryStatus.SENT, tried))


def _sign(tried: Sequence[Delivery], now: datetime) -> _Sign:
    unsent = _unsent(tried)
    if any(_is_bad(one, now) for one in unsent):
        return _Sign.FAILS
    return _Sign.UNKNOWN if unsent or not tried else _Sign.WORKS


def _is_bad(one: Delivery, now: datetime) -> bool:
    is_old = now - one.notification.created_at > FAILING_AFTER
    return one.status is DeliveryStatus.GIVEN_UP or one.attempts >= FAILING_ATTEMPTS or is_old


def _still(
    channel: Channel, unsent: Sequence[Delivery], known: SourceHealth, look: _Look
) -> tuple[SourceHealth, list[Notification]]:
    since = known.failing_since or look.now
    day = (look.now - since) // AGAIN_AFTER
    after = replace(known, failing_since=since, error=unsent[0].error)
    if known.told_admins and not _is_told_again(unsent, since, day, look):
        return after, []
    words = write_channel(_trouble(channel, unsent, since, look), look.book.settings.timezone, look.now)
    told = _tell(f"{_key(channel, since)}/{day}", Reason.CHANNEL_FAILING, words, look)
    return replace(after, told_admins=known.told_admins or bool(told)), told


def _is_told_again(unsent: Sequence[Delivery], since: datetime, day: int, look: _Look) -> bool:
    """Once a full day later, while something is still being tried: what was given up only says nothing new."""
    is_retried = any(one.status is not DeliveryStatus.GIVEN_UP for one in unsent)
    return is_retried and look.last_at is not None and day > (look.last_at - since) // AGAIN_AFTER >= 0


def _trouble(channel: Channel, unsent: Sequence[Delivery], since: datetime, look: _Look) -> ChannelTrouble:
    team, number = channel
    others = [(team, other) for other in range(len(look.book.settings.teams[team].notify)) if other != number]
    given_up = sum(one.status is DeliveryStatus.GIVEN_UP for one in unsent)
    return ChannelTrouble(
        team=team,
        channel=number,
        since=min(since, *(one.notification.created_at for one in unsent)),
        waiting=len(unsent) - given_up,
        given_up=given_up,
        attempts=max(one.attempts for one in unsent),
        error=unsent[0].error,
        titles=tuple(one.notification.title for one in unsent),
        others=len(others),
        others_failing=sum(other in look.failing for other in others),
    )


def _back(channel: Channel, known: SourceHealth, look: _Look) -> list[Notification]:
    if known.failing_since is None or not known.told_admins:
        return []
    words = write_channel_back(*channel, known.failing_since, look.book.settings.timezone, look.now)
    return _tell(f"{_key(channel, known.failing_since)}/back", Reason.CHANNEL_BACK, words, look)


def _key(channel: Channel, since: datetime) -> str:
    return f"channel/{channel[0]}/{channel[1]}/{since.isoformat(timespec='minutes')}"


def _tell(key: str, reason: Reason, words: tuple[str, str], look: _Look) -> list[Notification]:
    admins, reachable = look.book.settings.admins, _reachable(look.failing, look.book)
    if admins is None or not reachable:
        return []
    channels = range(len(look.book.settings.teams[admins].notify))
    silent = tuple(number for number in channels if number not in reachable)
    return [Notification(key, admins, reason, *words, look.now, except_channels=silent)]


def _reachable(failing: frozenset[Channel], book: RuleBook) -> frozenset[int]:
    """The admins' channels that neither fail nor lead to an address that fails for another team."""
    teams, admins = book.settings.teams, book.settings.admins
    if admins is None or admins not in teams:
        return frozenset()
    dead = {teams[team].notify[number].hidden for team, number in failing}
    return frozenset(number for number, url in enumerate(teams[admins].notify) if url.hidden not in dead)


def _forgotten(before: Mapping[str, SourceHealth], book: RuleBook) -> list[SourceHealth]:
    """Channels that detector.yml has no more: nothing more is known of them."""
    known = {health_name(*channel) for channel in _channels(book)}
    return [
        SourceHealth(name)
        for name, health in sorted(before.items())
        if name.startswith("channel ") and name not in known and health.failing_since is not None
    ]
