"""Pull members: who is one, their first history, and what is new of all of them in one statement."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np

from detector.alerting.due import HISTORY, due_buckets
from detector.errors import SourceError
from detector.model.grid import DAY_S, grid_of
from detector.model.metric import Metric, ShortForm
from detector.model.panel import Bools
from detector.model.span import Span, at_epoch
from detector.model.state import MemberBlock, Members, MetricState, TickChanges
from detector.pipeline.filling import fill_members
from detector.pipeline.members import Roster, choose
from detector.pipeline.pulled import Pulled, PulledMembers
from detector.pipeline.world import World

__all__ = ["pull_members"]

MOST_CELLS = 500_000
"""Members times buckets of one statement: its answer is some hundred megabytes at worst. Two days of 10,000 members."""

SLICE = timedelta(days=7)

CANDIDATES = 4
"""Of each week so many times the limit are compared: who is large over ten weeks is among them in most."""


@dataclass(frozen=True, slots=True)
class _Reader:
    """What it takes to read the members of one metric; `go_on` is asked before every write."""

    metric: Metric
    query: ShortForm
    fingerprint: str
    held: frozenset[str]
    world: World
    go_on: Callable[[], None]

    def members(self, names: tuple[str, ...], span: Span, begun: Bools) -> MemberBlock:
        source = self.world.sources[self.metric.source]
        return fill_members(self.metric, source.read_members(self.metric, names, span), begun)


def pull_members(
    one: Pulled, fingerprint: str, roster: Roster, world: World, now: datetime, go_on: Callable[[], None]
) -> Pulled:
    """The metric with its members; with the reason where they could not be read, which never costs the whole anything.

    Raises:
        StoreError: the store failed.
    """
    metric, known = one.metric, roster.members.get(one.metric.name)
    if metric.each is None or not isinstance(metric.query, ShortForm):
        if known is not None:
            go_on()
            world.store.forget_members(metric.name)
        return one
    said = f"{fingerprint}/{metric.each}"
    held = roster.held.get(metric.name, frozenset())
    reader = _Reader(metric, metric.query, said, held, world, go_on)
    try:
        return replace(one, members=_pull(reader, one, known, now))
    except SourceError as error:
        return replace(one, members_error=error)


def _pull(reader: _Reader, one: Pulled, known: Members | None, now: datetime) -> PulledMembers:
    metric, closed_end = reader.metric, one.due.closed_end
    state = _chosen(reader, known, one.due.judge[-1].start_at)
    oldest = _first_start(metric, closed_end - HISTORY, closed_end)
    state = _read_history(reader, replace(state, read_until=max(state.read_until, oldest)), closed_end, now)
    revisable = _first_start(metric, closed_end - timedelta(seconds=metric.revise_s), closed_end)
    span = Span(min(state.read_until, revisable), closed_end)
    source = reader.world.sources[metric.source]
    rows = [source.read_members(metric, state.names, part) for part in _parts(reader, state.names, span)]
    so_far = MetricState(metric.name, state.fingerprint, now, judged_until=state.judged_until)
    return PulledMembers(state, due_buckets(metric, so_far, now), tuple(rows))


def _chosen(reader: _Reader, known: Members | None, newest_at: datetime) -> Members:
    """Who is a member today: decided when the history is first read, and once a day at local midnight."""
    metric, limit = reader.metric, reader.query.limit
    if known is not None and known.fingerprint != reader.fingerprint:
        known = None
    midnight_at = _midnight(metric, newest_at)
    if known is not None and known.chosen_at >= midnight_at and known.limit == limit:
        return known
    volumes = _volumes(reader, Span(_first_start(metric, midnight_at - HISTORY, midnight_at), midnight_at))
    names = choose(volumes, () if known is None else known.names, reader.held, limit)
    if known is None:
        state = Members(metric.name, reader.fingerprint, names, limit, midnight_at, _epoch_start(metric, midnight_at))
        history = None
    else:
        state = replace(known, names=names, limit=limit, chosen_at=midnight_at)
        history = _history_of(reader, known, names)
    reader.go_on()
    reader.world.store.choose_members(state, history)
    return state


def _epoch_start(metric: Metric, midnight_at: datetime) -> datetime:
    return _first_start(metric, midnight_at - HISTORY, midnight_at)


def _volumes(reader: _Reader, span: Span) -> Counter[str]:
    """Week by week, so that no statement is long."""
    source, most = reader.world.sources[reader.metric.source], CANDIDATES * reader.query.limit
    volumes: Counter[str] = Counter()
    for part in _slices(reader.metric, span, SLICE):
        volumes.update(source.volumes(reader.metric, part, most))
    return volumes


def _history_of(reader: _Reader, known: Members, names: tuple[str, ...]) -> MemberBlock | None:
    """The history of those who are members from now on: of who stays as it is, of who is new from the source."""
    metric = reader.metric
    oldest = _first_start(metric, known.read_until - HISTORY, known.read_until)
    old = reader.world.store.member_history(metric.name, oldest)
    if old is None:
        return None
    place = {name: row for row, name in enumerate(known.names)}
    stay = np.array([place.get(name, -1) for name in names], dtype=np.int64)
    values, teaches = old.values[stay], old.teaches[stay]
    weights = None if old.weights is None else old.weights[stay]
    new = np.flatnonzero(stay < 0)
    values[new], teaches[new] = np.nan, True
    if weights is not None:
        weights[new] = np.nan
    newcomers = tuple(names[row] for row in new.tolist())
    begun = np.zeros(new.size, dtype=bool)
    span = Span(at_epoch(int(old.starts[0])), known.read_until)
    for part in _parts(reader, newcomers, span) if newcomers else ():
        block = reader.members(newcomers, part, begun)
        begun |= np.isfinite(block.values).any(axis=1)
        _, at_old, at_new = np.intersect1d(old.starts, block.starts, assume_unique=True, return_indices=True)
        values[np.ix_(new, at_old)] = block.values[:, at_new]
        if weights is not None and block.weights is not None:
            weights[np.ix_(new, at_old)] = block.weights[:, at_new]
    return MemberBlock(metric.name, old.starts, values, teaches, weights)


def _read_history(reader: _Reader, state: Members, closed_end: datetime, now: datetime) -> Members:
    """All that lies further back than one slice, slice by slice, each kept at once."""
    parts = _parts(reader, state.names, Span(state.read_until, closed_end))[:-1]
    if not parts:
        return state
    stored = reader.world.store.member_history(state.metric, closed_end - HISTORY)
    begun = np.zeros(len(state.names), dtype=bool)
    if stored is not None:
        begun |= np.isfinite(stored.values).any(axis=1)
    for done, part in enumerate(parts, start=1):
        block = reader.members(state.names, part, begun)
        begun |= np.isfinite(block.values).any(axis=1)
        state = replace(state, read_until=part.end_at)
        reader.go_on()
        reader.world.store.commit(TickChanges(now, members=(state,), member_history=(block,)))
        what = f"reading the history of {state.metric} for each {reader.metric.each}"
        reader.world.progress.step(what, done, len(parts) + 1)
    return state


def _parts(reader: _Reader, names: tuple[str, ...], span: Span) -> tuple[Span, ...]:
    """The span in pieces that are neither long nor large; at least one."""
    buckets = max(MOST_CELLS // max(len(names), 1), 1)
    length = min(SLICE, timedelta(seconds=buckets * reader.metric.every_s))
    return _slices(reader.metric, span, length) or (span,)


def _slices(metric: Metric, span: Span, length: timedelta) -> tuple[Span, ...]:
    edges = [span.start_at]
    while span.end_at - edges[-1] > length:
        edges.append(_first_start(metric, edges[-1] + length, span.end_at))
    if edges[-1] < span.end_at:
        edges.append(span.end_at)
    return tuple(Span(start, end) for start, end in pairwise(edges))


def _midnight(metric: Metric, at: datetime) -> datetime:
    """Where the local day of the bucket that starts then begins."""
    around = Span(at - timedelta(seconds=2 * DAY_S), at + timedelta(seconds=1))
    grid = grid_of(metric.timezone, metric.every_s, around)
    first = int(np.argmax(grid.local_day >= grid.local_day[-1]))
    return at_epoch(int(grid.starts[first]))


def _first_start(metric: Metric, since: datetime, until: datetime) -> datetime:
    """Start of the first bucket at or after an instant; `until` where none starts before it."""
    grid = grid_of(metric.timezone, metric.every_s, Span(since, until))
    return at_epoch(int(grid.starts[0])) if len(grid) else until
