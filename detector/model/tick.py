"""What one evaluation at one instant did."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from detector.model.incident import Incident
from detector.model.notification import Notification
from detector.model.verdict import Outcome

__all__ = ["TickReport"]


@dataclass(frozen=True, slots=True)
class TickReport:
    """The answer of `detector tick`.

    Attributes:
        at: the tick's only clock.
        outcomes: recorded or revised by this tick.
        incidents: those that changed.
        notifications: decided on by this tick.
        sent, failed: deliveries, those of earlier ticks included.
        waiting: sources and channels that are still busy with what a tick has asked of them.
        failures: metric or source or team, and what went wrong with it; the rest was still done.
    """

    at: datetime
    outcomes: tuple[Outcome, ...] = ()
    incidents: tuple[Incident, ...] = ()
    notifications: tuple[Notification, ...] = ()
    sent: int = 0
    failed: int = 0
    waiting: tuple[str, ...] = ()
    failures: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_clean(self) -> bool:
        """Everything that was due could be done."""
        return not self.failures and not self.failed
