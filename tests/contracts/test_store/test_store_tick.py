"""What a tick writes is there for the next one: all of it or nothing, and once."""

import threading
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from detector.adapters.store import SqlStore, delivery_rows
from detector.errors import StoreError
from detector.model.incident import Incident, IncidentState
from detector.model.state import SourceHealth, TickChanges
from detector.ports import Store
from store_samples import any_incident, block, event, hour, incident, notification, outcome, state, tick

METRIC = "checkout/revenue"


def _everything(store: SqlStore) -> tuple[object, ...]:
    history = store.history([METRIC], hour(-10_000)).get(METRIC)
    return (
        store.metric_states(),
        None if history is None else (history.starts.tolist(), history.values.tolist()),
        store.outcomes(METRIC, hour(-10_000)),
        store.outcome_revisions(METRIC, hour(-10_000)),
        store.incidents(only_live=False),
        store.incident_events(1),
        store.deliveries(only_unsent=False),
        store.source_health(),
    )


def test_it_is_a_store(store: SqlStore) -> None:
    """The class keeps the port's signatures (the type checker's part) and starts empty."""
    port: Store = store
    assert port.next_incident_number() == 1
    assert not any(_everything(store))


def test_all_of_a_tick_is_kept(store: SqlStore, neighbour: SqlStore) -> None:
    """What one connection committed, another reads."""
    changes = tick()
    store.commit(changes)
    assert neighbour.metric_states() == {METRIC: changes.metrics[0]}
    assert neighbour.outcomes(METRIC, hour(0)) == changes.outcomes
    assert neighbour.incident(1) == incident()
    assert neighbour.incident_events(1) == (event(),)
    assert neighbour.source_health() == {"shop": changes.sources[0]}
    assert [delivery.channel for delivery in neighbour.due_deliveries(hour(9))] == [0, 1]
    assert neighbour.history([METRIC], hour(0))[METRIC].values.tolist() == [1.0, 2.0, 3.0]
    assert neighbour.next_incident_number() == 2


def test_a_tick_committed_twice_is_one(store: SqlStore) -> None:
    """Repeating a commit changes nothing: no second message, event or revision."""
    store.commit(tick())
    once = _everything(store)
    store.commit(tick())
    assert _everything(store) == once


@pytest.mark.parametrize("step", ["write_notifications", "write_new"])
def test_a_failure_in_the_middle_leaves_nothing(
    store: SqlStore,
    neighbour: SqlStore,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
    """A commit that breaks off has not begun, as far as anybody can see; the same commit then goes through."""
    before = _everything(store)
    with monkeypatch.context() as patched:
        target = "write_notifications" if step == "write_notifications" else "insert_new"
        patched.setattr(delivery_rows, target, _break_off)
        with pytest.raises(RuntimeError, match="broken off"):
            store.commit(tick())
    assert _everything(neighbour) == before
    store.commit(tick())
    assert neighbour.incident(1) == incident()


def _break_off(*_args: object) -> None:
    raise RuntimeError("broken off")


def test_a_row_that_cannot_be_leaves_nothing(store: SqlStore) -> None:
    """An event of an incident that does not exist is refused by the database, and the rest of its tick with it."""
    with pytest.raises(StoreError, match="cannot keep what the tick found"):
        store.commit(replace(tick(), events=(event(99),)))
    assert not any(_everything(store))


def test_two_writers_at_once_both_get_through(store: SqlStore, neighbour: SqlStore) -> None:
    """Writers wait for each other; none fails, none is lost, and numbers do not clash."""
    failures: list[BaseException] = []
    start = threading.Barrier(2)

    def write(writer: SqlStore, first: int) -> None:
        start.wait()
        try:
            for number in range(first, first + 40, 2):
                found = outcome(number, value=float(number))
                writer.commit(TickChanges(hour(number), outcomes=(found,), metrics=(state(f"m{number}"),)))
        except StoreError as failure:
            failures.append(failure)

    threads = [threading.Thread(target=write, args=pair) for pair in ((store, 0), (neighbour, 1))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert len(store.outcomes(METRIC, hour(0))) == 40
    assert len(store.metric_states()) == 40


def test_text_that_no_database_keeps_costs_no_commit(store: SqlStore) -> None:
    """NUL and half characters in a source's words are replaced; the tick is kept."""
    store.commit(replace(tick(), sources=(SourceHealth("shop", hour(8), 1, "bad \0 and \ud800"),)))
    assert store.source_health()["shop"].error == "bad \ufffd and ?"


def test_incidents_newest_first_and_live_ones(store: SqlStore) -> None:
    """Resolved ones are left out on demand; the limit counts from the newest."""
    resolved = incident(2, state=IncidentState.RESOLVED, resolved_at=hour(12))
    everything = (incident(1), resolved, incident(3, state=IncidentState.RECOVERING), incident(4, told=None))
    store.commit(TickChanges(hour(9), incidents=everything))
    assert [it.number for it in store.incidents(only_live=True)] == [4, 3, 1]
    assert [it.number for it in store.incidents(only_live=False, limit=3)] == [4, 3, 2]
    assert store.incident(2) == resolved
    assert store.incident(5) is None
    assert store.next_incident_number() == 5


def test_what_a_person_does_to_an_incident(store: SqlStore) -> None:
    """It is kept with its line of history, once."""
    store.commit(tick())
    acknowledged = replace(
        incident(), state=IncidentState.ACKNOWLEDGED, acknowledged_at=hour(9.5), acknowledged_by="eva"
    )
    for _ in range(2):
        store.set_incident(acknowledged, replace(event(what="acknowledged"), at=hour(9.5)))
    assert store.incident(1) == acknowledged
    assert [line.what for line in store.incident_events(1)] == ["opened", "acknowledged"]


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(original=any_incident)
def test_any_incident_survives_the_database(store: SqlStore, original: Incident) -> None:
    """Whatever characters and numbers an incident holds, it comes back equal."""
    kept = replace(original, number=abs(original.number) % 1_000_000, team="checkout")
    store.commit(TickChanges(hour(9), incidents=(kept,)))
    assert store.incident(kept.number) == kept


def test_a_known_message_stays_as_it_was(store: SqlStore) -> None:
    """The same key with other words or more channels is the same message, already decided on."""
    store.commit(tick())
    changed = replace(notification(), title="other words")
    store.commit(TickChanges(hour(10), notifications=((changed, 5), (notification("test/1", incident=None), 1))))
    told = [(it.notification.key, it.notification.title) for it in store.deliveries(only_unsent=False)]
    assert told == [("test/1", "Revenue is 0 €"), *[("incident/1/1", "Revenue is 0 €")] * 2]


def test_it_says_how_large_it_is(store: SqlStore) -> None:
    """More in it makes it larger."""
    before = store.size_bytes()
    rng = np.random.default_rng(1)
    store.commit(TickChanges(hour(9), history=(block(0, rng.normal(size=20_000).tolist()),)))
    assert store.size_bytes() > before + 100_000
