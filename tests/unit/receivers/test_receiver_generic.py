"""Anything that posts JSON, and how it proves who it is."""

import base64
import hashlib
import hmac
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from detector.model.deploy import DeployKind, DeployStatus, Scope
from detector.model.feed import Feed, FeedKind, Proof, ProofKind, Take
from detector.model.secret import Secret
from posts import KEY, LIVE, NOW, PLAIN, SECRET, one, sent

LEAST = {"service": "checkout-api", "version": "v412"}
STANDARD = replace(PLAIN, proof=Proof(ProofKind.WEBHOOK, "webhook"))
HMAC = replace(PLAIN, proof=Proof(ProofKind.HMAC, "x-sign"))


def taking(**fields: Any) -> Feed:
    """A feed with these places: texts are keys, tuples are paths, `=x` is a constant."""
    return Feed("own", FeedKind.JSON, KEY, fields={name.replace("__", "."): _takes(at) for name, at in fields.items()})


def _takes(place: Any) -> tuple[Take, ...]:
    several = place if isinstance(place, list) else [place]
    return tuple(
        Take(constant=one[1:])
        if isinstance(one, str) and one.startswith("=")
        else Take(one if isinstance(one, tuple) else (one,))
        for one in several
    )


def test_places() -> None:
    """Keys, places in lists, constants, and the first of several that is there."""
    feed = taking(
        service=("app", "name"),
        version=[("tags", 3), ("tags", 0), "=none"],
        environment="=staging",
        kind="what",
        scope__country=("where",),
        scope__percent="share",
        finished_at="ended",
        actor=["by", ("app", "owner")],
    )
    document = {
        "app": {"name": "shop/checkout", "owner": "alice"},
        "tags": ["v412"],
        "what": "Rollback",
        "where": ["DE", "AT"],
        "share": "10 %".replace(" ", ""),
        "ended": 1773125520000,
        "by": "",
    }
    report = one(sent(feed, document).accepted())
    assert (report.service, report.version, report.environment) == ("checkout", "v412", "staging")
    assert (report.kind, report.scope) == (DeployKind.ROLLBACK, Scope({"country": ("DE", "AT")}, 10.0))
    assert (report.finished_at, report.actor) == (LIVE, "alice")


def test_image_is_known_by_its_tag() -> None:
    """A container image's version is its tag, whatever registry it comes from."""
    for image in ("registry.example:5000/acme/checkout:v412", "ghcr.example/a/b:v412@sha256:" + "0" * 64):
        assert one(sent(PLAIN, {**LEAST, "version": image}).accepted()).version == "v412"


def test_each_item_is_a_change() -> None:
    """A list of changes; what an item does not say may stand around the list."""
    feed = replace(taking(service="app", version="tag", environment="target"), each=("apps",))
    document = {"target": "prod", "tag": "v1", "apps": [{"app": "a"}, {"app": "b", "tag": "v2", "target": "lab"}]}
    reports = sent(feed, document).accepted().reports
    assert [(it.service, it.version, it.environment) for it in reports] == [
        ("a", "v1", "production"),
        ("b", "v2", "lab"),
    ]


def test_item_that_cannot_be_is_told_by_its_place() -> None:
    """And none of the request is taken."""
    feed = replace(taking(service="app", version="tag"), each=("apps",))
    answer = sent(feed, {"apps": [{"app": "a", "tag": 1}, {"app": "b"}]}).accepted()
    assert (answer.status, answer.text) == (422, "Nothing was recorded: apps[1]: version is missing; send it")
    assert sent(feed, {"apps": {}}).accepted().status == 422
    assert sent(feed, {"apps": [{"app": "a", "tag": 1}] * 101}).accepted().status == 422


@pytest.mark.parametrize(("event", "count"), [("deployed", 1), ("live", 1), ("built", 0), (None, 0), ({}, 0)])
def test_when(event: object, count: int) -> None:
    """Only what has one of the values is a change; the rest is fine."""
    feed = replace(PLAIN, when=((Take(("event",)), ("deployed", "live")),))
    answer = sent(feed, {**LEAST, "event": event}).accepted()
    assert len(answer.reports) == count
    assert answer.status == (202 if count else 200)


def test_own_words_for_statuses() -> None:
    """What a word means is said in `values`, or known; another one is told with what to do."""
    feed = replace(PLAIN, values={"status": {"Synced": "success", "Pending": "ignore"}})
    assert one(sent(feed, {**LEAST, "status": "synced"}).accepted()).status is DeployStatus.SUCCESS
    assert one(sent(feed, {**LEAST, "status": "Aborted"}).accepted()).status is DeployStatus.CANCELLED
    ignored = sent(feed, {**LEAST, "status": "Pending"}).accepted()
    assert (ignored.status, ignored.reports) == (200, ())
    unknown = sent(feed, {**LEAST, "status": "Perhaps"}).accepted()
    assert unknown.status == 422
    assert "name it under `values: status:`" in unknown.text


def test_without_id_the_same_words_are_the_same_change() -> None:
    """A repeat is no second change, and another time is."""
    said = {**LEAST, "at": "2026-03-10T06:52:00Z"}
    first, again = one(sent(PLAIN, said).accepted()), one(sent(PLAIN, said).accepted(NOW + timedelta(hours=1)))
    assert replace(again, received_at=NOW) == first
    assert one(sent(PLAIN, {**said, "at": "2026-03-10T06:53:00Z"}).accepted()).id != first.id


def test_without_time_it_is_live_when_heard() -> None:
    """And the same body again is the same change, whenever it comes."""
    first, again = (one(sent(PLAIN, LEAST).accepted(at)) for at in (NOW, NOW + timedelta(days=1)))
    assert first.finished_at is None
    assert replace(again, received_at=NOW) == first


@pytest.mark.parametrize(
    "proof",
    [Proof(), Proof(ProofKind.HEADER, "x-token"), Proof(ProofKind.HMAC, "x-sign"), Proof(ProofKind.WEBHOOK, "svix")],
    ids=lambda proof: proof.kind.name,
)
def test_every_proof(proof: Proof) -> None:
    """Each way to prove the sender works with the newer and the older of two secrets, and with no other one."""
    secrets = (Secret("the-next-secret"), *KEY)
    feed = replace(PLAIN, proof=proof, secrets=secrets)
    assert sent(feed, LEAST).accepted().status == 202
    assert sent(replace(feed, secrets=secrets[:1]), LEAST).accepted().status == 401


def test_token_in_the_body() -> None:
    """As PagerDuty's clients send it; a body that cannot be read proves nothing."""
    feed = replace(PLAIN, proof=Proof(ProofKind.BODY, path=("key",)))
    assert sent(feed, {**LEAST, "key": SECRET}).accepted().status == 202
    for body in ({**LEAST, "key": "x"}, LEAST, {"key": [SECRET]}, b"{", b"[" * 60_000):
        assert sent(feed, body).accepted().status == 401


@pytest.mark.parametrize("said", ["{hex}", "sha256={hex}", "v1={hex}", "v1=00,v1={hex}", "{base64}", "sha256={base64}"])
def test_ways_to_write_a_signature(said: str) -> None:
    """In hexadecimal or Base64, with a label or without, one or several."""
    request = sent(HMAC, LEAST)
    digest = hmac.digest(SECRET.encode(), request.body, hashlib.sha256)
    text = said.format(hex=digest.hex(), base64=base64.b64encode(digest).decode())
    assert request.with_headers(x_sign=text).accepted().status == 202


def test_key_of_standard_webhooks() -> None:
    """A secret that begins with whsec_ is the Base64 of the key."""
    feed = replace(STANDARD, secrets=(Secret("whsec_" + base64.b64encode(SECRET.encode()).decode()),))
    assert sent(feed, LEAST).accepted().status == 202


def test_several_signatures_of_standard_webhooks() -> None:
    """While a secret is exchanged, the sender signs with both."""
    request = sent(STANDARD, LEAST)
    both = f"v1,AAAA {request.headers['webhook-signature']}"
    answer = request.with_headers(webhook_signature=both).accepted()
    assert answer.status == 202
    assert answer.receipt is not None
    assert answer.receipt.delivery == "delivery-1"


@pytest.mark.parametrize(("minutes", "status"), [(-6, 401), (-4.9, 202), (4.9, 202), (6, 401)])
def test_age_of_a_signature(minutes: float, status: int) -> None:
    """Five minutes to either side; an attacker who keeps a request cannot send it tomorrow."""
    answer = sent(STANDARD, LEAST, at=NOW - timedelta(minutes=minutes)).accepted()
    assert answer.status == status
    assert ("outside of the window" in answer.text) is (status == 401)


@pytest.mark.parametrize("when", ["", "soon", "1e9", "-1", "٣٤", "9" * 400])
def test_time_of_a_signature_that_is_none(when: str) -> None:
    """Nothing but digits is read as a time, even where it is signed."""
    body = b"{}"
    signature = hmac.digest(SECRET.encode(), b"n." + when.encode("latin-1", "replace") + b"." + body, "sha256")
    request = sent(STANDARD, body).with_headers(
        webhook_id="n", webhook_timestamp=when, webhook_signature=f"v1,{base64.b64encode(signature).decode()}"
    )
    assert request.accepted().status == 401
