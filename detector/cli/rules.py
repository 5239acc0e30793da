"""detector check, detector schema, detector init."""

from pathlib import Path

import click

from detector.cli.options import FAILED, as_json, config_option, counted, json_option, say
from detector.errors import Fault, StoreBusy, StoreError, UsageError
from detector.model.rulebook import Settings

__all__ = ["check", "init", "schema"]


@click.command()
@click.option(
    "--live", is_flag=True, help="Also open the store, and ask every source for the newest bucket of every metric."
)
@config_option
@json_option
def check(config: Path, *, live: bool, is_json: bool) -> int:
    """Load every file and resolve every name; all mistakes at once."""
    from detector.app import check_live, load_book

    book = load_book(config, check_channels=live)
    faults, warnings = list(book.faults), list(book.warnings)
    if live:
        asked, told = check_live(book)
        faults += [*_try_store(book.settings, config), *asked]
        warnings += told
    if is_json:
        as_json({"metrics": sorted(book.metrics), "errors": _rows(faults), "warnings": _rows(warnings)})
    else:
        for warning in warnings:
            say(f"warning: {warning}", error=True)
        for fault in faults:
            say(f"error: {fault}", error=True)
        teams = {metric.team for metric in book.metrics.values()}
        asked_too = ", each asked once" if live else ""
        say(
            f"{counted(len(book.metrics), 'metric')} of {counted(len(teams), 'team')}{asked_too}: "
            f"{counted(len(faults), 'error')}, {counted(len(warnings), 'warning')}"
        )
    return FAILED if faults else 0


def _try_store(settings: Settings, config: Path) -> list[Fault]:
    """Open the store, which makes or upgrades it, as the first tick would."""
    from detector.app import open_store_of

    try:
        with open_store_of(settings) as store, store.exclusive():
            store.next_incident_number()
    except StoreBusy:
        return []  # a detector that ticks at this moment is proof enough
    except StoreError as error:
        return [Fault(str(config), 0, 0, f"store: {error}")]
    return []


def _rows(faults: list[Fault]) -> list[dict[str, object]]:
    return [{"file": f.file, "line": f.line, "column": f.column, "message": f.message} for f in faults]


@click.command()
@click.argument("which", type=click.Choice(["detector.yml", "rules"]), required=False)
def schema(which: str | None) -> int:
    """Print the JSON Schema of detector.yml, of rule files, or of both."""
    from detector.config.schema import json_schemas

    schemas = json_schemas()
    as_json(schemas if which is None else schemas[which])
    return 0


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path())
def init(folder: Path) -> int:
    """Write a commented detector.yml and a first rule file into FOLDER; nothing that exists is touched."""
    from detector.config.starter import starter_files

    files = starter_files()
    there = [name for name in files if (folder / name).exists()]
    if there:
        raise UsageError(
            f"{folder / there[0]} exists already; nothing was written. Choose an empty folder, or move it away"
        )
    for name, text in files.items():
        try:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
        except OSError as error:
            raise UsageError(f"{folder / name} cannot be written: {error.strerror}; choose another folder") from None
        say(f"wrote {folder / name}")
    say("Edit both, then: detector check --live")
    return 0
