"""How much anybody may ask for."""

from collections.abc import Mapping

__all__ = ["Allowance"]


class Allowance:
    """A token bucket per key: `burst` at once, then `per_s` more each second.

    A bucket that has filled up again says nothing, so it is forgotten: there are never more than the keys that were
    used within the time it takes to fill one. `at_s` is a clock that nobody sets. Used by one thread, the event loop's.
    """

    def __init__(self, per_s: float, burst: float) -> None:
        self._per_s, self._burst = per_s, burst
        self._left: dict[str, tuple[float, float]] = {}

    def __len__(self) -> int:
        return len(self._left)

    def take(self, wanted: Mapping[str, int], at_s: float) -> Mapping[str, float]:
        """Take all or nothing; by key that has too little left, the seconds until it has enough."""
        self._forget_full(at_s)
        left = {key: self._left_at(key, at_s) for key in wanted}
        wait_s = {key: (count - left[key]) / self._per_s for key, count in wanted.items() if count > left[key]}
        if not wait_s:
            self._left.update({key: (left[key] - count, at_s) for key, count in wanted.items()})
        return wait_s

    def _left_at(self, key: str, at_s: float) -> float:
        left, since_s = self._left.get(key, (self._burst, at_s))
        return min(self._burst, left + (at_s - since_s) * self._per_s)

    def _forget_full(self, at_s: float) -> None:
        full = [key for key in self._left if self._left_at(key, at_s) >= self._burst]
        for key in full:
            del self._left[key]
