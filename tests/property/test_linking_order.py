from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.linking.reports import merge_reports
from detector.linking.segments import find_whereabouts
from detector.linking.suspects import rank_suspects
from detector.model.deploy import Answer, Deploy, DeployKind, DeployStatus, Scope, ServiceRecord
from detector.model.rows import SegmentRows
from unit.linking.morning import GRAPH, SERVICES, ask, at, onset_between, shipped

NAMES = [*GRAPH, "unheard-of"]


@st.composite
def reports(draw: st.DrawFn) -> Deploy:
    status = draw(st.sampled_from(DeployStatus))
    live_at = at(8) + timedelta(minutes=draw(st.integers(-60 * 60, 90)))
    begun_at = live_at - timedelta(minutes=draw(st.integers(0, 400)))
    return shipped(
        draw(st.sampled_from(NAMES)),
        None if status is DeployStatus.IN_PROGRESS else live_at,
        begun_at=begun_at,
        id_=draw(st.sampled_from(["a", "b", "c", "d", "e", "f"])),
        status=status,
        kind=draw(st.sampled_from(DeployKind)),
        environment=draw(st.sampled_from(["production", "staging"])),
        rollback_of=draw(st.sampled_from([None, "a", "b"])),
        scope=draw(st.sampled_from([None, Scope(), Scope({"country": ("DE",)}, 10.0)])),
        version=draw(st.sampled_from(["", "v1", "v2"])),
    )


records = st.dictionaries(
    st.sampled_from(NAMES), st.builds(ServiceRecord, st.floats(0, 500), st.floats(0, 500)), max_size=4
)


@given(st.lists(reports(), max_size=12), st.data())
def test_merging_does_not_depend_on_order_and_is_idempotent(several: list[Deploy], data: st.DataObject) -> None:
    """Any order of reports gives the same deploys, one per id; merging them again changes nothing."""
    merged = merge_reports(several)
    again = data.draw(st.permutations(several))
    assert merge_reports(again) == merged
    assert merge_reports(merged) == merged
    assert len({one.id for one in merged}) == len(merged)


@settings(deadline=None)
@given(st.lists(reports(), max_size=12), records, st.integers(0, 600), st.data())
def test_a_ranking_is_a_distribution_over_all_deploys_whatever_the_order(
    several: list[Deploy], record: dict[str, ServiceRecord], minutes: int, data: st.DataObject
) -> None:
    """Probabilities and `no_deploy` sum to 1, every deploy is listed once, and order changes nothing at all."""
    onset = onset_between(at(8) - timedelta(minutes=minutes), at(8, 30))
    ranking = rank_suspects(ask(onset, record=record), several, at(8))
    chances = [one.probability for one in ranking.suspects]
    assert sum(chances) + ranking.no_deploy == pytest.approx(1.0, abs=1e-9)
    assert chances == sorted(chances, reverse=True)
    assert all(0.0 <= one <= 1.0 for one in chances)
    assert ranking.no_deploy > 0.0
    assert sorted(one.deploy.id for one in ranking.suspects) == sorted({one.id for one in several})

    other, services = data.draw(st.permutations(several)), data.draw(st.permutations(SERVICES))
    graph = {name: GRAPH[name][::-1] for name in reversed(list(GRAPH))}
    backwards = dict(reversed(list(record.items())))
    assert rank_suspects(ask(onset, services, graph, backwards), other, at(8)) == ranking


@settings(deadline=None)
@given(st.lists(reports(), max_size=12))
def test_the_answer_follows_from_the_probabilities(several: list[Deploy]) -> None:
    """Named from 0.80 on, which is at least twice the next; one of from 0.80 for the first three; else none."""
    ranking = rank_suspects(ask(), several, None)
    chances = [*(one.probability for one in ranking.suspects), 0.0, 0.0]
    if ranking.answer is Answer.NAMED:
        assert chances[0] >= 0.80
        assert chances[0] >= 2 * chances[1]
    else:
        assert chances[0] < 0.80
        assert (sum(chances[:3]) >= 0.80) == (ranking.answer is Answer.ONE_OF)


@given(st.lists(reports(), max_size=12))
def test_what_is_rejected_has_no_probability(several: list[Deploy]) -> None:
    """Everything that was ruled out stands at exactly zero, with its reason as its only ground."""
    ranking = rank_suspects(ask(), several, None)
    told = {one.deploy.id: one for one in ranking.suspects}
    for out in ranking.rejected:
        assert told[out.deploy.id].probability == 0.0
        assert told[out.deploy.id].grounds == (out.why,)


counts = st.lists(st.integers(0, 400), min_size=4, max_size=4)


@given(counts, st.lists(counts, max_size=4), st.booleans(), st.permutations(range(4)))
def test_whereabouts_do_not_depend_on_the_order_of_segments(
    now: list[int], weeks: list[list[int]], is_drop: bool, order: list[int]
) -> None:
    """Shuffled segments and reversed weeks give the same segments; shares are within 0 and 1 and fall."""
    names = ("DE", "FR", "AT", "CH")

    def rows(values: list[int], by: list[int]) -> SegmentRows:
        table = np.array([[float(values[i])] for i in by])
        return SegmentRows("country", tuple(names[i] for i in by), np.array([0]), table)

    plain = find_whereabouts(rows(now, [0, 1, 2, 3]), [rows(week, [0, 1, 2, 3]) for week in weeks], is_drop)
    other = find_whereabouts(rows(now, order), [rows(week, order[::-1]) for week in weeks[::-1]], is_drop)
    assert other == plain
    shares = [share for _, share in plain.segments]
    assert shares == sorted(shares, reverse=True)
    assert all(0.0 <= share <= 1.0 for share in shares)
    assert sum(shares) <= 1.0 + 1e-9
    assert not (plain.everywhere and plain.segments)
