from dataclasses import replace
from itertools import permutations

from detector.linking.reports import live_at, merge_reports
from detector.model.deploy import DeployStatus, Scope
from unit.linking.morning import at, shipped

RUNNING = DeployStatus.IN_PROGRESS
BEGUN = shipped("payments", None, begun_at=at(7, 50), status=RUNNING, id_="d-1")
DONE = shipped("payments", at(7, 58), begun_at=at(7, 51), id_="d-1")


def test_final_beats_in_progress_whatever_the_order() -> None:
    """A late `in_progress` does not bring a finished deploy back to running."""
    late = replace(BEGUN, received_at=at(8, 30))
    for order in permutations([late, DONE]):
        (merged,) = merge_reports(order)
        assert merged.status is DeployStatus.SUCCESS
        assert merged.finished_at == at(7, 58)


def test_of_two_final_reports_the_later_finish_holds() -> None:
    """A pipeline that is run again under its id corrects what it said."""
    failed = replace(DONE, status=DeployStatus.FAILURE, finished_at=at(7, 40), received_at=at(9))
    for order in permutations([failed, DONE, BEGUN]):
        assert merge_reports(order)[0].status is DeployStatus.SUCCESS


def test_earliest_start_and_arrival_of_all_reports_hold() -> None:
    """Exposure began with the first of them, and we knew from the first of them on."""
    (merged,) = merge_reports([DONE, BEGUN])
    assert merged.started_at == at(7, 50)
    assert merged.received_at == BEGUN.received_at


def test_gaps_are_filled_from_the_other_reports() -> None:
    """What only the first report told is kept."""
    told = replace(
        BEGUN, actor="alice", url="https://ci.example/1", commit="abc", scope=Scope(percent=10), version="v9"
    )
    (merged,) = merge_reports([replace(DONE, version=""), told])
    assert (merged.actor, merged.url, merged.commit, merged.version) == ("alice", "https://ci.example/1", "abc", "v9")
    assert merged.scope == Scope(percent=10)


def test_the_holding_report_is_not_overwritten() -> None:
    """A field that both tell stays as the better report has it."""
    assert merge_reports([replace(DONE, actor="bob"), replace(BEGUN, actor="alice")])[0].actor == "bob"


def test_a_repeat_is_no_second_deploy() -> None:
    """The same report twice is the same deploy."""
    assert merge_reports([DONE, DONE]) == (DONE,)


def test_ids_are_unique_within_their_source() -> None:
    """Two feeds may use the same id for different things."""
    assert len(merge_reports([DONE, replace(DONE, source="github")])) == 2


def test_deploys_are_sorted_by_live_time_then_id() -> None:
    """A deploy without a finish stands where it began."""
    first, second = shipped("search", at(7), id_="b"), shipped("search", at(7), id_="c")
    running = shipped("search", None, begun_at=at(7, 30), status=RUNNING, id_="a")
    assert [one.id for one in merge_reports([DONE, running, second, first])] == ["b", "c", "a", "d-1"]


def test_only_a_success_is_live() -> None:
    """A failed or cancelled deploy has a finish, but was never live."""
    assert live_at(DONE) == at(7, 58)
    assert live_at(replace(DONE, finished_at=None)) == DONE.received_at
    for status in (DeployStatus.FAILURE, DeployStatus.CANCELLED, RUNNING):
        assert live_at(replace(DONE, status=status)) is None
