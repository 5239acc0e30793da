"""The detector's own memory: SQLite or PostgreSQL, through SQLAlchemy Core."""

from detector.adapters.store.opening import open_store
from detector.adapters.store.sql_store import SqlStore

__all__ = ["SqlStore", "open_store"]
