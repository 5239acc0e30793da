"""Look: pull what is due and judge it, metric by metric; what fails for one stops no other.

By what a metric is judged is found once a local day. Where that is known, a metric is judged as soon as its source has
answered. At the first tick of a day, or after a start, metrics wait for each other: made ready side by side, hundreds
of them cost little more than one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import TypeVar

from detector.alerting.due import Due, due_buckets
from detector.errors import SourceError, StoreError, TickAbandoned
from detector.model.rulebook import RuleBook
from detector.model.verdict import Outcome
from detector.pipeline.announcing import Hearing
from detector.pipeline.anomalies import Found, live_part, outcomes_since, over_spans
from detector.pipeline.beside import judge_beside
from detector.pipeline.finer import refine_onset
from detector.pipeline.in_order import Case, case_of, judge_in_order
from detector.pipeline.judging import Judged, watch_of
from detector.pipeline.member_parts import MemberFindings
from detector.pipeline.members import roster_of
from detector.pipeline.pull import pull
from detector.pipeline.pulled import Failed, Pulled
from detector.pipeline.recall import Memory
from detector.pipeline.refit import refit
from detector.pipeline.teaching import lessons_of, with_lessons
from detector.pipeline.where import look_again
from detector.pipeline.witness import late_starts
from detector.pipeline.world import World
from detector.stats.side_by_side import Question, is_ready, make_ready, question_of

__all__ = ["Findings", "go_on", "look"]

MOST_WAITING = 512
"""Metrics that wait for each other: the arrays of more would fill the memory and gain nothing."""

T = TypeVar("T")


@dataclass(slots=True)
class Findings:
    """What this tick has found so far."""

    judged: list[Judged] = field(default_factory=list)
    found: list[Found] = field(default_factory=list)
    failed: list[Failed] = field(default_factory=list)
    members: list[MemberFindings] = field(default_factory=list)
    members_failed: list[Failed] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)
    heard: Hearing = field(default_factory=Hearing)

    def fail(self, failed: Failed) -> None:
        """Nothing is said of its buckets, and they stay due."""
        self.failed.append(failed)
        self.failures[failed.metric.name] = f"{failed.error} (rule: {failed.metric.place})"

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


def look(book: RuleBook, memory: Memory, world: World, now: datetime) -> Findings:
    """Pull and judge all that is due."""
    dues: dict[str, Due] = {}
    for name, metric in book.metrics.items():
        due = due_buckets(metric, memory.states.get(name), now)
        if due:
            dues[name] = due
    desk = _Desk(book, memory, world, now, dues)
    witnessed: list[Pulled] = []
    for one in pull(dues, book, roster_of(memory), world, now):
        go_on(world)
        if isinstance(one, Failed):
            desk.findings.fail(one)
            continue
        desk.pulled[one.metric.name] = one
        if one.metric.witness is not None:  # what it is compared with may come after it
            witnessed.append(one)
        else:
            desk.take(one)
    for one in witnessed:
        desk.take(one)
    desk.judge_waiting()
    desk.findings.sort()
    return desk.findings


def go_on(world: World) -> None:
    if world.reading.is_hurried:
        raise TickAbandoned("told to end in the middle of a tick; nothing of it was recorded")


@dataclass
class _Desk:
    """Where what was pulled is judged: at once, or when enough others wait."""

    book: RuleBook
    memory: Memory
    world: World
    now: datetime
    dues: Mapping[str, Due]
    findings: Findings = field(default_factory=Findings)
    pulled: dict[str, Pulled] = field(default_factory=dict)
    waiting: list[tuple[Case, Question]] = field(default_factory=list)

    def take(self, one: Pulled) -> None:
        """Judge it, or let it wait."""
        made = self._tried(one, lambda: self._case_of(one))
        if made is None:
            return
        case, question = made
        if question is None or is_ready(question):
            self._judge(case)
            return
        self.waiting.append((case, question))
        if len(self.waiting) >= MOST_WAITING:
            self.judge_waiting()

    def judge_waiting(self) -> None:
        waiting, self.waiting = self.waiting, []
        go_on(self.world)
        try:
            make_ready([question for _, question in waiting])
        except Exception as error:  # noqa: BLE001 - each is made ready by itself then, and fails by itself if it must
            fault = f"failed with {type(error).__name__}: {error}; please report this"
            self.findings.failures["making metrics ready side by side"] = fault
        for case, _ in waiting:
            go_on(self.world)
            self._judge(case)

    @cached_property
    def _recorded(self) -> Mapping[str, tuple[Outcome, ...]]:
        """Outcomes of all that is due, asked for at once, while the sources are busy with what they are asked next."""
        metrics, memory = self.book.metrics, self.memory
        since = {name: outcomes_since(metrics[name], memory, due.closed_end) for name, due in self.dues.items()}
        return self.world.store.outcomes_of(since)

    def _recorded_of(self, one: Pulled) -> tuple[Outcome, ...]:
        name, closed_end = one.metric.name, one.due.closed_end
        if name in self.dues and self.dues[name].closed_end == closed_end:
            return self._recorded.get(name, ())
        return self.world.store.outcomes(name, outcomes_since(one.metric, self.memory, closed_end))  # of a slow source

    def _case_of(self, one: Pulled) -> tuple[Case, Question | None]:
        name, memory = one.metric.name, self.memory
        recorded = self._recorded_of(one)
        late = late_starts(one, recorded, self.pulled, self.world, self.now)
        one = replace(one, changed=one.changed - late)  # what is still late has not turned into zero
        lessons = lessons_of(name, (*memory.ended, *memory.live))
        one = with_lessons(one, lessons)
        one, failure = refit(one, over_spans(name, memory), late, self.world.store)
        if failure:
            self.findings.failures[name] = f"{failure} (rule: {one.metric.place})"
        case = case_of(one, recorded, memory, late, lessons)
        return case, question_of(case.seen.panel, watch_of(one.metric), one.state.seasons)

    def _judge(self, case: Case) -> None:
        self._tried(self.pulled[case.one.metric.name], lambda: self._judge_case(case))  # as it stood before the refit
        done = len(self.findings.judged) + len(self.findings.failed)
        self.world.progress.step("judging, metrics", done, len(self.dues) + 1)

    def _judge_case(self, case: Case) -> None:
        metric, memory, findings = case.one.metric, self.memory, self.findings
        judged, found = judge_in_order(case, memory, self.now)
        source = self.world.sources[metric.source]
        known = live_part(metric.name, memory.live)
        continued = found.continued
        if continued is not None and known is not None and continued.onset != known.onset:  # late rows corrected it
            continued = refine_onset(metric, continued, judged.timeline, source)
        fresh = tuple(refine_onset(metric, part, judged.timeline, source) for part in found.fresh)
        found = replace(found, continued=continued, fresh=fresh)
        found, beside = judge_beside(case.one, found, memory, case.late, self.world, self.now)
        if isinstance(beside, Failed):
            findings.members_failed.append(beside)
            findings.failures[beside.metric.name] = f"{beside.error} (rule: {beside.metric.place})"
        elif beside is not None:
            findings.members.append(beside)
        if known is not None and found.continued is not None:
            found = replace(found, continued=look_again(metric, found.continued, source))
        findings.judged.append(judged)
        findings.found.append(found)

    def _tried(self, one: Pulled, work: Callable[[], T]) -> T | None:
        """What the work gives; a metric for which it fails is put with those that failed."""
        try:
            return work()
        except StoreError:
            raise  # no fault of the rule
        except SourceError as error:
            self.findings.fail(Failed(one.metric, one.state, one.due, error))
        except Exception as error:  # noqa: BLE001 - the one broad catch of a tick: a fault in one rule stops no other
            fault = SourceError(
                f"judging failed with {type(error).__name__}: {error}; please report this with the rule"
            )
            self.findings.fail(Failed(one.metric, one.state, one.due, fault))
        return None
