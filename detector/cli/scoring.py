"""detector score."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from detector.cli.options import FAILED, counted, say
from detector.errors import UsageError

if TYPE_CHECKING:
    from detector.stats.offline import Job

__all__ = ["score"]


@click.command()
@click.argument("source", metavar="INPUT", type=click.Path(path_type=Path))
@click.option(
    "--out", required=True, metavar="OUTPUT", type=click.Path(path_type=Path), help="File or folder to write."
)
@click.option("--kind", default="revenue", metavar="KIND", show_default=True, help="revenue, count, ratio or gauge.")
@click.option("--bucket", default="1h", metavar="LENGTH", show_default=True, help="Length of a bucket.")
@click.option("--timezone", default="UTC", metavar="ZONE", show_default=True, help="Of times without an offset.")
@click.option("--holidays", default="", metavar="CODE", help="Public holidays, such as DE or DE-BY.")
@click.option("--on", "side", default="drop", metavar="SIDE", show_default=True, help="drop, rise or both.")
@click.option(
    "--false-alarms", default="1 per month", metavar="RATE", show_default=True, help="How many are tolerable."
)
def score(source: Path, out: Path, **words: str) -> int:
    """Judge every bucket of a CSV file, or of a folder of them, by what came before it."""
    from detector.cli.score_index import read_index, series_of

    words = {"on" if name == "side" else name: value for name, value in words.items()}
    given = series_of(
        words, lambda name: f"--{name.replace('_', '-')}"
    )  # a wrong option is a wrong call of a folder, too
    if not source.is_dir():
        from detector.stats.offline import Job

        return _score_one(Job(source, out, given))
    jobs, wrong = read_index(source, out, words)
    _make_folder(out)
    return _score_all(jobs, wrong)


def _score_one(job: "Job") -> int:
    from detector.stats.offline import score_files

    if job.target.is_dir():
        raise UsageError(f"--out {job.target}: is a folder, and INPUT is a file; name a file to write")
    if job.target.exists() and job.source.exists() and job.target.samefile(job.source):
        raise UsageError(f"--out {job.target}: is INPUT itself; name another file")
    for done in score_files([job]):
        if done.error is not None:
            raise done.error
        _warn(done.doubts)
    return 0


def _warn(doubts: Sequence[str]) -> None:
    for doubt in doubts:
        say(f"warning: {doubt}", error=True)


def _make_folder(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--out {out}: no folder can be made there: {error.strerror}; choose another") from None


def _score_all(jobs: "Sequence[Job]", wrong: Sequence[UsageError]) -> int:
    from detector.adapters.progress import TerminalProgress
    from detector.stats.offline import score_files

    for told in wrong:
        say(str(told), error=True)
    failed, progress = len(wrong), TerminalProgress()
    for done, scored in enumerate(score_files(jobs), start=1):
        progress.step("", 1, 1)
        if scored.error is not None:
            say(str(scored.error), error=True)
            failed += 1
        _warn(scored.doubts)
        progress.step("judging, series", done, len(jobs) + 2)
    progress.step("", 1, 1)
    if failed:
        say(f"{failed} of {counted(len(jobs) + len(wrong), 'file')} could not be judged", error=True)
    return FAILED if failed else 0
