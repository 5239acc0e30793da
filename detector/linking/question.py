"""What the ranking is asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from detector.linking.experience import Experience
from detector.model.deploy import ServiceRecord
from detector.model.incident import Whereabouts
from detector.model.panel import Floats
from detector.model.verdict import Onset

__all__ = ["REST", "Depth", "Ends", "Question", "SegmentChange"]

REST = "\0"
"""Stands for all values of a dimension that are not told apart; no database takes it for a value."""

_UNTAUGHT = Experience()


@dataclass(frozen=True, slots=True)
class SegmentChange:
    """One segment over the anomalous span: dimension -> value, what came and what was expected.

    `spread` is the standard deviation of a normal value; None: by the question's `dispersion` and `wander`.
    """

    by: Mapping[str, str]
    value: float
    expected: float
    spread: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Depth:
    """How much the metric lost: sizes tried, as parts of what is usual, and how well each fits; both shape (k,)."""

    size: Floats
    chance: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Ends:
    """When it may have ended: instants in seconds since 1970, and how much better each fits than that it still lasts.

    Attributes:
        at_s: shape (n,), ascending.
        odds: shape (n,), 1 where nothing speaks for or against an end there.
        width_s: how much time each stands for, shape (n,).
    """

    at_s: Floats
    odds: Floats
    width_s: Floats


@dataclass(frozen=True, slots=True)
class Question:
    """Which deploy may have begun this anomaly?

    Attributes:
        onset: when it began.
        as_of: the moment of judging.
        first_bucket_at: start of the first anomalous bucket.
        services: what the rule names.
        graph: service -> what it depends on.
        record: what was learned about each service's earlier deploys; services without an entry are fine.
        is_empty: the first anomalous bucket holds nothing at all.
        bucket_s: the metric's bucket length in seconds.
        environment: whose deploys can be suspects; compared without regard to case.
        is_drop: below what is usual, or above; chooses words only.
        segments: what fell, cut by one dimension after the other; may be empty.
        where: what was found about single columns, for those that `segments` does not cut.
        dispersion: variance over expectation of the metric's values, which tells how far a segment strays by chance.
        wander: standard deviation of the baseline's own slow error, as a part of what is expected.
        depth: how much the metric lost; None: unknown.
        ends: when it may have ended; None: unknown.
        calendar: what else the day is known for: `holiday`, `campaign`.
        experience: what earlier incidents taught.
    """

    onset: Onset
    as_of: datetime
    first_bucket_at: datetime
    services: Sequence[str]
    graph: Mapping[str, tuple[str, ...]]
    record: Mapping[str, ServiceRecord]
    is_empty: bool
    bucket_s: int
    environment: str = "production"
    is_drop: bool = True
    segments: Sequence[SegmentChange] = ()
    where: Sequence[Whereabouts] = ()
    dispersion: float = 0.0
    wander: float = 0.0
    depth: Depth | None = None
    ends: Ends | None = None
    calendar: Sequence[str] = ()
    experience: Experience = _UNTAUGHT

    @property
    def what(self) -> str:
        """The anomaly in one word."""
        return "drop" if self.is_drop else "rise"
