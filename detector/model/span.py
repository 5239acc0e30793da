"""A half-open stretch of time."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

__all__ = ["Span", "at_epoch", "epoch_s"]


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """From `start_at` (included) to `end_at` (excluded); both are aware and in UTC.

    Raises:
        ValueError: a time without a zone, or an end before the start.
    """

    start_at: datetime
    end_at: datetime

    def __post_init__(self) -> None:
        """Check once, so that nobody downstream has to."""
        if self.start_at.tzinfo is None or self.end_at.tzinfo is None:
            msg = f"a span needs aware times, not {self.start_at} to {self.end_at}"
            raise ValueError(msg)
        if self.end_at < self.start_at:
            msg = f"a span cannot end at {self.end_at}, before its start {self.start_at}"
            raise ValueError(msg)

    @property
    def length(self) -> timedelta:
        """How long the span is."""
        return self.end_at - self.start_at


def epoch_s(at: datetime) -> int:
    """Whole seconds since 1970 in UTC; fractions are cut off downwards."""
    return int((at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1))


def at_epoch(seconds: float) -> datetime:
    """The aware UTC time of a number of seconds since 1970."""
    return datetime.fromtimestamp(float(seconds), tz=UTC)
