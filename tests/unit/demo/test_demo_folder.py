"""The folder that a demo is played in."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from detector.demo.folder import example_rules, lay_out
from detector.demo.trade import day_off
from detector.errors import UsageError

NOW = datetime(2026, 11, 20, 4, 6, tzinfo=UTC)


def test_folder_holds_rules_as_shipped(tmp_path: Path) -> None:
    """Every shipped rule file is there, and the shop's day off stands in its calendars."""
    config = lay_out(tmp_path / "demo", NOW)
    rules = config.parent / "rules"
    assert {path.name for path in rules.glob("*.yml")} == {path.name for path in example_rules().glob("*.yml")}
    assert f"calendar: [{day_off(NOW)}]" in (rules / "checkout.yml").read_text(encoding="utf-8")


def test_folder_of_others_is_left_alone(tmp_path: Path) -> None:
    """A folder that holds something else is refused, and stays as it is."""
    (tmp_path / "shop.db").write_text("precious", encoding="utf-8")
    with pytest.raises(UsageError, match="no demo"):
        lay_out(tmp_path, NOW)
    assert [path.name for path in tmp_path.iterdir()] == ["shop.db"]


def test_folder_of_an_earlier_demo_starts_anew(tmp_path: Path) -> None:
    """A second demo drops the databases of the first one and keeps what else lies there."""
    lay_out(tmp_path, NOW)
    for name in ("shop.db", "detector.db", "detector.db-wal", "notes.txt"):
        (tmp_path / name).touch()
    lay_out(tmp_path, NOW)
    assert {path.name for path in tmp_path.iterdir()} == {".detector-demo", "detector.yml", "rules", "notes.txt"}
