"""Whatever stands in a file, loading it ends in words."""

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config_files import DETECTOR_YML, ENVIRON, lay_out, load_folder
from detector.config.rule_schema import MetricEntry
from detector.config.sql_gate import fragment_flaws, long_form_flaws
from detector.config.yaml_strict import parse_yaml
from detector.errors import ConfigError

RULES = """\
team: checkout
services: [payments]
metrics:
  revenue: {kind: revenue, source: shop, table: payments, time: paid_at, value: sum(a), where: "b = 1",
            every: 1h, lateness: 5m, split: [country], witness: orders, alert: {on: drop, false_alarms: 1 per month}}
  orders: {source: till, sql: "SELECT a AS bucket, 1 AS value FROM t WHERE a > :start AND a < :end"}
"""

PIECES = """
[ ] { } ' " | > # &a *a !!x ~ null 0 -1 1e999 .nan ${ ${X} ${file:.} << --- %YAML \x85 \ufeff ä \u2028 on team metrics
sources url notify every sql value where :: :start ; -- /* ( ) select sum( pg_sleep(1) sqlite:// :// @ [] {} 5m 12:30
"""
pieces = st.sampled_from([*PIECES.split(" "), ": ", "- ", "? ", "\t", "\n", "\n  ", "\0", "\\"])
texts = st.one_of(st.text(), st.lists(pieces).map("".join))
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=8,
)


def load_text(text: str | bytes, rules: str | bytes) -> None:
    """Load both files; only ConfigError may come out."""
    with tempfile.TemporaryDirectory() as name:
        try:
            load_folder(lay_out(Path(name), {"checkout.yml": rules}, text), ENVIRON)
        except ConfigError as error:
            assert error.faults  # noqa: PT017 - either outcome is fine


@given(texts)
def test_any_settings(text: str) -> None:
    """Any text as detector.yml loads or raises ConfigError."""
    load_text(text.encode("utf-8", "surrogatepass"), RULES)


@given(st.binary(max_size=200))
def test_any_bytes(raw: bytes) -> None:
    """Any bytes in both files load or raise ConfigError."""
    load_text(raw, raw)


@given(st.integers(0, len(RULES)), st.integers(0, 12), texts)
def test_any_damage_to_rules(at: int, length: int, text: str) -> None:
    """A good rule file with a piece replaced never stops the load."""
    damaged = RULES[:at] + text + RULES[at + length :]
    with tempfile.TemporaryDirectory() as name:
        load_folder(lay_out(Path(name), {"checkout.yml": damaged.encode("utf-8", "surrogatepass")}))


@given(st.integers(0, len(DETECTOR_YML)), st.integers(0, 12), texts)
def test_any_damage_to_settings(at: int, length: int, text: str) -> None:
    """A good detector.yml with a piece replaced loads or raises ConfigError."""
    damaged = DETECTOR_YML[:at] + text + DETECTOR_YML[at + length :]
    load_text(damaged.encode("utf-8", "surrogatepass"), RULES)


KEYS = sorted({*MetricEntry.model_fields, "other"})


@given(st.dictionaries(st.sampled_from(KEYS), values, min_size=1, max_size=4))
@settings(max_examples=150)
def test_any_value_of_any_key(entry: dict[str, object]) -> None:
    """Any value for any key of a metric is taken or refused."""
    base = {"source": "shop", "table": "orders", "time": "at"}
    text = json.dumps({"team": "checkout", "metrics": {"orders": {**base, **entry}}})
    with tempfile.TemporaryDirectory() as name:
        book = load_folder(lay_out(Path(name), {"checkout.yml": text.encode("utf-8", "surrogatepass")}))
    assert bool(book.metrics) or book.faults


@given(texts, st.sampled_from(["postgres", "sqlite", "mysql"]), st.booleans())
def test_any_sql(text: str, dialect: str, is_aggregate: bool) -> None:
    """Any text in place of SQL is judged, and its flaws have places in it."""
    for flaw in (*fragment_flaws(text, dialect, is_aggregate=is_aggregate), *long_form_flaws(text, dialect)):
        assert 1 <= flaw.line <= text.count("\n") + 1
        assert flaw.column >= 1


@given(texts)
def test_any_yaml_has_places_inside_of_it(text: str) -> None:
    """Every flaw is in a line of the file."""
    document = parse_yaml(text.encode("utf-8", "surrogatepass"))
    for flaw in document.flaws:
        assert flaw.place.line >= 1
        assert flaw.place.column >= 1


@pytest.mark.parametrize("secret", ["hunter2"])
@given(text=st.lists(pieces, max_size=12).map("".join))
def test_no_environment_value_is_told(secret: str, text: str) -> None:
    """What a reference stands for is in no message, whatever is wrong around it."""
    written = f'store: "{text}"\nsources:\n  a: {{url: "${{S}}{text}", timeout: "${{S}}"}}\n'
    written += 'teams:\n  b: {notify: ["${S}"]}\nadmins: "${S}"\ntimezone: "${S}"\n'
    with tempfile.TemporaryDirectory() as name:
        try:
            book = load_folder(lay_out(Path(name), {}, written.encode("utf-8", "surrogatepass")), {"S": secret})
            told = repr(book)
        except ConfigError as error:
            told = str(error)
    assert secret not in told
