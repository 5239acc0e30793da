"""Which buckets of members teach: as `teaching` says it of one series, for all of them at once."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from detector.model.grid import Grid
from detector.model.incident import Incident, IncidentMetric
from detector.model.panel import Bools, Panel
from detector.model.span import epoch_s
from detector.model.state import MemberBlock, Members
from detector.pipeline.teaching import inside

__all__ = ["members_with_lessons", "taught_members"]

Starts = npt.NDArray[np.int64]


def taught_members(fresh: MemberBlock, members: Members, incidents: Iterable[Incident]) -> MemberBlock:
    """What was read by this tick, and which of it may teach: nothing inside an incident of the whole or the member.

    Of incidents with one number the last one counts.
    """
    newest = {one.number: one for one in incidents}
    return replace(fresh, teaches=_teaching(fresh.starts, fresh.teaches, members, newest.values()))


def members_with_lessons(
    told: Panel, fresh: MemberBlock, members: Members, incidents: Iterable[Incident]
) -> tuple[Panel, MemberBlock]:
    """A history that teaches as it should, and with what was read what of it teaches again: that is written anew."""
    mine = tuple(incidents)
    teaches = _teaching(told.grid.starts, told.teaches, members, mine)
    again = (teaches & ~told.teaches).any(axis=0) & ~np.isin(told.grid.starts, fresh.starts)
    told = replace(told, teaches=teaches, begins_level=_beginnings(told.grid, members, mine))
    return told, _with_more(fresh, told, again) if again.any() else fresh


def _parts(members: Members, incidents: Iterable[Incident]) -> Iterator[tuple[IncidentMetric, slice | int]]:
    """The parts of the metric, each with its rows: what holds of the whole holds of all."""
    row = {name: place for place, name in enumerate(members.names)}
    for incident in incidents:
        for part in incident.metrics:
            if part.metric == members.metric and (part.member is None or part.member.name in row):
                yield part, slice(None) if part.member is None else row[part.member.name]


def _teaching(starts: Starts, before: Bools, members: Members, incidents: Iterable[Incident]) -> Bools:
    """Which buckets teach, (m, n)."""
    parts = list(_parts(members, incidents))
    teaches = before.copy()
    for part, rows in parts:
        if part.level is not None:
            teaches[rows, inside(starts, [part.level])] = True
    for part, rows in parts:
        if part.masked is not None:
            teaches[rows, inside(starts, [part.masked])] = False
    return teaches


def _beginnings(grid: Grid, members: Members, incidents: Iterable[Incident]) -> Bools | None:
    """The first buckets of levels that stay, (m, n); one of the whole is one of each member, however far that moved.

    A member that came to one in the same incident knows better when.
    """
    begun = np.zeros((len(members.names), len(grid)), dtype=bool)
    for incident in incidents:
        found = [(part.level, rows) for part, rows in _parts(members, [incident]) if part.level is not None]
        here = np.zeros(begun.shape, dtype=bool)
        for level, rows in sorted(found, key=lambda one: isinstance(one[1], int)):  # the whole first
            since = epoch_s(level.start_at)
            here[rows] = False
            if int(grid.starts[0]) <= since <= int(grid.starts[-1]):
                here[rows, int(np.searchsorted(grid.starts, since))] = True
        begun |= here
    return begun if begun.any() else None


def _with_more(fresh: MemberBlock, told: Panel, again: Bools) -> MemberBlock:
    starts = np.concatenate([told.grid.starts[again], fresh.starts])
    order = np.argsort(starts, kind="stable")
    weights = None
    if told.weights is not None:
        read = np.full(fresh.values.shape, np.nan) if fresh.weights is None else fresh.weights
        weights = np.concatenate([told.weights[:, again], read], axis=1)[:, order]
    return MemberBlock(
        fresh.metric,
        starts[order],
        np.concatenate([told.values[:, again], fresh.values], axis=1)[:, order],
        np.concatenate([told.teaches[:, again], fresh.teaches], axis=1)[:, order],
        weights,
    )
