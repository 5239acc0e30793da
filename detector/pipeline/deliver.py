"""Deliver: what waits in the outbox goes out, each destination on its own, and is marked after it went."""

from dataclasses import dataclass, field
from datetime import datetime

from detector.alerting.backoff import retry_at
from detector.model.notification import Delivery, SendResult
from detector.model.rulebook import RuleBook
from detector.pipeline.world import World

__all__ = ["Delivered", "deliver"]


@dataclass(slots=True)
class Delivered:
    """How many went out and how many did not, and what stopped them, by channel."""

    sent: int = 0
    failed: int = 0
    failures: dict[str, str] = field(default_factory=dict)


def deliver(book: RuleBook, world: World, now: datetime) -> Delivered:
    """One attempt for every delivery whose time has come."""
    done = Delivered()
    for delivery in world.store.due_deliveries(now):
        result = _attempt(delivery, book, world, now)
        if result.ok:
            done.sent += 1
        else:
            done.failed += 1
            done.failures[f"team {delivery.notification.team}, channel {delivery.channel + 1}"] = result.error
    return done


def _attempt(delivery: Delivery, book: RuleBook, world: World, now: datetime) -> SendResult:
    team = book.settings.teams.get(delivery.notification.team)
    if team is None or delivery.channel >= len(team.notify):
        result = SendResult(ok=False, permanent=True, error="this channel is no longer configured in detector.yml")
        world.store.end_delivery(delivery, result, now, None)
        return result
    world.store.begin_delivery(delivery, now)
    channel = team.notify[delivery.channel]
    result = world.notifier.send(channel, delivery.notification, may_repeat=delivery.may_repeat)
    again_at = None
    if not (result.ok or result.permanent):
        again_at = retry_at(delivery.attempts + 1, now, result.retry_after_s)
    world.store.end_delivery(delivery, result, now, again_at)
    return result
