"""What was found about one bucket."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from detector.model.span import Span

__all__ = ["Loss", "Onset", "Outcome", "OutcomeKind"]


class OutcomeKind(StrEnum):
    """What happened to a bucket that was due; see docs/reference.md."""

    NORMAL = "normal"
    ANOMALOUS = "anomalous"
    LEARNING = "learning"
    MISSING = "missing"
    LATE = "late"
    ERROR = "error"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The current outcome of one metric and bucket.

    Attributes:
        metric: full name.
        span: the bucket.
        kind: what was found.
        judged_at: the `now` of the tick that found it.
        value: what the source said; None where it said nothing.
        weight: denominator of a ratio; None otherwise.
        expected, low, high: what the baseline said; the range holds 99 of 100 normal buckets. None when nothing was
            said.
        spread: standard deviation of a normal bucket around `expected`; None when nothing was said.
        score: evidence that something is wrong, on one scale for all series.
        in_range: the value alone, without its neighbours, is usual on the watched side and a real one: an empty bucket
            where empty is usual (closed hours) is not. Only such buckets let an incident recover.
        reason: why skipped, late, missing or error, in words.
        revision: how often the outcome was replaced since it was first recorded.
    """

    metric: str
    span: Span
    kind: OutcomeKind
    judged_at: datetime
    value: float | None = None
    weight: float | None = None
    expected: float | None = None
    low: float | None = None
    high: float | None = None
    spread: float | None = None
    score: float | None = None
    in_range: bool = False
    reason: str = ""
    revision: int = 0


@dataclass(frozen=True, slots=True)
class Loss:
    """Expected minus actual over an anomaly, in the metric's unit, with a 90 % interval; positive means missing.

    `per_hour` is the newest anomalous bucket's own share, scaled to an hour. `came_back` is how much of the amount
    was made up for in the buckets right after the anomaly: people who come back and buy; 0 where that cannot be told.
    """

    amount: float
    low: float
    high: float
    per_hour: float
    came_back: float = 0.0


@dataclass(frozen=True, slots=True)
class Onset:
    """When it began: the interval that holds 90 % of the probability, the likeliest instant, and the distribution.

    Attributes:
        earliest, likely, latest: aware UTC times.
        pieces: the distribution: spans in order of time with their probabilities, which sum to 1; uniform inside each.
    """

    earliest: datetime
    likely: datetime
    latest: datetime
    pieces: tuple[tuple[Span, float], ...] = ()
