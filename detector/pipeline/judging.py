"""Expect and judge: from a metric's history to the outcomes of its due buckets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from detector.alerting.due import HISTORY
from detector.model.metric import Metric
from detector.model.panel import Bools, Panel
from detector.model.span import Span, epoch_s
from detector.model.state import HistoryBlock
from detector.model.verdict import Outcome, OutcomeKind
from detector.pipeline.filling import panel_of, without
from detector.pipeline.pulled import Failed, Pulled
from detector.pipeline.teaching import Lessons
from detector.stats.calendar import with_calendar
from detector.stats.judge import Judgement, VerdictCode, Watch, judge

__all__ = [
    "CONTEXT",
    "Judged",
    "Seen",
    "judge_metric",
    "judged_of",
    "member_watch_of",
    "outcomes_of_failure",
    "see",
    "watch_of",
]

CONTEXT = 48
"""Buckets before the due ones that are judged as well: the onset is looked for among them."""

KINDS = {
    VerdictCode.NORMAL: OutcomeKind.NORMAL,
    VerdictCode.ANOMALOUS: OutcomeKind.ANOMALOUS,
    VerdictCode.LEARNING: OutcomeKind.LEARNING,
    VerdictCode.MISSING: OutcomeKind.MISSING,
}


@dataclass(frozen=True, slots=True)
class Judged:
    """One metric's outcomes.

    Attributes:
        due: of the due buckets, oldest first; `revised`: of earlier ones whose value changed; `skipped`: not judged.
        timeline: due ones and those before them, as they stand now, without holes.
    """

    pulled: Pulled
    due: tuple[Outcome, ...]
    revised: tuple[Outcome, ...]
    skipped: tuple[Outcome, ...]
    timeline: tuple[Outcome, ...]

    @property
    def metric(self) -> Metric:
        """The metric that was judged."""
        return self.pulled.metric


def watch_of(metric: Metric) -> Watch:
    """Of the whole: where members are judged beside it, half of what the rule tolerates is for it."""
    alert = metric.alert
    share = 1.0 if metric.each is None else 0.5
    return Watch(metric.kind, alert.on, share * alert.false_alarms.per_second, alert.below, alert.above)


def member_watch_of(metric: Metric, members: int) -> Watch:
    """Of each member: they share the other half. A hard bound is one on the whole."""
    alert = metric.alert
    return Watch(metric.kind, alert.on, 0.5 * alert.false_alarms.per_second / max(members, 1))


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A metric's history as its newest buckets are judged by it; Panels of one row.

    Attributes:
        told: as it was read.
        panel: the same as it is judged, without what is over, which neither teaches nor counts.
        newest: how many buckets.
    """

    told: Panel
    panel: Panel
    newest: int


def see(
    pulled: Pulled, recorded: Sequence[Outcome], over: Sequence[Span], late: frozenset[int], lessons: Lessons
) -> Seen:
    """What there is to judge: the due buckets, those whose value changed, and some before them.

    Args:
        pulled: history and what is due.
        recorded: current outcomes of the metric's last buckets, in order of time.
        over: spans of its past incidents: neither taught by nor summed into the evidence of later buckets.
        late: starts of due buckets that a witness calls late.
        lessons: what its incidents say of levels that stay.
    """
    metric, block = pulled.metric, without(pulled.block, late)
    known_past = {epoch_s(outcome.span.start_at) for outcome in recorded}
    first = min([epoch_s(pulled.due.judge[0].start_at), *(pulled.changed & known_past)])
    span = Span(pulled.due.closed_end - HISTORY, pulled.due.closed_end)
    told = panel_of(metric, block, span)
    panel = panel_of(metric, _masked(block, over), span) if over else told
    panel = with_calendar(panel, metric.holidays, metric.calendar)
    begun = lessons.begins_level(panel.grid)
    panel = panel if begun is None else replace(panel, begins_level=begun[None, :])
    newest = min(len(panel.grid), int(np.sum(panel.grid.starts >= first)) + CONTEXT)
    return Seen(told, panel, newest)


def judge_metric(
    pulled: Pulled,
    seen: Seen,
    recorded: Sequence[Outcome],
    corrected: Sequence[Span],
    late: frozenset[int],
    now: datetime,
) -> Judged:
    """Judge the due buckets, and again those whose value changed.

    Args:
        pulled: history and what is due.
        seen: the same as it is judged.
        recorded: current outcomes of the metric's last buckets, in order of time.
        corrected: spans in which late rows correct values only.
        late: starts of due buckets that a witness calls late.
        now: of the tick.
    """
    seasons, newest = pulled.state.seasons, seen.newest
    judgement = judge(seen.panel, watch_of(pulled.metric), newest, None if seasons is None else [seasons])
    return judged_of(pulled, (seen.told.cut(slice(-newest, None)), judgement), recorded, corrected, late, now)


def judged_of(
    pulled: Pulled,
    seen: tuple[Panel, Judgement],
    recorded: Sequence[Outcome],
    over: Sequence[Span],
    late: frozenset[int],
    now: datetime,
) -> Judged:
    """One series' outcomes: a Panel of one row with what was read of the newest buckets, and how they were judged.

    In `over` late rows correct values only: spans of past incidents, and of levels that have become usual.
    """
    metric, (told, judgement) = pulled.metric, seen
    known_past = {epoch_s(outcome.span.start_at): outcome for outcome in recorded}
    stands = frozenset(known_past.keys() - pulled.changed - {epoch_s(bucket.start_at) for bucket in pulled.due.judge})
    fresh = {
        epoch_s(outcome.span.start_at): outcome for outcome in _outcomes(pulled, told, judgement, stands, late, now)
    }
    due = tuple(fresh[epoch_s(span.start_at)] for span in pulled.due.judge)
    revised = tuple(
        _revision(known_past[start], fresh.get(start), over)
        for start in sorted(pulled.changed & known_past.keys())
        if start < epoch_s(due[0].span.start_at)
    )
    current = fresh | known_past | {epoch_s(outcome.span.start_at): outcome for outcome in (*revised, *due)}
    timeline = tuple(current[start] for start in sorted(current))
    skipped = tuple(
        Outcome(metric.name, span, OutcomeKind.SKIPPED, now, reason="older than a day when the detector came back")
        for span in pulled.due.skip
    )
    return Judged(pulled, due, revised, skipped, timeline)


def outcomes_of_failure(failed: Failed, now: datetime) -> tuple[Outcome, ...]:
    """The due buckets of a metric whose source did not answer; they stay due."""
    return tuple(
        Outcome(failed.metric.name, span, OutcomeKind.ERROR, now, reason=str(failed.error)) for span in failed.due.judge
    )


def _masked(block: HistoryBlock, over: Sequence[Span]) -> HistoryBlock:
    gone: Bools = np.zeros(block.starts.size, dtype=bool)
    for span in over:
        gone |= (block.starts >= epoch_s(span.start_at)) & (block.starts < epoch_s(span.end_at))
    return without(block, frozenset(block.starts[gone].tolist()))


def _revision(before: Outcome, again: Outcome | None, over: Sequence[Span]) -> Outcome:
    """Late rows correct an outcome; inside an incident that is over they correct its value only."""
    if again is None:
        return before
    if any(span.start_at <= before.span.start_at < span.end_at for span in over):
        return replace(before, value=again.value, weight=again.weight, judged_at=again.judged_at)
    return again


def _outcomes(
    pulled: Pulled, panel: Panel, judgement: Judgement, stands: frozenset[int], late: frozenset[int], now: datetime
) -> list[Outcome]:
    """One outcome for each of the newest buckets, from the arrays of the judgement, but for those that stand."""
    metric, reasons = pulled.metric, _reasons(pulled, late)
    found: list[Outcome] = []
    for index, start in enumerate(panel.grid.starts.tolist()):
        if start in stands:
            continue
        kind, reason = KINDS[VerdictCode(int(judgement.verdict[0, index]))], ""
        if kind is OutcomeKind.MISSING:
            kind, reason = reasons.get(start, (kind, "no rows" if _has_begun(pulled) else "no rows have come yet"))
        found.append(
            Outcome(
                metric=metric.name,
                span=panel.grid.span(index),
                kind=kind,
                judged_at=now,
                value=_number(panel.values[0, index]),
                weight=None if panel.weights is None else _number(panel.weights[0, index]),
                expected=_number(judgement.expected[0, index]),
                low=_number(judgement.low[0, index]),
                high=_number(judgement.high[0, index]),
                spread=_number(judgement.spread[0, index]),
                score=_number(judgement.score[0, index]),
                in_range=bool(judgement.in_range[0, index]),
                reason=reason,
            )
        )
    return found


def _has_begun(pulled: Pulled) -> bool:
    return bool(pulled.block.known.any())


def _reasons(pulled: Pulled, late: frozenset[int]) -> Mapping[int, tuple[OutcomeKind, str]]:
    """Why buckets without a value have none, by start."""
    reasons = dict.fromkeys(pulled.nulls, (OutcomeKind.MISSING, "there are rows, but their value is NULL"))
    reasons |= dict.fromkeys(late, (OutcomeKind.LATE, "its witness has nothing newer either"))
    for stretch in pulled.ambiguous:
        inside = pulled.block.starts[
            (pulled.block.starts >= epoch_s(stretch.start_at)) & (pulled.block.starts < epoch_s(stretch.end_at))
        ]
        told = "the clock change repeats this hour, and the times carry no zone to tell the two apart"
        reasons |= {int(start): (OutcomeKind.SKIPPED, told) for start in inside}
    return reasons


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
