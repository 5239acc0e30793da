"""Writers of one process in the order in which they came."""

from collections import deque
from threading import Lock
from types import TracebackType

from detector.adapters.store.engines import BUSY_S
from detector.adapters.store.place import Place
from detector.errors import StoreBusy

__all__ = ["Turns"]


class Turns:
    """A lock that is handed on to whoever has waited longest.

    SQLite has no queue: who waits looks again after a tenth of a second, and while eight threads write without a pause
    one of them may look in vain for ten seconds. Between processes that remains so.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._guard = Lock()
        self._is_taken = False
        self._waiting: deque[Lock] = deque()

    def __enter__(self) -> None:
        with self._guard:
            if not self._is_taken:
                self._is_taken = True
                return
            mine = Lock()
            mine.acquire()
            self._waiting.append(mine)
        is_mine = False
        try:
            is_mine = mine.acquire(timeout=BUSY_S)
        finally:
            if not is_mine:  # in vain, or interrupted
                self._leave(mine)
        if not is_mine:
            raise StoreBusy(
                f"too many want to write to the store ({self._place.label}) at once: not done after {BUSY_S} s; "
                "try again"
            )

    def _leave(self, mine: Lock) -> None:
        with self._guard:
            if mine in self._waiting:
                self._waiting.remove(mine)
                return
        self._hand_on()  # it became ours while we turned away

    def _hand_on(self) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._is_taken = False

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._hand_on()
