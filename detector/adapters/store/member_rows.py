"""Which members metrics have, how far they are, and their packed history."""

import json
from collections.abc import Sequence
from datetime import datetime

import numpy as np
from sqlalchemy import Connection, delete, select, update

from detector.adapters.store.member_packing import PackedDay, days_of, join_days, pack_days
from detector.adapters.store.sql import upsert
from detector.adapters.store.tables import member_history, members
from detector.adapters.store.trouble import decoding
from detector.model.grid import DAY_S
from detector.model.panel import Floats
from detector.model.span import epoch_s
from detector.model.state import MemberBlock, Members

__all__ = ["drop_members", "load_member_history", "load_members", "replace_members", "write_member_history"]


def load_members(connection: Connection) -> dict[str, Members]:
    with decoding():
        rows = [row._asdict() for row in connection.execute(select(members))]
        return {row["metric"]: Members(**{**row, "names": tuple(json.loads(row["names"]))}) for row in rows}


def load_member_history(connection: Connection, metric: str, since: datetime) -> MemberBlock | None:
    since_s = epoch_s(since) + (since.microsecond > 0)
    count = _count(connection, metric)
    with decoding():
        return join_days(_days(connection, metric, since_s // DAY_S), count, since_s)


def _count(connection: Connection, metric: str) -> int:
    names = connection.scalar(select(members.c.names).where(members.c.metric == metric))
    return 0 if names is None else len(json.loads(names))


def _days(connection: Connection, metric: str, first: int, last: int | None = None) -> list[PackedDay]:
    mine = select(*(member_history.c[name] for name in PackedDay._fields)).where(
        member_history.c.metric == metric, member_history.c.day >= first
    )
    mine = mine if last is None else mine.where(member_history.c.day <= last)
    return [PackedDay._make(row) for row in connection.execute(mine.order_by(member_history.c.day))]


def replace_members(connection: Connection, chosen: Members, history: MemberBlock | None) -> None:
    """The history is rewritten as a whole: its rows are those of other members."""
    connection.execute(delete(member_history).where(member_history.c.metric == chosen.metric))
    row = {name: getattr(chosen, name) for name in Members.__dataclass_fields__}
    upsert(connection, members, [{**row, "names": json.dumps(chosen.names)}])
    if history is not None:
        upsert(connection, member_history, [day._asdict() for day in pack_days(history)])


def write_member_history(connection: Connection, states: Sequence[Members], blocks: Sequence[MemberBlock]) -> None:
    """Merge blocks into the days they touch, and say how far they reach."""
    for block in blocks:
        if block.starts.size:
            _merge(connection, block)
    for state in states:
        connection.execute(
            update(members)
            .where(members.c.metric == state.metric)
            .values(read_until=state.read_until, judged_until=state.judged_until, chosen_at=state.chosen_at)
        )


def _merge(connection: Connection, block: MemberBlock) -> None:
    touched = days_of(block)
    stored = _days(connection, block.metric, touched[0], touched[-1])
    with decoding():
        old = join_days(stored, block.values.shape[0])
    known = {day.day: day for day in stored}
    merged = pack_days(block if old is None else _over(old, block))
    changed = [day._asdict() for day in merged if known.get(day.day) != day]
    upsert(connection, member_history, changed)


def _over(old: MemberBlock, new: MemberBlock) -> MemberBlock:
    """The old buckets with the new reading over them."""
    stays = ~np.isin(old.starts, new.starts)
    starts = np.concatenate([old.starts[stays], new.starts])
    order = np.argsort(starts, kind="stable")
    weights = None
    if new.weights is not None or old.weights is not None:
        weights = np.concatenate([_weights(old)[:, stays], _weights(new)], axis=1)[:, order]
    return MemberBlock(
        new.metric,
        starts[order],
        np.concatenate([old.values[:, stays], new.values], axis=1)[:, order],
        np.concatenate([old.teaches[:, stays], new.teaches], axis=1)[:, order],
        weights,
    )


def _weights(block: MemberBlock) -> Floats:
    return np.full(block.values.shape, np.nan) if block.weights is None else block.weights


def drop_members(connection: Connection, metric: str) -> None:
    connection.execute(delete(member_history).where(member_history.c.metric == metric))
    connection.execute(delete(members).where(members.c.metric == metric))
