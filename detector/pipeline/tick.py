"""One tick: everything that is due at one instant.

    due rules -> pull -> refit -> judge -> find suspects -> advance incidents -> decide -> word -> record -> deliver

All that was found and decided is committed as one transaction; sending comes after it. `now` is the only clock.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np

from detector.errors import StoreBusy, StoreError
from detector.model.incident import Incident
from detector.model.notification import Notification
from detector.model.rulebook import RuleBook
from detector.model.span import epoch_s
from detector.model.state import HistoryBlock, MetricState, TickChanges
from detector.model.tick import TickReport
from detector.model.verdict import Outcome, OutcomeKind
from detector.pipeline.admins import check_channels
from detector.pipeline.advancing import Advanced, advance_incidents
from detector.pipeline.announcing import check_feeds, hear
from detector.pipeline.deliver import deliver
from detector.pipeline.filling import without
from detector.pipeline.judging import Judged, outcomes_of_failure
from detector.pipeline.look import Findings, go_on, look
from detector.pipeline.messages import about_incidents, about_late_data
from detector.pipeline.recall import Memory, recall
from detector.pipeline.source_health import check_sources
from detector.pipeline.suspecting import Inquiry
from detector.pipeline.teaching import lessons_of
from detector.pipeline.teaching_members import taught_members
from detector.pipeline.uncommitted import Uncommitted, UncommittedForNow
from detector.pipeline.world import World

__all__ = ["run_tick"]


def run_tick(book: RuleBook, world: World, now: datetime, news: Sequence[Notification] = ()) -> TickReport:
    """Judge what is due and not judged yet, advance incidents, and tell who must hear.

    Args:
        book: the rules.
        world: the ports.
        now: the only clock.
        news: messages about the detector itself, recorded and sent with those of this tick.

    Raises:
        StoreError: the store failed; nothing was recorded, and nothing new was sent.
        TickAbandoned: the program is about to end, and nothing was recorded yet.
    """
    with world.store.exclusive():
        heard = hear(book, world.sources, world.listening, world.store, now)
        memory = recall(world.store, now)
        findings = look(book, memory, world, now)
        findings.hear(heard)
        go_on(world)
        changes = _decide(findings, book, memory, world, now, news)
        _commit(changes, world)
        delivered = deliver(book, world, now)
        world.store.beat(now)
    return TickReport(
        at=now,
        outcomes=changes.outcomes,
        incidents=changes.incidents,
        notifications=tuple(notification for notification, _ in changes.notifications),
        sent=delivered.sent,
        failed=delivered.failed,
        waiting=tuple(sorted((*world.reading.busy, *world.sending.busy))),
        failures=findings.failures | delivered.failures,
    )


def _commit(changes: TickChanges, world: World) -> None:
    try:
        world.store.commit(changes)
    except StoreError as error:
        kind = UncommittedForNow if isinstance(error, StoreBusy) else Uncommitted
        raise kind(error, [notification for notification, _ in changes.notifications]) from error


def _decide(
    findings: Findings, book: RuleBook, memory: Memory, world: World, now: datetime, news: Sequence[Notification]
) -> TickChanges:
    """All that is recorded of this tick."""
    inquiry = Inquiry(world.store, book, memory, now)
    advanced = advance_incidents(findings.found, memory, inquiry, world.sources, findings.members)
    removed = frozenset(
        number for number, incident in advanced.incidents.items() if incident.is_over and _is_ruleless(incident, book)
    )
    incidents, messages, events = about_incidents(advanced.incidents.values(), removed, book, now)
    pulled = [one.pulled for one in findings.judged]
    failed = (*findings.failed, *findings.members_failed)
    sources = check_sources(pulled, failed, memory.health, book, now, memory.last_at)
    channels = check_channels(memory.deliveries, memory.health, book, now, memory.last_at)
    feeds = check_feeds(findings.heard, memory.health, book, now, memory.last_at)
    late = [
        (judged.metric, outcome)
        for judged in findings.judged
        for outcome in judged.due[-1:]
        if outcome.kind is OutcomeKind.LATE and not _was_late_that_day(judged, outcome)
    ]
    late_data = about_late_data(book.settings.admins, late, now)
    checkups = (sources, channels, feeds)
    messages = [*messages, *news, *(told for checkup in checkups for told in checkup.notifications), *late_data]
    return TickChanges(
        at=now,
        metrics=(*(_state_after(judged) for judged in findings.judged), *(one.state for one in findings.failed)),
        history=tuple(_taught(judged, memory, advanced) for judged in findings.judged),
        outcomes=_outcomes(findings, now),
        incidents=tuple(incident for incident in incidents if incident not in memory.live),
        events=(*advanced.events, *events),
        notifications=tuple(_addressed(messages, book)),
        sources=tuple(health for checkup in checkups for health in checkup.health),
        members=tuple(one.state for one in findings.members),
        member_history=tuple(
            taught_members(one.fresh, one.state, (*memory.ended, *advanced.incidents.values()))
            for one in findings.members
        ),
    )


def _was_late_that_day(judged: Judged, newest: Outcome) -> bool:
    """Somebody has been told already: once per metric and day."""
    day, due_from = newest.span.start_at.date(), judged.due[0].span.start_at
    earlier = (one for one in judged.timeline if one.span.start_at < due_from)
    return any(one.kind is OutcomeKind.LATE and one.span.start_at.date() == day for one in earlier)


def _is_ruleless(incident: Incident, book: RuleBook) -> bool:
    return not any(part.metric in book.metrics for part in incident.metrics)


def _state_after(judged: Judged) -> MetricState:
    due = judged.pulled.due
    return replace(judged.pulled.state, read_until=due.closed_end, judged_until=due.judge[-1].end_at)


def _outcomes(findings: Findings, now: datetime) -> tuple[Outcome, ...]:
    told = [outcome for one in findings.judged for outcome in (*one.skipped, *one.revised, *one.due)]
    told += [outcome for one in findings.members for outcome in one.outcomes]
    return (*told, *(outcome for one in findings.failed for outcome in outcomes_of_failure(one, now)))


def _taught(judged: Judged, memory: Memory, advanced: Advanced) -> HistoryBlock:
    """What was read by this tick, and which of it may teach: nothing inside an incident may."""
    fresh = judged.pulled.fresh
    incidents = {one.number: one for one in (*memory.ended, *advanced.incidents.values())}  # as they are by now
    lessons = lessons_of(fresh.metric, incidents.values())
    teaches = lessons.teaches(fresh.starts, np.ones(fresh.starts.size, dtype=bool))
    late = frozenset(epoch_s(o.span.start_at) for o in judged.timeline if o.kind is OutcomeKind.LATE)
    return without(replace(fresh, teaches=teaches), late)


def _addressed(messages: Sequence[Notification], book: RuleBook) -> list[tuple[Notification, int]]:
    """Each message with the number of channels of its team."""
    return [
        (message, len(book.settings.teams[message.team].notify))
        for message in messages
        if message.team in book.settings.teams
    ]
