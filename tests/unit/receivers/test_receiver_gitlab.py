"""What GitLab sends."""

from dataclasses import replace
from typing import Any

import pytest

from detector.model.deploy import Deploy, DeployKind, DeployStatus
from detector.model.feed import Feed
from detector.web.receiving import Reception
from posts import GITLAB, LIVE, NOW, changed, one, payload, sent

EVENT = payload("gitlab_deployment")
FLAG = payload("gitlab_feature_flag")


def said(feed: Feed = GITLAB, **fields: Any) -> Reception:
    return sent(feed, changed(EVENT, **fields)).accepted()


def test_success_is_a_deploy() -> None:
    """Every field of the normal form that GitLab knows; its times have a blank before the offset."""
    assert one(said()) == Deploy(
        id="15",
        service="checkout",
        version="v412",
        received_at=NOW,
        environment="production",
        status=DeployStatus.SUCCESS,
        finished_at=LIVE,
        commit="279484c09fbe69ededfced8c1bb6e6d24616b468",
        actor="alice",
        url="https://gitlab.example/acme/shop/checkout/-/jobs/796",
        source="gitlab",
    )


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("running", DeployStatus.IN_PROGRESS),
        ("failed", DeployStatus.FAILURE),
        ("canceled", DeployStatus.CANCELLED),
    ],
)
def test_states(word: str, status: DeployStatus) -> None:
    """How far it got; `status_changed_at` is its beginning or its end."""
    report = one(said(status=word))
    assert report.status is status
    assert (report.started_at or report.finished_at) == LIVE
    assert (report.finished_at is None) is (status is DeployStatus.IN_PROGRESS)


@pytest.mark.parametrize("word", ["blocked", "approved", "rejected", "created", "skipped"])
def test_states_that_are_none(word: str) -> None:
    """Approvals roll out nothing, and are no reason to switch the webhook off."""
    answer = said(status=word)
    assert (answer.status, answer.reports) == (200, ())


def test_nulls() -> None:
    """A deploy made over the API has no job; a branch is no version."""
    report = one(said(deployable_url=None, ref="main"))
    assert (report.url, report.version) == (None, "279484c0")


@pytest.mark.parametrize(
    ("fields", "environment"),
    [
        ({"environment": "review/pay", "environment_tier": "development"}, "review/pay"),
        ({"environment": "prod", "environment_tier": "other"}, "production"),
        ({"environment": "lab", "environment_tier": "production"}, "laboratory"),
    ],
)
def test_environment(fields: dict[str, Any], environment: str) -> None:
    """The admin's word holds, then the tier, then the name."""
    assert one(said(replace(GITLAB, environments={"lab": "laboratory"}), **fields)).environment == environment


def test_service_by_mapping() -> None:
    """The whole path is mapped; its last step is the default."""
    feed = replace(GITLAB, services={"acme/shop/checkout": "checkout-api"})
    assert one(said(feed)).service == "checkout-api"


def test_flag_is_a_change() -> None:
    """A feature flag that is turned on, at the time it is heard of."""
    report = one(sent(GITLAB, FLAG, "uuid-1").accepted())
    assert (report.kind, report.version, report.service) == (DeployKind.FLAG, "new-payment-page on", "checkout")
    assert (report.id, report.finished_at, report.environment) == ("flag 6 uuid-1", None, "production")


def test_flag_turned_twice_is_two_changes() -> None:
    """Bodies are the same each time a flag is turned on again; the number of the request is not."""
    first, second = (one(sent(GITLAB, FLAG, number).accepted()) for number in ("uuid-1", "uuid-2"))
    assert first.id != second.id
    off = one(sent(GITLAB, changed(FLAG, object_attributes__active=False)).accepted())
    assert off.version == "new-payment-page off"


def test_number_that_retries_keep() -> None:
    """The idempotency key is the number of the request where GitLab sends one."""
    receipt = sent(GITLAB, EVENT).with_headers(idempotency_key="key-1").accepted().receipt
    assert receipt is not None
    assert receipt.delivery == "key-1"


@pytest.mark.parametrize("document", [{}, {"object_kind": "push"}, {"object_kind": ["deployment"]}])
def test_other_events_are_fine(document: object) -> None:
    """A webhook for everything sends pushes as well."""
    answer = sent(GITLAB, document).accepted()
    assert (answer.status, answer.reports) == (200, ())


@pytest.mark.parametrize("document", [[], 7, {"object_kind": "deployment"}, {"object_kind": "feature_flag"}])
def test_incomplete_events(document: object) -> None:
    """What is no event of GitLab's is told so."""
    assert sent(GITLAB, document).accepted().status == 422
