"""The case of `detector suspects`: strict reading, with the JSON path of whatever is wrong."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

from detector.cli.suspects_deploys import read_deploys
from detector.cli.suspects_fields import Node, read_json
from detector.config.durations import every_s
from detector.config.single_values import one_of
from detector.linking.question import SegmentChange
from detector.model.deploy import Deploy, ServiceRecord
from detector.model.metric import Direction, Kind
from detector.model.span import Span
from detector.model.verdict import Outcome, OutcomeKind

__all__ = ["Case", "case_of", "read_case"]

_RANGE_SDS = 2.0 * 2.5758
"""Of 99 in 100 normal values: the width of the range in standard deviations."""


@dataclass(frozen=True, slots=True)
class Case:
    """One anomaly and all that is known around it at `as_of`."""

    as_of: datetime
    metric: str
    kind: Kind
    bucket_s: int
    on: Direction
    services: tuple[str, ...]
    graph: Mapping[str, tuple[str, ...]]
    outcomes: tuple[Outcome, ...]
    segments: tuple[SegmentChange, ...]
    deploys: tuple[Deploy, ...]
    record: Mapping[str, ServiceRecord]
    calendar: tuple[str, ...]


def read_case(path: Path) -> Case:
    """Read one case.

    Raises:
        UsageError: names the file, the line or the JSON path, the value and what to write instead.
    """
    return case_of(read_json(path))


def case_of(case: Node) -> Case:
    """Read one case from what JSON holds.

    Raises:
        UsageError: as above.
    """
    as_of, metric = case.at("as_of").instant(), case.at("metric")
    bucket_s = metric.at("bucket").word(every_s)
    name = metric.at("name").text()
    return Case(
        as_of=as_of,
        metric=name,
        kind=metric.at("kind").word(lambda value: one_of(value, Kind)),
        bucket_s=bucket_s,
        on=metric.maybe("on", lambda node: node.word(lambda value: one_of(value, Direction))) or Direction.DROP,
        services=_names(metric.at("services")),
        graph={service: _needs(node) for service, node in sorted(case.at("services").items())},
        outcomes=_series(case.at("series"), name, bucket_s, as_of),
        segments=tuple(_segment(one) for one in case.at("segments").rows()) if case.has("segments") else (),
        deploys=read_deploys(case.at("deploys"), as_of),
        record=dict(sorted(_records(case.at("record")).items())) if case.has("record") else {},
        calendar=_names(case.at("calendar")) if case.has("calendar") else (),
    )


def _names(node: Node) -> tuple[str, ...]:
    return tuple(sorted({one.text() for one in node.rows()}))


def _needs(node: Node) -> tuple[str, ...]:
    return _names(node.at("depends_on")) if node.has("depends_on") else ()


def _records(node: Node) -> dict[str, ServiceRecord]:
    found = {}
    for service, one in node.items():
        deploys, guilty = one.at("deploys").count(), one.at("guilty").count()
        if guilty > deploys:
            one.at("guilty").wrong(
                f"{guilty:g} is more than the {deploys:g} deploys; write how many of them were guilty"
            )
        found[service] = ServiceRecord(deploys, guilty)
    return found


def _segment(one: Node) -> SegmentChange:
    by = {dimension: node.text() for dimension, node in one.at("by").items()}
    if not by:
        one.at("by").wrong('is empty; write the dimension and its value, such as {"country": "DE"}')
    return SegmentChange(by, one.at("value").number(), one.at("expected").number())


def _series(series: Node, metric: str, bucket_s: int, as_of: datetime) -> tuple[Outcome, ...]:
    rows = [(_outcome(row, metric, bucket_s, as_of), row) for row in series.rows()]
    rows.sort(key=lambda pair: pair[0].span)
    for (before, _), (after, row) in pairwise(rows):
        if after.span.start_at < before.span.end_at:
            row.at("start").wrong(
                f"'{after.span.start_at:%Y-%m-%dT%H:%MZ}' lies inside another row's bucket; leave one of them out"
            )
    closed = tuple(outcome for outcome, _ in rows if outcome.span.end_at <= as_of)
    if not any(outcome.value is not None for outcome in closed):
        series.wrong("holds no value of a bucket that was over at as_of; write the rows around the anomaly")
    return closed


def _outcome(row: Node, metric: str, bucket_s: int, as_of: datetime) -> Outcome:
    start_at = row.at("start").instant()
    length_s = row.at("bucket").word(every_s) if row.has("bucket") else bucket_s
    value = None if row.at("value").value is None else row.at("value").number()
    expected, low, high = (row.at(key).number() for key in ("expected", "low", "high"))
    if not low <= expected <= high:
        row.at("expected").wrong(
            f"{expected:g} lies outside low {low:g} to high {high:g}; write low, expected, high in order"
        )
    return Outcome(
        metric=metric,
        span=Span(start_at, start_at + timedelta(seconds=length_s)),
        kind=OutcomeKind.MISSING if value is None else OutcomeKind.NORMAL,
        judged_at=as_of,
        value=value,
        expected=expected,
        low=low,
        high=high,
        spread=_spread(expected, low, high),
        in_range=value is not None and low <= value <= high,
    )


def _spread(expected: float, low: float, high: float) -> float:
    """Standard deviation of a normal bucket; where the range ends at nothing, its upper half tells."""
    return (high - low) / _RANGE_SDS if low > 0 else 2.0 * (high - expected) / _RANGE_SDS
