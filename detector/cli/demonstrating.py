"""detector demo."""

from pathlib import Path

import click

__all__ = ["demo"]


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), required=False)
@click.option("--keep", is_flag=True, help="Go on in real time, selling, until Ctrl-C.")
def demo(folder: Path | None, *, keep: bool) -> int:
    """Show the main job: a shop that sells, a deploy that breaks it, and the alert as its team reads it."""
    from detector.demo.story import tell

    return tell(folder, keep=keep)
