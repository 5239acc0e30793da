"""Deploys as they are said over HTTP."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from desks import NOW
from detector.linking.report_texts import identity_of
from detector.model.deploy import Deploy, DeployKind, DeployStatus, Scope
from detector.web.answers import Refused
from detector.web.said import Moment, drafts_of

LEAST = {"service": "checkout-api", "version": "v412"}
MOMENT = Moment(NOW, "Europe/Berlin")


def meant(**said: Any) -> Deploy:
    return drafts_of({**LEAST, **said}, MOMENT)[0].report


def complaint(content: Any) -> dict[str, str]:
    with pytest.raises(Refused) as caught:
        drafts_of(content, MOMENT)
    assert caught.value.status == 422
    return {fault.field: fault.text for fault in caught.value.faults}


def test_least_is_a_success_in_production_now() -> None:
    """Service and version suffice; the rest is what the command line takes for granted."""
    assert meant() == Deploy(
        id=identity_of("checkout-api", "v412", "production", NOW.isoformat()),
        service="checkout-api",
        version="v412",
        received_at=NOW,
        finished_at=NOW,
        source="api",
    )


def test_all_fields() -> None:
    """Every field of a report can be said."""
    said = meant(
        id="run-77",
        environment="staging",
        status="failure",
        kind="rollback",
        started_at="2026-03-10T07:50:00Z",
        finished_at="2026-03-10T08:55:00+01:00",
        commit="a1",
        actor="Zoë",
        url="https://ci.example/77",
        rollback_of="run-76",
        scope={"country": ["DE", "AT"], "percent": 10},
    )
    assert said == Deploy(
        id="run-77",
        service="checkout-api",
        version="v412",
        received_at=NOW,
        environment="staging",
        status=DeployStatus.FAILURE,
        kind=DeployKind.ROLLBACK,
        started_at=NOW - timedelta(minutes=10),
        finished_at=NOW - timedelta(minutes=5),
        commit="a1",
        actor="Zoë",
        url="https://ci.example/77",
        rollback_of="run-76",
        scope=Scope({"country": ("DE", "AT")}, 10.0),
        source="api",
    )


def test_time_without_offset_is_local() -> None:
    """What says no zone is by the clocks of detector.yml."""
    assert meant(at="2026-03-10T08:30").finished_at == datetime(2026, 3, 10, 7, 30, tzinfo=UTC)


def test_in_progress_has_begun_and_not_ended() -> None:
    """`at` is the beginning of what runs still."""
    running = meant(status="in_progress", at="2026-03-10T07:30:00Z")
    assert (running.started_at, running.finished_at) == (NOW - timedelta(minutes=30), None)
    assert meant(status="in_progress").started_at == NOW


def test_rollback_is_told_by_what_it_takes_back() -> None:
    """As on the command line."""
    assert meant(rollback_of="run-76").kind is DeployKind.ROLLBACK


def test_three_shapes_mean_the_same() -> None:
    """One object, a list, and a list by name."""
    one = {**LEAST, "id": "d1"}
    assert drafts_of(one, MOMENT) == drafts_of([one], MOMENT) == drafts_of({"deploys": [one]}, MOMENT)


def test_id_follows_from_the_request_where_it_has_a_number() -> None:
    """The repeat of a numbered request is told the same id, however much later it comes."""
    later = Moment(NOW + timedelta(hours=1), "UTC", "k1")
    ids = [drafts_of(LEAST, moment)[0].report.id for moment in (Moment(NOW, "UTC", "k1"), later)]
    assert ids[0] == ids[1]
    assert drafts_of({**LEAST, "at": "2026-03-10T07:00Z"}, later)[0].report.id == meant(at="2026-03-10T07:00Z").id


BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"service": ""}, "service", "is empty"),
    ({"service": " \u2003"}, "service", "is empty"),
    ({"version": "v" * 201}, "version", "has 201 characters; at most 200"),
    ({"version": 412}, "version", "must be text"),
    ({"actor": "a\0b"}, "actor", "control character"),
    ({"actor": "a\nb"}, "actor", "control character"),
    ({"actor": "a\u2028b"}, "actor", "control character"),
    ({"actor": "\ud800"}, "actor", "half a character"),
    ({"actor": "abc\u202ecba"}, "actor", "direction"),
    ({"id": "\x1b[31m"}, "id", "control character"),
    ({"url": "javascript:alert(1)"}, "url", "no web address"),
    ({"url": "file:///etc/passwd"}, "url", "no web address"),
    ({"url": "https://"}, "url", "no web address"),
    ({"url": "https://a b"}, "url", "no web address"),
    ({"status": "ok"}, "status", "must be one of 'success', 'failure', 'cancelled', 'in_progress'"),
    ({"kind": "big"}, "kind", "must be one of 'deploy'"),
    ({"at": "yesterday"}, "at", "is no time"),
    ({"at": 1773129600}, "at", "is no text"),
    ({"at": "1970-01-01T00:00Z"}, "at", "years 1980"),
    ({"at": "9999-12-31T23:59-14:00"}, "at", "years 1980"),
    ({"at": "2026-03-11T08:01Z"}, "at", "more than a day ahead of the detector's clock"),
    ({"started_at": "2026-03-10T09:01+01:00"}, "the body", "after its end"),
    ({"at": "2026-03-10T07:00Z", "finished_at": "2026-03-10T07:00Z"}, "the body", "both"),
    ({"status": "in_progress", "finished_at": "2026-03-10T07:00Z"}, "the body", "in progress"),
    ({"scope": {"country": "DE"}}, "scope.country", "must be a list"),
    ({"scope": {"country": []}}, "scope.country", "is empty"),
    ({"scope": {"country": [""]}}, "scope.country[0]", "is empty"),
    ({"scope": {"a\n": ["DE"]}}, "scope", "control character"),
    ({"scope": {"percent": 0}}, "scope.percent", "greater than 0"),
    ({"scope": {"percent": True}}, "scope.percent", "must be a number"),
    ({"scope": {f"d{number}": ["x"] for number in range(21)}}, "scope", "at most 20"),
    ({"scope": "DE"}, "scope", "must be an object"),
    ({"vresion": "v1"}, "vresion", "did you mean 'version'?"),
    ({"received_at": "2026-03-10T07:00Z"}, "received_at", "is no field"),
    ({"source": "cli"}, "source", "is no field"),
]


@pytest.mark.parametrize(("said", "field", "why"), BAD, ids=[f"{field}-{why}" for _, field, why in BAD])
def test_what_cannot_be_is_named(said: dict[str, Any], field: str, why: str) -> None:
    """Field and fix are told."""
    assert why in complaint({**LEAST, **said})[field]


def test_every_fault_of_a_batch_is_told() -> None:
    """Each with its place; nothing of such a batch is meant."""
    found = complaint([LEAST, {"service": "a"}, {**LEAST, "url": "x"}, 3])
    assert set(found) == {"deploys[1].version", "deploys[2].url", "deploys[3]"}


@pytest.mark.parametrize("content", [None, 3, "text", [], {"deploys": []}, {"deploys": 3}, [LEAST] * 101], ids=repr)
def test_other_shapes_are_refused(content: Any) -> None:
    """Nothing, too much, and what is no report at all."""
    assert complaint(content)


def test_faults_are_bounded() -> None:
    """A batch that is wrong in every field is not answered with a book."""
    many = {**LEAST, **{f"x{number}": 1 for number in range(500)}}
    assert len(complaint(many)) == 50
