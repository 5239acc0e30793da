"""What a source said of one metric, or why it did not."""

from dataclasses import dataclass

from detector.alerting.due import Due
from detector.errors import SourceError
from detector.model.metric import Metric
from detector.model.span import Span
from detector.model.state import HistoryBlock, MetricState

__all__ = ["Failed", "Pulled"]


@dataclass(frozen=True, slots=True, eq=False)
class Pulled:
    """A metric with its history up to the newest closed bucket.

    Attributes:
        state: as the store has it; `fresh` is not in it yet.
        block: the history; `fresh`: the part that was read by this tick.
        changed: starts of buckets read before that now say something else.
        nulls: starts of buckets that have rows, but no value.
        ambiguous: buckets in the repeated hour of a time column without zone.
    """

    metric: Metric
    state: MetricState
    due: Due
    block: HistoryBlock
    fresh: HistoryBlock
    changed: frozenset[int] = frozenset()
    nulls: frozenset[int] = frozenset()
    ambiguous: tuple[Span, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Failed:
    """A metric whose source did not answer; its buckets stay due."""

    metric: Metric
    state: MetricState
    due: Due
    error: SourceError
