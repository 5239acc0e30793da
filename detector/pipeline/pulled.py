"""What a source said of one metric, or why it did not."""

from dataclasses import dataclass

from detector.alerting.due import Due
from detector.errors import SourceError
from detector.model.metric import Metric
from detector.model.rows import MemberRows
from detector.model.span import Span
from detector.model.state import HistoryBlock, Members, MetricState

__all__ = ["Failed", "Pulled", "PulledMembers", "named_for_reading"]


@dataclass(frozen=True, slots=True, eq=False)
class PulledMembers:
    """A metric's members, and what this tick has read of them.

    Attributes:
        state: as the store has it; `rows` are not in it yet.
        due: their own, as the whole may be judged while they cannot be read.
        rows: what is new and what may still change, in pieces in order of time.
    """

    state: Members
    due: Due
    rows: tuple[MemberRows, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Pulled:
    """A metric with its history up to the newest closed bucket.

    Attributes:
        state: as the store has it; `fresh` is not in it yet.
        block: the history; `fresh`: the part that was read by this tick.
        changed: starts of buckets read before that now say something else.
        nulls: starts of buckets that have rows, but no value.
        ambiguous: buckets in the repeated hour of a time column without zone.
        members: those of a metric with `each`; None where they could not be read, for `members_error`.
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
    members: PulledMembers | None = None
    members_error: SourceError | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """A metric whose source did not answer; its buckets stay due."""

    metric: Metric
    state: MetricState
    due: Due
    error: SourceError


def named_for_reading(metric: Metric) -> str:
    """Under which name it is known whether its members can be read: the whole may be well while they are not."""
    return f"{metric.name} each {metric.each}"
