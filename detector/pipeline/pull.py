"""Pull: what the sources say, for every metric that is due."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise

import numpy as np

from detector.alerting.due import HISTORY, Due
from detector.errors import SourceError, SourceUnavailable, StoreError
from detector.model.grid import grid_of
from detector.model.metric import LongForm, Metric
from detector.model.rulebook import RuleBook, Source
from detector.model.span import Span, at_epoch
from detector.model.state import HistoryBlock, MetricState
from detector.pipeline.filling import changed_starts, fill, merge
from detector.pipeline.lanes import Job
from detector.pipeline.members import Roster
from detector.pipeline.pull_members import pull_members
from detector.pipeline.pulled import Failed, Pulled
from detector.pipeline.world import World
from detector.ports import MetricSource, Store

__all__ = ["fingerprint", "pull"]

SLICE = timedelta(days=7)
"""First history is read in slices of a week, so that no statement is long and a restart goes on where it was."""

AT_ONCE = 50
"""Metrics whose histories the store is asked for at a time: some megabytes."""

SLICE_BUCKETS = 5000
"""Rows of one answer are capped at 10,000 (threat model, row 2); a slice asks for half of that at most."""


def fingerprint(metric: Metric, source: Source) -> str:
    """Of all that decides what the buckets hold: with another one, the history is another one."""
    query = metric.query
    # What the whole is divided into changes no bucket of it: adding a column must not cost ten weeks of reading.
    query_said = query.sql if isinstance(query, LongForm) else repr(replace(query, split=(), each=None, limit=0))
    zones = metric.timezone, source.timezone
    said = repr((metric.source, query_said, metric.kind, metric.every_s, zones, metric.empty))
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def pull(
    dues: Mapping[str, Due],
    book: RuleBook,
    roster: Roster,
    world: World,
    now: datetime,
) -> Iterator[Pulled | Failed]:
    """Due metrics as their sources answer; each source is read in a lane of its own, while others are judged.

    What a slow source says after our patience is taken by a later tick, and until then it is not asked again.
    """
    busy = world.reading.busy  # before results are taken: a lane that ends in between is asked nothing twice
    answered = world.reading.results()
    waiting: dict[str, list[str]] = {}
    for name in dues.keys() - {one.metric.name for one in answered}:
        if (source := book.metrics[name].source) not in busy:
            waiting.setdefault(source, []).append(name)
    asked = [
        source
        for source, names in sorted(waiting.items())
        if world.reading.start(
            source, _reader([book.metrics[name] for name in sorted(names)], dues, book, roster, world, now)
        )
    ]
    yield from answered
    yield from world.reading.arriving(asked)


def _reader(
    metrics: Sequence[Metric],
    dues: Mapping[str, Due],
    book: RuleBook,
    roster: Roster,
    world: World,
    now: datetime,
) -> Job[Pulled | Failed]:
    """Reads the metrics of one source; when it is down it is asked for none of the others."""

    def read(tell: Callable[[Pulled | Failed], None]) -> None:
        down: SourceError | None = None
        stored = _Stored([metric.name for metric in metrics], dues, world.store)
        for metric in metrics:
            if world.reading.is_hurried:
                return
            said = fingerprint(metric, book.settings.sources[metric.source])
            state = roster.states.get(metric.name) or MetricState(metric.name, said, now)
            one = _pull(metric, said, _Kept(state, stored), dues[metric.name], world, down)
            tell(_with_members(one, said, roster, world, now))
            if isinstance(one, Failed) and isinstance(one.error, SourceUnavailable):
                down = one.error

    def read_while_wanted(tell: Callable[[Pulled | Failed], None]) -> None:
        with suppress(_Unwanted):
            read(tell)

    return read_while_wanted


def _with_members(one: Pulled | Failed, said: str, roster: Roster, world: World, now: datetime) -> Pulled | Failed:
    if isinstance(one, Failed):
        return one
    try:
        return pull_members(one, said, roster, world, now, partial(_go_on, world))
    except (StoreError, _Unwanted):
        raise
    except Exception as error:  # noqa: BLE001 - a fault in reading members costs neither their whole nor another metric
        fault = SourceError(f"reading failed with {type(error).__name__}: {error}; please report this")
        return replace(one, members_error=fault)


class _Unwanted(Exception):
    """Other rules hold by now, and their own lanes write the history."""


def _go_on(world: World) -> None:
    """Before each step that writes."""
    if world.reading.is_retired:
        raise _Unwanted


def _pull(
    metric: Metric, said: str, kept: "_Kept", due: Due, world: World, down: SourceError | None
) -> Pulled | Failed:
    if down is not None:
        return Failed(metric, kept.state, due, down)
    try:
        return _pull_one(metric, said, kept, due, world)
    except SourceError as error:
        return Failed(metric, kept.state, due, error)
    except (StoreError, _Unwanted):
        raise
    except Exception as error:  # noqa: BLE001 - a fault in reading one metric stops no other, as one in judging it
        fault = SourceError(f"reading failed with {type(error).__name__}: {error}; please report this")
        return Failed(metric, kept.state, due, fault)


class _Stored:
    """Histories of the metrics of a lane, in the order in which they are read; the store is asked for some at a time.

    Nobody else writes the history of a metric between two ticks that judge it.
    """

    def __init__(self, names: Sequence[str], dues: Mapping[str, Due], store: Store) -> None:
        self._names, self._dues, self._store = list(names), dues, store
        self._place = {name: place for place, name in enumerate(names)}
        self._blocks: dict[str, HistoryBlock | None] = {}

    def of(self, name: str) -> HistoryBlock | None:
        if name not in self._blocks:
            place, closed_end = self._place[name], self._dues[name].closed_end
            near = self._names[place : place + AT_ONCE]
            asked = [one for one in near if self._dues[one].closed_end == closed_end]
            found = self._store.history(asked, closed_end - HISTORY)
            self._blocks = {one: found.get(one) for one in asked}
        return self._blocks.pop(name)


@dataclass(slots=True)
class _Kept:
    """A metric's state as the store has it: slices of history that are read before a failure move it on."""

    state: MetricState
    stored: _Stored


def _pull_one(metric: Metric, said: str, kept: _Kept, due: Due, world: World) -> Pulled:
    _go_on(world)
    before = kept.state
    if kept.state.fingerprint != said:
        world.store.forget_history(metric.name)
        kept.state = replace(
            kept.state,
            fingerprint=said,
            read_from=None,
            read_until=None,
            seasons=None,
            refitted_at=None,
        )
    source = world.sources[metric.source]
    state = _read_history(metric, kept, due.closed_end, source, world)
    if state is before:
        known = kept.stored.of(metric.name)
    else:  # some of it was written just now
        known = world.store.history([metric.name], due.closed_end - HISTORY).get(metric.name)
    span = Span(_reread_from(metric, state, due.closed_end), due.closed_end)
    rows = source.read(metric, span)
    fresh = fill(metric, span, rows, has_begun=_has_begun(known))
    return Pulled(
        metric=metric,
        state=state,
        due=due,
        block=merge(known, fresh),
        fresh=fresh,
        changed=changed_starts(known, fresh),
        nulls=frozenset(rows.starts[np.isnan(rows.values)].tolist()),
        ambiguous=rows.ambiguous,
        warnings=rows.warnings,
    )


def _has_begun(block: HistoryBlock | None) -> bool:
    return block is not None and bool(block.known.any())


def _read_history(metric: Metric, kept: _Kept, closed_end: datetime, source: MetricSource, world: World) -> MetricState:
    """All that lies further back than one slice, slice by slice, each kept at once."""
    state = kept.state
    oldest = _first_start(metric, Span(closed_end - HISTORY, closed_end))
    if state.read_until is None or state.read_until < oldest:
        state = replace(state, read_from=oldest, read_until=oldest)
    edges = _slice_edges(metric, Span(state.read_until or oldest, closed_end))
    has_begun = bool(edges) and _has_begun(world.store.history([metric.name], oldest).get(metric.name))
    for done, span in enumerate(edges, start=1):
        block = fill(metric, span, source.read(metric, span), has_begun=has_begun)
        _go_on(world)
        has_begun = has_begun or _has_begun(block)
        state = replace(state, read_until=span.end_at)
        world.store.save_history(state, [block])
        kept.state = state
        world.progress.step(f"reading the history of {metric.name}", done, len(edges) + 1)
    return state


def _slice_edges(metric: Metric, span: Span) -> tuple[Span, ...]:
    """The span in slices of whole buckets; what is left after the last one is less than a slice."""
    length = min(SLICE, timedelta(seconds=SLICE_BUCKETS * metric.every_s))
    edges = [span.start_at]
    while span.end_at - edges[-1] > length:
        edges.append(_first_start(metric, Span(edges[-1] + length, span.end_at)))
    return tuple(Span(start, end) for start, end in pairwise(edges))


def _reread_from(metric: Metric, state: MetricState, closed_end: datetime) -> datetime:
    """Where a steady tick reads from: what is new, and what may still change."""
    revisable = _first_start(metric, Span(closed_end - timedelta(seconds=metric.revise_s), closed_end))
    return min(state.read_until or revisable, max(revisable, state.read_from or revisable))


def _first_start(metric: Metric, span: Span) -> datetime:
    """Start of the first bucket of a span; the span's end where none starts in it."""
    grid = grid_of(metric.timezone, metric.every_s, span)
    return at_epoch(int(grid.starts[0])) if len(grid) else span.end_at
