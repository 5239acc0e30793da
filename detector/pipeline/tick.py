"""One tick: everything that is due at one instant.

    due rules -> pull -> refit -> judge -> find suspects -> advance incidents -> decide -> word -> record -> deliver

All that was found and decided is committed as one transaction; sending comes after it. `now` is the only clock.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np

from detector.alerting.due import Due, due_buckets
from detector.errors import SourceError, StoreBusy, StoreError, TickAbandoned
from detector.model.incident import Incident
from detector.model.notification import Notification
from detector.model.rulebook import RuleBook
from detector.model.span import epoch_s
from detector.model.state import HistoryBlock, MetricState, TickChanges
from detector.model.tick import TickReport
from detector.model.verdict import Outcome, OutcomeKind
from detector.pipeline.admins import check_channels
from detector.pipeline.advancing import Advanced, advance_incidents
from detector.pipeline.announcing import Hearing, check_feeds, hear
from detector.pipeline.anomalies import Found, live_part, outcomes_since, over_spans
from detector.pipeline.beside import judge_beside
from detector.pipeline.deliver import deliver
from detector.pipeline.filling import without
from detector.pipeline.finer import refine_onset
from detector.pipeline.in_order import judge_in_order
from detector.pipeline.judging import Judged, outcomes_of_failure
from detector.pipeline.member_parts import MemberFindings
from detector.pipeline.members import roster_of
from detector.pipeline.messages import about_incidents, about_late_data
from detector.pipeline.pull import pull
from detector.pipeline.pulled import Failed, Pulled
from detector.pipeline.recall import Memory, recall
from detector.pipeline.refit import refit
from detector.pipeline.source_health import check_sources
from detector.pipeline.suspecting import Inquiry
from detector.pipeline.teaching import lessons_of, with_lessons
from detector.pipeline.teaching_members import taught_members
from detector.pipeline.uncommitted import Uncommitted, UncommittedForNow
from detector.pipeline.where import look_again
from detector.pipeline.witness import late_starts
from detector.pipeline.world import World

__all__ = ["run_tick"]


@dataclass(slots=True)
class _Findings:
    """What this tick has found so far."""

    judged: list[Judged] = field(default_factory=list)
    found: list[Found] = field(default_factory=list)
    failed: list[Failed] = field(default_factory=list)
    members: list[MemberFindings] = field(default_factory=list)
    members_failed: list[Failed] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)
    heard: Hearing = field(default_factory=Hearing)

    def sort(self) -> None:
        """In order of name, whichever source answered first."""
        self.judged.sort(key=lambda one: one.metric.name)
        self.found.sort(key=lambda one: one.metric.name)
        self.failed.sort(key=lambda one: one.metric.name)
        self.members.sort(key=lambda one: one.metric.name)

    def hear(self, heard: Hearing) -> None:
        """What tables of deploys had to say; nothing in it stops anything."""
        self.heard = heard
        self.failures |= {f"feed {name}": str(error) for name, error in heard.failed.items()}
        self.failures |= {f"feed, row {number}": doubt for number, doubt in enumerate(heard.doubts, start=1)}


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
        findings = _look(book, memory, world, now)
        findings.hear(heard)
        _go_on(world)
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


def _look(book: RuleBook, memory: Memory, world: World, now: datetime) -> _Findings:
    """Pull and judge, metric by metric; what fails for one stops no other."""
    dues: dict[str, Due] = {}
    for name, metric in book.metrics.items():
        due = due_buckets(metric, memory.states.get(name), now)
        if due:
            dues[name] = due
    findings = _Findings()
    pulled: dict[str, Pulled] = {}
    witnessed: list[Pulled] = []
    for one in pull(dues, book, roster_of(memory), world, now):
        _go_on(world)
        if isinstance(one, Failed):
            _fail(findings, one)
            continue
        pulled[one.metric.name] = one
        if one.metric.witness is not None:  # what it is compared with may come after it
            witnessed.append(one)
        else:
            _judge_alone(one, pulled, findings, memory, world, now)
        world.progress.step("judging, metrics", len(pulled), len(dues) + 1)
    for one in witnessed:
        _judge_alone(one, pulled, findings, memory, world, now)
    findings.sort()
    return findings


def _go_on(world: World) -> None:
    if world.reading.is_hurried:
        raise TickAbandoned("told to end in the middle of a tick; nothing of it was recorded")


def _judge_alone(
    one: Pulled, pulled: Mapping[str, Pulled], findings: _Findings, memory: Memory, world: World, now: datetime
) -> None:
    try:
        _judge(one, pulled, findings, memory, world, now)
    except StoreError:
        raise  # no fault of the rule
    except SourceError as error:
        _fail(findings, Failed(one.metric, one.state, one.due, error))
    except Exception as error:  # noqa: BLE001 - the one broad catch of a tick: a fault in one rule stops no other rule
        fault = SourceError(f"judging failed with {type(error).__name__}: {error}; please report this with the rule")
        _fail(findings, Failed(one.metric, one.state, one.due, fault))


def _fail(findings: _Findings, failed: Failed) -> None:
    findings.failed.append(failed)
    findings.failures[failed.metric.name] = f"{failed.error} (rule: {failed.metric.place})"


def _judge(
    one: Pulled, pulled: Mapping[str, Pulled], findings: _Findings, memory: Memory, world: World, now: datetime
) -> None:
    since = outcomes_since(one.metric, memory, one.due.closed_end)
    recorded = world.store.outcomes(one.metric.name, since)
    late = late_starts(one, recorded, pulled, world, now)
    one = replace(one, changed=one.changed - late)  # what is still late has not turned into zero
    lessons = lessons_of(one.metric.name, (*memory.ended, *memory.live))
    one = with_lessons(one, lessons)
    one, failure = refit(one, over_spans(one.metric.name, memory), late, world.store)
    if failure:
        findings.failures[one.metric.name] = f"{failure} (rule: {one.metric.place})"
    judged, found = judge_in_order(one, recorded, memory, late, now, lessons)
    source = world.sources[one.metric.source]
    known = live_part(one.metric.name, memory.live)
    continued = found.continued
    if continued is not None and known is not None and continued.onset != known.onset:  # late rows have corrected it
        continued = refine_onset(one.metric, continued, judged.timeline, source)
    fresh = tuple(refine_onset(one.metric, part, judged.timeline, source) for part in found.fresh)
    found = replace(found, continued=continued, fresh=fresh)
    found, beside = judge_beside(one, found, memory, late, world, now)
    if isinstance(beside, Failed):
        findings.members_failed.append(beside)
        findings.failures[beside.metric.name] = f"{beside.error} (rule: {beside.metric.place})"
    elif beside is not None:
        findings.members.append(beside)
    if known is not None and found.continued is not None:
        found = replace(found, continued=look_again(one.metric, found.continued, source))
    findings.judged.append(judged)
    findings.found.append(found)


def _decide(
    findings: _Findings, book: RuleBook, memory: Memory, world: World, now: datetime, news: Sequence[Notification]
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


def _outcomes(findings: _Findings, now: datetime) -> tuple[Outcome, ...]:
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
