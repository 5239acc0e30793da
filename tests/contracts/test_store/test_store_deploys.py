"""Reports of deploys: kept once, found by when the change was under way and when it was heard of."""

from dataclasses import replace
from datetime import UTC, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings

from detector.adapters.store import SqlStore
from detector.errors import DeliveryReused, DeployFeedError
from detector.model.deploy import Deploy, DeployKind, DeployStatus, Receipt, Recorded, Scope
from store_samples import any_deploy, deploy, hour, hours

EVER = hour(10_000)


def _ids(found: tuple[Deploy, ...]) -> list[str]:
    return [report.id for report in found]


def test_a_report_comes_back_whole(store: SqlStore) -> None:
    """Every field, the scope included."""
    report = deploy(
        kind=DeployKind.ROLLBACK,
        started_at=hour(7.5),
        commit="abc123",
        actor="Zoë",
        url="https://ci.example/1",
        rollback_of="d0",
        scope=Scope({"country": ("DE", "AT"), "app": ("ios",)}, 12.5),
        source="api",
    )
    assert store.add_deploy(report) is True
    assert store.deploys(hours(0, 24), EVER) == (report,)


def test_a_repeat_is_known(store: SqlStore, neighbour: SqlStore) -> None:
    """The same content again is no second report, even when it arrives later; the first arrival stays."""
    assert store.add_deploy(deploy()) is True
    assert neighbour.add_deploy(deploy(received_at=hour(20))) is False
    assert store.last_heard_at(EVER) == hour(7.9)


def test_the_zone_of_a_time_is_no_other_content(store: SqlStore) -> None:
    """The same instant written in another zone is the same report."""
    store.add_deploy(deploy())
    elsewhere = timezone(timedelta(hours=5, minutes=30))
    assert store.add_deploy(replace(deploy(), finished_at=hour(7.9).astimezone(elsewhere))) is False
    assert store.deploys(hours(0, 24), EVER)[0].finished_at is not None
    assert store.deploys(hours(0, 24), EVER)[0].received_at.tzinfo is UTC


def test_other_content_is_refused(store: SqlStore) -> None:
    """The same id and status with another version: the message names both, and what is known stays."""
    store.add_deploy(deploy())
    with pytest.raises(DeployFeedError, match=r"'d1' of 'checkout-api' .*version was v412, now v413"):
        store.add_deploy(deploy(version="v413"))
    assert store.deploys(hours(0, 24), EVER) == (deploy(),)


def test_ids_are_unique_within_a_source(store: SqlStore) -> None:
    """Another source, or another status of the same id, is another report."""
    assert store.add_deploy(deploy())
    assert store.add_deploy(deploy(source="api", version="v9"))
    assert store.add_deploy(deploy(status=DeployStatus.FAILURE))


@pytest.mark.parametrize("text", ["a\0b", "half \ud800"])
def test_text_that_no_database_keeps_is_refused(store: SqlStore, text: str) -> None:
    """NUL and lone surrogates: the message names the field."""
    with pytest.raises(DeployFeedError, match="`version` is"):
        store.add_deploy(deploy(version=text))
    with pytest.raises(DeployFeedError, match="`actor` is"):
        store.add_deploy(deploy(actor=text))
    with pytest.raises(DeployFeedError, match="`id` is"):
        store.add_deploy(deploy(text))


def test_the_span_is_half_open(store: SqlStore) -> None:
    """A change that went live at the start is inside, one at the end is not."""
    for name, live in (("before", 5.9), ("start", 6), ("inside", 7), ("end", 8)):
        store.add_deploy(deploy(name, live))
    assert _ids(store.deploys(hours(6, 8), EVER)) == ["start", "inside"]


def test_what_was_not_heard_of_yet_does_not_exist(store: SqlStore) -> None:
    """A report that arrives after the tick's time is not there for it; one that arrives at that time is."""
    store.add_deploy(deploy("late", 7, received_at=hour(30)))
    assert not store.deploys(hours(0, 24), hour(29.9))
    assert store.last_heard_at(hour(29.9)) is None
    assert _ids(store.deploys(hours(0, 24), hour(30))) == ["late"]
    assert store.last_heard_at(hour(30)) == hour(30)


def test_started_or_finished_or_both_around_it(store: SqlStore) -> None:
    """A change counts when it started in the span, finished in it, or was under way all through it."""
    store.add_deploy(deploy("started", 20, started_at=hour(7)))
    store.add_deploy(deploy("finished", 7, started_at=hour(1)))
    store.add_deploy(deploy("around", 21, started_at=hour(1)))
    store.add_deploy(deploy("over", 5, started_at=hour(1)))
    assert sorted(_ids(store.deploys(hours(6, 8), EVER))) == ["around", "finished", "started"]


def test_running_ones_are_always_there(store: SqlStore) -> None:
    """As long as no final report was heard of; once it was, the change is where it ended."""
    running = deploy("d1", None, status=DeployStatus.IN_PROGRESS, started_at=hour(1), received_at=hour(1))
    store.add_deploy(running)
    assert store.deploys(hours(6, 8), EVER) == (running,)
    assert not store.deploys(hours(-2, 0), EVER)
    store.add_deploy(deploy("d1", 2, started_at=hour(1), received_at=hour(9)))
    assert store.deploys(hours(6, 8), hour(8)) == (running,)
    assert not store.deploys(hours(6, 8), hour(9))


def test_all_reports_of_a_change_come_together(store: SqlStore) -> None:
    """One that went live in the span brings the report of its start along, so that the two can be merged."""
    store.add_deploy(deploy("d1", None, status=DeployStatus.IN_PROGRESS, started_at=hour(1), received_at=hour(1)))
    store.add_deploy(deploy("d1", 7, started_at=hour(1)))
    found = store.deploys(hours(6, 8), EVER)
    assert [report.status for report in found] == [DeployStatus.IN_PROGRESS, DeployStatus.SUCCESS]


def test_without_any_time_the_arrival_counts(store: SqlStore) -> None:
    """A cancelled change of unknown times is where it was heard of."""
    store.add_deploy(deploy("d1", None, status=DeployStatus.CANCELLED, received_at=hour(7)))
    assert _ids(store.deploys(hours(6, 8), EVER)) == ["d1"]
    assert not store.deploys(hours(8, 9), EVER)


def test_the_last_report_heard_of(store: SqlStore) -> None:
    """By arrival, not by when it went live."""
    assert store.last_deploy(EVER) is None
    store.add_deploy(deploy("d1", 7, received_at=hour(12)))
    store.add_deploy(deploy("d2", 9, received_at=hour(9)))
    assert store.last_deploy(EVER) == deploy("d1", 7, received_at=hour(12))
    assert store.last_deploy(hour(10)) == deploy("d2", 9, received_at=hour(9))


def test_a_services_record_counts_changes(store: SqlStore) -> None:
    """Successful ones in production in the span, each id once; others do not count."""
    for name, live, more in (
        ("d1", 7, {}),
        ("d2", 8, {}),
        ("d3", 8, {"service": "search"}),
        ("old", 1, {}),
        ("new", 9, {}),
        ("staging", 8, {"environment": "staging"}),
        ("failed", 8, {"status": DeployStatus.FAILURE}),
        ("unheard", 8, {"received_at": hour(30)}),
    ):
        store.add_deploy(deploy(name, live, **more))
    assert store.record(hours(2, 8.5), hour(24)) == {"checkout-api": 2, "search": 1}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(report=any_deploy)
def test_any_report_is_kept_or_refused(store: SqlStore, report: Deploy) -> None:
    """Whatever it holds, it is either refused by name of the field, or comes back equal."""
    try:
        new = store.add_deploy(report)
    except DeployFeedError:
        return
    assert store.add_deploy(report) is False
    assert not new or report in store.deploys(hours(-1_000_000, 1_000_000), report.received_at)


def _receipt(delivery: str = "r1", digest: str = "a" * 64) -> Receipt:
    return Receipt("github", delivery, digest, hour(8))


def test_a_batch_is_told_one_by_one(store: SqlStore) -> None:
    """New, known and conflicting reports side by side; a conflict says why, and keeps nothing else out."""
    store.add_deploy(deploy("d1"))
    batch = [deploy("d1"), deploy("d2"), deploy("d1", version="v9"), deploy("d2")]
    added = store.add_deploys(batch)
    assert [it.recorded for it in added] == [Recorded.KNOWN, Recorded.NEW, Recorded.CONFLICT, Recorded.KNOWN]
    assert [bool(it.why) for it in added] == [False, False, True, False]
    assert "version was v412, now v9" in added[2].why
    assert _ids(store.deploys(hours(0, 24), EVER)) == ["d1", "d2"]


def test_a_request_that_comes_again_changes_nothing(store: SqlStore, neighbour: SqlStore) -> None:
    """With the same content all of it is known, also what was a conflict; of another sender it is another request."""
    store.add_deploy(deploy("d1"))
    batch = [deploy("d1", version="v9"), deploy("d2")]
    assert [it.recorded for it in store.add_deploys(batch, _receipt())] == [Recorded.CONFLICT, Recorded.NEW]
    assert {it.recorded for it in neighbour.add_deploys(batch, _receipt())} == {Recorded.KNOWN}
    other = Receipt("gitlab", "r1", "b" * 64, hour(8))
    assert [it.recorded for it in store.add_deploys([deploy("d3")], other)] == [Recorded.NEW]


def test_a_number_with_another_content_is_refused(store: SqlStore) -> None:
    """A mistake of the sender or a forgery: the message names the request, and nothing of it is kept."""
    store.add_deploys([deploy("d1")], _receipt())
    with pytest.raises(DeliveryReused, match="request 'r1' of 'github' was received before, with another content"):
        store.add_deploys([deploy("d2")], _receipt(digest="b" * 64))
    assert _ids(store.deploys(hours(0, 24), EVER)) == ["d1"]


def test_a_batch_with_a_report_that_cannot_be_kept(store: SqlStore) -> None:
    """It is refused whole, with its receipt, so that the sender can send it again when it is mended."""
    with pytest.raises(DeployFeedError, match="`version` is"):
        store.add_deploys([deploy("d1"), deploy("d2", version="a\0b")], _receipt())
    with pytest.raises(DeployFeedError, match="the number of the request is"):
        store.add_deploys([deploy("d1")], _receipt("\ud800"))
    assert not store.deploys(hours(0, 24), EVER)
    assert [it.recorded for it in store.add_deploys([deploy("d1")], _receipt())] == [Recorded.NEW]


def test_a_request_without_reports_is_remembered(store: SqlStore) -> None:
    """A ping, or a status that is none of ours."""
    assert store.add_deploys([], _receipt()) == ()
    with pytest.raises(DeliveryReused):
        store.add_deploys([], _receipt(digest="b" * 64))
