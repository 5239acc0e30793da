"""The API on a real store."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from desks import BEARER, NOW, Furniture, SignedBy
from detector.adapters.store import open_store
from detector.model.deploy import Receipt
from detector.web.application import make_application
from detector.web.receiving import Reception
from store_samples import deploy, tick

ONE = {"service": "checkout-api", "version": "v412", "at": "2026-03-10T07:52:00Z"}
PATH = "/api/v1/deploys"


@pytest.fixture
def furniture() -> Furniture:
    return Furniture(feeds={"github": SignedBy()})


@pytest.fixture
def client(furniture: Furniture, tmp_path: Path) -> Iterator[TestClient]:
    store = open_store(f"sqlite:///{tmp_path / 'detector.db'}")
    store.commit(tick())
    yield TestClient(make_application(replace(furniture.desk(), store=store)), headers=BEARER)
    store.close()


def test_reports_come_back_as_they_were_sent(client: TestClient) -> None:
    """Recorded, known, in conflict, listed; with scope and a name in another script."""
    said = {**ONE, "id": "d1", "actor": "Zoë 🚀", "scope": {"country": ["DE"], "percent": 10}}
    assert [client.post(PATH, json=said).status_code for _ in range(2)] == [201, 200]
    conflict = client.post(PATH, json={**said, "commit": "b2"})
    assert conflict.status_code == 409
    assert "commit was None, now b2" in conflict.json()["text"]
    (found,) = client.get(PATH).json()["deploys"]
    assert (found["actor"], found["scope"], found["source"]) == ("Zoë 🚀", said["scope"], "api")


def test_repeats_are_known(client: TestClient, furniture: Furniture) -> None:
    """With an id, with a number of the request, or with neither, just now."""
    bare = {"service": "checkout-api", "version": "v412"}
    for said, headers in (
        (bare, {}),
        ({**bare, "id": "run-1"}, {}),
        ({**bare, "version": "v9"}, {"Idempotency-Key": "k"}),
    ):
        first = client.post(PATH, json=said, headers=headers)
        furniture.clock.move(60)
        again = client.post(PATH, json=said, headers=headers)
        assert (first.status_code, again.status_code) == (201, 200)
        assert first.json()["deploys"][0]["id"] == again.json()["deploys"][0]["id"]
    assert client.post(PATH, json=bare, headers={"Idempotency-Key": "k"}).status_code == 409


def test_conflict_leaves_the_rest_of_a_batch(client: TestClient) -> None:
    """One transaction, and each report on its own merits."""
    client.post(PATH, json={**ONE, "id": "d1"})
    answer = client.post(PATH, json=[{**ONE, "id": "d1", "version": "v9"}, {**ONE, "id": "d2"}])
    assert [one["code"] for one in answer.json()["deploys"]] == [409, 201]


def test_feed_is_kept_with_its_receipt(client: TestClient, furniture: Furniture) -> None:
    """A repeat is known by its number, and the number with another body refused."""
    report = deploy("run-1", service="payments", source="github")
    for digest, code in (("aa", 202), ("aa", 200), ("bb", 409)):
        furniture.feeds["github"] = SignedBy("", Reception(200, "", (report,), Receipt("github", "n1", digest, NOW)))
        assert client.post("/api/v1/feeds/github").status_code == code


def test_unstorable_report_of_a_feed_is_422(client: TestClient, furniture: Furniture) -> None:
    """A receiver that lets half a character through breaks nothing."""
    furniture.feeds["github"] = SignedBy("", Reception(200, "", (deploy("run-\ud800", source="github"),)))
    assert client.post("/api/v1/feeds/github").status_code == 422


def test_metrics_and_incidents_of_a_tick(client: TestClient) -> None:
    """What a tick left can be asked for."""
    (metric,) = client.get("/api/v1/metrics").json()["metrics"]
    assert (metric["outcome"], metric["value"], metric["failing_since"]) == ("anomalous", 0.0, "2026-11-16T08:00:00Z")
    assert [one["number"] for one in client.get("/api/v1/incidents").json()["incidents"]] == [1]
    page = client.get("/api/v1/incidents/1").json()
    assert page["ranking"]["suspects"][0]["probability"] == 0.86
    assert page["events"][0]["what"] == "opened"
    assert page["named"]["scope"] == {"country": ["DE", "AT"], "percent": 10.0}
