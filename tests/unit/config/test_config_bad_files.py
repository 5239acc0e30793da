"""One mistake to a file, and its message beside it; rows of the list of bad inputs."""

from pathlib import Path

import pytest

from config_files import DETECTOR_YML, ENVIRON, faults_of, lay_out, load_folder, load_rules, said
from detector.config.load import load
from detector.errors import ConfigError
from tree import ROOT

FILES = ROOT / "tests" / "rules"
SECRETS = ("hunter2", "swordfish")


def named(folder: str) -> list[Path]:
    return sorted((FILES / folder).glob("*.yml"))


@pytest.mark.parametrize("path", named("bad"), ids=lambda path: path.stem)
def test_bad_rule_file_says_what_to_do(path: Path, tmp_path: Path) -> None:
    """A rule file with a mistake is refused with the message that stands beside it, and without secrets."""
    book = load_rules(tmp_path, path.read_bytes(), path.name)
    told = said(tmp_path, book.faults) + [f"warning: {warning}" for warning in said(tmp_path, book.warnings)]
    assert told == path.with_suffix(".txt").read_text(encoding="utf-8").splitlines()
    assert told
    assert not any(secret in line for line in told for secret in SECRETS)


@pytest.mark.parametrize("path", named("bad_settings"), ids=lambda path: path.stem)
def test_bad_settings_say_what_to_do(path: Path, tmp_path: Path) -> None:
    """A detector.yml with a mistake is refused with the message that stands beside it, and without secrets."""
    told = faults_of(tmp_path, path.read_bytes(), {**ENVIRON, "EMPTY": "", "EMPTY_SCHEME": "hunter2"})
    assert told == path.with_suffix(".txt").read_text(encoding="utf-8").splitlines()
    assert told
    assert not any(secret in line for line in told for secret in SECRETS)


@pytest.mark.parametrize("path", named("good"), ids=lambda path: path.stem)
def test_good_rule_file_loads(path: Path, tmp_path: Path) -> None:
    """A rule file without mistakes loads without a word."""
    book = load_rules(tmp_path, path.read_bytes(), path.name)
    assert said(tmp_path, book.faults + book.warnings) == []
    assert book.metrics


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ("team: checkout".encode("utf-16"), "1:1: the file is UTF-16 (byte 0): save it as UTF-8"),
        ("# Umsätze".encode("latin-1"), "1:6: byte 5 (0xe4) is not UTF-8: save the file as UTF-8"),
    ],
)
def test_other_encodings_say_what_to_do(raw: bytes, message: str, tmp_path: Path) -> None:
    """A file that is not UTF-8 is refused, as a rule file and as detector.yml."""
    assert said(tmp_path / "a", load_rules(tmp_path / "a", raw).faults) == [f"rules/checkout.yml:{message}"]
    assert faults_of(tmp_path / "b", raw) == [f"detector.yml:{message}"]


def test_every_line_is_short_enough_to_read() -> None:
    """No message is longer than three lines of a terminal."""
    lines = [line for path in FILES.rglob("*.txt") for line in path.read_text(encoding="utf-8").splitlines()]
    assert max(map(len, lines)) < 280


def test_a_broken_file_stops_no_other(tmp_path: Path) -> None:
    """All bad files in one folder leave the good ones working, and every mistake is reported at once."""
    bad = {path.name: path.read_bytes() for path in named("bad")}
    good = {f"good/{path.name}": path.read_bytes() for path in named("good")}
    alone = load_folder(lay_out(tmp_path / "alone", good))
    together = load_folder(lay_out(tmp_path / "together", {**bad, **good}))
    assert set(alone.metrics) <= set(together.metrics)
    assert {Path(fault.file).name for fault in together.faults} >= set(bad) - {
        "empty_file.yml",
        "only_comments.yml",
        "metrics_empty.yml",
        "timezone_abbreviation.yml",
    }


def test_mistakes_of_all_files_come_at_once(tmp_path: Path) -> None:
    """A wrong detector.yml does not hide the mistakes of the rule files."""
    wrong = DETECTOR_YML.replace("timezone: Europe/Berlin", "timezone: Berlin")
    rules = "team: chekout\nmetrics:\n  orders: {source: shop, table: orders, time: at, every: 5}\n"
    with pytest.raises(ConfigError) as caught:
        load(lay_out(tmp_path, {"checkout.yml": rules}, wrong), ENVIRON)
    assert [Path(fault.file).name for fault in caught.value.faults] == ["detector.yml", "checkout.yml", "checkout.yml"]


def test_a_broken_metric_leaves_its_siblings(tmp_path: Path) -> None:
    """Of two metrics in a file, the one without a mistake works."""
    text = (FILES / "bad" / "several.yml").read_text(encoding="utf-8").replace("chekout", "checkout")
    text += "  good: {source: shop, table: orders, time: created_at}\n"
    assert list(load_rules(tmp_path, text).metrics) == ["checkout/good"]
