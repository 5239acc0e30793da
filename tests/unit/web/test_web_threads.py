"""Work off the event loop."""

import asyncio
import threading

import pytest

from detector.web.answers import Refused
from detector.web.threads import Turns


def test_result_and_error_come_back() -> None:
    """As if the work had been done at once."""

    async def both() -> int:
        turns = Turns(1, "test")
        with pytest.raises(ZeroDivisionError):
            await turns.take(lambda: 1 // 0)
        return await turns.take(lambda: 7)

    assert asyncio.run(both()) == 7


def test_so_many_at_a_time() -> None:
    """No more than that work at once, and all of them do in the end."""
    at_work, most, lock = 0, 0, threading.Lock()
    together = threading.Barrier(2, timeout=30)

    def work() -> None:
        nonlocal at_work, most
        with lock:
            at_work += 1
            most = max(most, at_work)
        together.wait()
        with lock:
            at_work -= 1

    async def six() -> None:
        turns = Turns(2, "test")
        await asyncio.gather(*(turns.take(work) for _ in range(6)))

    asyncio.run(six())
    assert (at_work, most) == (0, 2)


def test_queue_has_an_end() -> None:
    """Whoever finds it full is told so; when it is empty again, work is taken again."""
    release = threading.Event()

    async def flood() -> list[bool]:
        turns = Turns(1, "test", waiting_at_most=2)
        waiting = [asyncio.create_task(turns.take(lambda: release.wait(30))) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(Refused) as caught:
            await turns.take(lambda: True)
        assert (caught.value.status, caught.value.headers) == (503, {"Retry-After": "5"})
        release.set()
        await asyncio.gather(*waiting)
        return [await turns.take(lambda: True)]

    assert asyncio.run(flood()) == [True]


def test_nobody_waits_for_work_that_hangs() -> None:
    """The thread is left behind, and says nothing when it comes back to a loop that is gone."""
    release = threading.Event()

    async def impatient() -> None:
        task = asyncio.create_task(Turns(1, "test").take(lambda: release.wait(30)))
        await asyncio.sleep(0)
        task.cancel()

    asyncio.run(impatient())
    release.set()
    left = [thread for thread in threading.enumerate() if thread.name == "web test"]
    for thread in left:
        thread.join(30)
    assert not any(thread.is_alive() for thread in left)
