"""The one way in: detector.yml and all rules."""

from collections.abc import Mapping
from pathlib import Path

from detector.config.known import ChannelCheck
from detector.config.settings import load_settings, read_settings
from detector.errors import ConfigError
from detector.model.rulebook import RuleBook

__all__ = ["load", "load_settings"]


def load(path: Path, environ: Mapping[str, str], check_channel: ChannelCheck | None = None) -> RuleBook:
    """Load every file; mistakes in rules, and all warnings, are in the book.

    Args:
        path: of detector.yml, as messages shall show it; rule files are shown beside it.
        environ: for `${NAME}`.
        check_channel: asked about each channel's URL; returns a complaint or None.

    Raises:
        ConfigError: detector.yml is wrong; then with the mistakes of the rule files too.
    """
    from detector.config.rulebook import read_rules  # noqa: PLC0415 - `deploy add` must not wait for the SQL parser

    read = read_settings(path, environ, check_channel)
    if read.known is None:
        raise ConfigError(read.faults)
    metrics, faults, warnings = read_rules(read.rules, read.known, read.timezone, path.parent)
    if read.settings is None:
        raise ConfigError((*read.faults, *faults))
    return RuleBook(read.settings, metrics, faults, (*read.warnings, *warnings))
