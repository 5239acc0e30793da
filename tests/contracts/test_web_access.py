"""Who may ask what, and what every answer carries."""

import re
from collections.abc import Iterator

import pytest
from fastapi.routing import APIRoute
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from desks import BEARER, NOW, TOKEN, Furniture, a_rule_book
from detector.web.application import make_application
from detector.web.desk import Health
from detector.web.gate import OPEN
from tree import ROOT

GUARDED = ["/api/v1/deploys", "/api/v1/metrics", "/api/v1/incidents", "/api/v1/incidents/1", "/", "/docs", "/nothing"]


@pytest.fixture
def furniture() -> Furniture:
    return Furniture()


@pytest.fixture
def client(furniture: Furniture) -> TestClient:
    return TestClient(make_application(furniture.desk()))


WRONG = {
    "none": {},
    "empty": {"Authorization": ""},
    "scheme only": {"Authorization": "Bearer"},
    "empty token": {"Authorization": "Bearer  "},
    "wrong token": {"Authorization": "Bearer wrong"},
    "longer": {"Authorization": f"Bearer {TOKEN}x"},
    "shorter": {"Authorization": f"Bearer {TOKEN[:-1]}"},
    "basic": {"Authorization": f"Basic {TOKEN}"},
    "bare": {"Authorization": TOKEN},
    "not ASCII": {b"Authorization": b"Bearer \xc3\xbc\xff"},
    "another header": {"X-Token": TOKEN},
    "label": {"Authorization": "Bearer ***"},
}


@pytest.mark.parametrize("headers", WRONG.values(), ids=WRONG)
def test_every_wrong_token_gets_one_answer(client: TestClient, headers: dict[str, str]) -> None:
    """Whatever is wrong with it, the answer is the same, byte for byte."""
    answer, plain = client.get("/api/v1/deploys", headers=headers), client.get("/api/v1/deploys")
    assert (answer.status_code, answer.content) == (401, plain.content)
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_two_tokens_in_one_request_are_none(client: TestClient) -> None:
    """Nobody guesses which of them was meant."""
    both = [("Authorization", f"Bearer {TOKEN}"), ("Authorization", f"Bearer {TOKEN}")]
    assert client.get("/api/v1/deploys", headers=both).status_code == 401


@pytest.mark.parametrize("path", GUARDED)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])
def test_all_but_the_open_paths_need_a_token(client: TestClient, method: str, path: str) -> None:
    """Also what does not exist, so that nobody can look for it."""
    assert client.request(method, path).status_code == 401


def test_every_route_is_open_on_purpose(furniture: Furniture) -> None:
    """A new route without a token has to be added to a list that is short."""
    app = make_application(furniture.desk())
    routes = set(app.openapi()["paths"])
    assert routes - set(GUARDED) - OPEN == {"/api/v1/incidents/{number}", "/api/v1/feeds/{name}"}
    assert not any(isinstance(route, APIRoute) and route.path not in routes for route in app.routes)


def test_tokens_change_with_a_reload(client: TestClient, furniture: Furniture) -> None:
    """Both tokens of a rotation work, and the old one no longer once it is gone."""
    furniture.rules = a_rule_book(TOKEN, "new")
    assert client.get("/api/v1/deploys", headers=BEARER).status_code == 200
    assert client.get("/api/v1/deploys", headers={"Authorization": "bearer new"}).status_code == 200
    furniture.rules = a_rule_book("new")
    assert client.get("/api/v1/deploys", headers=BEARER).status_code == 401


def test_without_any_token_nobody_gets_in(client: TestClient, furniture: Furniture) -> None:
    """No token in detector.yml is no open door, and is answered as a wrong one is."""
    before = client.get("/api/v1/deploys").content
    furniture.rules = a_rule_book()
    for headers in ({}, {"Authorization": "Bearer "}, BEARER):
        answer = client.get("/api/v1/deploys", headers=headers)
        assert (answer.status_code, answer.content) == (401, before)


def test_wrong_tokens_use_up_nobodys_share(client: TestClient) -> None:
    """Guessing does not keep the pipeline out."""
    assert {client.get("/api/v1/deploys").status_code for _ in range(200)} == {401}
    assert client.get("/api/v1/deploys", headers=BEARER).status_code == 200


def answers(client: TestClient) -> Iterator[tuple[str, dict[str, str]]]:
    for path in [*OPEN, *GUARDED, "/api/v1/feeds/x"]:
        for headers in ({}, BEARER):
            yield path, dict(client.get(path, headers=headers).headers)
            yield path, dict(client.post(path, headers=headers, content=b"x").headers)


def test_every_answer_is_inert(client: TestClient, furniture: Furniture) -> None:
    """No browser runs, frames, guesses or keeps anything, whatever the answer is."""
    furniture.store.trouble = RuntimeError("broken")
    with capture_logs():
        found = list(answers(client))
    for path, headers in found:
        assert headers["x-content-type-options"] == "nosniff", path
        assert headers["content-security-policy"].startswith("default-src 'none'"), path
        assert headers["cache-control"] == "no-store", path
        assert "server" not in headers, path


def test_probes_say_why_not(client: TestClient, furniture: Furniture) -> None:
    """Life and readiness are two questions."""
    assert client.get("/healthz").json() == {
        "is_alive": True,
        "is_ready": True,
        "ticked_at": "2026-03-10T08:00:00Z",
        "why_not": [],
    }
    furniture.health = Health(10.0, NOW, has_lease=False)
    assert (client.get("/healthz").status_code, client.get("/readyz").status_code) == (200, 503)
    furniture.health = Health(121.0, None)
    assert (client.get("/healthz").status_code, client.get("/readyz").status_code) == (503, 503)
    assert client.get("/healthz").json()["why_not"] == [
        "no sign of life from the scheduler for 121 s; it gives one every 60 s"
    ]


def test_prometheus_gets_its_text(client: TestClient) -> None:
    """As it was rendered, with its own content type."""
    answer = client.get("/metrics")
    assert answer.text == "# TYPE detector_up gauge\ndetector_up 1\n"
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"


def test_refusals_are_counted_by_reason(client: TestClient, furniture: Furniture) -> None:
    """In few words, so that nobody can fill the memory with them; a probe that says no is no refusal."""
    furniture.health = Health(500.0)
    for path in ("/healthz", "/readyz", "/api/v1/incidents", "/api/v1/incidents/7", "/x", "/y", "/api/v1/deploys?x=1"):
        client.get(path, headers=BEARER)
    client.get("/x")
    client.post("/api/v1/feeds/x")
    assert furniture.counted == {"path": 3, "content": 1, "token": 1, "signature": 1}


def test_document_needs_no_token_and_tells_no_business(client: TestClient) -> None:
    """Its examples are the only names in it; there is no page that loads scripts."""
    document = client.get("/api/v1/openapi.json")
    assert document.status_code == 200
    assert "checkout" not in document.text
    assert document.json()["components"]["securitySchemes"] == {
        "token": {"type": "http", "scheme": "bearer", "description": "One of http: tokens: in detector.yml"}
    }
    for path in ("/docs", "/redoc", "/openapi.json"):
        assert client.get(path, headers=BEARER).status_code == 404


def test_every_path_is_documented(furniture: Furniture) -> None:
    """With its name, and with a line for curl."""
    text = (ROOT / "docs" / "reference" / "api.md").read_text(encoding="utf-8")
    curled = {url.partition("?")[0] for url in re.findall(r'curl -sS "\$URL([^"]+)"', text)}
    for path in make_application(furniture.desk()).openapi()["paths"]:
        assert f"`{path}`" in text
        assert any(re.fullmatch(re.sub(r"\{\w+\}", r"\\w+", path), url) for url in curled), path
