"""What it is worth to know what every segment held: the same cases ranked with less and with more of it.

    PYTHONPATH=tests python -m benchmarks.suspects_where --data DIR

DIR is as for `suspects_ablation`; only cases with segments count. The daemon is not told what a segment should hold: it
reads four earlier weeks. They are drawn here around what the case expects, with the noise that the case's own ranges
show and a level of their own, and go through the daemon's code.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.suspects_ablation import HEADER, Told, row
from detector.cli.suspects_answer import question_of
from detector.cli.suspects_case import read_case
from detector.linking.levels import find_levels
from detector.linking.question import Question, SegmentChange
from detector.linking.segments import find_whereabouts
from detector.linking.suspects import rank_suspects
from detector.model.incident import Noise, Whereabouts
from detector.model.panel import Floats
from detector.model.rows import SegmentRows

WEEKS = 4
LEVEL = 0.05
"""How much the whole of one week strays from that of another, beside chance: a guess."""


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    said = parser.parse_args(arguments)
    truth = json.loads((said.data / "truth.json").read_text(encoding="utf-8"))["cases"]
    rng = np.random.default_rng(11)
    told: dict[str, list[Told]] = {}
    for name in sorted(truth):
        case = read_case(said.data / "cases" / f"{name}.json")
        if not case.segments:
            continue
        question = question_of(case)
        found = _as_read(question, rng)
        ways = {
            "nothing is known of segments": replace(question, segments=()),
            "which segments carry the loss": replace(question, segments=(), where=[one for one, _ in found]),
            "what they held, and did in earlier weeks": replace(
                question, segments=[segment for _, segments in found for segment in segments]
            ),
            "what they held, and should have": question,
        }
        for title, asked in ways.items():
            ranking = rank_suspects(asked, case.deploys, None)
            told.setdefault(title, []).append(Told(ranking, truth[name]["guilty"]))
    print(HEADER)
    print("|---|---|---|---|---|---|---|---|")
    for title, several in told.items():
        print(row(title, several, lambda _: False))
    print(f"{len(next(iter(told.values())))} cases")


def _as_read(question: Question, rng: np.random.Generator) -> list[tuple[Whereabouts, list[SegmentChange]]]:
    """Of each column which segments carry the loss, and what each held and should have, by earlier weeks."""
    columns: dict[str, list[SegmentChange]] = {}
    for segment in question.segments:
        columns.setdefault(next(iter(segment.by)), []).append(segment)
    noise = Noise(question.dispersion, question.wander)
    found = []
    for column, several in sorted(columns.items()):
        names = tuple(one.by[column] for one in several)
        usual = np.array([one.expected for one in several])
        now = _rows(column, names, np.array([one.value for one in several]))
        weeks = [_rows(column, names, _week(usual, noise, rng)) for _ in range(WEEKS)]
        levels = find_levels(now, weeks, float(usual.sum()), noise)
        segments = [SegmentChange({column: one.name}, one.value, one.expected, one.spread) for one in levels]
        found.append((find_whereabouts(now, weeks, is_drop=question.is_drop), segments))
    return found


def _week(usual: Floats, noise: Noise, rng: np.random.Generator) -> Floats:
    grain = max(noise.dispersion, 1e-6)
    level = rng.lognormal(0.0, LEVEL) * (1.0 + noise.wander * rng.standard_normal(usual.size))
    week: Floats = grain * rng.poisson(np.maximum(usual * level, 0.0) / grain).astype(np.float64)
    return week


def _rows(column: str, names: tuple[str, ...], values: Floats) -> SegmentRows:
    return SegmentRows(column, names, np.array([0]), values[:, None])


if __name__ == "__main__":
    main()
