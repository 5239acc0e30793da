"""The files that people copy from."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from detector.config.load import load, load_settings
from detector.demo.folder import example_rules, lay_out
from tree import ROOT

NOW = datetime(2026, 11, 20, 4, 6, tzinfo=UTC)


def test_example_rules_load(tmp_path: Path) -> None:
    """The configuration of the demo and every shipped rule file load without a mistake or a warning."""
    book = load(lay_out(tmp_path / "demo", NOW), {}, None)
    assert book.faults == ()
    assert book.warnings == ()
    assert {metric.split("/")[0] for metric in book.metrics} == {path.stem for path in example_rules().glob("*.yml")}
    assert len({metric.team for metric in book.metrics.values()}) == 3


def test_example_rules_name_their_schema() -> None:
    """Editors find the schema of every example rule file beside it."""
    for path in example_rules().glob("*.yml"):
        first = path.read_text(encoding="utf-8").splitlines()[0]
        assert first == "# yaml-language-server: $schema=rules.schema.json"


@pytest.mark.parametrize("path", sorted((ROOT / "deploy").rglob("detector.yml")), ids=str)
def test_deploy_files_load(path: Path, tmp_path: Path) -> None:
    """Every configuration in deploy/ loads once its variables are set and its secrets are mounted."""
    text = path.read_text(encoding="utf-8")
    values = {name: a_value_of(name) for name in re.findall(r"\$\{([A-Z_]+)\}", text)}
    for name in re.findall(r"\$\{file:/run/secrets/([\w/]+)\}", text):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(a_value_of(name.upper()), encoding="utf-8")
    copy = tmp_path / "detector.yml"
    copy.write_text(text.replace("/run/secrets/", f"{tmp_path}/"), encoding="utf-8")
    assert load_settings(copy, values).admins == "platform"


def a_value_of(name: str) -> str:
    kinds = {"NOTIFY_URL": "json://localhost/x", "URL": "postgresql://db/shop"}
    return next((value for end, value in kinds.items() if name.endswith(end)), "a-password-or-token")
