"""Messages decided on, and their way to each channel.

    pending --begin--> sending --end--> sent
       ^                  |  '--------> given_up
       '------ end -------'  (with a time for the next attempt)

A delivery that is found `sending` at the start of a tick was begun by a process that died: it may have arrived.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, func, or_, select, update

from detector.adapters.store.sql import insert_new
from detector.adapters.store.tables import deliveries, notifications
from detector.errors import StoreBusy, StoreError
from detector.model.notification import Delivery, DeliveryStatus, Notification, Reason, SendResult

__all__ = ["begin", "earliest_attempt", "end", "load_deliveries", "load_due", "write_notifications"]

_PENDING, _SENDING, _SENT = DeliveryStatus.PENDING.value, DeliveryStatus.SENDING.value, DeliveryStatus.SENT.value
_OF_MESSAGE = ("key", "team", "title", "body", "created_at", "incident")


def write_notifications(connection: Connection, decided: Sequence[tuple[Notification, int]]) -> None:
    """One row per message and one per channel; a message that is known already stays as it is, with its deliveries."""
    keys = [message.key for message, _ in decided]
    known = set(connection.scalars(select(notifications.c.key).where(notifications.c.key.in_(keys)))) if keys else set()
    new = {message.key: (message, channels) for message, channels in decided if message.key not in known}
    insert_new(connection, notifications, [_encode(message) for message, _ in new.values()])
    named = select(notifications.c.key, notifications.c.id).where(notifications.c.key.in_(new))
    ids = {row.key: row.id for row in connection.execute(named)} if new else {}
    rows = [
        {
            "notification": ids[key],
            "channel": channel,
            "status": _PENDING,
            "attempts": 0,
            "may_repeat": False,
            "error": "",
        }
        for key, (message, channels) in new.items()
        for channel in range(channels)
        if channel not in message.except_channels
    ]
    insert_new(connection, deliveries, rows)


def _encode(message: Notification) -> dict[str, Any]:
    return {"reason": message.reason.value, **{name: getattr(message, name) for name in _OF_MESSAGE}}


def load_due(connection: Connection, now: datetime) -> tuple[Delivery, ...]:
    waiting = (deliveries.c.status == _PENDING) & (
        deliveries.c.next_attempt_at.is_(None) | (deliveries.c.next_attempt_at <= now)
    )
    due = _joined().where(or_(waiting, deliveries.c.status == _SENDING)).order_by(deliveries.c.id)
    return tuple(_decode(row) for row in connection.execute(due))


def load_deliveries(connection: Connection, *, only_unsent: bool, limit: int) -> tuple[Delivery, ...]:
    newest = _joined().order_by(deliveries.c.id.desc()).limit(limit)
    if only_unsent:
        newest = newest.where(deliveries.c.status != _SENT)
    return tuple(_decode(row) for row in connection.execute(newest))


def _joined() -> Select[Any]:
    of_message = (notifications.c[name] for name in (*_OF_MESSAGE, "reason"))
    return select(deliveries, *of_message).join(notifications, notifications.c.id == deliveries.c.notification)


def _decode(row: Row[Any]) -> Delivery:
    message = Notification(reason=Reason(row.reason), **{name: getattr(row, name) for name in _OF_MESSAGE})
    status = DeliveryStatus(row.status)
    return Delivery(
        id=row.id,
        notification=message,
        channel=row.channel,
        status=status,
        attempts=row.attempts,
        may_repeat=row.may_repeat or status is DeliveryStatus.SENDING,
        next_attempt_at=row.next_attempt_at,
        error=row.error,
    )


def earliest_attempt(connection: Connection) -> datetime | None:
    """A message that was never tried is due since it was decided on."""
    due = func.min(func.coalesce(deliveries.c.next_attempt_at, notifications.c.created_at))
    waiting = select(due).join_from(deliveries, notifications, notifications.c.id == deliveries.c.notification)
    earliest: datetime | None = connection.scalar(waiting.where(deliveries.c.status == _PENDING))
    return earliest


def begin(connection: Connection, delivery: Delivery, at: datetime) -> None:
    """Claim a delivery as it was read; the second of two who read it alike is refused, and sends nothing."""
    claimed = connection.execute(
        update(deliveries)
        .where(
            deliveries.c.id == delivery.id,
            deliveries.c.attempts == delivery.attempts,
            deliveries.c.status.in_([_PENDING, _SENDING]),
        )
        .values(status=_SENDING, attempts=delivery.attempts + 1, may_repeat=bool(delivery.may_repeat), begun_at=at),
    )
    if claimed.rowcount != 1:
        raise StoreBusy(
            f"delivery {delivery.id} ({delivery.notification.key}, channel {delivery.channel}) is in other hands: "
            "another detector has begun it since this one read it; nothing is sent twice",
        )


def end(
    connection: Connection, delivery: Delivery, result: SendResult, at: datetime, retry_at: datetime | None
) -> None:
    if result.ok:
        status, next_at = _SENT, None
    elif retry_at is not None:
        status, next_at = _PENDING, retry_at
    else:
        status, next_at = DeliveryStatus.GIVEN_UP.value, None
    ended = connection.execute(
        update(deliveries)
        .where(deliveries.c.id == delivery.id, deliveries.c.status == _SENDING)
        .values(
            status=status,
            next_attempt_at=next_at,
            ended_at=at,
            error="" if result.ok else result.error,
            may_repeat=deliveries.c.may_repeat | bool(result.fate_unknown),
        ),
    )
    if ended.rowcount != 1 and _status(connection, delivery.id) != _SENT:  # what has arrived has arrived
        raise StoreError(f"delivery {delivery.id} ({delivery.notification.key}) ended, but was never begun")


def _status(connection: Connection, number: int) -> str | None:
    return connection.scalar(select(deliveries.c.status).where(deliveries.c.id == number))
