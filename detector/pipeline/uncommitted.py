"""What a tick decided and the store could not keep."""

from collections.abc import Sequence

from detector.errors import StoreBusy, StoreError
from detector.model.notification import Notification

__all__ = ["Uncommitted", "UncommittedForNow"]


class Uncommitted(StoreError):
    """Nothing of a tick was recorded; its messages can still be sent by whoever catches this."""

    def __init__(self, error: StoreError, notifications: Sequence[Notification]) -> None:
        """Keep the store's own words."""
        self.notifications = tuple(notifications)
        super().__init__(str(error))


class UncommittedForNow(Uncommitted, StoreBusy):
    """The store was in other hands, which may pass."""
