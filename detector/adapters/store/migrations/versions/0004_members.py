"""Members: which values of a metric's `each` column are series of their own, and their history."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

MICROSECONDS = sa.BigInteger  # UTC, since 1970


def upgrade() -> None:
    """Make two tables; members are chosen and read at the next tick."""
    op.create_table(
        "members",
        sa.Column("metric", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("names", sa.Text, nullable=False),
        sa.Column("limit", sa.Integer, nullable=False),
        sa.Column("chosen_at", MICROSECONDS, nullable=False),
        sa.Column("read_until", MICROSECONDS, nullable=False),
        sa.Column("judged_until", MICROSECONDS),
        sa.PrimaryKeyConstraint("metric", name="pk_members"),
    )
    op.create_table(
        "member_history",
        sa.Column("metric", sa.Text, nullable=False),
        sa.Column("day", sa.Integer, nullable=False),
        sa.Column("starts", sa.LargeBinary, nullable=False),
        sa.Column("values", sa.LargeBinary, nullable=False),
        sa.Column("spoilt", sa.LargeBinary),
        sa.Column("weights", sa.LargeBinary),
        sa.PrimaryKeyConstraint("metric", "day", name="pk_member_history"),
    )
