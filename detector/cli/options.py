"""What all commands share: the configuration file, JSON, times, and how an error ends the program."""

import json
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import click

from detector.errors import UsageError
from detector.linking.report_texts import parse_instant
from detector.model.rulebook import Settings

__all__ = ["AHEAD", "FAILED", "as_json", "config_option", "counted", "json_option", "parse_time", "say", "show_time"]

AHEAD = timedelta(minutes=5)
"""Clocks of two machines differ by less than that."""

FAILED = 1
"""Exit code where something was found or failed; 2 is a wrong call or a wrong detector.yml."""

F = TypeVar("F", bound=Callable[..., Any])

_CONFIG = click.option(
    "-c",
    "--config",
    type=click.Path(path_type=Path),
    default=Path("detector.yml"),
    envvar="DETECTOR_CONFIG",
    show_default="$DETECTOR_CONFIG, then ./detector.yml",
    help="The configuration file.",
)
_JSON = click.option("--json", "is_json", is_flag=True, help="Answer in JSON, for programs.")


def config_option(command: F) -> F:
    return _CONFIG(command)


def json_option(command: F) -> F:
    return _JSON(command)


def say(text: str = "", *, error: bool = False) -> None:
    click.echo(text, err=error)


def as_json(value: object) -> None:
    json.dump(value, sys.stdout, indent=2, ensure_ascii=False, default=_plain)
    sys.stdout.write("\n")


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def show_time(at: datetime, timezone: str) -> str:
    """ISO 8601 by the clocks of the configured timezone, to the minute."""
    return at.astimezone(ZoneInfo(timezone)).isoformat(timespec="minutes")


def parse_time(text: str, settings: Settings, option: str) -> datetime:
    """ISO 8601; a time without an offset is in the configured timezone.

    Raises:
        UsageError: it is no time, or none at which anything was sold.
    """
    try:
        return parse_instant(text, settings.timezone)
    except ValueError as error:
        raise UsageError(f"{option}: {text!r} {error}") from None
