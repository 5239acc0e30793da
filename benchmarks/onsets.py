"""How well the beginning of an anomaly is dated: one sudden change, and the course the daemon follows.

    PYTHONPATH=tests python -m benchmarks.onsets [--cases 400] [--seed 5]

Simulated counts of 15 to 400 an hour with a rhythm and a slow error of the baseline, in five-minute buckets. Something
takes all, seven tenths or half of them, at once or over an hour, and is judged when the first hour is out of range.
Every way gets the hours; the last one the minutes around the beginning as well, as the daemon does.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import cast

import numpy as np

from builders import a_metric, a_part, hours
from detector.model.metric import Metric
from detector.model.panel import Floats
from detector.model.rows import BucketRows
from detector.model.span import Span, epoch_s
from detector.model.verdict import Onset, Outcome, OutcomeKind
from detector.pipeline.beginning import onset_among
from detector.pipeline.finer import refine_onset
from detector.ports import MetricSource
from detector.stats.onset import find_onset

METRIC = a_metric()
DAY, SOON = 30, 4
"""Hours before the one in which it begins, and from it on."""
FINE = 12
OUT = 2.6
GROWTH = 12.0


@dataclass(frozen=True)
class Minutes:
    """A source that has what was drawn, in five-minute buckets."""

    starts: np.ndarray
    values: Floats

    def read(self, metric: Metric, span: Span) -> BucketRows:
        assert metric.every_s == 300
        inside = (self.starts >= epoch_s(span.start_at)) & (self.starts < epoch_s(span.end_at))
        return BucketRows(self.starts[inside], self.values[inside], None)


@dataclass(frozen=True)
class Case:
    """Judged hours, the last one out of range; where it truly began."""

    timeline: list[Outcome]
    minutes: Minutes
    began_at: datetime
    grew: bool


def a_case(rng: np.random.Generator) -> Case | None:
    """One that shows within a few hours, or None."""
    usual, left = np.exp(rng.uniform(np.log(15), np.log(400))), rng.choice([0.0, 0.0, 0.3, 0.5])
    growth = rng.choice([0.0, 0.0, 0.0, GROWTH])
    place = np.arange((DAY + SOON) * FINE)
    expected = usual / FINE * (1 + 0.5 * np.sin((place / FINE + 3) / 24 * 2 * np.pi))
    error = 0.05 * rng.standard_normal(DAY + SOON).repeat(FINE)
    begin = DAY * FINE + rng.uniform(0, FINE)
    lost = np.clip((place + 1 - begin) / max(growth, 1.0), 0, 1)
    values = rng.poisson(expected * (1 + error) * (1 - lost * (1 - left))).astype(float)
    of_hours, came = expected.reshape(-1, FINE).sum(axis=1), values.reshape(-1, FINE).sum(axis=1)
    spread = np.sqrt(of_hours + (0.07 * of_hours) ** 2)
    out = np.flatnonzero(came[DAY:] < of_hours[DAY:] - OUT * spread[DAY:])
    if out.size == 0:
        return None
    timeline = [an_hour(k, came[k], of_hours[k], spread[k]) for k in range(DAY + int(out[0]) + 1)]
    first_at = hours(-DAY, SOON).start_at
    minutes = Minutes(epoch_s(first_at) + 300 * place, values)
    return Case(timeline, minutes, first_at + timedelta(minutes=5 * begin), bool(growth))


def an_hour(k: int, value: float, expected: float, spread: float) -> Outcome:
    span = hours(k - DAY, k - DAY + 1)
    in_range = value >= expected - OUT * spread
    return Outcome(
        metric=METRIC.name,
        span=span,
        kind=OutcomeKind.NORMAL if in_range else OutcomeKind.ANOMALOUS,
        judged_at=span.end_at + timedelta(minutes=5),
        value=value,
        expected=expected,
        spread=spread,
        in_range=in_range,
    )


def ways(case: Case) -> dict[str, Onset]:
    timeline = case.timeline[-25:]
    last = len(timeline) - 1
    course = onset_among(timeline, last, METRIC.kind, is_drop=True)
    part = replace(a_part(), metric=METRIC.name, onset=course, span=timeline[-1].span)
    return {
        "hours, one sudden change": find_onset(timeline, last, METRIC.kind),
        "hours, their course": course,
        "hours and minutes, their course": refine_onset(
            METRIC, part, timeline, cast("MetricSource", case.minutes)
        ).onset,
    }


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=400)
    parser.add_argument("--seed", type=int, default=5)
    said = parser.parse_args(arguments)
    rng = np.random.default_rng(said.seed)
    found: dict[tuple[str, bool], list[tuple[float, bool, float]]] = {}
    left = said.cases
    while left:
        case = a_case(rng)
        if case is None:
            continue
        left -= 1
        for way, onset in ways(case).items():
            error = abs(onset.likely - case.began_at) / timedelta(minutes=1)
            width = (onset.latest - onset.earliest) / timedelta(minutes=1)
            told = (error, onset.earliest <= case.began_at <= onset.latest, width)
            found.setdefault((way, case.grew), []).append(told)
    for (way, grew), cases in sorted(found.items(), key=lambda item: item[0][1]):
        error, covered, width = np.array(cases).T
        print(
            f"{way}, {'grew over an hour' if grew else 'sudden'}: {len(cases)} cases, median error "
            f"{np.median(error):.1f} min, inside the interval {covered.mean():.2f}, width {np.median(width):.0f} min"
        )


if __name__ == "__main__":
    main()
