"""What each term of a suspect's weight is good for, and how often an innocent deploy is named: cases with the truth.

    PYTHONPATH=tests python -m benchmarks.suspects_ablation --data DIR [--placebo 400]

DIR holds `cases/NAME.json` and `truth.json`: {"cases": {"NAME": {"guilty": "d-412" or null}}}. The placebo takes the
numbers of one case and the deploys of another one in which none was guilty, moved by whole weeks onto the same hours,
and once more with the names of the services permuted: whatever is named then is innocent.
"""

import argparse
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import exp, fsum, log
from pathlib import Path
from typing import Any

import numpy as np

from detector.cli.suspects_answer import judge_case
from detector.cli.suspects_case import case_of, read_case
from detector.cli.suspects_fields import Node
from detector.linking.prior import LOOK_BACK_H, TYPICAL_FAILURE_RATE
from detector.linking.suspects import NAME_AT
from detector.model.deploy import Ranking, Suspect

TERMS = ("record", "reach", "kind", "time", "replaced", "scope", "size", "recovery", "picked", "calendar")
NEUTRAL = {"record": log(TYPICAL_FAILURE_RATE), "reach": log(0.18), "time": log(1.0 / LOOK_BACK_H)}
"""What stands in for a term: a service like all others, at a mean distance; any hour of two days as good as another."""

WEEK = timedelta(weeks=1)
NEAR = timedelta(hours=3)
HEADER = "| | right first | mean reciprocal rank | Brier | log loss | named | of them right | innocent named |"


@dataclass(frozen=True, slots=True)
class Told:
    """The ranking of a case and who was guilty; None: no deploy."""

    ranking: Ranking
    guilty: str | None


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--placebo", type=int, default=400)
    said = parser.parse_args(arguments)
    truth = json.loads((said.data / "truth.json").read_text(encoding="utf-8"))["cases"]
    told = [
        Told(judge_case(read_case(said.data / "cases" / f"{name}.json"))[1], truth[name]["guilty"])
        for name in sorted(truth)
    ]
    print(HEADER)
    print("|---|---|---|---|---|---|---|---|")
    print(row("all terms", told, lambda _: False))
    for term in TERMS:
        print(row(f"without {term}", told, lambda name, term=term: name == term))  # type: ignore[misc]  # a default binds the term
    print(row("recovery and picked", told, lambda name: name in ("recovery", "picked")))
    print(row("scope and size", told, lambda name: name in ("scope", "size")))
    innocent = [name for name in sorted(truth) if truth[name]["guilty"] is None]
    raw = {
        name: json.loads((said.data / "cases" / f"{name}.json").read_text(encoding="utf-8")) for name in sorted(truth)
    }
    for title, permuted in (("moved by whole weeks", False), ("moved, names permuted", True)):
        rankings = [
            judge_case(case_of(Node(Path("placebo"), (), case)))[1]
            for case in placebos(raw, innocent, said.placebo, permuted=permuted)
        ]
        named = sum(one.named is not None for one in rankings)
        mean = np.mean([one.no_deploy for one in rankings])
        print(f"placebo, {title}: {named} of {len(rankings)} named, no deploy {mean:.2f} in the mean")


def row(title: str, told: Iterable[Told], is_out: Callable[[str], bool]) -> str:
    """One line of the table: figures of the rankings with some terms left out."""
    graded = np.array([grade(one, is_out) for one in told])
    first, reciprocal, brier, loss, named, right, innocent = (column[~np.isnan(column)] for column in graded.T)
    parts = [first.mean(), reciprocal.mean(), brier.mean(), loss.mean(), named.mean()]
    parts += [right.mean() if right.size else 0.0, innocent.mean() if innocent.size else 0.0]
    return f"| {title} | " + " | ".join(f"{part:.3f}" for part in parts) + " |"


def grade(told: Told, is_out: Callable[[str], bool]) -> tuple[float, ...]:
    """Right first, reciprocal rank, Brier, log loss, named, rightly so, named though none is guilty; nan: not asked."""
    ids = [one.deploy.id for one in told.ranking.suspects]
    chances, nothing = shares(told.ranking, is_out)
    right = nothing if told.guilty is None else chances[ids.index(told.guilty)]
    best = max(chances, default=0.0)
    is_named = float(best >= NAME_AT)
    rank = 1 + sum(one > right for one in chances)
    nan = float("nan")
    return (
        nan if told.guilty is None else float(rank == 1),
        nan if told.guilty is None else 1.0 / rank,
        fsum(one * one for one in [*chances, nothing]) - 2.0 * right + 1.0,
        -log(max(right, 1e-6)),
        is_named,
        float(ids[int(np.argmax(chances))] == told.guilty) if is_named else nan,
        is_named if told.guilty is None else nan,
    )


def shares(ranking: Ranking, is_out: Callable[[str], bool]) -> tuple[list[float], float]:
    """Probabilities of all suspects and of none, by the terms that are left."""
    logs = [weight(one, is_out) for one in ranking.suspects]
    nothing = fsum(term.log_ratio for term in ranking.background if not is_out(term.name))
    top = max([nothing, *logs])
    total = fsum([exp(nothing - top), *(exp(one - top) for one in logs)])
    return [exp(one - top) / total for one in logs], exp(nothing - top) / total


def weight(suspect: Suspect, is_out: Callable[[str], bool]) -> float:
    """The sum of a suspect's terms, with a neutral value for those that are left out."""
    if not suspect.terms:
        return float("-inf")
    return fsum(NEUTRAL.get(one.name, 0.0) if is_out(one.name) else one.log_ratio for one in suspect.terms)


def placebos(raw: dict[str, Any], innocent: Sequence[str], count: int, *, permuted: bool) -> Iterator[dict[str, Any]]:
    """Numbers of one case with the company and the deploys of another."""
    rng = np.random.default_rng(5)
    names = sorted(raw)
    made = 0
    for mine in rng.permutation(len(names)).tolist():
        case = raw[names[mine]]
        at = instant(case["as_of"])
        for other in rng.permutation(len(innocent)).tolist():
            giver = raw[innocent[other]]
            weeks = round((at - instant(giver["as_of"])) / WEEK)
            if innocent[other] != names[mine] and abs(at - instant(giver["as_of"]) - weeks * WEEK) < NEAR:
                yield {
                    **case,
                    **company_of(giver, weeks, rng, permuted=permuted),
                    "metric": {**case["metric"], "services": giver["metric"]["services"]},
                }
                made += 1
                break
        if made == count:
            return


def company_of(giver: dict[str, Any], weeks: int, rng: np.random.Generator, *, permuted: bool) -> dict[str, Any]:
    """Services, record and deploys, the times moved by whole weeks, the names of the deploys' services permuted."""
    known = sorted(giver["services"])
    other = dict(zip(known, rng.permutation(known).tolist() if permuted else known, strict=True))
    deploys = []
    for one in giver["deploys"]:
        times = {
            key: (instant(one[key]) + weeks * WEEK).isoformat() for key in ("started_at", "finished_at") if one.get(key)
        }
        deploys.append({**one, **times, "service": other.get(one["service"], one["service"])})
    return {"services": giver["services"], "record": giver.get("record"), "deploys": deploys}


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


if __name__ == "__main__":
    main()
