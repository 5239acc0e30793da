"""What became of one attempt to send."""

from dataclasses import dataclass

from detector.model.notification import Delivery, SendResult

__all__ = ["Sent"]


@dataclass(frozen=True, slots=True)
class Sent:
    """One attempt, over."""

    delivery: Delivery
    result: SendResult
