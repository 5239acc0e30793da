"""Writers of one process queue."""

import threading

import pytest

from detector.adapters.store import turns
from detector.adapters.store.place import place_of
from detector.adapters.store.turns import Turns
from detector.errors import StoreBusy


@pytest.fixture
def queue() -> Turns:
    """Nobody is in it."""
    return Turns(place_of("sqlite:///detector.db"))


def test_who_came_first_goes_first(queue: Turns) -> None:
    """However often those who had their turn come again."""
    order: list[int] = []

    def enter(number: int) -> None:
        with queue:
            order.append(number)

    with queue:
        threads = [threading.Thread(target=enter, args=[number]) for number in range(5)]
        for number, thread in enumerate(threads, start=1):
            thread.start()
            while len(queue._waiting) < number:
                threading.Event().wait(0.001)
    for thread in threads:
        thread.join()
    assert order == list(range(5))


def test_nobody_waits_for_ever(queue: Turns, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a while it is told, and who gave up does not get a turn that others wait for."""
    monkeypatch.setattr(turns, "BUSY_S", 0.01)
    with queue, pytest.raises(StoreBusy, match=r"too many want to write to the store .* try again"), queue:
        raise AssertionError("two inside")
    with queue:
        assert not queue._waiting


def test_a_turn_that_comes_too_late_is_handed_on(queue: Turns) -> None:
    """Given in the very moment in which the waiting one turned away."""
    mine = threading.Lock()
    with queue._guard:
        queue._is_taken = True
    queue._leave(mine)
    with queue:
        assert queue._is_taken


def test_a_failed_write_lets_the_next_one_in(queue: Turns) -> None:
    """An error inside leaves nobody locked out."""
    with pytest.raises(RuntimeError), queue:
        raise RuntimeError
    with queue:
        pass
