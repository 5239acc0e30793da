"""Every message a team can read, as files to read aloud.

After a change of words: `GOLDEN=refresh pytest tests/unit/alerting/test_wording_golden.py`, then read the diff.
"""

import os
from pathlib import Path

import pytest

from golden.situations import SITUATIONS

GOLDEN = Path(__file__).parents[2] / "golden"


@pytest.mark.parametrize("situation", SITUATIONS)
def test_reads_as_agreed(situation: str) -> None:
    """The message is, to the letter, the one that was read and found good."""
    title, body = SITUATIONS[situation]()
    written, file = f"{title}\n{body}\n", GOLDEN / f"{situation}.txt"
    if os.environ.get("GOLDEN") == "refresh":
        file.write_text(written, encoding="utf-8")
    assert written == file.read_text(encoding="utf-8")


@pytest.mark.parametrize("situation", SITUATIONS)
def test_never_accuses(situation: str) -> None:
    """A suspect is a suspect; no message says that a deploy caused anything."""
    assert "cause" not in " ".join(SITUATIONS[situation]()).lower()


def test_no_golden_file_is_left_over() -> None:
    """Every file is the message of a situation that still exists."""
    assert {file.stem for file in GOLDEN.glob("*.txt")} == set(SITUATIONS)
