"""The right to tick on a store: one daemon has it, others stand by."""

from contextlib import ExitStack
from threading import Lock

from detector.errors import StoreBusy, StoreError
from detector.ports import Store

__all__ = ["Lease"]


class Lease:
    """Taken, kept and taken again; usable from several threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._held: ExitStack | None = None
        self._turn = Lock()
        self.why_not = ""

    def hold(self) -> bool:
        """Whether this daemon has it, after trying to take it where it had not; False: another one has it.

        Raises:
            StoreError: the store does not answer.
        """
        with self._turn:
            return self._is_kept() or self._take()

    @property
    def is_held(self) -> bool:
        """As far as was known at the last call of `hold`."""
        return self._held is not None

    def _is_kept(self) -> bool:
        if self._held is None:
            return False
        try:
            self._store.check_lease()
        except StoreError:  # lost with its connection or file: another daemon may have it by now
            self._drop()
            return False
        return True

    def _take(self) -> bool:
        stack = ExitStack()
        try:
            stack.enter_context(self._store.lease())
        except StoreBusy as busy:
            self.why_not = str(busy)
            return False
        self._held = stack
        return True

    def _drop(self) -> None:
        held, self._held = self._held, None
        if held is not None:
            held.close()

    def give_back(self) -> None:
        """Let another daemon have it."""
        with self._turn:
            self._drop()
