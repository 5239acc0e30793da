"""What GitHub sends."""

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from detector.model.deploy import Deploy, DeployKind, DeployStatus, Receipt, Scope
from detector.model.feed import Feed
from detector.web.receiving import Reception
from posts import GITHUB, LIVE, NOW, changed, one, payload, sent

EVENT = payload("github_deployment_status")
RELEASE = payload("github_release")
SHA = "6dcb09b5b57875f334f61aebed695e2e4193db5e"


def said(feed: Feed = GITHUB, **fields: Any) -> Reception:
    return sent(feed, changed(EVENT, **fields)).accepted()


def released(feed: Feed = GITHUB, **fields: Any) -> Reception:
    return sent(feed, changed(RELEASE, **fields)).with_headers(x_github_event="release").accepted()


def test_success_is_a_deploy() -> None:
    """Every field of the normal form that GitHub knows is taken from where it documents it."""
    assert one(said()) == Deploy(
        id="4242",
        service="checkout",
        version="v412",
        received_at=NOW,
        environment="production",
        status=DeployStatus.SUCCESS,
        finished_at=LIVE,
        commit=SHA,
        actor="alice",
        url="https://github.example/acme/checkout/actions/runs/77/job/78",
        source="github",
    )


def test_receipt_is_the_delivery() -> None:
    """GitHub's own number of the request, and what was in it."""
    request = sent(GITHUB, EVENT, "72d3162e")
    digest = hashlib.sha256(request.body).hexdigest()
    assert request.accepted().receipt == Receipt("github", "72d3162e", digest, NOW)


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("success", DeployStatus.SUCCESS),
        ("in_progress", DeployStatus.IN_PROGRESS),
        ("failure", DeployStatus.FAILURE),
        ("error", DeployStatus.FAILURE),
    ],
)
def test_states(state: str, status: DeployStatus) -> None:
    """States that say how far it got; one in progress has begun and not ended."""
    report = one(said(deployment_status__state=state))
    assert report.status is status
    begun, ended = (LIVE, None) if status is DeployStatus.IN_PROGRESS else (None, LIVE)
    assert (report.started_at, report.finished_at) == (begun, ended)


@pytest.mark.parametrize("state", ["queued", "pending", "inactive"])
def test_states_that_change_nothing(state: str) -> None:
    """Nothing is rolled out yet, or something later took its place: fine, and nothing to record."""
    answer = said(deployment_status__state=state)
    assert (answer.status, answer.reports) == (200, ())
    assert answer.text.startswith(state)


def test_unknown_state_is_told() -> None:
    """A state that GitHub does not have is a mistake of whoever sends it."""
    answer = said(deployment_status__state="waiting room")
    assert (answer.status, answer.text) == (422, "Nothing was recorded: deployment_status.state is none of GitHub's")


def test_service_by_mapping() -> None:
    """The repository's name, or what detector.yml says it is."""
    feed = replace(GITHUB, services={"acme/checkout": "checkout-api"})
    assert one(said(feed)).service == "checkout-api"


@pytest.mark.parametrize("wrap", [lambda it: it, json.dumps], ids=["object", "text"])
def test_payload_of_the_deployment(wrap: Any) -> None:
    """Whoever makes the deployment can say which service it is of, and more; as an object or as a text of JSON."""
    more = {"service": "payments", "version": "2026.3", "kind": "rollback", "rollback_of": "4241"}
    report = one(said(deployment__payload=wrap({**more, "scope": {"country": ["DE"], "percent": 10}})))
    assert (report.service, report.version, report.rollback_of) == ("payments", "2026.3", "4241")
    assert (report.kind, report.scope) == (DeployKind.ROLLBACK, Scope({"country": ("DE",)}, 10.0))


def test_task_rollback() -> None:
    """The task of a deployment may say that it is one."""
    assert one(said(deployment__task="rollback")).kind is DeployKind.ROLLBACK


@pytest.mark.parametrize(
    ("ref", "version"),
    [("main", "6dcb09b5"), ("refs/tags/release-7", "release-7"), ("1.4.0", "1.4.0"), (SHA, "6dcb09b5")],
)
def test_version(ref: str, version: str) -> None:
    """A tag is a version; a branch says nothing, so the commit stands for it."""
    assert one(said(deployment__ref=ref)).version == version


@pytest.mark.parametrize(
    ("fields", "environment"),
    [
        ({"deployment_status__environment": "staging", "deployment__production_environment": False}, "staging"),
        ({"deployment_status__environment": "Production", "deployment__production_environment": False}, "production"),
        ({"deployment_status__environment": "shop-eu"}, "production"),
        ({"deployment_status__environment": "lab"}, "laboratory"),
        ({"deployment__original_environment": "lab"}, "laboratory"),
    ],
)
def test_environment(fields: dict[str, Any], environment: str) -> None:
    """The admin's word holds, then GitHub's own that it is production, then the name."""
    assert one(said(replace(GITHUB, environments={"lab": "laboratory"}), **fields)).environment == environment


def test_release_is_no_roll_out() -> None:
    """A published release is kept in an environment of its own, where it is no suspect."""
    report = one(released())
    assert (report.id, report.version, report.environment) == ("release-333", "v412", "release")
    assert report.finished_at == datetime(2026, 3, 10, 6, 45, tzinfo=UTC)


def test_release_that_goes_live_at_once() -> None:
    """Who deploys by publishing says so in `environments`."""
    assert one(released(replace(GITHUB, environments={"release": "production"}))).environment == "production"


@pytest.mark.parametrize("fields", [{"action": "created"}, {"release__prerelease": True}, {"release__draft": True}])
def test_other_releases_are_none(fields: dict[str, Any]) -> None:
    """Drafts, pre-releases and edits say nothing about a change."""
    answer = released(**fields)
    assert (answer.status, answer.reports) == (200, ())


def test_ping_is_answered() -> None:
    """What GitHub sends when a webhook is made."""
    answer = sent(GITHUB, payload("github_ping")).with_headers(x_github_event="ping").accepted()
    assert (answer.status, answer.reports) == (200, ())


def test_other_events_are_fine() -> None:
    """A webhook for everything sends pushes as well."""
    answer = sent(GITHUB, {"ref": "x"}).with_headers(x_github_event="push").accepted()
    assert (answer.status, answer.reports) == (200, ())


def test_form_is_told_what_to_choose() -> None:
    """GitHub's first choice of content type is a form."""
    answer = sent(GITHUB, b"payload=%7B%7D").accepted()
    assert answer.status == 400
    assert "choose the content type application/json" in answer.text


@pytest.mark.parametrize("document", [{}, [], 7, {"deployment_status": {}, "deployment": []}])
def test_incomplete_events(document: object) -> None:
    """What is no event of GitHub's is told so."""
    assert sent(GITHUB, document).accepted().status == 422
