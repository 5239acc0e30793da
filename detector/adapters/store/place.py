"""Where a store is: read from its URL once, and named in messages without its secrets."""

from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from detector.config.authority import STRAY_AT, has_stray_at, masked, secret_parts
from detector.errors import StoreError

__all__ = ["Place", "place_of"]

_SECRET_OPTIONS = ("password", "sslpassword", "passfile", "service")


@dataclass(frozen=True, slots=True)
class Place:
    """A store's address.

    Attributes:
        url: as SQLAlchemy wants it.
        label: what people may read.
        path: the SQLite file; None for PostgreSQL and for a store in memory.
        secrets: texts that must not appear in a message.
    """

    url: URL = field(repr=False)
    label: str
    path: Path | None = None
    secrets: tuple[str, ...] = field(default=(), repr=False)

    @property
    def is_postgres(self) -> bool:
        return self.url.get_backend_name() == "postgresql"

    @property
    def way_back(self) -> str:
        """What to do with a damaged store."""
        if self.path is None:
            return "restore the database from a backup, or name another, empty one; nothing was changed"
        return (
            f"stop every detector, keep copies of {self.path} and {self.path.name}-wal, then put a backup in place, or "
            f"save what can be read: sqlite3 {self.path} .recover | sqlite3 repaired.db; nothing was changed"
        )

    def scrub(self, text: str) -> str:
        return masked(text, frozenset(self.secrets))


def place_of(url: str) -> Place:
    """Raises StoreError: not a URL of SQLite or PostgreSQL."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # ValueError: a port that is no number
        raise StoreError(
            "`store` is not a URL; write sqlite:///detector.db or postgresql://user:password@host/database",
        ) from None
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        return _sqlite(parsed)
    if backend in {"postgresql", "postgres"}:
        if has_stray_at(url):
            raise StoreError(f"`store` {STRAY_AT}")
        return _postgres(parsed, secret_parts(url))
    raise StoreError(f"`store` cannot be {backend!r:.80}; the store is kept in sqlite or postgresql")


def _sqlite(url: URL) -> Place:
    if not url.database or url.database == ":memory:":
        return Place(url.set(drivername="sqlite", database=None, query={}), "in memory")
    if url.database.startswith("file:") or url.query:
        raise StoreError(
            f"`store` takes a plain path, such as sqlite:///detector.db, not {url.database!r:.80} with options"
        )
    path = Path(url.database).resolve()  # two names of one file share one lock
    return Place(url.set(drivername="sqlite", database=str(path)), str(path), path)


def _postgres(url: URL, written: frozenset[str]) -> Place:
    where = f"{url.host}:{url.port or 5432}" if url.host else "this machine"
    secrets = [url.password or "", *written]
    for option in _SECRET_OPTIONS:
        value = url.query.get(option, ())
        secrets.extend([value] if isinstance(value, str) else value)
    return Place(
        url.set(drivername="postgresql+psycopg"),
        f"PostgreSQL database {url.database or url.username or 'postgres'} at {where}",
        secrets=tuple(secret for secret in secrets if secret),
    )
