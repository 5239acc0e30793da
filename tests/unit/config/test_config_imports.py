"""What loading the configuration costs at start-up."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {"pandas", "scipy", "statsmodels", "matplotlib", "sqlalchemy", "apprise", "holidays"}


def modules_after(statement: str) -> set[str]:
    code = f"{statement}; import sys; print(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("module", ["load", "rulebook", "schema", "starter"])
def test_configuration_imports_nothing_heavy(module: str) -> None:
    """`detector check` waits for no library that only judging or sending needs."""
    assert not modules_after(f"import detector.config.{module}") & HEAVY


def test_settings_alone_import_no_sql_parser() -> None:
    """`detector deploy add` loads detector.yml and nothing about SQL."""
    assert "sqlglot" not in modules_after("from detector.config.load import load_settings")


WITHOUT_ZONES = """
import sys
sys.modules["tzdata"] = None
from pathlib import Path
from detector.config.load import load_settings
from detector.errors import ConfigError
try:
    load_settings(Path(sys.argv[1]), {})
except ConfigError as error:
    print(error)
"""


def test_a_machine_without_timezones_is_told_what_to_install(tmp_path: Path) -> None:
    """Where no timezone data is installed, the first load says so."""
    path = tmp_path / "detector.yml"
    path.touch()
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_ZONES, path],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONTZPATH": ""},
    )
    assert "timezone: 'UTC' is an unknown timezone; this machine has no timezone data: install tzdata" in done.stdout
