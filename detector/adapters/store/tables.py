"""The tables as they are now. How they came to be stands in migrations/versions."""

from typing import Any

import sqlalchemy as sa

from detector.adapters.store.column_types import PlainText, UtcTime

__all__ = [
    "beats",
    "deliveries",
    "deploys",
    "history",
    "incident_events",
    "incidents",
    "member_history",
    "members",
    "metadata",
    "metrics",
    "notifications",
    "outcome_revisions",
    "outcomes",
    "receipts",
    "source_health",
]

metadata = sa.MetaData(
    naming_convention={  # so that a migration can name what it drops, on both databases
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    },
)


def _key(name: str, kind: Any) -> sa.Column[Any]:  # noqa: ANN401 - any column type
    return sa.Column(name, kind, primary_key=True, nullable=False)


def _must(name: str, kind: Any, *more: Any) -> sa.Column[Any]:  # noqa: ANN401 - any column type
    return sa.Column(name, kind, *more, nullable=False)


def _may(name: str, kind: Any) -> sa.Column[Any]:  # noqa: ANN401 - any column type
    return sa.Column(name, kind, nullable=True)


metrics = sa.Table(
    "metrics",
    metadata,
    _key("metric", sa.Text),
    _must("fingerprint", sa.Text),
    _must("first_seen_at", UtcTime),
    _may("read_from", UtcTime),
    _may("read_until", UtcTime),
    _may("judged_until", UtcTime),
    _may("seasons", sa.Text),
    _may("refitted_at", UtcTime),
)

history = sa.Table(  # see packing.py
    "history",
    metadata,
    _key("metric", sa.Text),
    _key("week", sa.Integer),
    _must("starts", sa.LargeBinary),
    _must("values", sa.LargeBinary),
    _must("flags", sa.LargeBinary),
    _may("weights", sa.LargeBinary),
)


members = sa.Table(
    "members",
    metadata,
    _key("metric", sa.Text),
    _must("fingerprint", sa.Text),
    _must("names", sa.Text),  # a list in JSON, which has a way to write every character in letters that databases take
    _must("limit", sa.Integer),
    _must("chosen_at", UtcTime),
    _must("read_until", UtcTime),
    _may("judged_until", UtcTime),
)

member_history = sa.Table(  # see member_packing.py
    "member_history",
    metadata,
    _key("metric", sa.Text),
    _key("day", sa.Integer),
    _must("starts", sa.LargeBinary),
    _must("values", sa.LargeBinary),
    _may("spoilt", sa.LargeBinary),
    _may("weights", sa.LargeBinary),
)


def _judgement() -> tuple[sa.Column[Any], ...]:
    return (
        _must("end_at", UtcTime),
        _must("kind", sa.Text),
        _must("judged_at", UtcTime),
        *(_may(name, sa.Double) for name in ("value", "weight", "expected", "low", "high", "spread", "score")),
        _must("in_range", sa.Boolean),
        _must("reason", PlainText),
    )


outcomes = sa.Table(
    "outcomes",
    metadata,
    _key("metric", sa.Text),
    _key("start_at", UtcTime),
    _must("revision", sa.Integer),
    *_judgement(),
    sqlite_with_rowid=False,  # the key is half of the row; once is enough
)

outcome_revisions = sa.Table(
    "outcome_revisions",
    metadata,
    _key("metric", sa.Text),
    _key("start_at", UtcTime),
    _key("revision", sa.Integer),
    _must("replaced_at", UtcTime),
    *_judgement(),
    sqlite_with_rowid=False,
)

incidents = sa.Table(
    "incidents",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    _must("team", sa.Text),
    _must("state", sa.Text),
    _must("opened_at", UtcTime),
    _must("content", sa.Text),
    sa.Index("ix_incidents_state", "state", "number"),
)

incident_events = sa.Table(
    "incident_events",
    metadata,
    sa.Column("incident", sa.Integer, sa.ForeignKey("incidents.number"), primary_key=True, nullable=False),
    _key("at", UtcTime),
    _key("what", PlainText),
    _must("text", PlainText),
)

notifications = sa.Table(
    "notifications",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    _must("key", sa.Text),
    _must("team", sa.Text),
    _must("reason", sa.Text),
    _must("title", PlainText),
    _must("body", PlainText),
    _must("created_at", UtcTime),
    sa.Column("incident", sa.Integer, sa.ForeignKey("incidents.number")),
    sa.UniqueConstraint("key"),
)

deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    _must("notification", sa.Integer, sa.ForeignKey("notifications.id")),
    _must("channel", sa.Integer),
    _must("status", sa.Text),
    _must("attempts", sa.Integer),
    _must("may_repeat", sa.Boolean),
    _may("next_attempt_at", UtcTime),
    _may("begun_at", UtcTime),
    _may("ended_at", UtcTime),
    _must("error", PlainText),
    sa.UniqueConstraint("notification", "channel"),
    sa.Index("ix_deliveries_status", "status"),
)

deploys = sa.Table(
    "deploys",
    metadata,
    _key("source", sa.Text),
    _key("id", sa.Text),
    _key("status", sa.Text),
    _must("service", sa.Text),
    _must("environment", sa.Text),
    _must("received_at", UtcTime),
    _may("started_at", UtcTime),
    _may("finished_at", UtcTime),
    _must("content", sa.Text),
    sa.Index("ix_deploys_received_at", "received_at"),
    sa.Index("ix_deploys_finished_at", "finished_at"),
)

receipts = sa.Table(
    "receipts",
    metadata,
    _key("feed", sa.Text),
    _key("delivery", sa.Text),
    _must("digest", sa.Text),
    _must("received_at", UtcTime),
    sa.Index("ix_receipts_received_at", "received_at"),
)

source_health = sa.Table(
    "source_health",
    metadata,
    _key("source", sa.Text),
    _may("failing_since", UtcTime),
    _must("failed_ticks", sa.Integer),
    _must("error", PlainText),
    _must("told_admins", sa.Boolean),
    _must("told_owners", sa.Boolean),
)

beats = sa.Table(
    "beats",
    metadata,
    _key("what", sa.Text),
    _must("at", UtcTime),
)
