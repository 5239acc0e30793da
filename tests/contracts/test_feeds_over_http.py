"""Every sender over HTTP, down to what is kept."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from desks import Furniture
from detector.model.feed import Proof, ProofKind
from detector.web.application import make_application
from detector.web.receivers.receiving import FeedReceiver
from posts import CDEVENTS, GITHUB, GITLAB, PLAIN, Sent, changed, payload, sent

STANDARD = replace(PLAIN, name="standard", proof=Proof(ProofKind.WEBHOOK, "webhook"))
FEEDS = {feed.name: feed for feed in (GITHUB, GITLAB, CDEVENTS, PLAIN, STANDARD)}
DOCUMENTS: Mapping[str, object] = {
    "github": payload("github_deployment_status"),
    "gitlab": payload("gitlab_deployment"),
    "cdevents": payload("cdevents_service_deployed"),
    "plain": {"service": "checkout-api", "version": "v412"},
    "standard": {"service": "checkout-api", "version": "v412"},
}


@pytest.fixture
def furniture() -> Furniture:
    return Furniture(feeds={name: FeedReceiver(feed) for name, feed in FEEDS.items()})


@pytest.fixture
def client(furniture: Furniture) -> TestClient:
    return TestClient(make_application(furniture.desk()))


def post(client: TestClient, request: Sent, name: str | None = None) -> tuple[int, str]:
    path = f"/api/v1/feeds/{name or request.feed.name}"
    answer = client.post(path, content=request.body, headers=dict(request.headers))
    return answer.status_code, answer.text


def request_of(name: str, furniture: Furniture, number: str = "delivery-1") -> Sent:
    return sent(FEEDS[name], DOCUMENTS[name], number, furniture.clock.now())


@pytest.mark.parametrize("name", FEEDS)
def test_deploy_is_kept_once(name: str, client: TestClient, furniture: Furniture) -> None:
    """202, then 200 for the same request, and for the same words under another number."""
    assert post(client, request_of(name, furniture))[0] == 202
    assert post(client, request_of(name, furniture))[0] == 200
    assert post(client, request_of(name, furniture, "delivery-2"))[0] == 200
    (report,) = furniture.store.reports
    assert (report.source, report.environment) == (name, "production")


@pytest.mark.parametrize("name", FEEDS)
def test_strangers_learn_nothing(name: str, client: TestClient, furniture: Furniture) -> None:
    """Whatever is wrong with the proof, and where no such feed is, the answer is the same, byte by byte."""
    request = request_of(name, furniture)
    answers = {
        post(client, replace(request, headers={})),
        post(client, replace(request, body=request.body + b"\n", headers={})),
        post(client, replace(request, body=b"{", headers={"content-type": "text/plain"})),
        post(client, request, "nowhere"),
    }
    assert len(answers) == 1
    assert next(iter(answers))[0] == 401
    assert furniture.store.reports == []


@pytest.mark.parametrize("name", ["github", "standard"])
def test_number_with_another_body_is_a_conflict(name: str, client: TestClient, furniture: Furniture) -> None:
    """Row 50: 409, and what is known stays."""
    post(client, request_of(name, furniture))
    document = changed(DOCUMENTS[name], **({"deployment__id": 1} if name == "github" else {"version": "v413"}))  # type: ignore[arg-type]  # both are objects
    assert post(client, sent(FEEDS[name], document, at=furniture.clock.now()))[0] == 409
    assert len(furniture.store.reports) == 1


@pytest.mark.parametrize("name", FEEDS)
def test_oversized(name: str, client: TestClient) -> None:
    """More than 64 KiB is not even read."""
    assert post(client, sent(FEEDS[name], b'{"a": "' + b"x" * 65_536 + b'"}'))[0] == 413


def test_unknown_service_is_kept_unlinked(client: TestClient, furniture: Furniture) -> None:
    """Row 57: 202, and the answer says that nobody knows the name."""
    code, text = post(client, sent(PLAIN, {"service": "chekout", "version": "v1"}))
    assert code == 202
    assert "service chekout is not in detector.yml; stored, unlinked" in text
    assert len(furniture.store.reports) == 1


@pytest.mark.parametrize(
    ("document", "code"), [({"service": "a"}, 422), (b"{", 400), ({"service": "a\x00", "version": "1"}, 422)]
)
def test_faults_are_told_to_who_is_known(document: object, code: int, client: TestClient) -> None:
    """One sentence that says what to do."""
    status, text = post(client, sent(PLAIN, document))
    assert status == code
    assert "Nothing was recorded: " in text


def test_second_success_of_a_deployment_changes_nothing(client: TestClient, furniture: Furniture) -> None:
    """The first one holds."""
    post(client, request_of("github", furniture))
    later = changed(payload("github_deployment_status"), deployment_status__created_at="2026-03-10T07:10:00Z")
    post(client, sent(GITHUB, later, "delivery-2"))
    (report,) = furniture.store.reports
    assert report.finished_at is not None
    assert report.finished_at.minute == 52
