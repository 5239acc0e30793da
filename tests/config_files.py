"""A folder with detector.yml and rule files, for tests of the configuration."""

from collections.abc import Mapping
from pathlib import Path

from detector.config.load import load
from detector.errors import ConfigError, Fault
from detector.model.rulebook import RuleBook

__all__ = ["DETECTOR_YML", "ENVIRON", "faults_of", "lay_out", "load_folder", "load_rules", "said"]

DETECTOR_YML = """\
store: sqlite:///detector.db
timezone: Europe/Berlin
sources:
  shop: {url: "${SHOP_DATABASE_URL}"}
  till: {url: "sqlite:///till.db"}
  legacy: {url: "${LEGACY_URL}"}
teams:
  checkout: {notify: ["${CHECKOUT_NOTIFY_URL}"]}
  platform: {notify: ["json://localhost/platform"]}
services:
  checkout-api: {team: checkout, depends_on: [payments]}
  payments: {team: platform}
admins: platform
"""

ENVIRON = {
    "SHOP_DATABASE_URL": "postgresql://reader:swordfish@db.example/shop",
    "LEGACY_URL": "mysql://reader:swordfish@db.example/legacy",
    "CHECKOUT_NOTIFY_URL": "json://localhost/swordfish",
}


def lay_out(folder: Path, rules: Mapping[str, str | bytes], settings: str | bytes = DETECTOR_YML) -> Path:
    """Write detector.yml and files below rules/; returns detector.yml."""
    (folder / "rules").mkdir(parents=True, exist_ok=True)
    path = folder / "detector.yml"
    path.write_bytes(settings.encode() if isinstance(settings, str) else settings)
    for name, text in rules.items():
        file = folder / "rules" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def load_folder(path: Path, environ: Mapping[str, str] = ENVIRON) -> RuleBook:
    """Load what `lay_out` wrote."""
    return load(path, environ)


def load_rules(folder: Path, text: str | bytes, name: str = "checkout.yml") -> RuleBook:
    """Load one rule file beside the usual detector.yml."""
    return load_folder(lay_out(folder, {name: text}))


def said(folder: Path, faults: tuple[Fault, ...]) -> list[str]:
    """Faults as a person reads them who stands in the folder."""
    return [str(fault).replace(f"{folder}/", "") for fault in faults]


def faults_of(folder: Path, settings: str | bytes, environ: Mapping[str, str] = ENVIRON) -> list[str]:
    """What is wrong with a detector.yml; an empty list when nothing is."""
    try:
        load_folder(lay_out(folder, {}, settings), environ)
    except ConfigError as error:
        return said(folder, error.faults)
    return []
