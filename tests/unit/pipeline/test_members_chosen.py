"""Which values of a column become series of their own, and what of the promise is theirs."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import EIGHT, a_metric, a_part, an_incident, hours
from detector.model.incident import Incident
from detector.model.metric import EmptyMeans, FalseAlarms, Member, ShortForm
from detector.model.rows import MemberRows
from detector.model.span import epoch_s
from detector.pipeline.filling import fill_members
from detector.pipeline.judging import member_watch_of, watch_of
from detector.pipeline.members import choose, is_label, is_watched, roster_of
from detector.pipeline.recall import Memory
from worlds import a_book

EACH = a_metric(query=ShortForm("payments", "paid_at", "sum(amount)", each="country"))
NOBODY: frozenset[str] = frozenset()


def test_the_largest_are_chosen() -> None:
    """As many as the limit says, largest first; equals by their names."""
    volumes = {"AT": 5.0, "DE": 9.0, "FR": 5.0, "IT": 1.0}
    assert choose(volumes, (), NOBODY, 3) == ("DE", "AT", "FR")
    assert choose({}, (), NOBODY, 3) == ()


def test_who_is_a_member_stays_one_near_the_limit() -> None:
    """A newcomer has to be clearly larger: otherwise two that are alike would take turns every night."""
    assert choose({"DE": 9.0, "AT": 5.0, "FR": 5.5}, ("DE", "AT"), NOBODY, 2) == ("DE", "AT")
    assert choose({"DE": 9.0, "AT": 5.0, "FR": 7.0}, ("DE", "AT"), NOBODY, 2) == ("DE", "FR")


def test_who_is_in_an_incident_stays_one() -> None:
    """Beyond the limit if need be, and though no row has come for weeks; but only who was a member."""
    assert choose({"DE": 9.0, "FR": 7.0}, ("DE", "AT"), frozenset({"AT", "XX"}), 2) == ("DE", "FR", "AT")


def test_what_is_no_label_is_no_member() -> None:
    """Too long, or of characters that a database refuses."""
    assert choose({"x" * 201: 9.0, "a\0b": 8.0, "\ud800": 7.0, "DE": 1.0}, (), NOBODY, 5) == ("DE",)
    assert is_label("' OR 1=1 -- \n <!channel>")


@given(st.dictionaries(st.text(max_size=5), st.floats(0, 1e9), max_size=20), st.integers(1, 10))
def test_the_choice_depends_on_no_order(volumes: dict[str, float], limit: int) -> None:
    """The same values in another order give the same members."""
    backwards = dict(reversed(volumes.items()))
    assert choose(backwards, (), NOBODY, limit) == choose(volumes, (), NOBODY, limit)


@pytest.mark.parametrize("members", [1, 5, 50, 10_000])
def test_whole_and_members_together_keep_the_promise(members: int) -> None:
    """Half of the rule's rate is the whole's, the other half is shared out among its members."""
    metric = replace(EACH, alert=replace(EACH.alert, false_alarms=FalseAlarms(2.0, "week")))
    whole, each = watch_of(metric), member_watch_of(metric, members)
    assert whole.false_alarms_per_s == pytest.approx(each.false_alarms_per_s * members)
    assert whole.false_alarms_per_s + each.false_alarms_per_s * members == pytest.approx(2.0 / (7 * 86_400))


def test_without_members_the_whole_has_all_of_it() -> None:
    """A rule without `each` is as sensitive as it says."""
    assert watch_of(a_metric()).false_alarms_per_s == a_metric().alert.false_alarms.per_second


def test_a_member_counts_from_its_first_row_on() -> None:
    """Before it nothing is known, after it no row is zero; NULL is never one."""
    starts = epoch_s(EIGHT) + 3600 * np.arange(4, dtype=np.int64)
    nan = np.nan
    values = np.array([[nan, 5.0, nan, nan], [nan, nan, nan, nan], [nan, nan, 3.0, nan]])
    seen = np.isfinite(values)
    seen[0, 3] = True
    begun = np.array([False, True, False])
    rows = MemberRows(("DE", "AT", "FR"), starts, values, seen, ambiguous=(hours(1, 2),))
    filled = fill_members(EACH, rows, begun).values
    assert np.array_equal(filled, [[nan, nan, 0.0, nan], [0.0, nan, 0.0, 0.0], [nan, nan, 3.0, 0.0]], equal_nan=True)
    missing = fill_members(replace(EACH, empty=EmptyMeans.MISSING), rows, begun).values
    assert np.isfinite(missing).sum() == 1


def test_members_in_live_incidents_are_held() -> None:
    """Those that are over are not, nor is the whole."""
    parts = (a_part(), a_part(member=Member("country", "DE")), a_part(member=Member("country", "AT"), ended_at=EIGHT))
    assert roster_of(_memory(an_incident(metrics=parts))).held == {EACH.name: frozenset({"DE"})}


def test_a_member_is_watched_while_its_column_is() -> None:
    """Not by another column, and not without its rule."""
    part = a_part(member=Member("country", "DE"))
    assert is_watched(part, a_book(EACH))
    assert not is_watched(part, a_book(a_metric()))
    assert not is_watched(part, a_book())
    assert is_watched(a_part(), a_book(a_metric()))


def _memory(*live: Incident) -> Memory:
    return Memory(states={}, health={}, live=live, ended=(), next_number=1, last_heard_at=None)
