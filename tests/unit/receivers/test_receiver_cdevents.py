"""CDEvents in CloudEvents."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from detector.model.deploy import Deploy, DeployKind, Scope
from detector.web.receiving import Reception
from posts import CDEVENTS, LIVE, NOW, Sent, changed, one, payload, sent

DEPLOYED = payload("cdevents_service_deployed")
UPGRADED = payload("cdevents_service_upgraded")
BINARY = {
    "ce-specversion": "1.0",
    "ce-id": DEPLOYED["context"]["id"],
    "ce-type": DEPLOYED["context"]["type"],
    "ce-source": DEPLOYED["context"]["source"],
    "ce-time": "2026-03-10T06:52:00.123Z",
}
ID = "/deploy/cluster-1#271069a8-fc18-44f1-b38f-9d70a1695819"


def binary(event: dict[str, Any]) -> Sent:
    request = sent(CDEVENTS, event)
    return replace(request, headers={**request.headers, **BINARY})


def enveloped(event: object, number: str = "e-1") -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": number,
        "type": "dev.cdevents.service.deployed.0.3.0",
        "source": "/deploy/cluster-1",
        "time": "2026-03-10T06:52:00Z",
        "datacontenttype": "application/json",
        "data": event,
    }


def structured(document: object, media: str = "application/cloudevents+json") -> Reception:
    return sent(CDEVENTS, document).with_headers(content_type=f"{media}; charset=UTF-8").accepted()


def test_deployed_in_binary_mode() -> None:
    """The attributes in headers, the event as the body; every field of the normal form that CDEvents knows."""
    assert one(binary(DEPLOYED).accepted()) == Deploy(
        id=ID,
        service="checkout",
        version="v412",
        received_at=NOW,
        environment="production",
        finished_at=LIVE + timedelta(milliseconds=123),
        actor="alice",
        scope=Scope({"country": ("DE",)}),
        source="cdevents",
    )


def test_modes_say_the_same() -> None:
    """In headers, in one document, as one of several, and bare."""
    reports = [
        one(binary(DEPLOYED).accepted()),
        one(structured(enveloped(DEPLOYED))),
        one(structured([enveloped(DEPLOYED)], "application/cloudevents-batch+json")),
        one(sent(CDEVENTS, DEPLOYED).accepted()),
        one(sent(CDEVENTS, enveloped(DEPLOYED)).accepted()),
    ]
    assert reports == [reports[0]] * 5


def test_version_before_specversion() -> None:
    """Drafts up to 0.5 call it `version`; the artifact's own version is the one that counts."""
    report = one(sent(CDEVENTS, UPGRADED).accepted())
    assert (report.service, report.version, report.kind) == ("checkout-api", "v1.4.0", DeployKind.DEPLOY)


@pytest.mark.parametrize(
    ("what", "kind"),
    [
        ("deployed", DeployKind.DEPLOY),
        ("upgraded", DeployKind.DEPLOY),
        ("rolledback", DeployKind.ROLLBACK),
        ("published", DeployKind.CONFIG),
        ("removed", DeployKind.CONFIG),
    ],
)
def test_kinds(what: str, kind: DeployKind) -> None:
    """What was done to the service; what is about no version is called by what was done."""
    event = changed(UPGRADED, context__type=f"dev.cdevents.service.{what}.0.2.0-draft")
    assert one(sent(CDEVENTS, event).accepted()).kind is kind
    bare = changed(event, subject__content={"environment": {"id": "production"}})
    assert one(sent(CDEVENTS, bare).accepted()).version == what


@pytest.mark.parametrize(
    ("artifact", "version"),
    [
        ("pkg:oci/app@sha256%3A" + "0b31b1c02ff4" + "5" * 52, "sha256:0b31b1c02ff4"),
        ("pkg:npm/%40acme/app@1.2.3?x=y#lib", "1.2.3"),
        ("pkg:oci/app?tag=v7&tag=v8", "v7"),
        ("app", "upgraded"),
        (None, "upgraded"),
        (7, "upgraded"),
    ],
)
def test_version_of_a_package_url(artifact: object, version: str) -> None:
    """The tag, or what stands behind the @."""
    event = changed(UPGRADED, subject__content__artifactId=artifact)
    assert one(sent(CDEVENTS, event).accepted()).version == version


@pytest.mark.parametrize("kind", ["dev.cdevents.build.finished.0.2.0", "dev.cdevents.service.paused.0.1.0", "x"])
def test_other_events_are_fine(kind: str) -> None:
    """Builds and tests say nothing of what customers have."""
    answer = sent(CDEVENTS, changed(UPGRADED, context__type=kind)).accepted()
    assert (answer.status, answer.reports) == (200, ())


def test_receipt_is_source_and_id() -> None:
    """CloudEvents makes both together unique."""
    receipt = binary(DEPLOYED).accepted().receipt
    assert receipt is not None
    assert receipt.delivery == ID


def test_batch() -> None:
    """Several at a time; one that cannot be is told by its place, and then none is taken."""
    other = changed(UPGRADED, subject__id="payments")
    media = "application/cloudevents-batch+json"
    answer = structured([enveloped(DEPLOYED), enveloped(other)], media)
    assert [report.service for report in answer.reports] == ["checkout", "payments"]
    bad = structured([enveloped(DEPLOYED), enveloped(changed(UPGRADED, subject__id=None))], media)
    assert (bad.status, bad.text) == (422, "Nothing was recorded: [1]: service is missing; send it")
    assert structured([enveloped(DEPLOYED)] * 101, media).status == 422
    assert structured({}, media).status == 422


@pytest.mark.parametrize("document", [{}, [], 7, {"context": {}}, {"context": {"type": 7}}, {"data": "x"}])
def test_incomplete_events(document: object) -> None:
    """What is no CDEvent is told so."""
    assert sent(CDEVENTS, document).accepted().status == 422
