"""Rows 48 to 57 of the list of bad inputs, for every receiver."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from detector.linking.report_texts import LONGEST
from detector.model.feed import Feed, Proof, ProofKind
from detector.web.receivers.receiving import FeedReceiver
from posts import CDEVENTS, GITHUB, GITLAB, NOW, PLAIN, SECRET, Sent, changed, one, payload, sent

SIGNED = replace(PLAIN, name="signed", proof=Proof(ProofKind.HMAC, "x-sign"))
STANDARD = replace(PLAIN, name="standard", proof=Proof(ProofKind.WEBHOOK, "webhook"))
DOCUMENTS: dict[str, tuple[Feed, dict[str, Any]]] = {
    "github": (GITHUB, payload("github_deployment_status")),
    "gitlab": (GITLAB, payload("gitlab_deployment")),
    "cdevents": (CDEVENTS, payload("cdevents_service_upgraded")),
    "plain": (PLAIN, {"service": "checkout-api", "version": "v412", "url": "https://x.example"}),
    "signed": (SIGNED, {"service": "checkout-api", "version": "v412"}),
    "standard": (STANDARD, {"service": "checkout-api", "version": "v412"}),
}
PROOFS = {
    "github": "x-hub-signature-256",
    "gitlab": "x-gitlab-token",
    "cdevents": "authorization",
    "plain": "authorization",
    "signed": "x-sign",
    "standard": "webhook-signature",
}
VERSION = {"github": "deployment__payload", "gitlab": "ref", "cdevents": "customData"}
URL = {"github": "deployment_status__log_url", "gitlab": "deployable_url", "cdevents": "customData", "plain": "url"}
EVERY = pytest.mark.parametrize("name", DOCUMENTS)


def request_of(name: str) -> Sent:
    return sent(*DOCUMENTS[name])


def with_field(name: str, places: Mapping[str, str], key: str, value: object) -> Sent:
    feed, document = DOCUMENTS[name]
    place = places.get(name, key)
    if place == "ref":
        value = f"refs/tags/{value}"
    return sent(
        feed, changed(document, **{place: {key: value} if place in {"customData", VERSION["github"]} else value})
    )


@EVERY
def test_a_good_request_is_taken(name: str) -> None:
    """What the other tests spoil is fine to begin with."""
    assert request_of(name).accepted().status == 202


@EVERY
@pytest.mark.parametrize(
    "said",
    [
        None,
        "",
        "x",
        "sha256=",
        "sha256=00",
        "é",
        "\xff\x00\x80",
        "Bearer ",
        "Bearer é",
        "Basic eDp4",
        "v1," + "=" * 99,
        "v1,é",
    ],
)
def test_wrong_proof(name: str, said: str | None) -> None:
    """Row 48: missing, empty, wrong or not ASCII: 401, and nothing of it is looked at."""
    answer = request_of(name).with_headers(**{PROOFS[name].replace("-", "_"): said}).accepted()
    assert (answer.status, answer.reports, answer.receipt) == (401, (), None)
    assert SECRET not in answer.text


@EVERY
def test_proof_of_another_secret(name: str) -> None:
    """Row 48: a sender that knows another feed's secret is a stranger here."""
    request = request_of(name)
    other = replace(request.feed, secrets=(type(request.feed.secrets[0])("another-secret"),))
    assert FeedReceiver(other).accept(request.headers, request.body, NOW).status == 401


@pytest.mark.parametrize("name", ["github", "signed", "standard"])
def test_signature_is_of_the_bytes(name: str) -> None:
    """Row 48, threat 12: one bit more, or the same JSON written otherwise, is not what was signed."""
    request = request_of(name)
    flipped = bytes([request.body[0] ^ 1]) + request.body[1:]
    again = json.dumps(json.loads(request.body), indent=1).encode()
    for body in (flipped, again, request.body + b" ", b""):
        assert replace(request, body=body).accepted().status == 401


@pytest.mark.parametrize("header", ["webhook-id", "webhook-timestamp"])
def test_number_and_time_are_signed(header: str) -> None:
    """Threat 12: a kept request cannot be sent under another number or time, nor without."""
    request = request_of("standard")
    for value in (f"{request.headers[header]}0", "", None):
        assert request.with_headers(**{header.replace("-", "_"): value}).accepted().status == 401


@EVERY
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null{",
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": 1e999}',
        b"[" * 60_000,
        b'{"a":' * 10_000,
        b'{"a": ' + b"9" * 5000 + b"}",
        b'{"a": 1, "a": 2}',
        b"\xff\xfe{}",
        b'{"a": "\x00"}',
    ],
    ids=lambda body: body[:12].decode("latin-1"),
)
def test_malformed(name: str, body: bytes) -> None:
    """Row 55: what Python's reader would take, or fall over, is no JSON."""
    answer = sent(DOCUMENTS[name][0], body).accepted()
    assert answer.status == 400
    assert answer.text.startswith("Nothing was recorded: the ")


@pytest.mark.parametrize("name", ["github", "gitlab", "cdevents", "plain"])
@pytest.mark.parametrize("text", ["v\x00", "v\ud800", "v\u202e412", "v\x1b[31m", "v\u2028", "a" * 190 + "\x07" * 50])
def test_text_that_cannot_be_kept(name: str, text: str) -> None:
    """Rows 53 and 54: control characters, half characters and those that turn the text: 422 that names the field."""
    answer = with_field(name, VERSION, "version", text).accepted()
    assert answer.status == 422
    assert (
        answer.text.startswith("Nothing was recorded: version holds a character")
        or "version holds a control" in answer.text
    )
    assert text not in answer.text


@pytest.mark.parametrize("name", ["github", "gitlab", "cdevents", "plain"])
def test_long_text_is_cut(name: str) -> None:
    """Row 53: a version of 50,000 characters is kept as its beginning."""
    version = one(with_field(name, VERSION, "version", "1.0" + "<script>" * 6000).accepted()).version
    assert len(version) <= LONGEST


@pytest.mark.parametrize("name", ["github", "gitlab", "cdevents", "plain"])
@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "file:///etc/passwd", "ftp://x", "//x", "https://", "https://a b"]
)
def test_url_that_leads_nowhere_good(name: str, url: str) -> None:
    """Row 56: http and https only."""
    answer = with_field(name, URL, "url", url).accepted()
    assert (answer.status, answer.reports) == (422, ())
    assert "url is no web address; send one that begins with http:// or https://" in answer.text


def test_long_url_is_left_out() -> None:
    """Cut off it would lead elsewhere."""
    assert one(with_field("plain", URL, "url", "https://x.example/" + "a" * 500).accepted()).url is None


def test_long_identity_is_not_cut() -> None:
    """Two that begin alike are two."""
    feed, document = DOCUMENTS["plain"]
    first, second = (one(sent(feed, {**document, "id": "a" * 300 + end}).accepted()).id for end in "xy")
    assert first != second
    assert len(first) <= LONGEST


@pytest.mark.parametrize("value", [{}, [1], {"a": "b"}, [[]]])
def test_field_that_is_no_text(value: object) -> None:
    """A list where a text should be is told by the field's name."""
    answer = with_field("plain", {}, "version", value).accepted()
    assert (answer.status, answer.text) == (422, "Nothing was recorded: version must be text or a number")


@pytest.mark.parametrize(
    "at", ["yesterday", "0001-01-01", "9999-12-31T23:59:59Z", 1e21, -1, True, [], "2026-13-01", "1e400"]
)
def test_time_that_is_none(at: object) -> None:
    """A time that nobody can have meant is told."""
    answer = with_field("plain", {}, "at", at).accepted()
    assert answer.status == 422
    assert answer.text.startswith("Nothing was recorded: at ")


def test_time_of_the_day_after_tomorrow() -> None:
    """A clock that is set wrong is told of, with ours beside it."""
    answer = with_field("plain", {}, "at", "2026-03-12T09:00:00Z").accepted()
    assert (answer.status, "2026-03-10T07:00:00+00:00" in answer.text) == (422, True)


@EVERY
def test_unknown_service_is_kept(name: str) -> None:
    """Row 57: a name that detector.yml does not know is no fault of the sender."""
    assert request_of(name).accepted().reports


def test_refusals_tell_no_secret() -> None:
    """Nothing that is logged or answered holds a secret, whatever was wrong."""
    for name in DOCUMENTS:
        request = request_of(name)
        for spoiled in (replace(request, headers={}), sent(request.feed, b"{"), sent(request.feed, {})):
            assert SECRET not in repr(spoiled.accepted())
