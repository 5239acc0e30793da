"""The table of results, and its place in a page."""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.detection.cases import Planted
from benchmarks.detection.faults import FAULTS
from benchmarks.detection.grading import Grade

__all__ = ["Row", "put", "rendered"]


@dataclass(frozen=True, slots=True)
class Row:
    """One scorer: its grade, or None where it could not be had; seconds a copy of a series."""

    label: str
    grade: Grade | None
    cost_s: float | None


def rendered(rows: Sequence[Row], truth: Sequence[Planted]) -> str:
    """Markdown: a column for each kind of fault that was planted, its recall at the shared and single thresholds."""
    counts = Counter(one.fault for one in truth)
    kinds = [fault for fault in FAULTS if counts[fault]]
    heads = ["scorer", "headline", "own verdicts", "false alarms (worst)", "in range"]
    heads += [f"{kind} ({counts[kind]})" for kind in kinds] + ["hours to outage, half", "s a copy"]
    lines = [_line(heads), _line(["---"] * len(heads))]
    for row in rows:
        cells = ["could not be had"] if row.grade is None else _cells(row.grade, kinds)
        cells += [""] * (len(heads) - 2 - len(cells))
        cost = "" if row.grade is None or row.cost_s is None else f"{row.cost_s:.2g}"
        lines.append(_line([row.label, *cells, cost]))
    return "\n".join(lines)


def _cells(grade: Grade, kinds: Sequence[str]) -> list[str]:
    shared, single, own = grade.shared, grade.single, grade.own
    recalls = [f"{shared.recall[kind]:.2f} / {single.recall[kind]:.2f}" for kind in kinds]
    return [
        f"**{shared.headline:.3f}** / {single.headline:.3f}",
        f"{own.headline:.3f}",
        f"{own.false_alarms:.2f} ({grade.worst:.1f})",
        "" if math.isnan(grade.inside) else f"{grade.inside:.3f}",
        *recalls,
        f"{_hours(shared.delay_h, 'outage')}, {_hours(shared.delay_h, 'half')}",
    ]


def _hours(delay_h: Mapping[str, float], fault: str) -> str:
    return f"{delay_h[fault]:.1f}" if fault in delay_h else "-"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def put(page: Path, block: str, text: str) -> None:
    """Write the text between the marks of a block of a page.

    Raises:
        SystemExit: the page has no such block.
    """
    whole = page.read_text(encoding="utf-8")
    marks = (f"<!-- {block}: written by the benchmark -->", f"<!-- end of {block} -->")
    pattern = re.compile(f"{re.escape(marks[0])}.*?{re.escape(marks[1])}", re.DOTALL)
    if not pattern.search(whole):
        raise SystemExit(f"{page}: has no lines {marks[0]} and {marks[1]}")
    page.write_text(pattern.sub(lambda _: f"{marks[0]}\n\n{text}\n\n{marks[1]}", whole), encoding="utf-8")
