"""detector suspects."""

from pathlib import Path

import click

from detector.cli.options import FAILED, counted, say
from detector.errors import UsageError

__all__ = ["suspects"]


@click.command()
@click.argument("source", metavar="INPUT", type=click.Path(path_type=Path))
@click.option(
    "--out", required=True, metavar="OUTPUT", type=click.Path(path_type=Path), help="File or folder to write."
)
def suspects(source: Path, out: Path) -> int:
    """Tell which deploy may have begun the anomaly of a case, or of each case of a folder."""
    if out.exists() and source.exists() and out.samefile(source):
        raise UsageError(f"--out {out}: is INPUT itself; name another {'folder' if source.is_dir() else 'file'}")
    return _answer_folder(source, out) if source.is_dir() else _answer_one(source, out)


def _answer_one(source: Path, out: Path) -> int:
    from detector.cli.suspects_answer import answer_case

    if out.is_dir():
        raise UsageError(f"--out {out}: is a folder, and INPUT is a file; name a file to write")
    answer_case(source, out)
    return 0


def _answer_folder(source: Path, out: Path) -> int:
    from detector.adapters.progress import TerminalProgress
    from detector.cli.suspects_answer import answer_case

    paths = sorted(path for path in source.iterdir() if path.suffix == ".json" and path.is_file())
    if not paths:
        raise UsageError(f"{source}: holds no case; put NAME.json files there")
    _make_folder(out)
    failed, progress = 0, TerminalProgress()
    for done, path in enumerate(paths):
        progress.step("judging, cases", done, len(paths))
        try:
            answer_case(path, out / path.name)
        except UsageError as error:
            progress.step("", 1, 1)
            say(str(error), error=True)
            failed += 1
    progress.step("", 1, 1)
    if failed:
        say(f"{failed} of {counted(len(paths), 'case')} could not be judged", error=True)
    return FAILED if failed else 0


def _make_folder(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--out {out}: no folder can be made there: {error.strerror}; choose another") from None
