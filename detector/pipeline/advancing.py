"""Advance incidents: what was found joins, opens, carries on and ends them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from detector.alerting.incidents import (
    advance,
    blames_the_same,
    break_together,
    join,
    led_by,
    open_incident,
    remove_rules,
    with_parts,
)
from detector.linking.suspects import keep_named
from detector.model.deploy import Ranking
from detector.model.incident import Incident, IncidentEvent, IncidentMetric
from detector.model.metric import Kind
from detector.model.rulebook import RuleBook
from detector.pipeline.anomalies import Found
from detector.pipeline.confirming import held
from detector.pipeline.member_parts import MemberFindings
from detector.pipeline.members import is_watched
from detector.pipeline.placing_members import has_member_of, lean, place_members
from detector.pipeline.recall import Memory
from detector.pipeline.suspecting import Inquiry
from detector.pipeline.where import look_where
from detector.ports import MetricSource

__all__ = ["Advanced", "advance_incidents"]


@dataclass(slots=True)
class Advanced:
    """The incidents that a tick has in hand, by number, and what happened to them."""

    incidents: dict[int, Incident] = field(default_factory=dict)
    events: list[IncidentEvent] = field(default_factory=list)


def advance_incidents(
    found: Sequence[Found],
    memory: Memory,
    inquiry: Inquiry,
    sources: Mapping[str, MetricSource],
    members: Sequence[MemberFindings] = (),
) -> Advanced:
    """Carry every live incident on, then place the new anomalies: of metrics first, then of their members."""
    every = (*found, *(one for findings in members for one in findings.found))
    continued = {one.metric.name: one.continued for one in every if one.continued is not None}
    hand = Advanced({incident.number: incident for incident in memory.live})
    for incident in memory.live:
        hand.incidents[incident.number] = _carried_on(incident, continued, inquiry)
    for incident in memory.ended:
        if incident.closed_by is not None and any(
            part.ended_at is None and part.series in continued for part in incident.metrics
        ):
            hand.incidents[incident.number] = with_parts(incident, continued)
    fresh = [(one.metric.team, part) for one in found for part in one.fresh]
    number = memory.next_number
    for team, part in sorted(fresh, key=lambda pair: (pair[1].span.start_at, pair[1].metric)):
        placed = _with_where(part, inquiry.book, sources)  # before the ranking: whom a deploy reached is evidence
        number += _place(hand, team, placed, inquiry.rank(placed), number, inquiry)
    for findings in members:
        number += place_members(hand.incidents, findings, memory, inquiry, number)
    before = {incident.number: incident for incident in (*memory.live, *memory.ended)}
    for incident in list(hand.incidents.values()):
        hand.incidents[incident.number] = lean(replace(incident, ranking=held(incident, incident.ranking)))
    for incident in hand.incidents.values():
        hand.events.extend(_events(before.get(incident.number), incident, inquiry))
    return hand


def _carried_on(incident: Incident, parts: Mapping[str, IncidentMetric], inquiry: Inquiry) -> Incident:
    book = inquiry.book
    if _known_until(incident) > inquiry.now:  # a tick for an earlier time has no say about what came later
        return incident
    if not book.faults:  # a rule that cannot be read today has not been removed
        watched = frozenset(part.series for part in incident.metrics if is_watched(part, book))
        incident = remove_rules(incident, watched, inquiry.now)
    if incident.is_over:
        return incident
    incident = advance(incident, parts, inquiry.now)
    known = [part for part in incident.metrics if part.metric in book.metrics]
    if not known or incident.is_over:
        return incident
    return replace(incident, ranking=held(incident, keep_named(incident.ranking, inquiry.rank(known[0]))))


def _known_until(incident: Incident) -> datetime:
    return incident.opened_at if incident.told is None else incident.told.at


def _with_where(part: IncidentMetric, book: RuleBook, sources: Mapping[str, MetricSource]) -> IncidentMetric:
    metric = book.metrics[part.metric]
    return replace(part, where=look_where(metric, part, sources[metric.source]))


def _place(hand: Advanced, team: str, part: IncidentMetric, ranking: Ranking, number: int, inquiry: Inquiry) -> int:
    """Join the team's incident that it belongs to, or open one; returns how many numbers were used."""
    # What points at the same deploy comes before what merely began at the same moment.
    for incident in sorted(hand.incidents.values(), key=lambda one: not blames_the_same(one, ranking)):
        is_live = incident.team == team and not incident.is_over and part.ended_at is None
        if is_live and has_member_of(incident, part):  # what its members have lost is a part of what it has lost
            hand.incidents[incident.number] = _led_by(join(incident, [part], inquiry.now), part, ranking)
            return 0
        if is_live and break_together(incident, part, ranking):
            hand.incidents[incident.number] = _joined(incident, part, ranking, inquiry)
            return 0
    hand.incidents[number] = open_incident(number, team, [part], ranking, inquiry.now)
    return 1


def _joined(incident: Incident, part: IncidentMetric, ranking: Ranking, inquiry: Inquiry) -> Incident:
    """With one metric more; once the first loss in money joins what the team has heard of, it leads, and is told."""
    metrics, joined = inquiry.book.metrics, join(incident, [part], inquiry.now)
    if incident.told is None:
        return _led_by_worst(joined, ranking, inquiry.book)
    known = [metrics[other.metric].kind for other in incident.metrics if other.metric in metrics]
    is_first_money = metrics[part.metric].kind is Kind.REVENUE and Kind.REVENUE not in known
    return _led_by(joined, part, ranking) if is_first_money else joined


def _led_by(incident: Incident, part: IncidentMetric, ranking: Ranking) -> Incident:
    """What stands in the title points at its own suspects, as it will at every later tick."""
    return replace(led_by(incident, part.series), ranking=keep_named(incident.ranking, ranking))


def _led_by_worst(incident: Incident, ranking: Ranking, book: RuleBook) -> Incident:
    """While nobody has been told, the metric that lost the larger share leads, with its own ranking; of two, money."""
    leading = incident.metrics[0]
    parts = sorted(incident.metrics, key=lambda part: book.metrics[part.metric].kind is not Kind.REVENUE)
    opened = open_incident(incident.number, incident.team, parts, incident.ranking, incident.opened_at)
    return opened if opened.metrics[0].metric == leading.metric else replace(opened, ranking=ranking)


def _events(before: Incident | None, after: Incident, inquiry: Inquiry) -> list[IncidentEvent]:
    """What the incident's history has to tell of this tick."""
    number, now = after.number, inquiry.now
    known = set() if before is None else {part.series for part in before.metrics}
    events = [
        IncidentEvent(number, now, f"joined {part.series}", f"{part.series} is anomalous")
        for part in after.metrics
        if part.series not in known
    ]
    before_level = set() if before is None else {part.series for part in before.metrics if part.level_since is None}
    events += [
        IncidentEvent(number, now, f"level {part.series}", f"{part.series} has stayed so for long: this is usual now")
        for part in after.metrics
        if part.level_since is not None and part.series in before_level
    ]
    if before is not None and before.state is not after.state:
        events.append(IncidentEvent(number, now, "state", f"{before.state} -> {after.state}"))
    return events
