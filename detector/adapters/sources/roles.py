"""What `check --live` asks a database about itself: its clock, and what the role may do."""

import re
from typing import Any

import sqlalchemy as sa

from detector.adapters.sources.answers import Answer
from detector.adapters.sources.databases import Database
from detector.adapters.sources.long_form import DriverSql

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

# One row of SHOW GRANTS; behind the role may stand a password's hash, which is left alone.
# https://mariadb.com/kb/en/grant/ and https://dev.mysql.com/doc/refman/8.4/en/privileges-provided.html
GRANT = re.compile(r"GRANT (?P<rights>.+?) ON (?P<on>.+?) TO (?P<role>\S+)")
SUPERUSERS = frozenset({"ALL PRIVILEGES", "SUPER"})
WRITERS = frozenset(
    {"ALL PRIVILEGES", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "ALTER", "INDEX", "TRIGGER", "EVENT", "FILE"}
    | {"CREATE VIEW", "CREATE ROUTINE", "ALTER ROUTINE", "CREATE USER", "DELETE HISTORY", "DELETE VERSIONING ROWS"}
    | {"SUPER", "SHUTDOWN", "RELOAD"}
)


def clock_statement(database: Database) -> sa.Select[Any]:
    """Column `now`: the database's own clock, in whole seconds since 1970."""
    now: sa.ColumnElement[Any]
    match database:
        case Database.POSTGRES:
            now = sa.func.floor(sa.func.date_part("epoch", sa.func.now()))
        case Database.MYSQL:
            now = sa.func.unix_timestamp()
        case Database.SQLITE:
            now = sa.func.strftime("%s", "now")
    return sa.select(sa.cast(now, sa.BigInteger).label("now"))


def role_statement(database: Database) -> sa.TextClause | DriverSql | None:
    """PostgreSQL: columns `role`, `is_superuser` and `writable`; MySQL: a grant a row; SQLite has no roles."""
    match database:
        case Database.POSTGRES:
            return sa.text(ROLE.replace("::", r"\:\:"))
        case Database.MYSQL:
            return DriverSql("SHOW GRANTS", {})
        case Database.SQLITE:
            return None


def role_warnings(answer: Answer, source: str, database: Database) -> tuple[str, ...]:
    role, is_superuser, writable = _grants(answer) if database is Database.MYSQL else answer.rows[0]
    advice = "give the detector a role of its own with SELECT only"
    if is_superuser:
        return (f"source {source}: role {role} is a superuser; {advice}",)
    if writable:
        return (f"source {source}: role {role} may write ({writable}); {advice}",)
    return ()


def _grants(answer: Answer) -> tuple[str, bool, str | None]:
    """The role, whether it may do anything at all, and something that it may write."""
    role, is_superuser, writable = "", False, None
    for grant in (GRANT.match(str(row[0])) for row in answer.rows):
        if grant is None:  # a role granted to the role: what it allows stands in rows of its own
            continue
        role = role or re.sub(r"[`']", "", grant["role"])
        rights = {" ".join(right.split()) for right in re.sub(r"\([^)]*\)", "", grant["rights"]).split(",")}
        is_superuser |= grant["on"] == "*.*" and bool(rights & SUPERUSERS)
        if rights & WRITERS:
            writable = writable or f"{min(rights & WRITERS)} on {grant['on'].replace('`', '')}"
    return role, is_superuser, writable
