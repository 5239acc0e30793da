"""Deploys over HTTP: what is recorded, and what is answered."""

import json
from typing import Any

import pytest
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from builders import a_deploy
from desks import BEARER, NOW, TOKEN, Furniture, a_rule_book
from detector.web.application import make_application

ONE = {"service": "checkout-api", "version": "v412", "at": "2026-03-10T07:52:00Z"}
PATH = "/api/v1/deploys"


@pytest.fixture
def furniture() -> Furniture:
    return Furniture()


@pytest.fixture
def client(furniture: Furniture) -> TestClient:
    return TestClient(make_application(furniture.desk()), headers=BEARER, raise_server_exceptions=True)


def results(answer: Any) -> list[tuple[int, str]]:
    return [(one["code"], one["result"]) for one in answer.json()["deploys"]]


def test_new_then_known(client: TestClient, furniture: Furniture) -> None:
    """A report is kept once, however often it is sent."""
    first, second = client.post(PATH, json=ONE), client.post(PATH, json=ONE)
    assert (first.status_code, first.json()["text"]) == (201, "recorded")
    assert (second.status_code, second.json()["text"]) == (200, "already recorded")
    assert [(report.version, report.source) for report in furniture.store.reports] == [("v412", "api")]


def test_repeat_without_id_and_time_is_known(client: TestClient, furniture: Furniture) -> None:
    """A step that is repeated within minutes says nothing new; after that it is another deploy."""
    bare = {"service": "checkout-api", "version": "v412"}
    first = client.post(PATH, json=bare)
    furniture.clock.move(300)
    again = client.post(PATH, json=bare)
    assert (again.status_code, again.json()["deploys"][0]["id"]) == (200, first.json()["deploys"][0]["id"])
    furniture.clock.move(600)
    assert client.post(PATH, json=bare).status_code == 201


def test_repeat_with_id_and_without_time_is_known(client: TestClient, furniture: Furniture) -> None:
    """The id of a run makes its report one, although each repeat happens at another time."""
    run = {"service": "checkout-api", "version": "v412", "id": "run-77"}
    assert client.post(PATH, json=run).status_code == 201
    furniture.clock.move(1800)
    assert client.post(PATH, json=run).status_code == 200
    assert client.post(PATH, json={**run, "version": "v413"}).status_code == 409


def test_conflict_is_told(client: TestClient) -> None:
    """The same id with other content changes nothing, and says what differs."""
    client.post(PATH, json={**ONE, "id": "d1", "commit": "a1"})
    answer = client.post(PATH, json={**ONE, "id": "d1", "commit": "b2"})
    assert answer.status_code == 409
    assert answer.json()["deploys"][0]["text"] == "commit was a1, now b2"


def test_unknown_service_is_stored_unlinked(client: TestClient, furniture: Furniture) -> None:
    """It is kept, and the sender hears that nobody watches it."""
    answer = client.post(PATH, json={**ONE, "service": "<b>new</b>"})
    assert answer.status_code == 202
    assert "service <b>new</b> is not in detector.yml; stored, unlinked" in answer.json()["text"]
    assert len(furniture.store.reports) == 1


def test_batch_answers_for_each(client: TestClient) -> None:
    """The code that all share, or 207 and a code for each."""
    batch = [{**ONE, "id": name} for name in ("d1", "d2")]
    assert client.post(PATH, json=batch).status_code == 201
    answer = client.post(
        PATH, json={"deploys": [*batch, {**ONE, "id": "d3", "service": "other"}, {**ONE, "id": "d1", "version": "v9"}]}
    )
    assert answer.status_code == 207
    assert results(answer) == [
        (200, "already recorded"),
        (200, "already recorded"),
        (202, "recorded"),
        (409, "conflict"),
    ]


def test_one_fault_keeps_a_batch_out(client: TestClient, furniture: Furniture) -> None:
    """All or nothing: who mends the fault sends the batch again."""
    answer = client.post(PATH, json=[ONE, {**ONE, "url": "javascript:x"}])
    assert answer.status_code == 422
    assert answer.json()["faults"][0]["field"] == "deploys[1].url"
    assert furniture.store.reports == []


def test_numbered_request_is_taken_once(client: TestClient, furniture: Furniture) -> None:
    """Its repeat changes nothing even a day later; the same number with another body is a mistake."""
    bare, key = {"service": "checkout-api", "version": "v412"}, {"Idempotency-Key": "pipeline-9-step-4"}
    first = client.post(PATH, json=bare, headers=key)
    furniture.clock.move(86_400)
    again = client.post(PATH, json=bare, headers=key)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["deploys"][0]["id"] == again.json()["deploys"][0]["id"]
    assert client.post(PATH, json={**bare, "version": "v9"}, headers=key).status_code == 409
    assert len(furniture.store.reports) == 1


@pytest.mark.parametrize("key", [b"", b"a b", b"x" * 201, b"\xff"], ids=repr)
def test_number_of_a_request_is_plain(client: TestClient, key: bytes) -> None:
    """What no sender would choose is refused with its field."""
    answer = client.post(PATH, json=ONE, headers={b"Idempotency-Key": key})
    assert (answer.status_code, answer.json()["faults"][0]["field"]) == (422, "Idempotency-Key")


@pytest.mark.parametrize(
    "body", [b"", b"{", b'{"a": NaN}', b'{"a":1,"a":2}', b"[" * 60_000, b"[" + b"9" * 5000 + b"]", b"\xff"], ids=repr
)
def test_no_json_is_400(client: TestClient, body: bytes) -> None:
    """What Python's reader takes, or fails on, is told to be no JSON."""
    answer = client.post(PATH, content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["text"][:17]) == (400, "Nothing was done:")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "", "application/jsonx"])
def test_other_kinds_of_content_are_415(client: TestClient, kind: str) -> None:
    """The answer names the header that curl needs."""
    answer = client.post(PATH, content=json.dumps(ONE), headers={"Content-Type": kind})
    assert answer.status_code == 415
    assert "Content-Type: application/json" in answer.json()["text"]


def test_compressed_body_is_415(client: TestClient) -> None:
    """Nothing is unpacked."""
    answer = client.post(PATH, json=ONE, headers={"Content-Encoding": "gzip"})
    assert (answer.status_code, answer.json()["text"]) == (415, "The body is compressed; send it as it is")


def test_large_body_is_413(client: TestClient) -> None:
    """One byte more than 64 KiB, by its header."""
    assert client.post(PATH, content=b" " * 65537).status_code == 413
    assert client.post(PATH, content=b" " * 65536, headers={"Content-Type": "application/json"}).status_code == 400


def test_each_token_has_its_pace(furniture: Furniture) -> None:
    """A hundred at once, then ten a second; another token is not slowed."""
    furniture.rules = a_rule_book(TOKEN, "second")
    client = TestClient(make_application(furniture.desk()), headers=BEARER)
    codes = [client.get(PATH).status_code for _ in range(101)]
    assert codes == [*[200] * 100, 429]
    assert client.get(PATH).headers["Retry-After"] == "1"
    assert client.get(PATH, headers={"Authorization": "Bearer second"}).status_code == 200
    furniture.clock.move(1)
    assert [client.get(PATH).status_code for _ in range(11)] == [*[200] * 10, 429]


def test_each_service_has_its_pace(client: TestClient, furniture: Furniture) -> None:
    """600 reports an hour of one service; the answer names it, and other services are heard."""

    def batch(service: str, first: int, count: int = 100) -> int:
        said = [{"service": service, "version": "v", "id": f"{service}{first + place}"} for place in range(count)]
        answer = client.post(PATH, json=said)
        if answer.status_code == 429:
            assert int(answer.headers["Retry-After"]) >= 1
            assert service in answer.json()["text"]
        return answer.status_code

    assert [batch("checkout-api", first) for first in range(0, 700, 100)] == [*[201] * 6, 429]
    assert batch("payments", 0) == 201
    assert len(furniture.store.reports) == 700
    furniture.clock.move(60)
    assert batch("checkout-api", 600, 10) == 201


def test_invented_services_share_one_pace(client: TestClient, furniture: Furniture) -> None:
    """A leaked token gains nothing from new names."""
    for first in range(0, 600, 100):
        said = [{"service": f"s{first + place}", "version": "v"} for place in range(100)]
        assert client.post(PATH, json=said).status_code == 202
    answer = client.post(PATH, json={"service": "another", "version": "v"})
    assert answer.status_code == 429
    assert "services that are not in detector.yml" in answer.json()["text"]
    assert len(furniture.store.reports) == 600


def test_store_trouble_is_503(client: TestClient, furniture: Furniture) -> None:
    """The client is told to try again, and nothing of the store's address."""
    furniture.break_store()
    with capture_logs() as lines:
        answer = client.post(PATH, json=ONE)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert ["gone" in line["error"] for line in lines] == [True]
    assert "postgresql" not in answer.text


def test_error_is_500_with_an_id(client: TestClient, furniture: Furniture) -> None:
    """Whatever goes wrong inside, the answer holds an id and nothing else of it."""
    furniture.store.trouble = RuntimeError("secret detail")
    with capture_logs() as lines:
        answer = client.post(PATH, json=ONE)
    assert answer.status_code == 500
    assert [line["error_id"] for line in lines] == [answer.json()["text"].rpartition(" ")[2]]
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    assert furniture.counted == {"error": 1}


def test_refused_reports_are_logged_and_not_each_of_them(client: TestClient) -> None:
    """A deploy that is not known is a suspect that will be missing; reads without a token are nobody's concern."""
    with capture_logs() as lines:
        for _ in range(50):
            client.post(PATH, json=ONE, headers={"Authorization": "Bearer another"})
        client.get(PATH, headers={"Authorization": "Bearer another"})
        client.post(PATH, json={})
    assert [(line["code"], line["why"]) for line in lines] == [(401, "token")] * 10 + [(422, "content")]
    assert all(line["todo"] for line in lines)


def test_deploys_are_listed_newest_first(client: TestClient, furniture: Furniture) -> None:
    """Reports of one deploy are one entry; span, service and number can be asked for."""
    started = {**ONE, "id": "d1", "status": "in_progress", "at": "2026-03-10T07:40:00Z"}
    ended = {**ONE, "id": "d1", "scope": {"country": ["DE"], "percent": 10}}
    client.post(PATH, json=[started, ended, {**ONE, "id": "d2", "service": "payments", "at": "2026-03-10T07:59Z"}])
    furniture.store.reports.append(a_deploy("old", live_at=NOW.replace(month=1)))
    found = client.get(PATH).json()["deploys"]
    assert [one["id"] for one in found] == ["d2", "d1"]
    assert found[1] == {
        "id": "d1",
        "service": "checkout-api",
        "version": "v412",
        "environment": "production",
        "status": "success",
        "kind": "deploy",
        "received_at": "2026-03-10T08:00:00Z",
        "started_at": "2026-03-10T07:40:00Z",
        "finished_at": "2026-03-10T07:52:00Z",
        "commit": None,
        "actor": None,
        "url": None,
        "rollback_of": None,
        "scope": {"country": ["DE"], "percent": 10.0},
        "source": "api",
    }
    assert [one["id"] for one in client.get(PATH, params={"limit": 1}).json()["deploys"]] == ["d2"]
    assert [one["id"] for one in client.get(PATH, params={"service": "checkout-api"}).json()["deploys"]] == ["d1"]
    wide = {"since": "2026-01-01", "until": "2026-03-10T08:30+01:00"}
    assert [one["id"] for one in client.get(PATH, params=wide).json()["deploys"]] == ["old"]


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"since": "x"}, "since"),
        ({"until": "9999-01-01"}, "until"),
        ({"since": "2026-03-10", "until": "2026-03-09"}, "since"),
        ({"since": "2024-01-01"}, "since"),
        ({"limit": "0"}, "limit"),
        ({"limit": "1001"}, "limit"),
        ({"limit": "ten"}, "limit"),
        ({"serivce": "x"}, "serivce"),
        ({"service": "x" * 201}, "service"),
    ],
    ids=str,
)
def test_questions_that_cannot_be_are_422(client: TestClient, asked: dict[str, str], field: str) -> None:
    """Field and fix are told, as for reports."""
    answer = client.get(PATH, params=asked)
    assert (answer.status_code, answer.json()["faults"][0]["field"]) == (422, field)
