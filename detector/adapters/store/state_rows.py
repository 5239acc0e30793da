"""How far metrics have come, how sources answer, and packed history."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, delete, select, update

from detector.adapters.store.packing import WEEK_S, PackedWeek, pack, unpack, weeks_of
from detector.adapters.store.seasons_codec import decode_seasons, encode_seasons
from detector.adapters.store.sql import chunks, upsert
from detector.adapters.store.tables import history, metrics, source_health
from detector.adapters.store.trouble import decoding
from detector.model.span import epoch_s
from detector.model.state import HistoryBlock, MetricState, SourceHealth

__all__ = [
    "drop_history",
    "load_health",
    "load_history",
    "load_states",
    "write_health",
    "write_history",
    "write_states",
]


_OF_HISTORY = ("read_from", "read_until", "seasons", "refitted_at")


def load_states(connection: Connection) -> dict[str, MetricState]:
    with decoding():
        return {row.metric: _decode_state(row._asdict()) for row in connection.execute(select(metrics))}


def _decode_state(row: dict[str, Any]) -> MetricState:
    return MetricState(**{**row, "seasons": decode_seasons(row["seasons"])})


def write_states(connection: Connection, states: Sequence[MetricState]) -> None:
    rows = [
        {
            "metric": state.metric,
            "fingerprint": state.fingerprint,
            "first_seen_at": state.first_seen_at,
            "read_from": state.read_from,
            "read_until": state.read_until,
            "judged_until": state.judged_until,
            "seasons": encode_seasons(state.seasons),
            "refitted_at": state.refitted_at,
        }
        for state in states
    ]
    upsert(connection, metrics, rows)


def load_health(connection: Connection) -> dict[str, SourceHealth]:
    return {row.source: SourceHealth(**row._asdict()) for row in connection.execute(select(source_health))}


def write_health(connection: Connection, sources: Sequence[SourceHealth]) -> None:
    rows = [
        {
            "source": health.source,
            "failing_since": health.failing_since,
            "failed_ticks": health.failed_ticks,
            "error": health.error,
            "told_admins": health.told_admins,
            "told_owners": health.told_owners,
        }
        for health in sources
    ]
    upsert(connection, source_health, rows)


def load_history(connection: Connection, names: Sequence[str], since: datetime) -> dict[str, HistoryBlock]:
    # Half a second past a bucket's start is past it: only whole seconds from there on are "at `since` or later".
    since_s = epoch_s(since) + (since.microsecond > 0)
    weeks = (week for chunk in chunks(names) for week in _weeks(connection, chunk, since_s // WEEK_S))
    return unpack(weeks, since_s)


def _weeks(connection: Connection, names: Sequence[str], first: int) -> list[PackedWeek]:
    statement = (
        select(*(history.c[name] for name in PackedWeek._fields))
        .where(history.c.metric.in_(names), history.c.week >= first)
        .order_by(history.c.metric, history.c.week)
    )
    return [PackedWeek._make(row) for row in connection.execute(statement)]


def write_history(connection: Connection, blocks: Sequence[HistoryBlock]) -> None:
    """Merge blocks into the weeks they touch; weeks that stay as they are cost no write."""
    for chunk in chunks([block for block in blocks if block.starts.size]):
        first = min(int(block.starts.min()) for block in chunk) // WEEK_S
        rows = _weeks(connection, sorted({block.metric for block in chunk}), first)
        stored = {metric: {week.week: week for week in weeks} for metric, weeks in groupby(rows, attrgetter("metric"))}
        changed: list[PackedWeek] = []
        for block in chunk:
            mine = stored.setdefault(block.metric, {})
            with decoding():
                merged = pack(block, [mine[week] for week in weeks_of(block) if week in mine])
            changed += [week for week in merged if mine.get(week.week) != week]
            mine.update({week.week: week for week in merged})
        upsert(connection, history, [week._asdict() for week in changed])


def drop_history(connection: Connection, metric: str) -> None:
    """And with it the claim that it was read."""
    connection.execute(delete(history).where(history.c.metric == metric))
    connection.execute(update(metrics).where(metrics.c.metric == metric).values(**dict.fromkeys(_OF_HISTORY)))
