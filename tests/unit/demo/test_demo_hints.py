"""What the demo says one can do next."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console

from daemons import HandClock
from detector.demo.story import meanwhile, tell, what_next
from detector.demo.terminal import Terminal
from detector.errors import UsageError


def test_hints_name_the_folder_and_fit_a_terminal() -> None:
    """They can be typed as they stand, and are 80 columns wide at most."""
    config = Path("somewhere else") / "detector.yml"
    said = f"{what_next(config)}\n{meanwhile(config)}"
    assert "demo 'somewhere else' --keep" in said
    assert said.count("export DETECTOR_CONFIG='somewhere else/detector.yml'") == 2
    assert max(len(line) for line in said.splitlines()) <= 80


def test_an_occupied_folder_is_refused_before_anything_is_said(tmp_path: Path) -> None:
    """Nobody reads of writing where nothing is written."""
    (tmp_path / "thesis.txt").touch()
    console = Console(record=True, quiet=False, width=80)
    with pytest.raises(UsageError, match="holds something that is no demo"):
        tell(tmp_path, world=HandClock(datetime(2026, 11, 20, 19, 0, tzinfo=UTC)), terminal=Terminal(console))
    assert console.export_text() == ""
