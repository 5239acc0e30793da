"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

MICROSECONDS = sa.BigInteger  # UTC, since 1970


def _judgement() -> tuple[sa.Column, ...]:
    return (
        sa.Column("end_at", MICROSECONDS, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("judged_at", MICROSECONDS, nullable=False),
        *(
            sa.Column(name, sa.Double, nullable=True)
            for name in ("value", "weight", "expected", "low", "high", "spread", "score")
        ),
        sa.Column("in_range", sa.Boolean, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
    )


def upgrade() -> None:
    """Make them."""
    _metrics()
    _incidents()
    _messages()
    _deploys()


def _metrics() -> None:
    op.create_table(
        "metrics",
        sa.Column("metric", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("first_seen_at", MICROSECONDS, nullable=False),
        sa.Column("read_from", MICROSECONDS),
        sa.Column("read_until", MICROSECONDS),
        sa.Column("judged_until", MICROSECONDS),
        sa.PrimaryKeyConstraint("metric", name="pk_metrics"),
    )
    op.create_table(
        "history",
        sa.Column("metric", sa.Text, nullable=False),
        sa.Column("week", sa.Integer, nullable=False),
        sa.Column("starts", sa.LargeBinary, nullable=False),
        sa.Column("values", sa.LargeBinary, nullable=False),
        sa.Column("flags", sa.LargeBinary, nullable=False),
        sa.Column("weights", sa.LargeBinary),
        sa.PrimaryKeyConstraint("metric", "week", name="pk_history"),
    )
    op.create_table(
        "outcomes",
        sa.Column("metric", sa.Text, nullable=False),
        sa.Column("start_at", MICROSECONDS, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        *_judgement(),
        sa.PrimaryKeyConstraint("metric", "start_at", name="pk_outcomes"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "outcome_revisions",
        sa.Column("metric", sa.Text, nullable=False),
        sa.Column("start_at", MICROSECONDS, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("replaced_at", MICROSECONDS, nullable=False),
        *_judgement(),
        sa.PrimaryKeyConstraint("metric", "start_at", "revision", name="pk_outcome_revisions"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "source_health",
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("failing_since", MICROSECONDS),
        sa.Column("failed_ticks", sa.Integer, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("told_admins", sa.Boolean, nullable=False),
        sa.Column("told_owners", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("source", name="pk_source_health"),
    )


def _incidents() -> None:
    op.create_table(
        "incidents",
        sa.Column("number", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("team", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("opened_at", MICROSECONDS, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_incidents"),
    )
    op.create_index("ix_incidents_state", "incidents", ["state", "number"])
    op.create_table(
        "incident_events",
        sa.Column("incident", sa.Integer, nullable=False),
        sa.Column("at", MICROSECONDS, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("incident", "at", "what", name="pk_incident_events"),
        sa.ForeignKeyConstraint(["incident"], ["incidents.number"], name="fk_incident_events_incident"),
    )


def _messages() -> None:
    op.create_table(
        "notifications",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("team", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("created_at", MICROSECONDS, nullable=False),
        sa.Column("incident", sa.Integer),
        sa.PrimaryKeyConstraint("id", name="pk_notifications"),
        sa.UniqueConstraint("key", name="uq_notifications_key"),
        sa.ForeignKeyConstraint(["incident"], ["incidents.number"], name="fk_notifications_incident"),
    )
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("notification", sa.Integer, nullable=False),
        sa.Column("channel", sa.Integer, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("may_repeat", sa.Boolean, nullable=False),
        sa.Column("next_attempt_at", MICROSECONDS),
        sa.Column("begun_at", MICROSECONDS),
        sa.Column("ended_at", MICROSECONDS),
        sa.Column("error", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
        sa.UniqueConstraint("notification", "channel", name="uq_deliveries_notification"),
        sa.ForeignKeyConstraint(["notification"], ["notifications.id"], name="fk_deliveries_notification"),
    )
    op.create_index("ix_deliveries_status", "deliveries", ["status"])


def _deploys() -> None:
    op.create_table(
        "deploys",
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("environment", sa.Text, nullable=False),
        sa.Column("received_at", MICROSECONDS, nullable=False),
        sa.Column("started_at", MICROSECONDS),
        sa.Column("finished_at", MICROSECONDS),
        sa.Column("content", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("source", "id", "status", name="pk_deploys"),
    )
    op.create_index("ix_deploys_received_at", "deploys", ["received_at"])
    op.create_index("ix_deploys_finished_at", "deploys", ["finished_at"])
