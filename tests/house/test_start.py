"""Commands that do not judge anything start quickly, because they import little."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from detector.demo.folder import lay_out

DRIVER = """
import sys
from detector.cli import main
sys.argv = ["detector", *sys.argv[1:]]
try:
    main()
except SystemExit as end:
    code = end.code
print("exit", code)
print("heavy", *sorted({name.split(".")[0] for name in sys.modules} & {"pandas", "scipy", "statsmodels", "matplotlib"}))
"""
DEPLOY = ["deploy", "add", "--service", "search", "--version", "v98"]


@pytest.mark.parametrize("call", [["--help"], ["check"], DEPLOY, ["deploy", "list"], ["schema"]], ids=" ".join)
def test_start_imports_nothing_heavy(call: list[str], tmp_path: Path) -> None:
    """Neither pandas nor scipy, statsmodels or matplotlib is imported by a command that judges nothing."""
    config = lay_out(tmp_path / "demo", datetime(2026, 11, 20, 4, 6, tzinfo=UTC))
    options = [] if call in (["--help"], ["schema"]) else ["-c", str(config)]
    ran = subprocess.run([sys.executable, "-c", DRIVER, *call, *options], check=False, capture_output=True, text=True)
    assert ran.stderr == ""
    assert ran.stdout.splitlines()[-2:] == ["exit 0", "heavy"]
