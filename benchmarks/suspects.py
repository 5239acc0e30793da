"""What naming a suspect costs: a case from file to answer, and open incidents re-scored after a late report.

    PYTHONPATH=tests python -m benchmarks.suspects [--deploys 100] [--incidents 1000]

Processor time, so that other work on the machine counts little; the ratio is to what reading the same JSON takes.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from cases import a_case, a_deploy
from detector.cli.suspects_answer import answer_case, judge_case
from detector.cli.suspects_case import read_case
from detector.linking.reports import merge_reports
from detector.linking.suspects import Question, rank_suspects

ROUNDS = 30
AS_OF = datetime(2026, 3, 10, 9, 5, tzinfo=UTC)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deploys", type=int, default=100)
    parser.add_argument("--incidents", type=int, default=1000)
    said = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="detector-suspects-") as name:
        source, target = Path(name) / "case.json", Path(name) / "answer.json"
        source.write_text(json.dumps(busy_case(said.deploys)), encoding="utf-8")
        bare = _ms(lambda: json.loads(source.read_text(encoding="utf-8")))
        whole = _ms(lambda: answer_case(source, target))
        case = read_case(source)
        judged = _ms(lambda: judge_case(case))
    print(
        f"one case, {said.deploys} deploys: {whole:.1f} ms from file to answer ({whole / bare:.0f} x reading its JSON),"
    )
    print(f"  of which {judged:.1f} ms are judging")
    onset, _ = judge_case(case)
    question = Question(onset, case.as_of, AS_OF, case.services, case.graph, case.record, is_empty=True, bucket_s=3600)
    deploys = merge_reports(case.deploys)
    began = time.process_time()
    for number in range(said.incidents):
        moved = replace(question, as_of=case.as_of + timedelta(seconds=number))
        rank_suspects(moved, deploys, None)
    print(f"{said.incidents} open incidents re-scored: {time.process_time() - began:.1f} s")


def busy_case(deploys: int) -> dict[str, Any]:
    """The case of the reference with so many deploys of twenty services over the two days before it."""
    rng = np.random.default_rng(7)
    services = {f"service-{n}": {"depends_on": [f"service-{n + 1}"]} for n in range(20)}
    several = []
    for number in range(deploys):
        at = AS_OF - timedelta(minutes=float(rng.uniform(0, 48 * 60)))
        times = [f"{one:%Y-%m-%dT%H:%M:%SZ}" for one in (at - timedelta(minutes=3), at)]
        several.append(a_deploy(f"d-{number}", f"service-{rng.integers(20)}", times[0], times[1]))
    case = a_case(deploys=several)
    return {**case, "services": {**case["services"], **services}}


def _ms(call: Callable[[], object]) -> float:
    call()
    began = time.process_time()
    for _ in range(ROUNDS):
        call()
    return (time.process_time() - began) / ROUNDS * 1000.0


if __name__ == "__main__":
    main()
