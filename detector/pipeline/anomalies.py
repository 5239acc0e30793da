"""From outcomes to anomalies: which metrics are in trouble, since when, and what it costs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import exp, inf

from detector.alerting.runs import Run, follow, unite
from detector.model.incident import Incident, IncidentMetric
from detector.model.metric import Metric
from detector.model.span import Span
from detector.model.verdict import Loss, Onset, Outcome, OutcomeKind
from detector.pipeline.beginning import ends_among, onset_among
from detector.pipeline.costing import costed
from detector.pipeline.judging import CONTEXT, Judged
from detector.pipeline.noise import noise_of
from detector.pipeline.recall import Memory
from detector.pipeline.settling import settled

__all__ = ["Found", "find_parts", "hushed_part", "live_part", "outcomes_since", "over_spans"]


OPEN_FROM = 0.25
"""Hours in which less than this part of what the anomaly misses is usual do not begin it: as good as closed."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a tick found about one metric: how its live part goes on, and parts that nothing was known of."""

    metric: Metric
    continued: IncidentMetric | None
    fresh: tuple[IncidentMetric, ...]


def live_part(series: str, incidents: Iterable[Incident]) -> IncidentMetric | None:
    """The part of a live incident that is not over for this series."""
    parts = (part for incident in incidents for part in incident.metrics)
    return next((part for part in parts if part.series == series and part.ended_at is None), None)


def hushed_part(series: str, ended: Iterable[Incident]) -> IncidentMetric | None:
    """The newest part that a person closed while it went on."""
    parts = [
        part
        for incident in ended
        if incident.closed_by is not None
        for part in incident.metrics
        if part.series == series and part.ended_at is None
    ]
    return max(parts, key=lambda part: part.span.start_at, default=None)


def _closed_at(series: str, ended: Iterable[Incident]) -> datetime | None:
    """When the hushed part of a series was closed by hand."""
    part = hushed_part(series, ended)
    return next((one.resolved_at for one in ended if part is not None and part in one.metrics), None)


def over_spans(series: str, memory: Memory) -> tuple[Span, ...]:
    """Where the past incidents of a series were, those that are over; but for what has become usual by now."""
    parts = (part for incident in (*memory.ended, *memory.live) for part in incident.metrics)
    masked = (part.masked for part in parts if part.series == series and part.ended_at is not None)
    return tuple(span for span in masked if span is not None)


def outcomes_since(metric: Metric, memory: Memory, closed_end: datetime) -> datetime:
    """How far back the outcomes of a metric matter to this tick: from some way before its anomaly began."""
    anchors = [live_part(metric.name, memory.live), hushed_part(metric.name, memory.ended)]
    starts = [part.span.start_at for part in anchors if part is not None]
    return min([closed_end, *starts]) - timedelta(seconds=max(CONTEXT * metric.every_s, metric.revise_s))


def find_parts(judged: Judged, memory: Memory) -> Found:
    """Carry the metric's part on through the new outcomes, and find new runs."""
    metric, over = judged.metric, over_spans(judged.metric.name, memory)
    live, hushed = live_part(metric.name, memory.live), hushed_part(metric.name, memory.ended)
    anchor = live or hushed
    if anchor is None:
        return Found(metric, None, tuple(_part(judged, run, over) for run in follow(judged.due)))
    runs = follow(one for one in judged.timeline if one.span.end_at > anchor.span.start_at)
    same = unite([run for run in runs if run.start_at < anchor.span.end_at])  # several after a relapse
    fresh_from = max(anchor.span.end_at, judged.due[0].span.start_at)
    fresh = tuple(_part(judged, run, over) for run in runs if run.start_at >= fresh_from)
    if same is None:
        return Found(metric, _taken_back(anchor, judged), fresh)
    if live is None and same.ended_at is None:  # closed by hand: what goes on may become the new usual
        return Found(metric, None, fresh)
    continued = _continued(anchor, same, judged, over)
    if any(one.worst == live for one in memory.live):  # suspects are ranked by it; of no other is the end asked
        continued = replace(continued, ends=_ends(continued, judged))
    closed_at = _closed_at(metric.name, memory.ended) if live is None else None
    return Found(metric, settled(continued, metric, judged.timeline, closed_at), fresh)


def _taken_back(known: IncidentMetric, judged: Judged) -> IncidentMetric:
    """The part after late rows have shown that none of its buckets was anomalous.

    It is over if they showed real values in range; if they took the values away, the next two in range have to.
    """
    inside = [one for one in judged.timeline if one.span.start_at < known.span.end_at]
    if any(one.in_range and one.span.end_at > known.span.start_at for one in inside):
        return replace(known, ended_at=known.span.end_at, normal_in_a_row=0, ends=())
    alive = Run(known.span.start_at, known.span.end_at, known.value, known.expected, by_bound=known.bound is not None)
    later = [one for one in judged.timeline if one.span.start_at >= known.span.end_at]
    run = follow(later, alive)[0]
    ended_at = known.span.end_at if run.ended_at else None
    return replace(known, normal_in_a_row=run.normal_in_a_row, ended_at=ended_at, ends=())


def _continued(known: IncidentMetric, run: Run, judged: Judged, over: Sequence[Span]) -> IncidentMetric:
    """The part as it stands now; where and since when stay as they were told, unless late rows changed them."""
    start_at = known.span.start_at
    corrected = any(start_at <= outcome.span.start_at < known.span.end_at for outcome in judged.revised)
    if corrected or known.bound is not None:
        return replace(_part(judged, run, over), where=known.where, level_since=known.level_since)
    continued = _summed_up(judged, run, _index_of(judged, start_at), known.onset)
    return replace(continued, where=known.where, level_since=known.level_since)


def _index_of(judged: Judged, at: datetime) -> int:
    return next(index for index, outcome in enumerate(judged.timeline) if outcome.span.end_at > at)


def _part(judged: Judged, run: Run, over: Sequence[Span]) -> IncidentMetric:
    metric, timeline = judged.metric, judged.timeline
    first = _index_of(judged, run.start_at)
    if _is_by_bound(metric, timeline[first]):
        return _bounded_part(metric, run, timeline[first : _last_of(timeline, run) + 1])
    # What came before is another matter, which ended: it is no part of this one, and no sign of its beginning.
    free_at = max((span.end_at for span in over if span.end_at <= run.start_at), default=timeline[0].span.start_at)
    free = min(first, _index_of(judged, free_at))
    while first > free and _is_outside(timeline[first - 1], is_drop=run.is_drop):
        first -= 1  # not enough to speak up by itself, but part of it in the light of what followed
    begin = max(free, first - CONTEXT // 2)
    until = min(_last_of(timeline, run) + 1, begin + CONTEXT)
    onset = onset_among(timeline[begin:until], first - begin, metric.kind, is_drop=run.is_drop)
    return _summed_up(judged, run, _bucket_of_onset(timeline, begin, first, onset), onset)


def _last_of(timeline: Sequence[Outcome], run: Run) -> int:
    return max(index for index, outcome in enumerate(timeline) if outcome.span.end_at <= run.end_at)


def _summed_up(judged: Judged, run: Run, first: int, onset: Onset) -> IncidentMetric:
    metric, last = judged.metric, _last_of(judged.timeline, run)
    during = judged.timeline[first : last + 1]
    value, expected = _level(metric, during)
    part = IncidentMetric(
        metric=metric.name,
        span=Span(during[0].span.start_at, run.end_at),
        value=value,
        expected=expected,
        loss=Loss(0.0, 0.0, 0.0, 0.0),  # until it is costed below
        onset=onset,
        is_drop=run.is_drop,
        normal_in_a_row=run.normal_in_a_row,
        ended_at=run.ended_at,
        noise=noise_of(metric.kind, judged.timeline[: last + 1], first),
        chance_per_h=_chance_per_h(during),
    )
    return costed(part, metric.kind, judged.timeline)


def _ends(part: IncidentMetric, judged: Judged) -> tuple[tuple[Span, float], ...]:
    """By its buckets from some hours before the first to the newest; of what has lasted long, by the newest."""
    timeline, first = judged.timeline, _index_of(judged, part.span.start_at)
    begin = max(first - CONTEXT // 2, len(timeline) - 2 * CONTEXT, 0)
    wrong = [place for place in range(begin, first) if timeline[place].kind is OutcomeKind.ANOMALOUS]
    around = timeline[wrong[-1] + 1 if wrong else begin :]
    return ends_among(around, judged.metric.kind, is_drop=part.is_drop) if part.bound is None else ()


def _chance_per_h(during: Sequence[Outcome]) -> float:
    """A score is minus the logarithm of how many days in one bring as much."""
    return exp(-max((one.score for one in during if one.score is not None), default=inf)) / 24.0


def _is_outside(outcome: Outcome, *, is_drop: bool) -> bool:
    """Beyond what 99 of 100 normal buckets hold, on the anomaly's side."""
    value, low, high = outcome.value, outcome.low, outcome.high
    if value is None or low is None or high is None:
        return False
    return value < low if is_drop else value > high


def _bucket_of_onset(timeline: Sequence[Outcome], begin: int, first: int, onset: Onset) -> int:
    """The bucket whose beginning is nearest to the likeliest start; in closed hours, the first open one after them.

    What begins late in a bucket leaves most of it as it was, and it is the next one that tells of it.
    """
    middles = (one.span.start_at + one.span.length / 2 for one in timeline[begin:first])
    started = next((begin + place for place, middle in enumerate(middles) if onset.likely < middle), first)
    usual = OPEN_FROM * abs(timeline[first].expected or 0.0)
    return next((i for i in range(started, first) if abs(timeline[i].expected or 0.0) > usual), first)


def _is_by_bound(metric: Metric, first: Outcome) -> bool:
    """Only a hard bound makes it anomalous: nothing is known of what is usual, or it lies beyond the bound as well."""
    if first.expected is None:
        return True
    below, above = metric.alert.below, metric.alert.above
    if first.value is None or first.low is None or first.high is None:
        return False
    is_low, is_high = below is not None and first.value < below, above is not None and first.value > above
    return (is_low and first.value >= first.low) or (is_high and first.value <= first.high)


def _bounded_part(metric: Metric, run: Run, during: Sequence[Outcome]) -> IncidentMetric:
    """A hard bound was crossed where no other measure says so: the bound stands in for what is usual."""
    value = during[-1].value or 0.0
    below, above = metric.alert.below, metric.alert.above
    is_drop = below is not None and value < below
    bound = (below if is_drop else above) or 0.0
    missing = sum(abs(bound - outcome.value) for outcome in during if outcome.value is not None)
    bucket = during[0].span
    return IncidentMetric(
        metric=metric.name,
        span=Span(run.start_at, run.end_at),
        value=value,
        expected=bound,
        loss=Loss(missing, missing, missing, abs(bound - value) * 3600 / metric.every_s),
        onset=Onset(bucket.start_at, bucket.start_at, bucket.end_at, ((bucket, 1.0),)),
        is_drop=is_drop,
        normal_in_a_row=run.normal_in_a_row,
        ended_at=run.ended_at,
        bound=bound,
    )


def _level(metric: Metric, during: Sequence[Outcome]) -> tuple[float, float]:
    """Value and expectation over several buckets: sums where parts add up, else means (weighted for ratios)."""
    told = [(o.value, o.expected, o.weight) for o in during if o.value is not None and o.expected is not None]
    if metric.kind.adds_up:
        return sum(value for value, _, _ in told), sum(expected for _, expected, _ in told)
    weights = [1.0 if weight is None else weight for _, _, weight in told]
    total = sum(weights) or 1.0
    value = sum(value * weight for (value, _, _), weight in zip(told, weights, strict=True)) / total
    expected = sum(usual * weight for (_, usual, _), weight in zip(told, weights, strict=True)) / total
    return value, expected
