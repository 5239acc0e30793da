"""Work that waits, off the event loop."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from threading import Thread
from typing import TypeVar

from detector.web.answers import Refused

__all__ = ["Turns"]

T = TypeVar("T")


class Turns:
    """So many at a time, each in a thread of its own.

    The threads are daemons: a store that does not answer keeps nobody from stopping the program, which a pool's threads
    would. Making one costs a tenth of a millisecond. While such a store lasts, the queue does not grow without end.
    """

    def __init__(self, at_a_time: int, name: str, waiting_at_most: int = 100) -> None:
        self._turn, self._name = asyncio.Semaphore(at_a_time), f"web {name}"
        self._places = at_a_time + waiting_at_most
        self._taken = 0

    async def take(self, work: Callable[[], T]) -> T:
        """What the work returns or raises, once it is its turn.

        Raises:
            Refused: 503, too many wait already.
        """
        if self._taken >= self._places:
            raise Refused(
                503, "Too many requests wait for the detector's store; try again", headers={"Retry-After": "5"}
            )
        self._taken += 1
        try:
            return await self._carried_out(work)
        finally:
            self._taken -= 1

    async def _carried_out(self, work: Callable[[], T]) -> T:
        async with self._turn:
            loop = asyncio.get_running_loop()
            future: asyncio.Future[T] = loop.create_future()
            context = copy_context()
            target = lambda: _carry_out(lambda: context.run(work), future, loop)  # noqa: E731 - one line for a thread
            Thread(target=target, name=self._name, daemon=True).start()
            return await future


def _carry_out(work: Callable[[], T], future: asyncio.Future[T], loop: asyncio.AbstractEventLoop) -> None:
    result: T | None = None
    trouble: BaseException | None = None
    try:
        result = work()
    except BaseException as error:  # noqa: BLE001 - handed over to whoever waits for it
        trouble = error

    def hand_over() -> None:
        if future.done():  # nobody waits any more: the server was stopped
            return
        if trouble is not None:
            future.set_exception(trouble)
        else:
            future.set_result(result)  # type: ignore[arg-type]  # without trouble there is a result

    with suppress(RuntimeError):  # the loop is closed: the server was stopped
        loop.call_soon_threadsafe(hand_over)
