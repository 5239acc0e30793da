"""What the ranking is asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from detector.model.deploy import ServiceRecord
from detector.model.verdict import Onset

__all__ = ["Question"]


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

    @property
    def what(self) -> str:
        """The anomaly in one word."""
        return "drop" if self.is_drop else "rise"
