"""One suite, two databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from detector.adapters.store import SqlStore, open_store
from detector.model.state import TickChanges
from store_samples import block, deploy, hour, tick


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a new store can be made."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'detector.db'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def store(store_url: str) -> Iterator[SqlStore]:
    """A new store."""
    opened = open_store(store_url, patience_s=0.2)
    yield opened
    opened.close()


@pytest.fixture
def neighbour(store: SqlStore, store_url: str) -> Iterator[SqlStore]:
    """The same store, opened once more as another process would."""
    assert store.size_bytes()
    opened = open_store(store_url, patience_s=0.2)
    yield opened
    opened.close()


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    """The file of a closed SQLite store with one of everything."""
    path = tmp_path / "detector.db"
    made = open_store(f"sqlite:///{path}")
    made.commit(tick())
    made.commit(TickChanges(hour(9), history=tuple(block(0, [1.0] * 500, f"m{number}") for number in range(20))))
    made.add_deploy(deploy())
    made.close()
    return path
