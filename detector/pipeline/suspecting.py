"""Find suspects: which deploys could have done it, as far as is known now."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from detector.linking.experience import Experience
from detector.linking.learning import Lesson, learn
from detector.linking.question import REST, Depth, Ends, Question, SegmentChange
from detector.linking.record import service_records
from detector.linking.reports import merge_reports
from detector.linking.suspects import rank_suspects
from detector.model.deploy import Deploy, Ranking, ServiceRecord
from detector.model.grid import grid_of
from detector.model.incident import Incident, IncidentMetric
from detector.model.metric import Metric
from detector.model.rulebook import RuleBook
from detector.model.span import Span, epoch_s
from detector.pipeline.recall import Memory
from detector.ports import Store
from detector.stats.calendar import holiday_flags

__all__ = ["Inquiry"]

LOOK_BACK = timedelta(hours=48)
RECORD_OVER = timedelta(days=90)
PIECE = timedelta(minutes=5)
BACK_ODDS = 1000.0
"""A bucket is in range again: an end between it and the last anomalous one fits so much better than none."""

SIZES = np.linspace(0.05, 1.0, 20)


@dataclass(slots=True)
class _Kept:
    """What all rankings of one tick share, read once."""

    record: Mapping[str, ServiceRecord] | None = None
    experience: Experience | None = None
    deploys: tuple[Deploy, ...] = ()
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Inquiry:
    """All that the ranking of this tick rests on, besides the anomaly itself."""

    store: Store
    book: RuleBook
    memory: Memory
    now: datetime
    kept: _Kept = field(default_factory=_Kept, repr=False, compare=False)

    def rank(self, part: IncidentMetric) -> Ranking:
        """Rank every deploy known by now for one metric's anomaly."""
        metric = self.book.metrics[part.metric]
        question = Question(
            onset=part.onset,
            as_of=self.now,
            first_bucket_at=part.span.start_at,
            services=metric.services,
            graph={name: service.depends_on for name, service in self.book.settings.services.items()},
            record=self._records(),
            is_empty=part.value == 0 and metric.kind.adds_up,
            bucket_s=metric.every_s,
            is_drop=part.is_drop,
            segments=_segments(part),
            where=part.where,
            depth=_depth(part),
            ends=_ends(part, metric, self.now),
            calendar=_calendar(part, metric),
            experience=self._experience(),
            chance_per_h=part.chance_per_h,
        )
        return rank_suspects(question, self._deploys(part.onset.earliest - LOOK_BACK), self.memory.last_heard_at)

    def _deploys(self, since: datetime) -> list[Deploy]:
        """Those of the span, from one look into the store for all anomalies of a tick that are no older."""
        if self.kept.since is None or since < self.kept.since:
            self.kept.since = since
            reports = self.store.deploys(Span(since, max(self.now, since)), self.now)
            self.kept.deploys = merge_reports(reports)
        return [one for one in self.kept.deploys if _touches(one, since)]

    def _past(self) -> list[Incident]:
        since = self.now - RECORD_OVER
        return [one for one in self.memory.ended if one.resolved_at is not None and one.resolved_at >= since]

    def _records(self) -> Mapping[str, ServiceRecord]:
        if self.kept.record is None:
            rankings = [one.ranking for one in self._past()]
            before = Span(self.now - RECORD_OVER, self.now - LOOK_BACK)  # what may be a suspect now has no record yet
            self.kept.record = service_records(self.store.record(before, self.now), rankings)
        return self.kept.record

    def _experience(self) -> Experience:
        if self.kept.experience is None:
            self.kept.experience = learn(
                [Lesson(one.ranking, one.worst.onset.likely, one.verdict) for one in self._past()]
            )
        return self.kept.experience


def _touches(deploy: Deploy, since: datetime) -> bool:
    """Started or finished since then, or runs still; as the store itself chooses."""
    moments = [at for at in (deploy.started_at, deploy.finished_at) if at is not None]
    return not deploy.status.is_final or max(moments, default=deploy.received_at) >= since


def _depth(part: IncidentMetric) -> Depth | None:
    """The part that is missing, with the interval of the loss as its doubt."""
    lost = abs(part.expected - part.value)
    if not part.is_drop or part.expected <= 0 or lost <= 0:
        return None
    size = min(lost / part.expected, 1.0)
    # The upper end knows of hours before the first one as well: they are no doubt of how much is gone.
    doubt = 2.0 * abs(part.loss.amount - part.loss.low) / max(abs(part.loss.amount), 1e-9) * size
    chance = np.exp(-0.5 * ((SIZES - size) / max(doubt, 0.05)) ** 2)
    return Depth(SIZES, chance / chance.sum())


def _segments(part: IncidentMetric) -> list[SegmentChange]:
    """What is known of every segment, those that nothing happened to as well: they are the control group."""
    return [
        SegmentChange({found.column: name}, level.value, level.expected, level.spread)
        for found in part.where
        for name, level in (*((one.name, one) for one in found.levels), (REST, found.rest))
        if level is not None
    ]


def _ends(part: IncidentMetric, metric: Metric, now: datetime) -> Ends:
    """By the course of its buckets, and that of what came since nothing is known; where there is none, by its state."""
    if not part.ends:
        return _by_state(part, metric, now)
    since = max(part.ends[-1][0].end_at, part.span.end_at)
    unknown = [(Span(since, now), 1.0)] if now > since else []
    spans, odds = zip(*part.ends, *unknown, strict=True)
    edges = np.array([(epoch_s(span.start_at), epoch_s(span.end_at)) for span in spans], dtype=np.float64)
    return Ends(edges.mean(axis=1), np.array(odds), edges[:, 1] - edges[:, 0])


def _by_state(part: IncidentMetric, metric: Metric, now: datetime) -> Ends:
    """Between the middle of the newest anomalous bucket and that of the next, once that one is in range again."""
    if part.normal_in_a_row == 0 and part.ended_at is None:
        return _still(part, now)
    half = timedelta(seconds=metric.every_s / 2)
    first, last = max(part.span.end_at - half, part.onset.likely), min(part.span.end_at + half, now)
    count = max(int((last - first) / PIECE), 1)
    edges = np.linspace(first.timestamp(), max(last, first + PIECE).timestamp(), count + 1)
    return Ends((edges[1:] + edges[:-1]) / 2.0, np.full(count, BACK_ODDS), np.diff(edges))


def _still(part: IncidentMetric, now: datetime) -> Ends:
    """It lasts: it may have ended since the newest anomalous bucket, and nothing is known of that."""
    first, last = part.span.end_at.timestamp(), max(now, part.span.end_at + PIECE).timestamp()
    return Ends(np.array([(first + last) / 2.0]), np.array([1.0]), np.array([last - first]))


def _calendar(part: IncidentMetric, metric: Metric) -> tuple[str, ...]:
    day = Span(part.onset.likely, part.onset.likely + timedelta(seconds=metric.every_s))
    grid = grid_of(metric.timezone, metric.every_s, day)
    is_holiday = len(grid) and holiday_flags(grid, metric.holidays, metric.calendar).any()
    return ("holiday",) if is_holiday else ()
