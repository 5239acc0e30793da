"""CDEvents about services, as CloudEvents: in headers (binary mode), as one document, or several at a time.

Fields: https://github.com/cdevents/spec, https://github.com/cloudevents/spec (HTTP binding)
"""

import re
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qs, unquote

from detector.linking.announced import Unfit
from detector.linking.mapping import MOST_ITEMS
from detector.model.deploy import Deploy, DeployKind
from detector.web.receivers.post import Post, Reading, at

__all__ = ["read_cdevents"]

_TYPE = re.compile(r"dev\.cdevents\.service\.(?P<what>[a-z]+)\.\d+\.\d+\.\d+(?:-[\w.]+)?", re.ASCII)
_KINDS = {
    "deployed": DeployKind.DEPLOY,
    "upgraded": DeployKind.DEPLOY,
    "rolledback": DeployKind.ROLLBACK,
    "published": DeployKind.CONFIG,
    "removed": DeployKind.CONFIG,
}
_STRUCTURED, _BATCHED = "application/cloudevents+json", "application/cloudevents-batch+json"
_NO_CHANGE = "of CDEvents only service deployed, upgraded, rolledback, published and removed tell of changes"
_SAID = ("kind", "rollback_of", "scope", "commit", "actor", "url", "started_at")
_DIGEST = re.compile(r"(sha256:[0-9a-f]{12})[0-9a-f]{52}", re.ASCII)


def read_cdevents(post: Post) -> Reading:
    document = post.document()
    media = post.header("content-type").partition(";")[0].strip().lower()
    if media == _BATCHED:
        if not isinstance(document, list) or len(document) > MOST_ITEMS:
            raise Unfit(f"the body must be a list of at most {MOST_ITEMS} events")
        reports = [report for place, one in enumerate(document) for report in _in_batch(post, one, place)]
        return Reading(tuple(reports), _NO_CHANGE)
    event = _content(document) if media == _STRUCTURED or "data" in _keys(document) else document
    number, source = _identity(event)
    return Reading(_reports(post, event), _NO_CHANGE, f"{source}#{number}" if number else "")


def _in_batch(post: Post, envelope: object, place: int) -> Sequence[Deploy]:
    try:
        return _reports(post, _content(envelope))
    except Unfit as error:
        raise Unfit(f"[{place}]: {error}") from None


def _content(envelope: object) -> object:
    """What a CloudEvent carries."""
    if not isinstance(at(envelope, "data"), Mapping):
        raise Unfit("data is missing; send a CloudEvent with a CDEvent in it as JSON")
    return at(envelope, "data")


def _keys(document: object) -> Sequence[object]:
    return list(document) if isinstance(document, Mapping) else []


def _identity(event: object) -> tuple[object, object]:
    return at(event, "context", "id"), at(event, "context", "source") or ""


def _reports(post: Post, event: object) -> tuple[Deploy, ...]:
    kind = at(event, "context", "type")
    if not isinstance(kind, str):
        raise Unfit("context.type is missing; send a CDEvent, in a CloudEvent or with its headers")
    found = _TYPE.fullmatch(kind)
    if found is None or found["what"] not in _KINDS:
        return ()
    number, source = _identity(event)
    artifact = at(event, "subject", "content", "artifactId")
    custom = at(event, "customData")
    said = {
        "id": f"{source}#{number}" if number else None,
        "service": at(event, "subject", "id"),
        "version": at(custom, "version") or _version(artifact) or found["what"],
        "environment": _environment(at(event, "subject", "content", "environment")),
        "kind": str(_KINDS[found["what"]]),
        "finished_at": at(event, "context", "timestamp"),
    }
    more = {name: at(custom, name) for name in _SAID if at(custom, name) not in (None, "")}
    return post.announced({**said, **more})


def _environment(said: object) -> object:
    """An object with an id; drafts of the specification had the bare id."""
    return at(said, "id") if isinstance(said, Mapping) else said


def _version(artifact: object) -> str | None:
    """Of a package URL: its tag, else what stands behind the @, a digest shortened.

    https://github.com/package-url/purl-spec
    """
    if not isinstance(artifact, str):
        return None
    place, _, qualifiers = artifact.partition("#")[0].partition("?")
    if tag := parse_qs(qualifiers).get("tag"):
        return tag[0]
    version = unquote(place.rpartition("@")[2]) if "@" in place else ""
    return _DIGEST.sub(r"\1", version) or None
