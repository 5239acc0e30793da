"""Lanes: one thing at a time for each key, different keys side by side, so that a slow one delays no other."""

from collections.abc import Callable, Iterable, Iterator
from threading import BoundedSemaphore, Condition, Thread
from time import monotonic
from typing import Generic, Protocol, TypeVar

__all__ = ["InTurn", "Job", "Lanes", "Threads"]

T = TypeVar("T")
Job = Callable[[Callable[[T], None]], None]
"""Hands over each of its results as soon as it has it."""


class Lanes(Protocol[T]):
    """Where jobs run; a lane that is busy takes no second job."""

    def start(self, key: str, job: Job[T]) -> bool:
        """False: the lane is still busy with an earlier job, and this one was not taken."""
        ...

    def wait(self, keys: Iterable[str]) -> frozenset[str]:
        """Wait for lanes, with patience; those that are busy still."""
        ...

    def results(self) -> list[T]:
        """What jobs have handed over since the last call; raises what ended a job."""
        ...

    def arriving(self, keys: Iterable[str]) -> Iterator[T]:
        """Results as they come, until the lanes are done or patience is at its end; raises what ended a job."""
        ...

    @property
    def busy(self) -> frozenset[str]:
        """Lanes with a job in them."""
        ...

    @property
    def is_hurried(self) -> bool:
        """The program is about to end: a long job stops at its next chance."""
        ...

    @property
    def is_retired(self) -> bool:
        """Nobody wants to know any more: a job keeps nothing of what it still hears."""
        ...


class InTurn(Generic[T]):
    """One job after the other, each at once: for a command that ends when all is done."""

    busy: frozenset[str] = frozenset()
    is_hurried = is_retired = False

    def __init__(self) -> None:
        self._results: list[T] = []

    def start(self, key: str, job: Job[T]) -> bool:
        del key
        job(self._results.append)
        return True

    def wait(self, keys: Iterable[str]) -> frozenset[str]:
        del keys
        return frozenset()

    def results(self) -> list[T]:
        taken, self._results = self._results, []
        return taken

    def arriving(self, keys: Iterable[str]) -> Iterator[T]:
        del keys
        yield from self.results()


class Threads(Generic[T]):
    """A thread for each busy lane; a job that hangs keeps its lane busy, and nothing else.

    The threads are daemonic: a query without an end must not keep the program from ending.
    """

    def __init__(self, name: str, side_by_side: int, patience_s: float) -> None:
        """At most `side_by_side` jobs at work at once; `wait` waits for `patience_s` at most."""
        self._name, self._patience_s = name, patience_s
        self._slots = BoundedSemaphore(side_by_side)
        self._changed = Condition()
        self._busy: set[str] = set()
        self._results: list[T] = []
        self._failures: list[BaseException] = []
        self._is_hurried = self._is_retired = False

    def start(self, key: str, job: Job[T]) -> bool:
        with self._changed:
            if key in self._busy:
                return False
            self._busy.add(key)
        try:
            Thread(target=self._run, args=(key, job), name=f"{self._name} {key}", daemon=True).start()
        except BaseException:  # no room for a thread now: the lane must not be taken for busy for ever
            self._leave(key)
            raise
        return True

    def _run(self, key: str, job: Job[T]) -> None:
        try:
            with self._slots:
                job(self._take)
        except BaseException as error:  # noqa: BLE001 - raised again by `results`, in the thread that ticks
            with self._changed:
                self._failures.append(error)
        finally:
            self._leave(key)

    def _leave(self, key: str) -> None:
        with self._changed:
            self._busy.discard(key)
            self._changed.notify_all()

    def _take(self, result: T) -> None:
        with self._changed:
            self._results.append(result)
            self._changed.notify_all()

    def wait(self, keys: Iterable[str]) -> frozenset[str]:
        awaited = frozenset(keys)
        with self._changed:
            self._changed.wait_for(lambda: self._is_hurried or not awaited & self._busy, self._patience_s)
            return awaited & self._busy

    def results(self) -> list[T]:
        with self._changed:
            if self._failures:  # mostly one cause for all of them, such as a store that was away: one tick ends by it
                failures, self._failures = self._failures, []
                raise failures[0]
            taken, self._results = self._results, []
            return taken

    def arriving(self, keys: Iterable[str]) -> Iterator[T]:
        awaited, ends_at = frozenset(keys), monotonic() + self._patience_s
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._is_there(awaited), max(0.0, ends_at - monotonic()))
                is_last = self._is_hurried or not awaited & self._busy or monotonic() >= ends_at
            yield from self.results()
            if is_last:
                return

    def _is_there(self, awaited: frozenset[str]) -> bool:
        return bool(self._results or self._failures or self._is_hurried or not awaited & self._busy)

    @property
    def busy(self) -> frozenset[str]:
        with self._changed:
            return frozenset(self._busy)

    @property
    def is_hurried(self) -> bool:
        return self._is_hurried

    @property
    def is_retired(self) -> bool:
        return self._is_retired

    def retire(self) -> None:
        """Other lanes take the place of these; what is under way here comes to nothing."""
        self._is_retired = True

    def hurry(self) -> None:
        """Let nobody wait any longer."""
        with self._changed:
            self._is_hurried = True
            self._changed.notify_all()
