"""How much of a disk a store takes."""

from sqlalchemy import Connection, text

from detector.adapters.store.place import Place
from detector.adapters.store.tables import metadata

__all__ = ["size_of"]


def size_of(connection: Connection, place: Place) -> int:
    """In bytes, with indexes and with what is not yet folded into the file."""
    if place.is_postgres:
        sizes = [f"pg_total_relation_size('{table}')" for table in metadata.tables]
        return int(connection.scalar(text(f"SELECT {' + '.join(sizes)}")) or 0)
    pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    size = int(pages) * int(connection.exec_driver_sql("PRAGMA page_size").scalar_one())
    path = place.path
    journal = path.with_name(path.name + "-wal") if path is not None else None
    return size + (journal.stat().st_size if journal is not None and journal.exists() else 0)
