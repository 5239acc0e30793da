"""What `check --live` asks a database about itself: its clock, and what the role may do."""

from typing import Any

import sqlalchemy as sa

from detector.adapters.sources.answers import Answer

__all__ = ["clock_statement", "role_statement", "role_warnings"]

# has_table_privilege takes a list as "any of them"; the catalog's own tables do not count.
# https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-ACCESS
ROLE = """
SELECT current_user AS role, current_setting('is_superuser') = 'on' AS is_superuser, (
    SELECT t.oid::regclass::text FROM pg_class t JOIN pg_namespace n ON n.oid = t.relnamespace
    WHERE t.relkind IN ('r', 'p') AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
      AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(t.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
    ORDER BY 1 LIMIT 1
) AS writable
"""


def clock_statement(*, is_postgres: bool) -> sa.Select[Any]:
    """Column `now`: the database's own clock, in whole seconds since 1970."""
    if is_postgres:
        now: sa.ColumnElement[Any] = sa.func.floor(sa.func.date_part("epoch", sa.func.now()))
    else:
        now = sa.func.strftime("%s", "now")
    return sa.select(sa.cast(now, sa.BigInteger).label("now"))


def role_statement() -> sa.TextClause:
    """Columns `role`, `is_superuser` and `writable`: a table that the role may write, or NULL."""
    return sa.text(ROLE.replace("::", r"\:\:"))


def role_warnings(answer: Answer, source: str) -> tuple[str, ...]:
    role, is_superuser, writable = answer.rows[0]
    advice = "give the detector a role of its own with SELECT only"
    if is_superuser:
        return (f"source {source}: role {role} is a superuser; {advice}",)
    if writable:
        return (f"source {source}: role {role} may write ({writable}); {advice}",)
    return ()
