"""Find suspects: which deploys could have done it, as far as is known now."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from detector.linking.record import service_records
from detector.linking.reports import merge_reports
from detector.linking.suspects import Question, rank_suspects
from detector.model.deploy import Ranking, ServiceRecord
from detector.model.incident import IncidentMetric
from detector.model.rulebook import RuleBook
from detector.model.span import Span
from detector.pipeline.recall import Memory
from detector.ports import Store

__all__ = ["Inquiry"]

LOOK_BACK = timedelta(hours=48)
RECORD_OVER = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Inquiry:
    """All that the ranking of this tick rests on, besides the anomaly itself."""

    store: Store
    book: RuleBook
    memory: Memory
    now: datetime

    def rank(self, part: IncidentMetric) -> Ranking:
        """Rank every deploy known by now for one metric's anomaly."""
        metric = self.book.metrics[part.metric]
        since = part.onset.earliest - LOOK_BACK
        deploys = merge_reports(self.store.deploys(Span(since, max(self.now, since)), self.now))
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
        )
        return rank_suspects(question, deploys, self.memory.last_heard_at)

    def _records(self) -> Mapping[str, ServiceRecord]:
        since = self.now - RECORD_OVER
        rankings = [i.ranking for i in self.memory.ended if i.resolved_at is not None and i.resolved_at >= since]
        return service_records(self.store.record(since, self.now), rankings)
