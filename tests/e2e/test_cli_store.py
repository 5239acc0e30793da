"""detector store backup, and what `status` tells of the store and of the last tick, called as users call them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from command import detector
from detector.adapters.store import open_store
from detector.cli.standing import shortly_ago, size_in_words, standing
from detector.config.load import load
from detector.model.rulebook import RuleBook
from detector.model.state import TickChanges
from store_samples import outcome, sqlite_url, tick

NOW = datetime(2026, 11, 16, 10, tzinfo=UTC)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration with a store that has something in it."""
    path = tmp_path / "detector.yml"
    path.write_text(
        "store: sqlite:///detector.db\n"
        "timezone: UTC\n"
        "sources: {shop: {url: 'sqlite:///shop.db'}}\n"
        "teams: {checkout: {notify: ['json://localhost/x']}}\n"
        "admins: checkout\n"
    )
    (tmp_path / "rules").mkdir()
    store = open_store(sqlite_url(tmp_path / "detector.db"))
    store.commit(tick())
    store.close()
    return path


def test_a_backup_is_made_and_told(config: Path, tmp_path: Path) -> None:
    """In words and in JSON; a second one to the same name ends with 1 and changes nothing."""
    file = tmp_path / "monday.db"
    said = detector("store", "backup", str(file), config=config)
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith(f"{file}: ")
    assert "kB, a whole copy of sqlite:///detector.db" in said.out
    again = detector("store", "backup", str(file), config=config)
    assert (again.code, again.out) == (1, "")
    assert "no backup is overwritten" in again.err
    told = detector("store", "backup", str(tmp_path / "tuesday.db"), "--json", config=config)
    assert told.json == {"file": str(tmp_path / "tuesday.db"), "size_bytes": (tmp_path / "tuesday.db").stat().st_size}


def test_a_backup_of_nothing_is_doubted(config: Path, tmp_path: Path) -> None:
    """Called in the wrong folder it would make a store, and back that up."""
    (tmp_path / "detector.db").unlink()
    said = detector("store", "backup", str(tmp_path / "monday.db"), config=config)
    assert said.code == 0
    assert "nothing has ever been judged in sqlite:///detector.db; is" in said.err


@pytest.fixture
def book(config: Path) -> RuleBook:
    """Its rules: none."""
    return load(config, {})


def _wrong_after(book: RuleBook, tmp_path: Path, passed: timedelta) -> list[str]:
    store = open_store(sqlite_url(tmp_path / "detector.db"))
    found = standing(book, store, NOW + passed)
    store.close()
    return [line for line in found.wrong if "last tick" in line]


def test_a_daemon_that_stopped_is_noticed(book: RuleBook, tmp_path: Path) -> None:
    """Ten minutes after its last tick, unless ticks come from elsewhere since then; without any daemon never."""
    assert _wrong_after(book, tmp_path, timedelta(hours=9)) == []
    store = open_store(sqlite_url(tmp_path / "detector.db"))
    store.beat(NOW)
    assert _wrong_after(book, tmp_path, timedelta(minutes=10)) == []
    (line,) = _wrong_after(book, tmp_path, timedelta(minutes=11))
    assert line == "the last tick was 11 min ago, and one a minute is due; is the detector running?"
    store.commit(TickChanges(NOW, outcomes=(outcome(9, judged_at=NOW + timedelta(minutes=12)),)))
    assert _wrong_after(book, tmp_path, timedelta(minutes=13)) == []
    store.close()


def test_status_tells_of_the_store(config: Path, tmp_path: Path) -> None:
    """Where it is, how large, and when a tick last ended: in words and in JSON."""
    store = open_store(sqlite_url(tmp_path / "detector.db"))
    store.beat(NOW)
    store.close()
    said = detector("status", config=config)
    assert "store: sqlite:///detector.db, 2" in said.out
    assert "last tick: " in said.out
    told = detector("status", "--json", config=config).json
    assert told["store"]["place"] == "sqlite:///detector.db"
    assert told["store"]["size_bytes"] > 100_000
    assert told["last_tick_at"] == NOW.isoformat()


def test_times_and_sizes_in_words() -> None:
    """Seconds while it is a matter of seconds; the units that disks are sold in."""
    passed = [timedelta(seconds=20), timedelta(seconds=119), timedelta(minutes=3), -timedelta(seconds=5)]
    assert [shortly_ago(NOW, NOW + one) for one in passed] == ["20 s ago", "119 s ago", "3 min ago", "0 s ago"]
    assert [size_in_words(one) for one in (238_000, 1_500_000, 41_000_000_000)] == ["238 kB", "1.5 MB", "41.0 GB"]
