"""The server does what its OpenAPI document says, for whatever schemathesis thinks of."""

from dataclasses import dataclass
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    missing_required_header,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)
from structlog.testing import capture_logs

from builders import EIGHT, a_deploy, a_ranking, an_incident, an_outcome
from desks import BEARER, NOW, Furniture, SignedBy, StandingClock
from detector.model.incident import Incident, IncidentEvent
from detector.web.application import make_application
from detector.web.receiving import Reception

Case = schemathesis.Case[Any]

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    missing_required_header,
    unsupported_method,
    ignored_auth,
]


@dataclass
class HastyClock(StandingClock):
    """An hour goes by at each look, so that nobody has asked too much."""

    def elapsed_s(self) -> float:
        self.run_s += 3600.0
        return self.run_s


def furnished() -> Furniture:
    furniture = Furniture(clock=HastyClock())
    deploy = a_deploy(live_at=NOW)
    furniture.feeds["0"] = SignedBy("", Reception(200, "", (deploy,)))
    furniture.store.reports.append(deploy)
    furniture.store.live = [incident(number) for number in (1, 2)]
    furniture.store.events = [IncidentEvent(1, EIGHT, "opened", "1,000 € missing")]
    furniture.store.outcomes_by_metric["checkout/revenue"] = an_outcome(0, "a")
    return furniture


def incident(number: int) -> Incident:
    return an_incident(number=number, ranking=a_ranking(a_deploy(), [a_deploy("d-2")]))


schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", make_application(furnished().desk()))


def check(case: Case) -> None:
    headers = BEARER if case.operation.security else {}
    with capture_logs() as lines:
        answer = case.call_and_validate(headers=headers, checks=CHECKS)
    assert answer.headers["x-content-type-options"] == ["nosniff"]
    assert [line for line in lines if line["log_level"] == "error"] == []


@schema.parametrize()
@settings(max_examples=15, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
def test_document_holds(case: Case) -> None:
    """No request leads to a code, a type or a shape that the document does not name, to an error, or past the token."""
    check(case)


@pytest.mark.long
@schema.parametrize()
@settings(max_examples=3000, deadline=None, database=None, suppress_health_check=list(HealthCheck))
def test_document_holds_for_long(case: Case) -> None:
    """The same for more than 20,000 requests."""
    check(case)
