"""Quality of detection, beside the rules and libraries that people use.

    python -m benchmarks.detection [--seed 1] [--short] [--data DIR] [--peers naive,stl] [--write PAGE --date DATE]

Business is simulated, or read from DIR (index.csv and CSVs, as `detector score` reads them), and broken. Whoever is
asked gets the same folder and answers with one. docs/detection-benchmark.md tells how to read the table.
"""

import argparse
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.detection.cases import Source, cases_of, read_truth, real_sources, write_cases
from benchmarks.detection.environments import ROOT, Missing, commit, peer_environment, run_module, versions
from benchmarks.detection.grading import HEADLINE, MONTH_H, grade
from benchmarks.detection.series_files import WARM_UP_H, read_rows
from benchmarks.detection.simulate import Drawn, simulated
from benchmarks.detection.table import Row, put, rendered
from benchmarks.detection.yardstick import ask_yardstick

FAST = {"naive": "same hour, 3 sd", "median_mad": "median, MAD of 8"}
SLOW = {
    "sh_esd": "S-H-ESD",
    "stl": "STL",
    "mstl": "MSTL",
    "prophet": "Prophet",
    "statsforecast": "MSTL with AutoETS",
}
PACKAGES = {"stl": ("statsmodels",), "prophet": ("prophet",), "statsforecast": ("statsforecast",)}
FEW = 6
OURS, YARDSTICK = "detector", "(knows the truth)"


@dataclass(frozen=True, slots=True)
class Track:
    """The work of one run: where it lies, what it is made of, whom to ask, where environments are kept."""

    folder: Path
    seed: int
    sources: tuple[Source, ...]
    truths: dict[str, Drawn]
    peers: tuple[str, ...]
    cache: Path


def main(arguments: Sequence[str] | None = None) -> None:
    said = _parser().parse_args(arguments)
    folder = said.work / ("real" if said.data else "simulated")
    shutil.rmtree(folder, ignore_errors=True)
    drawn = [] if said.data else list(simulated(said.seed, short=said.short))
    sources = real_sources(said.data) if said.data else (Source(one.series, one.orders) for one in drawn)
    peers = tuple(name for name in [*FAST, *SLOW] if name in said.peers.split(","))
    track = Track(folder, said.seed, tuple(sources), {one.series.name: one for one in drawn}, peers, said.cache)
    text = "\n\n".join([_caption(said, track), _everybody(track), *_slow(track)])
    print(text)
    if said.write:
        put(said.write, "real series" if said.data else "simulated series", text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--short", action="store_true", help="fewer and shorter simulated series")
    parser.add_argument("--data", type=Path, metavar="DIR", help="real series instead of simulated ones")
    parser.add_argument("--peers", default=",".join([*FAST, *SLOW]), help="whom to ask, with commas, or none")
    parser.add_argument("--cache", type=Path, default=ROOT / ".build" / "peers", help="environments of the peers")
    parser.add_argument("--work", type=Path, default=ROOT / ".build" / "detection", help="cases and answers")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="put the tables into this page")
    parser.add_argument("--date", default="", help="what the page is to say of when this was")
    return parser


def _caption(said: argparse.Namespace, track: Track) -> str:
    options = f"--seed {said.seed}{' --short' if said.short else ''}{' --data DIR' if said.data else ''}"
    options += f" --peers {said.peers}" if said.peers != ",".join([*FAST, *SLOW]) else ""
    months = sum(source.series.values.size - WARM_UP_H for source in track.sources) / MONTH_H
    places = f"`python -m benchmarks.detection {options}`"
    when = f", {said.date}" if said.date else ""
    with_ = versions(sys.executable, "numpy", "scipy")
    return (
        f"{places}{when}, commit {commit()}, Python {sys.version.split()[0]}, {with_}: "
        f"{len(track.sources)} series, {months:.0f} months of them judged."
    )


def _everybody(track: Track) -> str:
    write_cases(track.folder, track.seed, track.sources)
    rows = [_graded(track, track.folder, OURS, _ask_ours(track.folder))]
    rows += [_asked(track, track.folder, name, FAST[name]) for name in track.peers if name in FAST]
    if track.truths:
        ask_yardstick(track.folder / "input", track.folder / YARDSTICK, track.truths)
        rows.append(_graded(track, track.folder, YARDSTICK, None))
    return rendered(rows, read_truth(track.folder))


def _slow(track: Track) -> list[str]:
    """The peers that take seconds a fit, and the others beside them, on a few series that are watched for drops."""
    slow = [name for name in track.peers if name in SLOW]
    if not slow:
        return []
    busy = [one for one in track.sources if {fault.fault for fault in cases_of(track.seed, one)[1]} & set(HEADLINE)]
    chosen = sorted({place * len(busy) // FEW for place in range(FEW if busy else 0)})
    few = Track(track.folder / "few", track.seed, tuple(busy[at] for at in chosen), {}, (), track.cache)
    write_cases(few.folder, few.seed, few.sources, ("drop",))
    names = ", ".join(source.series.name for source in few.sources)
    rows = [_graded(few, track.folder, OURS, None)]
    rows += [_graded(few, track.folder, name, None, FAST[name]) for name in track.peers if name in FAST]
    rows += [_asked(few, few.folder, name, SLOW[name]) for name in slow]
    if track.truths:
        rows.append(_graded(few, track.folder, YARDSTICK, None))
    return [
        f"A few of them ({names}), with slower peers, which fit once a week:",
        rendered(rows, read_truth(few.folder)),
    ]


def _ask_ours(folder: Path) -> float:
    began = time.perf_counter()
    run_module(sys.executable, "detector", "score", folder / "input", "--out", folder / OURS)
    return time.perf_counter() - began


def _asked(track: Track, folder: Path, name: str, label: str) -> Row:
    peer = peer_environment(name, track.cache)
    if isinstance(peer, Missing):
        print(f"{name} could not be had: {peer.why}", file=sys.stderr)
        return Row(label, None, None)
    print(f"asking {name} ...", file=sys.stderr, flush=True)
    began = time.perf_counter()
    run_module(peer.python, f"benchmarks.detection.peers.{name}", folder / "input", folder / name)
    took = time.perf_counter() - began
    packages = PACKAGES.get(name, ())
    full = f"{label} ({versions(peer.python, *packages)})" if packages else label
    return _graded(track, folder, name, took, full)


def _graded(track: Track, folder: Path, name: str, took_s: float | None, label: str = "") -> Row:
    truth = read_truth(track.folder)
    names = [source.series.name for source in track.sources]
    kept = grade(folder / name, names, truth)
    copies = len(read_rows(track.folder / "input" / "index.csv"))
    return Row(label or name, kept, None if took_s is None else took_s / copies)


if __name__ == "__main__":
    main()
