"""What senders of deploys numbered, and the sign of life of ticks."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

MICROSECONDS = sa.BigInteger  # UTC, since 1970


def upgrade() -> None:
    """Make two tables; nothing is known of earlier requests and ticks."""
    op.create_table(
        "receipts",
        sa.Column("feed", sa.Text, nullable=False),
        sa.Column("delivery", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("received_at", MICROSECONDS, nullable=False),
        sa.PrimaryKeyConstraint("feed", "delivery", name="pk_receipts"),
    )
    op.create_index("ix_receipts_received_at", "receipts", ["received_at"])
    op.create_table(
        "beats",
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("at", MICROSECONDS, nullable=False),
        sa.PrimaryKeyConstraint("what", name="pk_beats"),
    )
