"""Whether a request comes from the sender: tokens and signatures.

Everything is compared as digests or signatures of bytes, with all secrets, so that the time it takes tells nothing.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from detector.linking.mapping import look_up
from detector.model.feed import Feed, Proof, ProofKind
from detector.web.strict_json import NotJson, read_json

__all__ = ["PROVEN", "doubt_about"]

PROVEN = ""

_HEX = re.compile(rb"[0-9a-fA-F]{64}")
_MOST_SIGNATURES = 10
_SECONDS = re.compile(r"[0-9]{1,12}", re.ASCII)


def doubt_about(feed: Feed, headers: Mapping[str, str], body: bytes, now: datetime) -> str:
    """Why the request may not come from the sender, for the log; `PROVEN` where it does."""
    return _WAYS[feed.proof.kind](feed, headers, body, now)


def _bearer(feed: Feed, headers: Mapping[str, str], _body: bytes, _now: datetime) -> str:
    scheme, _, token = _bytes(headers, "authorization").partition(b" ")
    is_same = _is_one_of(token.strip(), feed)
    if is_same and scheme.lower() == b"bearer":
        return PROVEN
    return "no bearer token of this feed; send `Authorization: Bearer SECRET`"


def _header(feed: Feed, headers: Mapping[str, str], _body: bytes, _now: datetime) -> str:
    if _is_one_of(_bytes(headers, feed.proof.name), feed):
        return PROVEN
    return f"the header {feed.proof.name} holds no secret of this feed"


def _in_body(feed: Feed, _headers: Mapping[str, str], body: bytes, _now: datetime) -> str:
    try:
        said = look_up(feed.proof.path, read_json(body))
    except NotJson as error:
        return str(error)
    token = said.encode("utf-8", "replace") if isinstance(said, str) else b""
    return PROVEN if _is_one_of(token, feed) else f"{'.'.join(map(str, feed.proof.path))} holds no secret of this feed"


def _signed(feed: Feed, headers: Mapping[str, str], body: bytes, _now: datetime) -> str:
    said = _bytes(headers, feed.proof.name)
    made = [hmac.digest(secret.hidden.encode(), body, hashlib.sha256) for secret in feed.secrets]
    if _matches(_signatures(said, b"="), made):
        return PROVEN
    return f"the header {feed.proof.name} holds no signature of this body with a secret of this feed"


def _signed_with_time(feed: Feed, headers: Mapping[str, str], body: bytes, now: datetime) -> str:
    """HMAC-SHA256 over number, time and body, as https://www.standardwebhooks.com has it."""
    prefix = feed.proof.name
    number, when = (_bytes(headers, f"{prefix}-{part}") for part in ("id", "timestamp"))
    signed = b".".join((number, when, body))
    made = [hmac.digest(_key(secret.hidden), signed, hashlib.sha256) for secret in feed.secrets]
    is_same = _matches(_signatures(_bytes(headers, f"{prefix}-signature"), b","), made)
    if not is_same or not number:
        return f"the header {prefix}-signature holds no signature of this request with a secret of this feed"
    return _age(when.decode("latin-1"), feed.proof, now)


def _age(when: str, proof: Proof, now: datetime) -> str:
    if not _SECONDS.fullmatch(when):
        return f"the header {proof.name}-timestamp holds no seconds since 1970"
    age_s = now.timestamp() - int(when)
    if abs(age_s) <= proof.within_s:
        return PROVEN
    side = "old" if age_s > 0 else "ahead of the detector's clock"
    return f"signed outside of the window of {proof.within_s:g} s: {abs(age_s):.0f} s {side}"


def _bytes(headers: Mapping[str, str], name: str) -> bytes:
    """As it came: headers were decoded as Latin-1."""
    return headers.get(name, "").encode("latin-1", "replace").strip()


def _is_one_of(token: bytes, feed: Feed) -> bool:
    shown = hashlib.sha256(token).digest()
    same = [hmac.compare_digest(shown, hashlib.sha256(one.hidden.encode()).digest()) for one in feed.secrets]
    return any(same) and bool(token)


def _matches(said: Iterable[bytes], made: Iterable[bytes]) -> bool:
    makes = list(made)
    return any([hmac.compare_digest(one, other) for one in said for other in makes])  # noqa: C419 - no early end


def _signatures(said: bytes, label_ends: bytes) -> list[bytes]:
    """Several may stand there while a secret is exchanged: `v1,BASE64 v1,BASE64` or `v1=HEX,v1=HEX` or plain."""
    parts = re.split(rb"[\s]+" if label_ends == b"," else rb"[\s,]+", said)[:_MOST_SIGNATURES]
    return [_raw(_unlabelled(part, label_ends)) for part in parts]


def _unlabelled(part: bytes, label_ends: bytes) -> bytes:
    label, found, rest = part.partition(label_ends)
    return rest if found and rest and len(label) < len(rest) else part


def _raw(text: bytes) -> bytes:
    if _HEX.fullmatch(text):
        return bytes.fromhex(text.decode())
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _key(secret: str) -> bytes:
    if not secret.startswith("whsec_"):
        return secret.encode()
    return base64.b64decode(secret.removeprefix("whsec_"))  # the configuration has tried it


_WAYS: Mapping[ProofKind, Callable[[Feed, Mapping[str, str], bytes, datetime], str]] = {
    ProofKind.BEARER: _bearer,
    ProofKind.HEADER: _header,
    ProofKind.BODY: _in_body,
    ProofKind.HMAC: _signed,
    ProofKind.WEBHOOK: _signed_with_time,
}
