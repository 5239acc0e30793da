"""When a bucket falls due, and which ones a tick has to judge."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from detector.model.grid import DAY_S, grid_of, last_closed_end
from detector.model.metric import Metric
from detector.model.span import Span, at_epoch, epoch_s
from detector.model.state import MetricState

__all__ = ["HISTORY", "Due", "due_buckets", "next_due_at"]

HISTORY = timedelta(weeks=10)
"""What a baseline is learned from: ten weeks give ten of each hour of the week, and still follow a season."""

CATCH_UP = timedelta(days=1)
"""After a gap at most a day of buckets is judged: what is older helps nobody who is told now (product.md)."""


@dataclass(frozen=True, slots=True)
class Due:
    """What one metric asks of a tick.

    Attributes:
        judge: the buckets to judge, oldest first; empty when nothing is due.
        skip: due as well, but too old to judge; directly before `judge`.
        closed_end: end of the newest closed bucket.
    """

    judge: tuple[Span, ...]
    skip: tuple[Span, ...]
    closed_end: datetime

    def __bool__(self) -> bool:
        """Something is due."""
        return bool(self.judge)


def due_buckets(metric: Metric, state: MetricState | None, now: datetime) -> Due:
    """The closed buckets without an outcome that stands.

    A metric seen for the first time owes its newest closed bucket only: what came before is history, which teaches and
    opens nothing.
    """
    closed_end = last_closed_end(metric.timezone, metric.every_s, now, metric.lateness_s)
    margin = timedelta(seconds=2 * metric.every_s + 2 * DAY_S)
    judged_until = None if state is None else state.judged_until
    if judged_until is not None and judged_until >= closed_end:
        return Due((), (), closed_end)
    # After a change of `every` or `timezone` the last judged bucket may end in the middle of one: that one is due.
    start_at = closed_end - margin if judged_until is None else judged_until - timedelta(seconds=2 * metric.every_s)
    grid = grid_of(metric.timezone, metric.every_s, Span(start_at, closed_end))
    open_from_s = epoch_s(start_at if judged_until is None else judged_until)
    ends = [int(end) for end in grid.ends]
    buckets = [grid.span(index) for index, end in enumerate(ends) if open_from_s < end <= epoch_s(closed_end)]
    if judged_until is None:
        return Due(tuple(buckets[-1:]), (), closed_end)
    most = max(1, int(CATCH_UP.total_seconds()) // metric.every_s)
    return Due(tuple(buckets[-most:]), tuple(buckets[:-most]), closed_end)


def next_due_at(metric: Metric, after: datetime) -> datetime:
    """The first instant later than `after` at which a bucket of the metric falls due."""
    closing = after - timedelta(seconds=metric.lateness_s)
    grid = grid_of(
        metric.timezone,
        metric.every_s,
        Span(closing - timedelta(seconds=2 * metric.every_s), closing + timedelta(seconds=metric.every_s + 2 * DAY_S)),
    )
    end_s = next(int(end) for end in grid.ends if int(end) > epoch_s(closing))
    return at_epoch(end_s) + timedelta(seconds=metric.lateness_s)
