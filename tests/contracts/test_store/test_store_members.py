"""Members of a metric: who they are, how far they are, and the history of all of them."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
import sqlalchemy as sa

from detector.adapters.store import SqlStore
from detector.errors import StoreDamaged
from detector.model.incident import IncidentState
from detector.model.metric import Member
from detector.model.panel import Floats
from detector.model.span import epoch_s
from detector.model.state import MemberBlock, Members, TickChanges
from store_samples import hour, incident, outcome, state, tick, write_to

METRIC = "checkout/revenue"
SERIES = f"{METRIC} country=DE"


def members(*names: str, **more: object) -> Members:
    chosen = Members(METRIC, "f1/country", names, 50, hour(0), hour(0))
    return replace(chosen, **more)  # type: ignore[arg-type]  # a test names fields of Members


def block(first: int, values: Floats, *, weights: bool = False) -> MemberBlock:
    starts = epoch_s(hour(first)) + 3600 * np.arange(values.shape[1], dtype=np.int64)
    return MemberBlock(METRIC, starts, values, np.ones(values.shape, dtype=bool), 2 * values if weights else None)


def numbers(count: int, buckets: int) -> Floats:
    found: Floats = np.arange(count * buckets, dtype=np.float64).reshape(count, buckets)
    return found


def test_members_come_back_as_they_were_chosen(store: SqlStore) -> None:
    """In their order, with whatever characters their names have; a new choice takes the place of the old one."""
    names = ("DE", "' OR 1=1 --", 'say "hi"\n<!channel>', "DÜ\u202e", "")
    store.choose_members(members(*names), None)
    assert store.members() == {METRIC: members(*names)}
    store.choose_members(members("FR", chosen_at=hour(24), limit=1), None)
    assert store.members()[METRIC].names == ("FR",)


@pytest.mark.parametrize("weights", [False, True])
def test_their_history_comes_back(store: SqlStore, weights: bool) -> None:
    """Values, what is unknown and what may not teach, over days; from an instant on where that is asked."""
    values = numbers(3, 60)
    values[1, 7] = np.nan
    given = block(5, values, weights=weights)
    given.teaches[2, 30:40] = False
    store.choose_members(members("DE", "FR", "IT"), None)
    read = members("DE", "FR", "IT", read_until=hour(65))
    store.commit(TickChanges(hour(65), members=(read,), member_history=(given,)))
    found = store.member_history(METRIC, hour(0))
    assert found is not None
    assert found.starts.tolist() == given.starts.tolist()
    np.testing.assert_array_equal(found.values, values)
    np.testing.assert_array_equal(found.teaches, given.teaches)
    assert (found.weights is None) is not weights
    if found.weights is not None:
        np.testing.assert_array_equal(found.weights, 2 * values)
    assert store.members()[METRIC].read_until == hour(65)
    late = store.member_history(METRIC, hour(60.5))
    assert late is not None
    assert late.starts.tolist() == given.starts[56:].tolist()
    assert store.member_history(METRIC, hour(99)) is None
    assert store.member_history("checkout/orders", hour(0)) is None


def test_a_tick_writes_over_what_it_read_again(store: SqlStore) -> None:
    """Buckets that were read before hold what was read last, the others stay; the same tick twice is one."""
    store.choose_members(members("DE", "FR"), block(0, numbers(2, 48)))
    changes = TickChanges(
        hour(50),
        members=(members("DE", "FR", read_until=hour(50), judged_until=hour(50)),),
        member_history=(block(46, -numbers(2, 4)),),
    )
    for _ in range(2):
        store.commit(changes)
    found = store.member_history(METRIC, hour(0))
    assert found is not None
    assert found.values[0].tolist() == [*range(46), 0.0, -1.0, -2.0, -3.0]
    assert found.values[1, 44:].tolist() == [92.0, 93.0, -4.0, -5.0, -6.0, -7.0]
    assert store.members()[METRIC].judged_until == hour(50)


def test_a_new_choice_has_its_own_history(store: SqlStore) -> None:
    """No row of the members before is taken for one of those after."""
    store.choose_members(members("DE", "FR"), block(0, numbers(2, 48)))
    store.choose_members(members("FR", "IT", "ES"), block(0, numbers(3, 30)))
    found = store.member_history(METRIC, hour(0))
    assert found is not None
    assert found.values.shape == (3, 30)
    store.forget_members(METRIC)
    assert store.members() == {}
    assert store.member_history(METRIC, hour(0)) is None


def test_damage_is_told(store: SqlStore, store_url: str) -> None:
    """A row that is not of as many members as there are is no history."""
    store.choose_members(members("DE", "FR"), block(0, numbers(2, 10)))
    write_to(store_url, "UPDATE members SET names = :names", names='["DE", "FR", "IT"]')
    with pytest.raises(StoreDamaged, match="not of 3 members"):
        store.member_history(METRIC, hour(0))


def test_pruning_forgets_members_too(store: SqlStore, store_url: str) -> None:
    """Outcomes of members go when they are over, also the newest; history that no judging reaches goes by days."""
    store.commit(tick())
    store.choose_members(members("DE", "FR"), block(0, numbers(2, 24 * 90)))
    told = [outcome(number, SERIES) for number in range(5)]
    store.commit(TickChanges(hour(10), metrics=(state(),), outcomes=tuple(told)))
    store.commit(TickChanges(hour(10), members=(members("DE", "FR", read_until=hour(24 * 90)),)))
    assert store.prune(hour(24 * 90)) > 0
    assert store.outcomes(SERIES, hour(0)) == ()
    found = store.member_history(METRIC, hour(0))
    assert found is not None
    assert found.starts[0] == epoch_s(hour(24 * 19))
    assert store.prune(hour(24 * 90)) == 0
    assert _count(store_url, "member_history") == 71


def test_pruning_leaves_what_a_live_incident_needs(store: SqlStore) -> None:
    """Outcomes of a member in a live incident stay."""
    part = replace(incident().metrics[0], member=Member("country", "DE"))
    live = replace(incident(), metrics=(part,), state=IncidentState.OPEN)
    store.commit(TickChanges(hour(10), metrics=(state(),), outcomes=(outcome(8, SERIES),), incidents=(live,)))
    store.prune(hour(24 * 30) + timedelta(days=1))
    assert len(store.outcomes(SERIES, hour(0))) == 1


def _count(url: str, table: str) -> int:
    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection:
        found = connection.scalar(sa.select(sa.func.count()).select_from(sa.table(table)))
    engine.dispose()
    return int(found or 0)
