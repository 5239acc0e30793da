"""Words decided on, and what became of them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

__all__ = ["Delivery", "DeliveryStatus", "Notification", "Reason", "SendResult"]


class Reason(StrEnum):
    """Why we speak, or stay quiet."""

    OPENED = "opened"
    WORSE = "worse"
    NAMED = "named"
    NO_LONGER_NAMED = "no_longer_named"
    NO_REACTION = "no_reaction"
    RESOLVED = "resolved"
    RULE_REMOVED = "rule_removed"
    SOURCE_FAILING = "source_failing"
    SOURCE_BACK = "source_back"
    DATA_LATE = "data_late"
    CHANNEL_FAILING = "channel_failing"
    CHANNEL_BACK = "channel_back"
    RULES_FAILING = "rules_failing"
    RULES_BACK = "rules_back"
    CLOCK_STEPPED = "clock_stepped"
    TICKS_LATE = "ticks_late"
    TICKS_BROKEN = "ticks_broken"
    STORE_FAILING = "store_failing"
    STORE_BACK = "store_back"
    TEST = "test"
    # Quiet ones
    NOTHING_NEW = "nothing_new"
    TOO_SMALL = "too_small"
    CLOSED_BY_HAND = "closed_by_hand"

    @property
    def is_quiet(self) -> bool:
        """No message follows."""
        return self in {Reason.NOTHING_NEW, Reason.TOO_SMALL, Reason.CLOSED_BY_HAND}


@dataclass(frozen=True, slots=True)
class Notification:
    """One message for one team.

    Attributes:
        key: natural unique key, such as `incident/12/3`: the same decision taken twice is one message.
        team: who is told.
        reason: why.
        title, body: plain text; untrusted parts in it are already inert.
        incident: its number, or None.
        created_at: `now` of the tick that decided on it.
        except_channels: positions in the team's `notify` list that must not carry it, such as the one it tells of.
    """

    key: str
    team: str
    reason: Reason
    title: str
    body: str
    created_at: datetime
    incident: int | None = None
    except_channels: tuple[int, ...] = ()


class DeliveryStatus(StrEnum):
    """What became of a message on one channel."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    GIVEN_UP = "given_up"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message on its way to one channel of its team.

    Attributes:
        id: of the store.
        channel: position in the team's `notify` list, from 0.
        attempts: begun so far.
        may_repeat: an earlier attempt was begun and its fate is unknown; the next one says so.
        next_attempt_at: not before then.
        error: of the last attempt, without secrets.
    """

    id: int
    notification: Notification
    channel: int
    status: DeliveryStatus = DeliveryStatus.PENDING
    attempts: int = 0
    may_repeat: bool = False
    next_attempt_at: datetime | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class SendResult:
    """What one attempt came to.

    Attributes:
        ok: the destination took it.
        fate_unknown: it may have arrived although it did not end well (time-out, reset after the request).
        permanent: no retry will help (the destination does not exist any more).
        retry_after_s: what the destination asked for.
        error: without secrets, at most 200 characters.
    """

    ok: bool
    fate_unknown: bool = False
    permanent: bool = False
    retry_after_s: float | None = None
    error: str = ""
