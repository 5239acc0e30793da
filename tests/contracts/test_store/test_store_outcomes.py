"""Outcomes with their revisions, and the history that a baseline needs."""

from dataclasses import replace

import numpy as np

from detector.adapters.store import SqlStore
from detector.model.state import TickChanges
from detector.model.verdict import OutcomeKind
from store_samples import block, hour, hours, outcome, state

METRIC = "checkout/revenue"


def test_a_changed_outcome_becomes_a_revision(store: SqlStore) -> None:
    """Another kind or value replaces the current outcome, counts, and keeps what it replaced."""
    first = outcome(8, value=0.0)
    second = replace(first, kind=OutcomeKind.NORMAL, value=3900.0, judged_at=hour(10))
    third = replace(second, value=4000.0, judged_at=hour(11))
    for found in (first, second, third):
        store.commit(TickChanges(found.judged_at, outcomes=(found,)))
    assert store.outcomes(METRIC, hour(0)) == (replace(third, revision=2),)
    assert store.outcome_revisions(METRIC, hour(0)) == (first, replace(second, revision=1))


def test_an_outcome_judged_alike_is_no_revision(store: SqlStore) -> None:
    """The same kind and value refresh the numbers around them and count as nothing."""
    first = outcome(8, expected=4000.0)
    again = replace(first, expected=4100.0, judged_at=hour(12))
    store.commit(TickChanges(hour(9), outcomes=(first,)))
    store.commit(TickChanges(hour(12), outcomes=(again,)))
    assert store.outcomes(METRIC, hour(0)) == (again,)
    assert not store.outcome_revisions(METRIC, hour(0))


def test_an_earlier_judgement_does_not_replace_a_later_one(store: SqlStore) -> None:
    """A tick that is repeated for an earlier time has no say over what was found since."""
    later = outcome(8, value=4000.0, kind=OutcomeKind.NORMAL, judged_at=hour(20))
    store.commit(TickChanges(hour(20), outcomes=(later,)))
    store.commit(TickChanges(hour(9), outcomes=(outcome(8),)))
    assert store.outcomes(METRIC, hour(0)) == (later,)


def test_two_judgements_of_a_bucket_in_one_tick(store: SqlStore) -> None:
    """The one judged last is current, whatever the order they are handed over in."""
    early, late = outcome(8), outcome(8, value=5.0, judged_at=hour(10))
    store.commit(TickChanges(hour(10), outcomes=(late, early)))
    assert store.outcomes(METRIC, hour(0)) == (replace(late, revision=1),)
    assert store.outcome_revisions(METRIC, hour(0)) == (early,)


def test_all_fields_of_an_outcome_come_back(store: SqlStore) -> None:
    """Numbers are exact to the last bit, texts keep what they hold, and what is not a number is None."""
    found = outcome(
        8.000_000_001,
        value=0.1 + 0.2,
        weight=1e-320,
        expected=-0.0,
        low=float("-inf"),
        high=1.7976931348623157e308,
        spread=1 / 3,
        score=float("nan"),
        in_range=np.True_,
        reason='late: "shop" says € 5 ☂ \U0001f4a5',
    )
    store.commit(TickChanges(hour(9), outcomes=(found,)))
    assert store.outcomes(METRIC, hour(0)) == (replace(found, score=None, in_range=True),)


def test_the_newest_outcome_of_every_metric(store: SqlStore) -> None:
    """One per metric, by the start of the bucket; metrics without outcomes are not there."""
    found = [outcome(number, f"shop/m{metric}") for metric in range(5) for number in range(metric + 1)]
    store.commit(TickChanges(hour(9), metrics=(state("shop/none"),), outcomes=tuple(found)))
    assert store.last_outcomes() == {f"shop/m{metric}": outcome(metric, f"shop/m{metric}") for metric in range(5)}


def test_outcomes_begin_at_since(store: SqlStore) -> None:
    """A bucket that starts at the instant belongs to the answer; one before does not; other metrics never."""
    store.commit(TickChanges(hour(9), outcomes=(outcome(6), outcome(7), outcome(8), outcome(7, "other/m"))))
    assert [found.span for found in store.outcomes(METRIC, hour(7))] == [hours(7, 8), hours(8, 9)]


def test_outcomes_of_many_metrics_begin_at_the_time_of_each(store: SqlStore) -> None:
    """What one question each would give; metrics without outcomes are left out."""
    names = [f"shop/m{number:04}" for number in range(1100)]
    found = tuple(outcome(start, name) for name in names for start in (8, 6, 7))
    store.commit(TickChanges(hour(9), outcomes=found))
    since = {name: hour(6 + number % 4) for number, name in enumerate(names)} | {"shop/none": hour(0)}
    each = {name: store.outcomes(name, at) for name, at in since.items()}
    assert store.outcomes_of(since) == {name: told for name, told in each.items() if told}


def test_more_outcomes_than_one_statement_takes(store: SqlStore) -> None:
    """Twelve hundred metrics are judged and revised in one commit each."""
    found = tuple(outcome(8, f"m/{number:04}") for number in range(1200))
    store.commit(TickChanges(hour(9), outcomes=found))
    store.commit(TickChanges(hour(10), outcomes=tuple(replace(it, value=1.0, judged_at=hour(10)) for it in found)))
    newest = store.last_outcomes()
    assert len(newest) == 1200
    assert {it.revision for it in newest.values()} == {1}


def test_history_is_merged_by_bucket(store: SqlStore) -> None:
    """Where a bucket is read again the newer read wins; others stay; weeks are no borders."""
    week = 7 * 24
    store.save_history(state(read_from=hour(0)), [block(week - 2, [1.0, 2.0, 3.0, 4.0])])
    store.commit(TickChanges(hour(9), history=(block(week, [30.0, float("nan"), 50.0]),)))
    found = store.history([METRIC, "other/m"], hour(week - 1))
    assert found.keys() == {METRIC}
    np.testing.assert_array_equal(found[METRIC].values, [2.0, 30.0, np.nan, 50.0])
    np.testing.assert_array_equal(found[METRIC].known, [True, True, False, True])
    assert store.metric_states()[METRIC].read_from == hour(0)


def test_history_of_many_metrics(store: SqlStore) -> None:
    """Twelve hundred metrics over eleven weeks come back whole, with weights where they have them."""
    names = [f"m/{number:04}" for number in range(1200)]
    blocks = [block(168 * 11 - 3, [float(number), 2.0, 3.0, 4.0], name) for number, name in enumerate(names)]
    store.commit(TickChanges(hour(9), history=(*blocks, block(0, [1.0], "ratio", weights=True))))
    found = store.history([*names, "ratio"], hour(0))
    assert [found[name].values[0] for name in names] == list(range(1200))
    assert found["ratio"].weights is not None
    assert found["ratio"].weights.tolist() == [2.0]


def test_forgotten_history_is_not_claimed_to_be_read(store: SqlStore) -> None:
    """The buckets go, with how far they reached; outcomes and other metrics stay."""
    store.save_history(state(read_from=hour(0), read_until=hour(3), judged_until=hour(3)), [block(0, [1.0])])
    store.save_history(state("other/m"), [block(0, [5.0], "other/m")])
    store.commit(TickChanges(hour(9), outcomes=(outcome(),)))
    store.forget_history(METRIC)
    assert store.history([METRIC, "other/m"], hour(0)).keys() == {"other/m"}
    assert store.metric_states()[METRIC] == state(judged_until=hour(3))
    assert store.outcomes(METRIC, hour(0)) == (outcome(),)
