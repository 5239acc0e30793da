"""detector store backup."""

from pathlib import Path

import click

from detector.cli.options import as_json, config_option, json_option, say
from detector.cli.standing import size_in_words

__all__ = ["store"]


@click.group()
def store() -> None:
    """Back up the detector's own memory."""


@store.command()
@click.argument("file", type=click.Path(path_type=Path))
@config_option
@json_option
def backup(file: Path, config: Path, *, is_json: bool) -> int:
    """Copy the store into a new FILE, whole and checked, also while a daemon runs."""
    from detector.app import load_settings_of, open_store_of

    settings = load_settings_of(config)
    with open_store_of(settings) as kept:
        size_bytes = kept.backup(file.absolute())
        is_empty = not kept.last_outcomes()
    if is_empty:
        say(f"nothing has ever been judged in {settings.store}; is {config} the right one?", error=True)
    if is_json:
        as_json({"file": str(file.absolute()), "size_bytes": size_bytes})
    else:
        say(f"{file}: {size_in_words(size_bytes)}, a whole copy of {settings.store}")
    return 0
