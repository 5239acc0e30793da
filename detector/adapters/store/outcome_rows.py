"""Current outcomes, and what they replaced."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from math import isnan
from typing import Any

from sqlalchemy import CTE, Column, Connection, Row, Table, func, select

from detector.adapters.store.sql import chunks, insert_new, upsert
from detector.adapters.store.tables import outcome_revisions, outcomes
from detector.adapters.store.trouble import decoding
from detector.model.span import Span
from detector.model.verdict import Outcome, OutcomeKind

__all__ = [
    "load_last_outcomes",
    "load_outcomes",
    "load_outcomes_of",
    "load_revisions",
    "names_of_members",
    "write_outcomes",
]

_OTHERS = ("metric", "start_at", "end_at", "kind", "judged_at", "in_range", "reason", "revision")
_NUMBERS = ("value", "weight", "expected", "low", "high", "spread", "score")
_Key = tuple[str, datetime]


def _columns(table: Table) -> list[Column[Any]]:
    """In the order in which `_decode` takes them; each tick reads some fifty rows of every metric that is due."""
    return [table.c[name] for name in (*_OTHERS, *_NUMBERS)]


def _decode(row: Row[*tuple[Any, ...]]) -> Outcome:
    metric, start_at, end_at, kind, judged_at, in_range, reason, revision, *numbers = row
    value, weight, expected, low, high, spread, score = numbers
    return Outcome(
        metric,
        Span(start_at, end_at),
        OutcomeKind(kind),
        judged_at,
        value,
        weight,
        expected,
        low,
        high,
        spread,
        score,
        in_range,
        reason,
        revision,
    )


def _encode(outcome: Outcome, revision: int) -> dict[str, Any]:
    return {
        "metric": outcome.metric,
        "start_at": outcome.span.start_at,
        "revision": revision,
        "end_at": outcome.span.end_at,
        "kind": outcome.kind.value,
        "judged_at": outcome.judged_at,
        "in_range": bool(outcome.in_range),
        "reason": outcome.reason,
        **{name: _number(getattr(outcome, name)) for name in _NUMBERS},
    }


def _number(value: float | None) -> float | None:
    """SQLite keeps NaN as NULL and PostgreSQL as NaN; what is not a number is None on both."""
    return None if value is None or isnan(value) else float(value)


def load_outcomes(connection: Connection, metric: str, since: datetime) -> tuple[Outcome, ...]:
    mine = select(*_columns(outcomes)).where(outcomes.c.metric == metric, outcomes.c.start_at >= since)
    return tuple(_decode(row) for row in connection.execute(mine.order_by(outcomes.c.start_at)))


def load_outcomes_of(connection: Connection, since: Mapping[str, datetime]) -> dict[str, tuple[Outcome, ...]]:
    """By name; metrics that are asked for since the same time go into one statement."""
    by_time: dict[datetime, list[str]] = {}
    for name, at in since.items():
        by_time.setdefault(at, []).append(name)
    found: dict[str, list[Outcome]] = {}
    for at, asked in by_time.items():
        for names in chunks(asked):
            mine = select(*_columns(outcomes)).where(outcomes.c.metric.in_(names), outcomes.c.start_at >= at)
            for row in connection.execute(mine.order_by(outcomes.c.metric, outcomes.c.start_at)):
                found.setdefault(row[0], []).append(_decode(row))
    return {name: tuple(told) for name, told in found.items()}


def load_revisions(connection: Connection, metric: str, since: datetime) -> tuple[Outcome, ...]:
    old = outcome_revisions
    mine = select(*_columns(old)).where(old.c.metric == metric, old.c.start_at >= since)
    return tuple(_decode(row) for row in connection.execute(mine.order_by(old.c.start_at, old.c.revision)))


def _names(table: Table) -> CTE:
    """Of all series in it, hopping from name to name; a GROUP BY would walk through years of outcomes."""
    names = select(func.min(table.c.metric).label("metric")).cte("names", recursive=True)
    following = (
        select(func.min(table.c.metric)).where(table.c.metric > names.c.metric).correlate(names).scalar_subquery()
    )
    return names.union_all(select(following).where(names.c.metric.is_not(None)))


def names_of_members(connection: Connection, table: Table) -> list[str]:
    """Series of members that have outcomes: a metric's own name has no blank."""
    names = connection.scalars(select(_names(table).c.metric)).all()
    return sorted(name for name in names if name is not None and " " in name)


def load_last_outcomes(connection: Connection) -> dict[str, Outcome]:
    """Two look-ups for each series."""
    names = _names(outcomes)
    newest = outcomes.alias("newest")
    last = (
        select(func.max(newest.c.start_at)).where(newest.c.metric == names.c.metric).correlate(names).scalar_subquery()
    )
    found = select(*_columns(outcomes)).join(
        names, (outcomes.c.metric == names.c.metric) & (outcomes.c.start_at == last)
    )
    return {row.metric: _decode(row) for row in connection.execute(found)}


def write_outcomes(connection: Connection, found: Sequence[Outcome], at: datetime) -> None:
    """Make outcomes the current ones.

    One that differs in kind or value from the current one counts as a revision, and what it replaced is kept; one that
    does not refreshes the numbers around it. What was judged before the current one changes nothing: a tick repeated
    for an earlier time has no say.
    """
    for chunk in chunks(sorted(found, key=lambda outcome: (outcome.metric, outcome.span.start_at, outcome.judged_at))):
        current = _current(connection, chunk)
        rows: dict[_Key, dict[str, Any]] = {}
        replaced: list[dict[str, Any]] = []
        for outcome in chunk:
            key = (outcome.metric, outcome.span.start_at)
            row = _encode(outcome, 0)
            old = rows.get(key) or current.get(key)
            if old is not None and outcome.judged_at < old["judged_at"]:
                continue
            if old is not None:
                differs = (old["kind"], old["value"]) != (row["kind"], row["value"])
                row["revision"] = old["revision"] + differs
                if differs:
                    replaced.append({**old, "replaced_at": at})
            rows[key] = row
        insert_new(connection, outcome_revisions, replaced)
        upsert(connection, outcomes, list(rows.values()))


def _current(connection: Connection, chunk: Sequence[Outcome]) -> Mapping[_Key, dict[str, Any]]:
    starts = [outcome.span.start_at for outcome in chunk]
    statement = select(outcomes).where(
        outcomes.c.metric.in_(sorted({outcome.metric for outcome in chunk})),
        outcomes.c.start_at.between(min(starts), max(starts)),
    )
    with decoding():
        return {(row.metric, row.start_at): row._asdict() for row in connection.execute(statement)}
