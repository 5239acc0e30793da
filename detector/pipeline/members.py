"""Members: which values of a rule's `each` column are series of their own, and what they share with the whole."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from detector.model.incident import IncidentMetric
from detector.model.rulebook import RuleBook
from detector.model.state import Members, MetricState
from detector.pipeline.recall import Memory

__all__ = ["LONGEST_NAME", "Roster", "choose", "is_label", "is_watched", "roster_of"]

LONGEST_NAME = 200
"""Characters; what is longer is no label of anything, and too long for a key of PostgreSQL."""

STAYS_FROM = 0.8
"""A member stays one while it brings this much of what would just be enough: near the limit nobody comes and goes."""


@dataclass(frozen=True, slots=True)
class Roster:
    """How far metrics and their members are as the store has it, by metric.

    `held` are members that stay such since an incident of theirs goes on.
    """

    states: Mapping[str, MetricState]
    members: Mapping[str, Members] = field(default_factory=dict)
    held: Mapping[str, frozenset[str]] = field(default_factory=dict)


def roster_of(memory: Memory) -> Roster:
    held: dict[str, set[str]] = {}
    for incident in memory.live:
        for part in incident.metrics:
            if part.member is not None and part.ended_at is None:
                held.setdefault(part.metric, set()).add(part.member.name)
    return Roster(memory.states, memory.members, {metric: frozenset(names) for metric, names in held.items()})


def choose(volumes: Mapping[str, float], known: Iterable[str], held: frozenset[str], limit: int) -> tuple[str, ...]:
    """The members from now on, largest first; the same whatever the order of what is given.

    Args:
        volumes: what every value of the column has brought.
        known: members so far.
        held: those of them in whose incident somebody waits for the end; they count beyond the limit, if need be.
        limit: how many.
    """
    before = frozenset(known)
    weighed = {
        name: volume / STAYS_FROM if name in before else volume for name, volume in volumes.items() if is_label(name)
    }
    largest = sorted(weighed, key=lambda name: (-weighed[name], name))[:limit]
    staying = sorted((held & before) - set(largest))
    return tuple(sorted(largest, key=lambda name: (-volumes[name], name))) + tuple(staying)


def is_label(name: str) -> bool:
    """Short, and of characters that every database takes."""
    return len(name) <= LONGEST_NAME and "\0" not in name and not any("\ud800" <= sign <= "\udfff" for sign in name)


def is_watched(part: IncidentMetric, book: RuleBook) -> bool:
    """Its rule is there, and still judges each value of the member's column."""
    metric = book.metrics.get(part.metric)
    return metric is not None and (part.member is None or part.member.column == metric.each)
