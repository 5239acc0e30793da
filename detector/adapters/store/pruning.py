"""Forgetting what was over before an instant, in transactions so short that nobody waits for them.

What stays, however old: what is live or on its way; of every metric the newest outcome and the history that judging
learns from; the newest incident, from whose number the next one counts; the deploy that was heard of last.

A change that was reported as running and never as ended is forgotten with the others: its sender never sends the rest.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from threading import Event
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Table,
    and_,
    delete,
    func,
    or_,
    select,
    tuple_,
    update,
)

from detector.adapters.store.deploy_codec import from_iso
from detector.adapters.store.incident_rows import load_live
from detector.adapters.store.outcome_rows import names_of_members
from detector.adapters.store.packing import WEEK_S
from detector.adapters.store.sql import chunks
from detector.adapters.store.tables import (
    deliveries,
    deploys,
    history,
    incident_events,
    incidents,
    member_history,
    members,
    metrics,
    notifications,
    outcome_revisions,
    outcomes,
    receipts,
)
from detector.adapters.store.trouble import decoding
from detector.alerting.due import HISTORY
from detector.model.grid import DAY_S
from detector.model.incident import IncidentState
from detector.model.notification import DeliveryStatus
from detector.model.span import at_epoch, epoch_s

__all__ = ["prune"]

AT_ONCE = 1000
"""Rows of one transaction: it takes a few hundredths of a second."""

INCIDENTS_AT_ONCE, MESSAGES_AT_ONCE = 20, 200
"""They have some rows each."""

PAUSE_S = 0.02
"""Between two: SQLite's writers do not queue, they look from time to time whether it is their turn."""

AROUND_INCIDENTS = timedelta(weeks=2)
"""What went before a live incident stays with it."""

Transactions = Callable[[str], AbstractContextManager[Connection]]
_Work = Callable[[Connection], int]

_FINAL = [DeliveryStatus.SENT.value, DeliveryStatus.GIVEN_UP.value]


def prune(reading: Transactions, writing: Transactions, before: datetime) -> int:
    """Returns how many rows went."""
    attempted, pause, gone = "forget what is long over", Event(), 0
    with reading(attempted) as connection:
        works = list(_works(connection, before))
    for work in works:
        while True:
            with writing(attempted) as connection, decoding():
                went = work(connection)
            gone += went
            if not went:
                break
            pause.wait(PAUSE_S)
    return gone


def _works(connection: Connection, before: datetime) -> Iterator[_Work]:
    """Each one is repeated until nothing is left for it."""
    since = _since_incidents(connection)
    for names in chunks(connection.scalars(select(metrics.c.metric).order_by(metrics.c.metric)).all()):
        for table in (outcomes, outcome_revisions):
            yield partial(_outcomes, table=table, names=names, since=since, before=before)
        yield partial(_history, names=names, before=before)
    for table in (outcomes, outcome_revisions):
        yield partial(_member_outcomes, table=table, since=since, before=before)
    yield partial(_member_history, before=before)
    for one in (_incidents, _messages, _deploys, _receipts):
        yield partial(one, before=before)


def _since_incidents(connection: Connection) -> Mapping[str, datetime]:
    """Where the outcomes begin that belong to something that goes on, by metric."""
    since: dict[str, datetime] = {}
    for incident in load_live(connection):
        for part in incident.metrics:
            begin = part.span.start_at - AROUND_INCIDENTS
            since[part.series] = min(begin, since.get(part.series, begin))
    return since


def _outcomes(
    connection: Connection, table: Table, names: Sequence[str], since: Mapping[str, datetime], before: datetime
) -> int:
    newest = select(func.max(outcomes.c.start_at)).where(outcomes.c.metric == metrics.c.metric).scalar_subquery()
    oldest = select(func.min(table.c.start_at)).where(table.c.metric == metrics.c.metric).scalar_subquery()
    edges = select(metrics.c.metric, oldest.label("oldest"), newest.label("newest")).where(metrics.c.metric.in_(names))
    gone = 0
    for row in connection.execute(edges).all():
        if row.oldest is not None and row.newest is not None and gone < AT_ONCE:
            until = min(before, row.newest, since.get(row.metric, before))
            gone += _drop_outcomes(connection, table, row.metric, until, before) if row.oldest < until else 0
    return gone


def _member_outcomes(connection: Connection, table: Table, since: Mapping[str, datetime], before: datetime) -> int:
    """Those of members, of which none has to stay."""
    gone = 0
    for name in names_of_members(connection, table):
        if gone < AT_ONCE:
            gone += _drop_outcomes(connection, table, name, min(before, since.get(name, before)), before)
    return gone


def _member_history(connection: Connection, before: datetime) -> int:
    """Whole days that no judging reaches back to."""
    gone = 0
    reach = select(members.c.metric, members.c.read_until)
    for row in connection.execute(reach.order_by(members.c.metric)).all():
        first = epoch_s(max(row.read_until, before) - HISTORY) // DAY_S - 1
        old = (member_history.c.metric == row.metric) & (member_history.c.day < first)
        gone += connection.execute(delete(member_history).where(old)).rowcount
        if gone >= AT_ONCE:
            break
    return gone


def _drop_outcomes(connection: Connection, table: Table, name: str, until: datetime, before: datetime) -> int:
    """The oldest ones: a range of the key, while SQLite would look for a list of keys through the whole table."""
    mine = select(table.c.start_at).where(table.c.metric == name, table.c.start_at < until)
    following = connection.scalar(mine.order_by(table.c.start_at).limit(1).offset(AT_ONCE))
    is_old = and_(table.c.metric == name, table.c.start_at < (following or until), table.c.end_at <= before)
    return connection.execute(delete(table).where(is_old)).rowcount


def _history(connection: Connection, names: Sequence[str], before: datetime) -> int:
    """Whole weeks, and with them the claim that they are there; never what judging reaches back to."""
    gone = 0
    states = select(metrics.c.metric, metrics.c.read_until, metrics.c.read_from).where(metrics.c.metric.in_(names))
    oldest = select(history.c.metric, func.min(history.c.week)).where(history.c.metric.in_(names))
    weeks: dict[str, int] = {row[0]: row[1] for row in connection.execute(oldest.group_by(history.c.metric))}
    for row in connection.execute(states).all():
        reached_back = max(row.read_until or before, before) - HISTORY
        first = epoch_s(min(reached_back, before)) // WEEK_S - 1
        if weeks.get(row.metric, first) < first:
            mine = history.c.metric == row.metric
            gone += connection.execute(delete(history).where(mine, history.c.week < first)).rowcount
            begin = at_epoch(first * WEEK_S)
            was_read = (metrics.c.metric == row.metric) & (metrics.c.read_from < begin)
            connection.execute(update(metrics).where(was_read).values(read_from=begin))
        if gone >= AT_ONCE:
            break
    return gone


def _incidents(connection: Connection, before: datetime) -> int:
    """With their histories and messages."""
    newest = select(func.max(incidents.c.number)).scalar_subquery()
    resolved = select(incidents.c.number, incidents.c.content).where(
        incidents.c.state == IncidentState.RESOLVED.value,
        incidents.c.opened_at < before,
        incidents.c.number < newest,
        ~select(notifications.c.id).where(notifications.c.incident == incidents.c.number, _stays(before)).exists(),
    )
    ended = (
        row.number for row in connection.execute(resolved.order_by(incidents.c.number)) if _is_over(row.content, before)
    )
    numbers = list(islice(ended, INCIDENTS_AT_ONCE))
    gone = _drop_messages(connection, notifications.c.incident.in_(numbers))
    gone += connection.execute(delete(incident_events).where(incident_events.c.incident.in_(numbers))).rowcount
    return gone + connection.execute(delete(incidents).where(incidents.c.number.in_(numbers))).rowcount


def _is_over(content: str, before: datetime) -> bool:
    resolved_at = json.loads(content)["resolved_at"]
    return resolved_at is not None and from_iso(resolved_at) < before


def _stays(before: datetime) -> ColumnElement[bool]:
    """A message that is new, on its way, or arrived only lately."""
    unfinished = deliveries.c.status.not_in(_FINAL) | (deliveries.c.ended_at >= before)
    has_unfinished = select(deliveries.c.id).where(deliveries.c.notification == notifications.c.id, unfinished).exists()
    return (notifications.c.created_at >= before) | has_unfinished


def _messages(connection: Connection, before: datetime) -> int:
    """Those of no incident; the others go with theirs."""
    over = select(notifications.c.id).where(notifications.c.incident.is_(None), ~_stays(before)).limit(MESSAGES_AT_ONCE)
    return _drop_messages(connection, notifications.c.id.in_(connection.scalars(over).all()))


def _drop_messages(connection: Connection, which: ColumnElement[bool]) -> int:
    mine = deliveries.c.notification.in_(select(notifications.c.id).where(which))
    gone = connection.execute(delete(deliveries).where(mine)).rowcount
    return gone + connection.execute(delete(notifications).where(which)).rowcount


def _deploys(connection: Connection, before: datetime) -> int:
    """All reports of a change together, so that what is left of one never looks like something else."""
    one, other = deploys.alias("one"), deploys.alias("other")
    last = select(deploys.c.source, deploys.c.id).order_by(deploys.c.received_at.desc(), deploys.c.id).limit(1)
    same = (other.c.source == one.c.source) & (other.c.id == one.c.id)
    is_new = or_(*(other.c[name] >= before for name in ("received_at", "started_at", "finished_at")))
    over = (
        select(one.c.source, one.c.id)
        .where(
            one.c.received_at < before,
            ~select(other.c.id).where(same, is_new).exists(),
            tuple_(one.c.source, one.c.id).not_in(last.subquery().select()),
        )
        .limit(AT_ONCE)
    )
    return _delete(connection, deploys, over)


def _receipts(connection: Connection, before: datetime) -> int:
    over = select(receipts.c.feed, receipts.c.delivery).where(receipts.c.received_at < before).limit(AT_ONCE)
    return _delete(connection, receipts, over)


def _delete(connection: Connection, table: Table, keys: Select[Any]) -> int:
    """A list of keys in place of the sub-query would make SQLite look at every row."""
    key = tuple_(*(table.c[column.name] for column in keys.selected_columns))
    return connection.execute(delete(table).where(key.in_(keys))).rowcount
