"""Deliver: what waits in the outbox goes out, each channel in a lane of its own, and is marked after it went."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from detector.alerting.backoff import retry_at
from detector.model.notification import Delivery, SendResult
from detector.model.rulebook import RuleBook
from detector.pipeline.lanes import Job
from detector.pipeline.sent import Sent
from detector.pipeline.world import World

__all__ = ["Delivered", "deliver"]


@dataclass(slots=True)
class Delivered:
    """How many went out and how many did not, and what stopped them, by channel."""

    sent: int = 0
    failed: int = 0
    failures: dict[str, str] = field(default_factory=dict)

    def add(self, one: Sent) -> None:
        """Count one attempt."""
        if one.result.ok:
            self.sent += 1
        else:
            self.failed += 1
            self.failures[_channel(one.delivery)] = one.result.error


def deliver(book: RuleBook, world: World, now: datetime) -> Delivered:
    """One attempt for every delivery whose time has come, and what became of those begun by earlier ticks.

    A channel that is still sending what an earlier tick gave it gets nothing more from this one.
    """
    busy = world.sending.busy
    waiting: dict[str, list[Delivery]] = {}
    for delivery in world.store.due_deliveries(now):
        if _channel(delivery) not in busy:  # what one of our own lanes is sending was begun by no process that died
            waiting.setdefault(_channel(delivery), []).append(delivery)
    started = [lane for lane, due in waiting.items() if world.sending.start(lane, _sender(due, book, world, now))]
    world.sending.wait(started)
    done = Delivered()
    for one in world.sending.results():
        done.add(one)
    return done


def _channel(delivery: Delivery) -> str:
    return f"team {delivery.notification.team}, channel {delivery.channel + 1}"


def _sender(due: Sequence[Delivery], book: RuleBook, world: World, now: datetime) -> Job[Sent]:
    def send(tell: Callable[[Sent], None]) -> None:
        for delivery in due:
            if world.sending.is_hurried:
                return
            tell(Sent(delivery, _attempt(delivery, book, world, now)))

    return send


def _attempt(delivery: Delivery, book: RuleBook, world: World, now: datetime) -> SendResult:
    world.store.begin_delivery(delivery, now)
    team = book.settings.teams.get(delivery.notification.team)
    if team is None or delivery.channel >= len(team.notify):
        result = SendResult(ok=False, permanent=True, error="this channel is no longer configured in detector.yml")
        world.store.end_delivery(delivery, result, now, None)
        return result
    channel = team.notify[delivery.channel]
    result = world.notifier.send(channel, delivery.notification, may_repeat=delivery.may_repeat)
    again_at = None
    if not (result.ok or result.permanent):
        again_at = retry_at(delivery.attempts + 1, now, result.retry_after_s)
    world.store.end_delivery(delivery, result, now, again_at)
    return result
