"""Which seasons a metric has, and when that was last looked at."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add two columns; until its next tick nothing is known of a metric's seasons."""
    op.add_column("metrics", sa.Column("seasons", sa.Text))
    op.add_column("metrics", sa.Column("refitted_at", sa.BigInteger))  # microseconds, UTC, since 1970
