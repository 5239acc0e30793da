"""Requests as the senders of deploys make them, for tests of the receivers."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from detector.model.deploy import Deploy
from detector.model.feed import Feed, FeedKind, Proof, ProofKind, Take
from detector.model.secret import Secret
from detector.web.receivers.receiving import FeedReceiver
from detector.web.receiving import Reception

__all__ = [
    "CDEVENTS",
    "GITHUB",
    "GITLAB",
    "LIVE",
    "NOW",
    "PLAIN",
    "SECRET",
    "Sent",
    "changed",
    "one",
    "payload",
    "sent",
]

NOW = datetime(2026, 3, 10, 7, tzinfo=UTC)
LIVE = datetime(2026, 3, 10, 6, 52, tzinfo=UTC)
SECRET = "a-secret-of-these-tests"  # noqa: S105 - of these tests
KEY = (Secret(SECRET),)

GITHUB = Feed("github", FeedKind.GITHUB, KEY, Proof(ProofKind.HMAC, "x-hub-signature-256"))
GITLAB = Feed("gitlab", FeedKind.GITLAB, KEY, Proof(ProofKind.HEADER, "x-gitlab-token"))
CDEVENTS = Feed("cdevents", FeedKind.CDEVENTS, KEY)
PLAIN = Feed(
    "plain",
    FeedKind.JSON,
    KEY,
    fields={name: (Take((name,)),) for name in ("service", "version", "environment", "status", "id", "url", "at")},
)


@dataclass(frozen=True, slots=True)
class Sent:
    """One request, signed as its feed wants."""

    feed: Feed
    body: bytes
    headers: Mapping[str, str]

    def accepted(self, now: datetime = NOW) -> Reception:
        return FeedReceiver(self.feed).accept(self.headers, self.body, now)

    def with_headers(self, **more: str | None) -> "Sent":
        """With others; None takes one away, and `_` stands for the hyphen."""
        named = {name.replace("_", "-"): value for name, value in more.items()}
        kept = {**self.headers, **{name: value for name, value in named.items() if value is not None}}
        return replace(self, headers={name: value for name, value in kept.items() if named.get(name, "") is not None})


def payload(name: str) -> dict[str, Any]:
    """A document with the fields that its vendor documents."""
    found: dict[str, Any] = json.loads((Path(__file__).parent / "payloads" / f"{name}.json").read_text("utf-8"))
    return found


def changed(document: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """The document with other values at places such as `deployment__environment`."""
    copy: dict[str, Any] = json.loads(json.dumps(document))
    for place, value in fields.items():
        *parents, last = place.split("__")
        inner = copy
        for parent in parents:
            inner = inner[parent]
        inner[last] = value
    return copy


def sent(feed: Feed, document: object, number: str = "delivery-1", at: datetime = NOW) -> Sent:
    """The request that the sender of a feed makes; bytes go as they are."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return Sent(feed, body, {"content-type": "application/json", **_proof(feed, body, number, at)})


def _proof(feed: Feed, body: bytes, number: str, at: datetime) -> dict[str, str]:
    mac = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    if feed.kind is FeedKind.GITHUB:
        numbered = {"x-github-event": "deployment_status", "x-github-delivery": number}
        return {"x-hub-signature-256": f"sha256={mac}", **numbered}
    if feed.kind is FeedKind.GITLAB:
        return {"x-gitlab-token": SECRET, "x-gitlab-event": "Deployment Hook", "x-gitlab-event-uuid": number}
    if feed.proof.kind is ProofKind.WEBHOOK:
        when, prefix = str(int(at.timestamp())), feed.proof.name
        signed = b".".join((number.encode(), when.encode(), body))
        signature = base64.b64encode(hmac.digest(SECRET.encode(), signed, "sha256")).decode()
        return {f"{prefix}-id": number, f"{prefix}-timestamp": when, f"{prefix}-signature": f"v1,{signature}"}
    simple = {ProofKind.HMAC: mac, ProofKind.HEADER: SECRET, ProofKind.BEARER: f"Bearer {SECRET}"}
    return {feed.proof.name: simple[feed.proof.kind]} if feed.proof.kind in simple else {}


def one(reception: Reception) -> Deploy:
    """The only report of a request that was taken."""
    assert reception.status == 202, reception.text
    (report,) = reception.reports
    return report
