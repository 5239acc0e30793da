"""Metrics and incidents over HTTP."""

from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from builders import EIGHT, HOUR, a_deploy, a_part, a_ranking, an_incident, an_outcome, told_at
from desks import BEARER, Furniture
from detector.model.deploy import Rejected
from detector.model.incident import IncidentEvent, IncidentState, Whereabouts
from detector.model.state import MetricState, SourceHealth
from detector.model.verdict import Loss
from detector.web.application import make_application


@pytest.fixture
def furniture() -> Furniture:
    return Furniture()


@pytest.fixture
def client(furniture: Furniture) -> TestClient:
    return TestClient(make_application(furniture.desk()), headers=BEARER)


def test_metric_that_was_never_judged(client: TestClient) -> None:
    """It is listed, with nulls and with when it is due."""
    (found,) = client.get("/api/v1/metrics").json()["metrics"]
    assert (found["metric"], found["outcome"], found["value"]) == ("checkout/revenue", None, None)
    assert found["next"] == "2026-03-10T08:05:00Z"


def test_metric_as_last_judged(client: TestClient, furniture: Furniture) -> None:
    """Numbers are numbers, times are UTC, and what is no number is null."""
    store = furniture.store
    store.outcomes_by_metric["checkout/revenue"] = replace(an_outcome(0, "a"), low=float("nan"), high=float("inf"))
    store.states["checkout/revenue"] = MetricState("checkout/revenue", "f", EIGHT, read_until=EIGHT + HOUR)
    store.health["shop"] = SourceHealth("shop", EIGHT, 3, "no route to host")
    (found,) = client.get("/api/v1/metrics").json()["metrics"]
    assert found == {
        "metric": "checkout/revenue",
        "title": "Checkout revenue",
        "team": "checkout",
        "unit": "EUR",
        "kind": "revenue",
        "every_s": 3600,
        "outcome": "anomalous",
        "bucket": "2026-03-10T07:00:00Z",
        "value": 0.0,
        "expected": 1000.0,
        "low": None,
        "high": None,
        "reason": "",
        "judged_at": "2026-03-10T08:00:00Z",
        "read_until": "2026-03-10T08:00:00Z",
        "next": "2026-03-10T08:05:00Z",
        "failing_since": "2026-03-10T07:00:00Z",
    }


def test_incidents_are_listed(client: TestClient, furniture: Furniture) -> None:
    """Those going on, or all; with money, unit and the deploy that is named."""
    named = a_deploy()
    furniture.store.live = [
        an_incident(number=2, ranking=a_ranking(named), told=told_at(EIGHT)),
        an_incident(number=1, state=IncidentState.RESOLVED, resolved_at=EIGHT + HOUR),
    ]
    (live,) = client.get("/api/v1/incidents").json()["incidents"]
    assert (live["number"], live["state"], live["messages"], live["named"]["id"]) == (2, "open", 1, "d-412")
    assert live["metrics"][0]["loss"] == {
        "amount": 1000.0,
        "low": 800.0,
        "high": 1200.0,
        "per_hour": 1000.0,
        "came_back": 0.0,
    }
    assert live["metrics"][0]["unit"] == "EUR"
    everything = client.get("/api/v1/incidents", params={"live": "false"}).json()["incidents"]
    assert [one["number"] for one in everything] == [2, 1]
    assert everything[1]["resolved_at"] == "2026-03-10T08:00:00Z"
    assert client.get("/api/v1/incidents", params={"live": "false", "limit": 1}).json()["incidents"][0]["number"] == 2


def test_incident_with_suspects_and_history(client: TestClient, furniture: Furniture) -> None:
    """Probabilities, grounds, who was ruled out and why, and what happened."""
    guilty, early = a_deploy(), a_deploy("d-1", "search")
    ranking = replace(a_ranking(guilty, [early]), rejected=(Rejected(early, "too early"),))
    where = (Whereabouts("country", everywhere=False, segments=(("DE", 0.9),)),)
    part = a_part(where=where, metric="gone/metric", loss=Loss(1.0, float("-inf"), 2.0, 0.5))
    furniture.store.live = [an_incident(number=7, ranking=ranking, metrics=(part,))]
    furniture.store.events = [IncidentEvent(7, EIGHT, "opened", "1,000 € missing")]
    found = client.get("/api/v1/incidents/7").json()
    assert [(one["deploy"]["id"], one["probability"], one["ruled_out"]) for one in found["ranking"]["suspects"]] == [
        ("d-412", 0.9, None),
        ("d-1", 0.02, "too early"),
    ]
    assert found["ranking"]["no_deploy"] == pytest.approx(0.08)
    assert found["events"] == [{"at": "2026-03-10T07:00:00Z", "what": "opened", "text": "1,000 € missing"}]
    assert found["metrics"][0]["where"] == [
        {"column": "country", "everywhere": False, "segments": [{"segment": "DE", "share": 0.9}]}
    ]
    assert (found["metrics"][0]["unit"], found["metrics"][0]["loss"]["low"]) == (None, None)


def test_incident_that_is_none(client: TestClient) -> None:
    """404 for a number that is free, 422 for what is no number."""
    assert client.get("/api/v1/incidents/8").status_code == 404
    for number in ("0", "-1", "x", "2147483648", "1e3", "9" * 5000):
        assert client.get(f"/api/v1/incidents/{number}").status_code == 422, number
