"""How much anybody may ask for."""

from collections.abc import Mapping
from datetime import datetime

__all__ = ["Allowance"]


class Allowance:
    """A token bucket per key: `burst` at once, then `per_s` more each second.

    A bucket that has filled up again says nothing, so it is forgotten: there are never more than the keys that were
    used within the time it takes to fill one. Used by one thread, that of the event loop.
    """

    def __init__(self, per_s: float, burst: float) -> None:
        self._per_s, self._burst = per_s, burst
        self._left: dict[str, tuple[float, datetime]] = {}

    def __len__(self) -> int:
        return len(self._left)

    def take(self, wanted: Mapping[str, int], now: datetime) -> Mapping[str, float]:
        """Take all or nothing; by key that has too little left, the seconds until it has enough."""
        self._forget_full(now)
        left = {key: self._left_at(key, now) for key in wanted}
        wait_s = {key: (count - left[key]) / self._per_s for key, count in wanted.items() if count > left[key]}
        if not wait_s:
            self._left.update({key: (left[key] - count, now) for key, count in wanted.items()})
        return wait_s

    def _left_at(self, key: str, now: datetime) -> float:
        left, since = self._left.get(key, (self._burst, now))
        passed_s = max(0.0, (now - since).total_seconds())  # a clock that was set back takes nothing away
        return min(self._burst, left + passed_s * self._per_s)

    def _forget_full(self, now: datetime) -> None:
        self._left = {
            key: (left, min(since, now))
            for key, (left, since) in self._left.items()
            if self._left_at(key, now) < self._burst
        }
