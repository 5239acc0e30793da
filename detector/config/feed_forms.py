"""Which keys of a feed go together, and what each kind needs to work at all."""

import base64
import binascii
from collections.abc import Collection, Iterator, Mapping

from detector.config.complaints import Complaint
from detector.config.feed_paths import body_path, take_list
from detector.config.single_values import column
from detector.config.words import NotUsable, did_you_mean, listed, shown
from detector.config.yaml_strict import Path
from detector.linking.announced_words import kind_word, status_word
from detector.model.deploy import DeployKind, DeployStatus
from detector.model.feed import FeedKind

__all__ = ["feed_complaints", "kind_of_entry"]

_NAMES = frozenset({"kind", "services", "environments"})
_PROOFS = ("token", "token_field", "signature")
_MAPPED = frozenset({"values", "when"})
_KEYS: Mapping[FeedKind, frozenset[str]] = {
    FeedKind.GITHUB: _NAMES | {"secrets"},
    FeedKind.GITLAB: _NAMES | {"secrets"},
    FeedKind.CDEVENTS: _NAMES | {"secrets", "token", "signature", "within"},
    FeedKind.JSON: _NAMES | _MAPPED | {"secrets", *_PROOFS, "within", "fields", "each"},
    FeedKind.TABLE: _NAMES | _MAPPED | {"source", "table", "time", "columns"},
}
_ALL_KEYS = frozenset[str]().union(*_KEYS.values())
_TAKEN = frozenset({"api", "cli"})
_SIGNED_TIMES = ("webhook-signature", "svix-signature")
_WORDS = {"status": (status_word, tuple(DeployStatus)), "kind": (kind_word, tuple(DeployKind))}


def kind_of_entry(name: str, entry: Mapping[str, object]) -> FeedKind | None:
    """What it says, or what it is called; None where neither is a kind."""
    said = entry.get("kind", name)
    return FeedKind(str(said)) if isinstance(said, str) and said in list(FeedKind) else None


def feed_complaints(name: str, entry: Mapping[str, object], services: Collection[str], at: Path) -> Iterator[Complaint]:
    """Keys that are missing or cannot stand together; looks at what is there, as it is written."""
    if name in _TAKEN:
        message = f"{shown(name)} is where deploys come from that no feed announces: call this feed otherwise"
        yield Complaint(at, message, is_about_key=True)
    kind = kind_of_entry(name, entry)
    if kind is not None:
        yield from _of_kind(kind, entry, services, at)
    elif "kind" not in entry:
        near = did_you_mean(name, list(FeedKind))
        message = f"'kind' is missing: write {', '.join(FeedKind)}; a feed that is called like one needs none"
        yield Complaint(at, message + (near if "mean" in near else ""))


def _of_kind(kind: FeedKind, entry: Mapping[str, object], services: Collection[str], at: Path) -> Iterator[Complaint]:
    for key in entry:
        if key in _ALL_KEYS - _KEYS[kind]:
            homes = listed(home for home in FeedKind if key in _KEYS[home])
            yield Complaint((*at, key), f"{shown(key)} is for kind {homes}; this feed is {kind}", is_about_key=True)
    if kind is FeedKind.TABLE:
        yield from _table(entry, at)
    else:
        yield from _receiver(entry, at)
    if kind is FeedKind.JSON:
        yield from _mapping("fields", entry, at)
    for key in ("fields", "columns"):
        yield from _constants(key, entry, services, at)


def _receiver(entry: Mapping[str, object], at: Path) -> Iterator[Complaint]:
    if not entry.get("secrets"):
        yield Complaint(at, "'secrets' is missing: without one anybody could announce deploys; write [${NAME}]")
    said = [key for key in _PROOFS if key in entry]
    if len(said) > 1:
        yield Complaint((*at, said[1]), f"{listed(map(shown, said))} cannot stand together", is_about_key=True)
    if "within" in entry and str(entry.get("signature", "")).lower() not in _SIGNED_TIMES:
        message = f"'within' is for senders that sign a time: it needs `signature: {_SIGNED_TIMES[0]}`"
        yield Complaint((*at, "within"), message, is_about_key=True)
    secrets = entry.get("secrets")
    for place, secret in enumerate(secrets if isinstance(secrets, list) else []):
        if isinstance(secret, str) and not _is_key(secret):
            message = f"secrets[{place}]: what follows whsec_ is not Base64: copy the secret as the sender shows it"
            yield Complaint((*at, "secrets", place), message)


def _is_key(secret: str) -> bool:
    """Standard Webhooks shows keys as `whsec_` and Base64."""
    if not secret.startswith("whsec_"):
        return True
    try:
        return bool(base64.b64decode(secret.removeprefix("whsec_"), validate=True))
    except (binascii.Error, ValueError):
        return False


def _table(entry: Mapping[str, object], at: Path) -> Iterator[Complaint]:
    missing = [key for key in ("source", "table", "time") if key not in entry]
    if missing:
        are = "are" if len(missing) > 1 else "is"
        yield Complaint(at, f"{listed(map(shown, missing))} {are} missing: kind table reads rows of a source")
    yield from _mapping("columns", entry, at)
    columns, when = entry.get("columns"), entry.get("when")
    for field, said in columns.items() if isinstance(columns, dict) else ():
        if message := _no_column(said):
            yield Complaint((*at, "columns", field), f"columns.{field}: {message}")
    for place in when if isinstance(when, dict) else ():
        if message := _no_column(place):
            yield Complaint((*at, "when", place), message, is_about_key=True)


def _no_column(said: object) -> str:
    """Why a place cannot be in a row; empty where it can, and where its form is wrong anyhow."""
    try:
        steps = [body_path(said)] if isinstance(said, str) and not said.startswith("=") else []
        steps += [take.path for take in take_list(said) if take.path] if isinstance(said, list) else []
    except NotUsable:
        return ""
    try:
        for path in steps:
            column(str(path[0]))
    except NotUsable as why:
        return str(why).partition(", or use `sql:`")[0]
    return ""


def _mapping(key: str, entry: Mapping[str, object], at: Path) -> Iterator[Complaint]:
    """Without service and version nobody knows what was deployed."""
    found = entry.get(key)
    if found is not None and not isinstance(found, dict):
        return  # told by its type
    missing = [name for name in ("service", "version") if name not in (found or {})]
    if missing:
        are = "are" if len(missing) > 1 else "is"
        what = "column" if key == "columns" else "place in the body"
        hint = f"write the {what}, or a constant as `=checkout-api`"
        yield Complaint((*at, key), f"{key}: {listed(map(shown, missing))} {are} missing: {hint}")


def _constants(key: str, entry: Mapping[str, object], services: Collection[str], at: Path) -> Iterator[Complaint]:
    found = entry.get(key)
    for field, said in found.items() if isinstance(found, dict) else ():
        for one in said if isinstance(said, list) else [said]:
            if isinstance(one, str) and one.startswith("="):
                word = one.removeprefix("=").strip()
                if message := _constant(field, word, entry, services):
                    yield Complaint((*at, key, field), f"{key}.{field}: {message}")


def _constant(field: str, word: str, entry: Mapping[str, object], services: Collection[str]) -> str:
    """Why a constant cannot be; empty where it can."""
    mapped = entry.get("services")
    if field == "service" and word not in services and word not in (mapped if isinstance(mapped, dict) else {}):
        return f"no service is called {shown(word)} in detector.yml{did_you_mean(word, services)}"
    if field in _WORDS and _WORDS[field][0](word, {}) is None:
        return f"{shown(word)} is no {field}{did_you_mean(word, _WORDS[field][1])}"
    return ""
