"""From a URL to a store that can be used."""

from detector.adapters.store.engines import make_engine
from detector.adapters.store.locks import LEASE, lock_of
from detector.adapters.store.place import place_of
from detector.adapters.store.schema import bring_up_to_date
from detector.adapters.store.sql_store import SqlStore

__all__ = ["open_store"]


def open_store(url: str, *, patience_s: float = 5.0) -> SqlStore:
    """Make, upgrade or just open the store at `sqlite:///FILE` or `postgresql://…`.

    Args:
        url: may hold a password; no message does.
        patience_s: how long `exclusive()` waits for another process.

    Raises:
        StoreTooNew, StoreDamaged, StoreBusy: see there.
        StoreError: not a URL, not reachable, not allowed.
    """
    place = place_of(url)
    engine, lock = make_engine(place), lock_of(place)
    try:
        bring_up_to_date(engine, place, lock)
    except BaseException:
        engine.dispose()  # else the connection of a store that cannot be used stays open until it is collected
        raise
    return SqlStore(engine, place, lock, lock_of(place, LEASE), patience_s)
