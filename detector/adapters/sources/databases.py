"""The kinds of databases that a source can be."""

from enum import StrEnum

__all__ = ["Database"]


class Database(StrEnum):
    """By the name of SQLAlchemy's dialect; MYSQL is MariaDB as well."""

    SQLITE = "sqlite"
    POSTGRES = "postgresql"
    MYSQL = "mysql"

    @property
    def has_types(self) -> bool:
        """Whether a column's type tells what kind of time it holds; SQLite's must be guessed from its values."""
        return self is not Database.SQLITE
