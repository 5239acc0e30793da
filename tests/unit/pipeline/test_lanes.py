"""Lanes: a slow job delays no other, and never itself twice."""

from collections.abc import Callable
from threading import Event, Thread

import pytest

from detector.pipeline.lanes import InTurn, Threads

SOON_S = 30.0  # a safety net: every test ends by an event


def hangs(until: Event) -> Callable[[Callable[[int], None]], None]:
    def job(_tell: Callable[[int], None]) -> None:
        until.wait(SOON_S)

    return job


def test_a_hung_lane_delays_no_other() -> None:
    """The result of a quick lane is there while a slow one hangs, which is told as busy and takes no second job."""
    lanes: Threads[str] = Threads("test", side_by_side=4, patience_s=SOON_S)
    go_on = Event()

    def slow(tell: Callable[[str], None]) -> None:
        go_on.wait(SOON_S)
        tell("slow")

    assert lanes.start("slow", slow)
    assert lanes.start("quick", lambda tell: tell("quick"))
    assert lanes.wait(["quick"]) == frozenset()
    assert lanes.results() == ["quick"]
    assert lanes.busy == {"slow"}
    assert not lanes.start("slow", slow)
    go_on.set()
    assert lanes.wait(["slow"]) == frozenset()
    assert lanes.results() == ["slow"]


def test_patience_has_an_end() -> None:
    """A wait for a job that hangs ends, and names the lane."""
    lanes: Threads[int] = Threads("test", side_by_side=1, patience_s=0.01)
    go_on = Event()
    lanes.start("slow", hangs(go_on))
    assert lanes.wait(["slow"]) == {"slow"}
    go_on.set()


def test_results_come_one_by_one() -> None:
    """What a job has already is there before the job has ended."""
    lanes: Threads[int] = Threads("test", side_by_side=1, patience_s=SOON_S)
    told, go_on = Event(), Event()

    def job(tell: Callable[[int], None]) -> None:
        tell(1)
        told.set()
        go_on.wait(SOON_S)
        tell(2)

    lanes.start("one", job)
    told.wait(SOON_S)
    assert lanes.results() == [1]
    go_on.set()
    lanes.wait(["one"])
    assert lanes.results() == [2]


def test_what_ends_a_job_is_raised_where_results_are_taken() -> None:
    """A failure is not lost in its thread, and the lane is free again."""
    lanes: Threads[int] = Threads("test", side_by_side=1, patience_s=SOON_S)

    def job(_tell: Callable[[int], None]) -> None:
        raise ValueError("odd")

    lanes.start("one", job)
    lanes.wait(["one"])
    with pytest.raises(ValueError, match="odd"):
        lanes.results()
    assert lanes.start("one", lambda tell: tell(1))
    lanes.wait(["one"])
    assert lanes.results() == [1]


def test_hurry_ends_every_wait() -> None:
    """A program that is to end waits for no lane, and jobs can see it."""
    lanes: Threads[int] = Threads("test", side_by_side=1, patience_s=SOON_S)
    go_on = Event()
    lanes.start("one", hangs(go_on))
    lanes.hurry()
    assert lanes.wait(["one"]) == {"one"}
    assert lanes.is_hurried
    go_on.set()


def test_in_turn_all_is_done_at_once() -> None:
    """Without threads a job is over when `start` returns."""
    lanes: InTurn[int] = InTurn()
    assert lanes.start("one", lambda tell: tell(1))
    assert lanes.wait(["one"]) == frozenset()
    assert lanes.results() == [1]
    assert lanes.results() == []


def test_a_store_that_failed_for_a_moment_ends_one_tick_and_not_one_for_each_lane() -> None:
    """Whatever ended jobs at the same time is raised together: a restart of the store ends eight lanes at once."""
    lanes: Threads[int] = Threads("test", side_by_side=8, patience_s=SOON_S)
    names = [str(number) for number in range(8)]

    def job(_tell: Callable[[int], None]) -> None:
        raise ValueError("odd")

    for name in names:
        lanes.start(name, job)
    lanes.wait(names)
    with pytest.raises(ValueError, match="odd"):
        lanes.results()
    assert lanes.results() == []


def test_a_thread_that_cannot_be_made_leaves_its_lane_free(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a source would never be read again after a minute without room for threads."""
    lanes: Threads[int] = Threads("test", side_by_side=1, patience_s=SOON_S)

    def fail(_thread: Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as full:
        full.setattr(Thread, "start", fail)
        with pytest.raises(RuntimeError):
            lanes.start("one", lambda tell: tell(1))
    assert lanes.start("one", lambda tell: tell(1))
    lanes.wait(["one"])
    assert lanes.results() == [1]
