"""The schemas for editors, the starter files and the reference page."""

import json
import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from config_files import lay_out, load_folder
from detector.config.feed_schema import FeedEntry, ValuesEntry
from detector.config.rule_schema import AlertEntry, MetricEntry, RuleFile, WitnessTable
from detector.config.schema import json_schemas
from detector.config.settings_schema import HttpEntry, ServiceEntry, SettingsEntry, SourceEntry, TeamEntry
from detector.config.starter import starter_files
from tree import ROOT

FILES = {"rules": "rules.schema.json", "detector.yml": "detector.schema.json"}
MODELS = (
    SettingsEntry,
    SourceEntry,
    TeamEntry,
    ServiceEntry,
    HttpEntry,
    FeedEntry,
    ValuesEntry,
    RuleFile,
    MetricEntry,
    AlertEntry,
    WitnessTable,
)


@pytest.mark.parametrize("kind", FILES)
def test_committed_schema_is_current(kind: str) -> None:
    """The schema beside the rules is the one that the code writes (`detector schema KIND`)."""
    written = json.loads((ROOT / "rules" / FILES[kind]).read_text(encoding="utf-8"))
    assert written == json_schemas()[kind]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_key_is_explained_to_editors(model: type[BaseModel]) -> None:
    """Each key has a sentence that an editor shows."""
    for name, field in model.model_fields.items():
        assert field.description, name
        assert field.description.endswith(".") or "default" in field.description, name


def test_schema_takes_no_null_and_knows_both_forms() -> None:
    """Editors complain about keys without a value, and ask for `table` and `time`, or `sql`."""
    text = json.dumps(json_schemas())
    assert '"null"' not in text
    assert json_schemas()["rules"]["$defs"]["MetricEntry"]["oneOf"][1] == {"required": ["sql"]}


def test_schema_defaults_are_what_one_would_write() -> None:
    """Durations and rates stand there in words, not in seconds."""
    keys = json_schemas()["rules"]["$defs"]["MetricEntry"]["properties"]
    assert [keys[key]["default"] for key in ("every", "lateness", "revise")] == ["1h", "5m", "2d"]
    assert json_schemas()["rules"]["$defs"]["AlertEntry"]["properties"]["false_alarms"]["default"] == "1 per month"


def test_starter_files_load(tmp_path: Path) -> None:
    """What `detector init` writes loads without a fault or a warning once the variables it names are set."""
    files = starter_files()
    environ = {"SHOP_DATABASE_URL": "postgresql://db/shop", "CHECKOUT_NOTIFY_URL": "json://localhost/x"}
    text = "".join(line for line in files["detector.yml"].splitlines() if not line.startswith("#"))
    assert set(re.findall(r"\$\{(\w+)\}", text)) == set(environ)
    path = lay_out(tmp_path, {"checkout.yml": files["rules/checkout.yml"]}, files["detector.yml"])
    book = load_folder(path, environ)
    assert (book.faults, book.warnings) == ((), ())
    assert list(book.metrics) == ["checkout/orders", "checkout/revenue"]


def test_starter_settings_say_what_they_hint_at(tmp_path: Path) -> None:
    """The lines of `http` and `ping` load as well, once the hash is removed."""
    files = starter_files()
    loose = re.sub(r"^# (http:|  listen:|  tokens:|ping:)", r"\1", files["detector.yml"], flags=re.MULTILINE)
    environ = dict.fromkeys(("SHOP_DATABASE_URL", "CHECKOUT_NOTIFY_URL", "DEPLOY_TOKEN"), "json://localhost/x")
    environ |= {"SHOP_DATABASE_URL": "postgresql://db/shop", "PING_URL": "https://ping.example/1"}
    book = load_folder(lay_out(tmp_path, {"checkout.yml": files["rules/checkout.yml"]}, loose), environ)
    assert (book.faults, book.warnings, len(book.settings.http.tokens)) == ((), (), 1)
    assert book.settings.ping is not None


def test_starter_files_say_what_they_hint_at() -> None:
    """Lines that are commented out load too, once the blank after the hash is removed."""
    rules = starter_files()["rules/checkout.yml"]
    loose = re.sub(r"^(    )# (split|holidays|runbook):", r"\1\2:", rules, flags=re.MULTILINE)
    assert loose.count("\n    split:") == loose.count("\n    holidays:") == loose.count("\n    runbook:") == 1


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_key_is_in_the_reference(model: type[BaseModel]) -> None:
    """docs/reference/configuration.md has a row for each key."""
    page = (ROOT / "docs" / "reference" / "configuration.md").read_text(encoding="utf-8")
    missing = [name for name in model.model_fields if not re.search(rf"^\| `{name}` \|", page, re.MULTILINE)]
    assert missing == []


def test_examples_of_the_reference_load(tmp_path: Path) -> None:
    """The page's own files load without a fault or a warning."""
    page = (ROOT / "docs" / "reference" / "configuration.md").read_text(encoding="utf-8")
    settings, *rules = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    names = set(re.findall(r"\$\{([A-Z_]+)\}", settings))
    environ = {name: "json://localhost/x" if "NOTIFY" in name else "postgresql://db/shop" for name in names}
    text = settings.replace("${file:/run/secrets/platform_url}", "json://localhost/y")
    book = load_folder(lay_out(tmp_path, {f"page{i}.yml": rule for i, rule in enumerate(rules)}, text), environ)
    assert (book.faults, book.warnings) == ((), ())
    assert len(rules) == 1
