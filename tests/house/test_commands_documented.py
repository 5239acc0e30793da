"""Every command is in the reference."""

import re
from collections.abc import Iterator

import click
import pytest

from detector.cli.main import COMMANDS, SHORT_HELP, detector
from tree import ROOT

REFERENCE = (ROOT / "docs" / "reference" / "commands.md").read_text(encoding="utf-8")


def commands(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


ALL = dict(commands(detector, "detector"))


def section(path: str) -> str:
    """The text from a command's heading to the next heading."""
    match = re.search(rf"^##+ {re.escape(path)}$(.*?)(?=^##+ |\Z)", REFERENCE, flags=re.DOTALL | re.MULTILINE)
    return match[1] if match else ""


@pytest.mark.parametrize("path", sorted(ALL))
def test_command_is_documented(path: str) -> None:
    """Every command has a heading, and every option of its own stands below it."""
    text = section(path)
    assert text.strip()
    for parameter in ALL[path].params:
        if isinstance(parameter, click.Option) and not {"--config", "--json"} & set(parameter.opts):
            option = max(parameter.opts, key=len)
            assert f"`{option}" in text, f"{path} {option}"


def test_reference_invents_no_command() -> None:
    """Every heading of the reference is a command that exists."""
    headings = re.findall(r"^##+ (detector .*)$", REFERENCE, flags=re.MULTILINE)
    assert set(headings) == set(ALL)


def test_help_lists_every_command() -> None:
    """The short texts of `detector --help` are those of the commands that exist."""
    assert set(SHORT_HELP) == set(COMMANDS)
