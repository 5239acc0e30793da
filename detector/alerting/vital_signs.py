"""Whether a tick proves that the detector works: that its scheduler, its store and its sender have moved."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from detector.model.notification import Delivery

__all__ = ["STUCK_AFTER", "Proof", "proof"]

STUCK_AFTER = timedelta(minutes=15)
"""A tick a minute takes up what is due; what nobody has taken up for fifteen of them is stuck."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What the dead man's switch is told: nothing in `doubts` is success."""

    doubts: tuple[str, ...] = ()

    @property
    def is_given(self) -> bool:
        """All vital signs are there."""
        return not self.doubts

    @property
    def why_not(self) -> str:
        """The doubts, in one line."""
        return "; ".join(self.doubts)


def proof(
    tick_at: datetime, trouble: str, beat_at: datetime | None, due: Sequence[Delivery], unheard: Sequence[str] = ()
) -> Proof:
    """Whether the tick at `tick_at` shows that everything moves.

    Args:
        tick_at: the tick's instant; also the `now` that deliveries are measured by.
        trouble: what ended the tick too early, without secrets; empty when it came to its end.
        beat_at: the sign of life as the store has it after the tick; None when there is none, or it cannot be read.
        due: deliveries whose time has come and that are not given up (`Store.due_deliveries`): neither those that wait
            for their next attempt nor those that a destination asked to hold back are among them.
        unheard: troubles that nobody could be told of (`pipeline.admins`), in words.
    """
    doubts: list[str] = []
    if trouble:
        doubts.append(f"the tick failed: {trouble}")
    elif beat_at is None or beat_at < tick_at:
        since = f"; the newest one is from {beat_at:%Y-%m-%d %H:%M} UTC" if beat_at is not None else ""
        doubts.append(f"the tick left no sign of life in the store{since}")
    stuck = [one for one in due if tick_at - _due_since(one) > STUCK_AFTER]
    if stuck:
        oldest = min(map(_due_since, stuck))
        messages = "1 message is" if len(stuck) == 1 else f"{len(stuck)} messages are"
        doubts.append(f"{messages} not being sent, the oldest due since {oldest:%Y-%m-%d %H:%M} UTC")
    return Proof((*doubts, *unheard))


def _due_since(delivery: Delivery) -> datetime:
    return delivery.next_attempt_at or delivery.notification.created_at
