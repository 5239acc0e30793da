"""Reports of deploys."""

import json
from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from detector.adapters.store.deploy_codec import decode_deploy, encode_deploy
from detector.adapters.store.sql import insert_new
from detector.adapters.store.tables import deploys, receipts
from detector.adapters.store.trouble import decoding
from detector.errors import DeliveryReused, DeployFeedError
from detector.model.deploy import Added, Deploy, DeployStatus, Receipt, Recorded
from detector.model.span import Span

__all__ = ["add_reports", "count_by_service", "last_heard", "load_changes", "newest_report"]


def add_reports(connection: Connection, reports: Sequence[Deploy], receipt: Receipt | None) -> tuple[Added, ...]:
    for report in reports:
        _refuse_unstorable(report)
    if receipt is not None and not _is_first(connection, receipt):
        return (Added(Recorded.KNOWN),) * len(reports)
    return tuple(_add(connection, report) for report in reports)


def _is_first(connection: Connection, receipt: Receipt) -> bool:
    if not (_is_storable(receipt.feed) and _is_storable(receipt.delivery)):
        raise DeployFeedError(
            f"the number of the request is {receipt.delivery!a:.80}; it holds a NUL or half a character, which no "
            "database keeps; leave it out",
        )
    same = (receipts.c.feed == receipt.feed) & (receipts.c.delivery == receipt.delivery)
    digest = connection.scalar(select(receipts.c.digest).where(same))
    if digest is None:
        row = {name: getattr(receipt, name) for name in ("feed", "delivery", "digest", "received_at")}
        insert_new(connection, receipts, [row])
        return True
    if digest != receipt.digest:
        raise DeliveryReused(
            f"request {receipt.delivery!r:.80} of {receipt.feed!r:.80} was received before, with another content; "
            "what is known stays; give every request a number of its own",
        )
    return False


def _add(connection: Connection, report: Deploy) -> Added:
    mine = (deploys.c.source == report.source) & (deploys.c.id == report.id) & (deploys.c.status == report.status.value)
    known = connection.scalar(select(deploys.c.content).where(mine))
    if known is None:
        insert_new(connection, deploys, [_encode(report)])
        return Added(Recorded.NEW)
    with decoding():
        earlier = decode_deploy(json.loads(known))
    report = decode_deploy(encode_deploy(report))  # with its times in UTC, as the earlier one
    different = [
        f"{field.name} was {getattr(earlier, field.name)!s:.80}, now {getattr(report, field.name)!s:.80}"
        for field in fields(Deploy)
        if field.name != "received_at" and getattr(earlier, field.name) != getattr(report, field.name)
    ]
    if different:
        return Added(
            Recorded.CONFLICT,
            f"deploy {report.id!r:.80} of {report.service!r:.80} with status {report.status.value} was reported "
            f"before, with other content ({'; '.join(different)}); what is known stays; give another change another id",
        )
    return Added(Recorded.KNOWN)


def _refuse_unstorable(report: Deploy) -> None:
    for field in fields(Deploy):
        value = getattr(report, field.name)
        if isinstance(value, str) and not _is_storable(value):
            raise DeployFeedError(
                f"deploy {report.id!a:.80}: `{field.name}` is {value!a:.80}; it holds a NUL or half a character, which "
                "no database keeps; leave it out",
            )


def _is_storable(value: str) -> bool:
    return "\0" not in value and value.encode("utf-8", "replace") == value.encode("utf-8", "surrogatepass")


def _encode(report: Deploy) -> dict[str, object]:
    return {
        "source": report.source,
        "id": report.id,
        "status": report.status.value,
        "service": report.service,
        "environment": report.environment,
        "received_at": report.received_at,
        "started_at": report.started_at,
        "finished_at": report.finished_at,
        "content": json.dumps(encode_deploy(report)),
    }


def load_changes(connection: Connection, span: Span, heard_by: datetime) -> tuple[Deploy, ...]:
    """All reports heard by then of every change that was under way at some time of the span, oldest report first."""
    heard = deploys.c.received_at <= heard_by
    statement = select(deploys.c.content).where(heard, _of_change_in(span, heard_by))
    ordered = statement.order_by(deploys.c.received_at, deploys.c.source, deploys.c.id, deploys.c.status)
    return tuple(decode_deploy(json.loads(content)) for content in connection.scalars(ordered))


def _of_change_in(span: Span, heard_by: datetime) -> ColumnElement[bool]:
    one, final = deploys.alias("one"), deploys.alias("final")
    running = DeployStatus.IN_PROGRESS.value
    begins = func.coalesce(one.c.started_at, one.c.finished_at, one.c.received_at)
    ends = func.coalesce(one.c.finished_at, one.c.started_at, one.c.received_at)
    ended = (
        select(final.c.id)
        .where(
            final.c.source == one.c.source,
            final.c.id == one.c.id,
            final.c.status != running,
            final.c.received_at <= heard_by,
        )
        .exists()
    )
    is_running = and_(one.c.status == running, begins < span.end_at, ~ended)
    in_span = and_(begins < span.end_at, ends >= span.start_at)
    return (
        select(one.c.id)
        .where(
            one.c.source == deploys.c.source,
            one.c.id == deploys.c.id,
            one.c.received_at <= heard_by,
            or_(in_span, is_running),
        )
        .exists()
    )


def last_heard(connection: Connection, heard_by: datetime) -> datetime | None:
    newest: datetime | None = connection.scalar(
        select(func.max(deploys.c.received_at)).where(deploys.c.received_at <= heard_by),
    )
    return newest


def newest_report(connection: Connection, heard_by: datetime) -> Deploy | None:
    newest = select(deploys.c.content).where(deploys.c.received_at <= heard_by)
    content = connection.scalar(newest.order_by(deploys.c.received_at.desc(), deploys.c.id).limit(1))
    return None if content is None else decode_deploy(json.loads(content))


def count_by_service(connection: Connection, span: Span, heard_by: datetime) -> dict[str, int]:
    live_at = func.coalesce(deploys.c.finished_at, deploys.c.received_at)
    changes = (
        select(deploys.c.service, deploys.c.source, deploys.c.id)
        .where(
            deploys.c.status == DeployStatus.SUCCESS.value,
            deploys.c.environment == "production",
            deploys.c.received_at <= heard_by,
            live_at >= span.start_at,
            live_at < span.end_at,
        )
        .distinct()
        .subquery()
    )
    counted = connection.execute(select(changes.c.service, func.count().label("deploys")).group_by(changes.c.service))
    return {row.service: row.deploys for row in counted}
