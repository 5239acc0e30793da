"""The folder of a demo: its configuration, and the example rules as they ship."""

import re
from datetime import datetime
from pathlib import Path

import detector
from detector.demo.trade import day_off
from detector.errors import UsageError

__all__ = ["CONFIG", "SHOP", "example_rules", "lay_out"]

CONFIG, SHOP, MARK = "detector.yml", "shop.db", ".detector-demo"
SETTINGS = """\
# The demo's own configuration. Its messages are printed and go nowhere: the addresses below only hold the places
# where a real one has slack://, msteams://, mailto:// or json:// addresses.
store: sqlite:///detector.db
timezone: Europe/Berlin
rules: rules/

sources:
  shop: {url: "sqlite:///shop.db", timezone: UTC}

teams:
  checkout: {notify: ["json://localhost/checkout"]}
  growth: {notify: ["json://localhost/growth"]}
  storefront: {notify: ["json://localhost/storefront"]}
  platform: {notify: ["json://localhost/platform"]}

services:
  web: {team: storefront, depends_on: [catalogue, search, accounts, checkout-api]}
  checkout-api: {team: checkout, depends_on: [payments]}
  payments: {team: checkout}
  search: {team: storefront, depends_on: [catalogue]}
  catalogue: {team: storefront}
  accounts: {team: growth}

admins: platform
"""


def example_rules() -> Path:
    """The folder of the example rules: inside an installed package, or beside it in the repository.

    Raises:
        UsageError: neither is there.
    """
    package = Path(detector.__file__).parent
    for folder in (package / "examples" / "rules", package.parent / "rules"):
        if any(folder.glob("*.yml")):
            return folder
    raise UsageError("the example rules are missing from this installation; install the detector anew")


def lay_out(folder: Path, now: datetime) -> Path:
    """Write detector.yml and the rules into an empty folder, or into that of an earlier demo; returns detector.yml.

    Raises:
        UsageError: the folder holds something else.
    """
    _make_room(folder)
    (folder / MARK).touch()
    config = folder / CONFIG
    config.write_text(SETTINGS, encoding="utf-8")
    rules = folder / "rules"
    rules.mkdir(exist_ok=True)
    for shipped in sorted(example_rules().iterdir()):
        if shipped.suffix in {".yml", ".json"}:
            text = shipped.read_text(encoding="utf-8")
            own_day = re.sub(r"calendar: \[[^]]*\]", f"calendar: [{day_off(now)}]", text)
            (rules / shipped.name).write_text(own_day, encoding="utf-8")
    return config


def _make_room(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()) and not (folder / MARK).exists():
        raise UsageError(f"{folder} holds something that is no demo; name another one: detector demo FOLDER")
    for database in (*folder.glob("shop.db*"), *folder.glob("detector.db*")):
        database.unlink()
