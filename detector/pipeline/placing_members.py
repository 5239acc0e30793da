"""Which incident the anomalies of members belong to: that of their whole, one of their own, or none."""

from collections.abc import Sequence
from dataclasses import replace

from detector.alerting.incidents import break_together, join, open_incident
from detector.model.deploy import Ranking
from detector.model.incident import Incident, IncidentMetric
from detector.pipeline.anomalies import hushed_part
from detector.pipeline.member_parts import MOST_LISTED, MemberFindings
from detector.pipeline.recall import Memory
from detector.pipeline.suspecting import Inquiry

__all__ = ["has_member_of", "lean", "place_members"]


def has_member_of(incident: Incident, whole: IncidentMetric) -> bool:
    """Members of the metric are in it that are not over, at the same time as the whole."""
    return whole.member is None and any(
        part.member is not None and part.metric == whole.metric and part.ended_at is None and _meet(part, whole)
        for part in incident.metrics
    )


def _meet(one: IncidentMetric, other: IncidentMetric) -> bool:
    return one.span.start_at < other.span.end_at and other.span.start_at < one.span.end_at


def place_members(
    incidents: dict[int, Incident], findings: MemberFindings, memory: Memory, inquiry: Inquiry, number: int
) -> int:
    """Join the incident that they belong to, or open one for all that broke; returns how many numbers were used.

    Changes `incidents`. Members that are new in one tick broke together. While the whole's anomaly goes on, and while
    one does that a person has closed, no member is told of by itself.
    """
    _count(incidents, findings)
    parts = [part for one in findings.found for part in one.fresh]
    live = [part for part in parts if part.ended_at is None]
    used = 0
    over = [part for part in parts if part.ended_at is not None]
    if over:  # found as a whole by a catch-up: kept, and nobody is told
        ranking = inquiry.rank(over[0])
        incidents[number] = open_incident(number, findings.metric.team, over, ranking, inquiry.now)
        used = 1
    if not live or _is_hushed(findings, memory, incidents):
        return used
    ranking = inquiry.rank(live[0])
    host = _host(incidents, findings.metric.team, live, ranking)
    if host is None:
        host = open_incident(number + used, findings.metric.team, live, ranking, inquiry.now)
        used += 1
        listed = live
    else:
        room = MOST_LISTED - sum(_is_listed(part, findings.metric.name) for part in host.metrics)
        listed = live[: max(room, 0)]
        host = join(host, listed, inquiry.now) if listed else host
    beyond = findings.beyond + len(live) - len(listed)
    incidents[host.number] = replace(host, more_members=beyond)
    return used


def lean(incident: Incident) -> Incident:
    """Only the part that leads, by which deploys are ranked, keeps what all others held beside a member.

    Who leads later knows it again by the next tick that judges the members.
    """
    first, *others = incident.metrics
    return replace(incident, metrics=(first, *(part if part.member is None else _bare(part) for part in others)))


def _bare(part: IncidentMetric) -> IncidentMetric:
    return replace(part, where=tuple(replace(one, levels=(), rest=None, span=None) for one in part.where))


def _is_listed(part: IncidentMetric, metric: str) -> bool:
    """Those that recover make room, so that nobody is left behind when the last of them is over."""
    is_going_on = part.ended_at is None and part.normal_in_a_row == 0
    return part.metric == metric and part.member is not None and is_going_on


def _count(incidents: dict[int, Incident], findings: MemberFindings) -> None:
    """Those that were beyond the listed ones and are no longer anomalous are not counted any more."""
    fresh = findings.beyond + sum(part.ended_at is None for one in findings.found for part in one.fresh)
    for incident in [one for one in incidents.values() if one.more_members > fresh]:
        if any(part.metric == findings.metric.name for part in incident.metrics):
            incidents[incident.number] = replace(incident, more_members=fresh)


def _is_hushed(findings: MemberFindings, memory: Memory, incidents: dict[int, Incident]) -> bool:
    """A person has closed what these members are a part of, and it goes on."""
    name = findings.metric.name
    ended = [incidents.get(incident.number, incident) for incident in memory.ended]
    if hushed_part(name, ended) is not None:
        return True
    return any(
        incident.closed_by is not None
        and incident.more_members > 0
        and any(part.metric == name and part.ended_at is None for part in incident.metrics)
        for incident in ended
    )


def _host(
    incidents: dict[int, Incident], team: str, parts: Sequence[IncidentMetric], ranking: Ranking
) -> Incident | None:
    """The live incident of the team whose whole is down at the same time, or that broke together with the largest."""
    live = [one for one in incidents.values() if one.team == team and not one.is_over]
    largest = parts[0]
    for incident in live:
        for part in incident.metrics:
            is_whole = part.member is None and part.metric == largest.metric and part.ended_at is None
            if is_whole and any(_meet(part, one) for one in parts):
                return incident
    return next((one for one in live if break_together(one, largest, ranking)), None)
