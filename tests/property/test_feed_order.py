"""Whatever comes first, comes twice or comes late, the same deploys are known in the end."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detector.adapters.store import open_store
from detector.errors import DeliveryReused
from detector.linking.reports import live_at, merge_reports
from detector.model.deploy import Deploy, DeployStatus, Recorded
from detector.model.span import Span
from posts import GITHUB, GITLAB, LIVE, NOW, Sent, changed, payload, sent

EVENT = payload("github_deployment_status")
LAB = payload("gitlab_deployment")


def github(number: str, state: str, minute: int, deployment: int = 4242) -> Sent:
    at = (LIVE + timedelta(minutes=minute)).strftime("%Y-%m-%dT%H:%M:%SZ")
    fields: dict[str, Any] = {"deployment_status__state": state, "deployment_status__created_at": at}
    return sent(GITHUB, changed(EVENT, **fields, deployment__id=deployment), number)


def gitlab(number: str, status: str, minute: int) -> Sent:
    at = (LIVE + timedelta(minutes=minute)).strftime("%Y-%m-%d %H:%M:%S +0000")
    return sent(GITLAB, changed(LAB, status=status, status_changed_at=at), number)


STORY = [
    github("1", "queued", -5),
    github("2", "in_progress", -4),
    github("3", "success", 0),
    github("4", "inactive", 90),
    github("5", "in_progress", 30, 4243),
    github("6", "failure", 35, 4243),
    gitlab("7", "running", 1),
    gitlab("8", "canceled", 3),
]


def heard(requests: list[Sent], folder: Path) -> tuple[Deploy, ...]:
    """What a store knows after requests that came one minute after the other."""
    store = open_store(f"sqlite:///{folder}/{len(list(folder.iterdir()))}.db")
    try:
        for minute, request in enumerate(requests):
            answer = request.accepted(NOW + timedelta(minutes=minute))
            assert answer.status in {200, 202}
            store.add_deploys(answer.reports, answer.receipt)
        until = NOW + timedelta(days=2)
        return merge_reports(store.deploys(Span(LIVE - timedelta(days=2), until), until))
    finally:
        store.close()


def without_arrival(deploys: tuple[Deploy, ...]) -> list[Deploy]:
    return [replace(one, received_at=NOW) for one in deploys]


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(STORY), again=st.lists(st.sampled_from(STORY), max_size=5))
def test_order_and_repeats_change_nothing(order: list[Sent], again: list[Sent], tmp_path: Path) -> None:
    """Shuffled, and delivered again, the reports add up to the same deploys."""
    assert without_arrival(heard([*order, *again], tmp_path)) == without_arrival(heard(STORY, tmp_path))


def test_what_the_story_adds_up_to(tmp_path: Path) -> None:
    """One success with its beginning, one failure and one that was cancelled; only the first was ever live."""
    first, cancelled, failed = sorted(heard(STORY, tmp_path), key=lambda it: it.finished_at or NOW)
    assert (first.status, first.started_at, first.finished_at) == (
        DeployStatus.SUCCESS,
        LIVE - timedelta(minutes=4),
        LIVE,
    )
    assert (cancelled.status, failed.status) == (DeployStatus.CANCELLED, DeployStatus.FAILURE)
    assert [live_at(one) for one in (first, cancelled, failed)] == [LIVE, None, None]


def test_first_success_holds(tmp_path: Path) -> None:
    """Several `success` statuses of one deployment, as GitHub sends them, are one deploy, live since the first."""
    (deploy,) = heard([github("1", "success", 0), github("2", "success", 10), github("3", "success", 20)], tmp_path)
    assert deploy.finished_at == LIVE


@pytest.mark.parametrize("body", ["same", "other"])
def test_number_that_came_before(body: str, tmp_path: Path) -> None:
    """Row 50: the same delivery again changes nothing; the same number with another body is told apart from it."""
    store = open_store(f"sqlite:///{tmp_path}/detector.db")
    try:
        first = github("1", "success", 0).accepted()
        again = github("1", "success", 0 if body == "same" else 7).accepted(NOW + timedelta(hours=1))
        assert [it.recorded for it in store.add_deploys(first.reports, first.receipt)] == [Recorded.NEW]
        if body == "same":
            assert [it.recorded for it in store.add_deploys(again.reports, again.receipt)] == [Recorded.KNOWN]
        else:
            with pytest.raises(DeliveryReused):
                store.add_deploys(again.reports, again.receipt)
    finally:
        store.close()


def test_three_days_late(tmp_path: Path) -> None:
    """Row 51: a report that comes days later is of the time it tells, and was heard of when it came."""
    late = github("1", "success", 0)
    store = open_store(f"sqlite:///{tmp_path}/detector.db")
    try:
        answer = late.accepted(NOW + timedelta(days=3))
        store.add_deploys(answer.reports, answer.receipt)
        span = Span(LIVE - timedelta(hours=1), LIVE + timedelta(hours=1))
        assert store.deploys(span, NOW + timedelta(days=2)) == ()
        (found,) = store.deploys(span, NOW + timedelta(days=3))
        assert found.finished_at == LIVE
    finally:
        store.close()
