"""What to do about troubles that every database has."""

__all__ = ["AGAIN", "NO_COLUMN", "NO_TABLE", "READ_ONLY", "SERVER_AWAY", "TOO_SLOW"]

AGAIN = "the next tick tries again"
NO_COLUMN = "correct the name in `time`, `value`, `where`, `split`, `each` or `sql`"
NO_TABLE = "correct `table`, or the name in `sql`"
READ_ONLY = "a metric may only read: write one SELECT"
SERVER_AWAY = "check that the database is up and reachable; the next tick tries again"
TOO_SLOW = "narrow the query, add an index on its time column, or raise the source's `timeout`"
