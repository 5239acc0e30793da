"""Many ticks, one after the other: wherever something falls due in a span, as a daemon would have had them."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from detector.alerting.due import next_due_at
from detector.alerting.reasons import reminder_due_at
from detector.model.rulebook import RuleBook
from detector.model.span import Span
from detector.model.tick import TickReport
from detector.pipeline.source_health import OWNERS_HEAR_AFTER
from detector.pipeline.tick import run_tick
from detector.pipeline.world import World

__all__ = ["replay"]

MINUTE = timedelta(minutes=1)
"""The daemon ticks on full minutes; so does a replay."""


def replay(book: RuleBook, world: World, span: Span) -> Iterator[TickReport]:
    """Tick at every full minute of the span (its end included) at which a daemon would have had something to do."""
    heard = _heard_at(world, span)
    at = _full_minute(span.start_at - timedelta(microseconds=1))
    while (at := _next(book, world, heard, at)) <= span.end_at:
        yield run_tick(book, world, at)
        at += timedelta(microseconds=1)


def _next(book: RuleBook, world: World, heard: tuple[datetime, ...], after: datetime) -> datetime:
    """The first full minute later than `after` at which a daemon would have had something to do."""
    live = world.store.incidents(only_live=True)
    moments = [next_due_at(metric, after) for metric in book.metrics.values()]
    moments += [due_at for incident in live if (due_at := reminder_due_at(incident)) is not None]
    retry_at = world.store.next_attempt_at()
    moments += [] if retry_at is None else [retry_at]
    if live:
        moments += [at for at in heard if at > after]
    if any(0 < health.failed_ticks < OWNERS_HEAR_AFTER for health in world.store.source_health().values()):
        moments += [after + timedelta(microseconds=1)]  # what failed stays due, and a daemon asks again every minute
    return min((_full_minute(moment) for moment in moments if moment > after), default=after + timedelta(days=36500))


def _heard_at(world: World, span: Span) -> tuple[datetime, ...]:
    """When deploy reports arrived in the span."""
    reports = world.store.deploys(Span(span.start_at - timedelta(days=7), span.end_at), span.end_at)
    return tuple(sorted({report.received_at for report in reports if report.received_at >= span.start_at}))


def _full_minute(at: datetime) -> datetime:
    """The full minute at or after an instant."""
    floor = at.replace(second=0, microsecond=0)
    return floor if floor == at else floor + MINUTE
