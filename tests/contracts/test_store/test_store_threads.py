"""Pipelines report deploys on threads of the web server while the tick writes on its own."""

from concurrent.futures import ThreadPoolExecutor

from detector.adapters.store import SqlStore
from detector.model.deploy import Added, Receipt, Recorded
from detector.model.state import TickChanges
from store_samples import block, deploy, hour, hours, outcome, state

THREADS, REQUESTS, TICKS = 8, 12, 30


def _report(store: SqlStore, thread: int) -> list[Added]:
    added: list[Added] = []
    for request in range(REQUESTS):
        name = f"{thread}-{request}"
        reports = [deploy(f"{name}-{number}", 7 + number / 60, source="api") for number in range(3)]
        added += store.add_deploys(reports, Receipt("ci", name, "0" * 64, hour(8)))
    return added


def _tick(store: SqlStore) -> list[Added]:
    for number in range(TICKS):
        values = tuple(block(number, [1.0], f"m{metric}") for metric in range(20))
        found = tuple(outcome(number, f"m{metric}") for metric in range(20))
        with store.exclusive():
            store.commit(TickChanges(hour(number), metrics=(state("m1"),), history=values, outcomes=found))
        store.beat(hour(number))
    return []


def test_many_pipelines_report_while_ticks_are_kept(store: SqlStore, neighbour: SqlStore) -> None:
    """Nobody is told that the store is busy, and nothing is lost; half of the threads are as of another process."""
    with ThreadPoolExecutor(THREADS + 1) as pool:
        ticking = pool.submit(_tick, store)
        reporting = [pool.submit(_report, (store, neighbour)[thread % 2], thread) for thread in range(THREADS)]
    assert ticking.result() == []
    added = [one for done in reporting for one in done.result()]
    assert {it.recorded for it in added} == {Recorded.NEW}
    assert len(added) == len(store.deploys(hours(0, 24), hour(24))) == THREADS * REQUESTS * 3
    assert all(len(store.outcomes(f"m{metric}", hour(-1))) == TICKS for metric in range(20))
    assert store.last_beat_at() == hour(TICKS - 1)
