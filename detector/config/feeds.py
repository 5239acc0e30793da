"""Entries of `deploy_feeds`, made into what receivers and the reader of tables work by."""

from collections.abc import Mapping

from detector.config.feed_forms import kind_of_entry
from detector.config.feed_paths import body_path
from detector.config.feed_schema import FeedEntry
from detector.model.feed import Feed, FeedKind, FeedTable, Proof, ProofKind, Take
from detector.model.rulebook import Source

__all__ = ["made_feeds"]

_STANDARD = "-signature"
_WITH_TIME = ("webhook-signature", "svix-signature")
_PROOFS = {
    FeedKind.GITHUB: Proof(ProofKind.HMAC, "x-hub-signature-256"),
    FeedKind.GITLAB: Proof(ProofKind.HEADER, "x-gitlab-token"),
}


def made_feeds(entries: Mapping[str, FeedEntry], sources: Mapping[str, Source], timezone: str) -> Mapping[str, Feed]:
    """Feeds by name, of entries without mistakes; times without a zone are in the source's, or in `timezone`."""
    return {name: _feed(name, entry, sources, timezone) for name, entry in entries.items()}


def _feed(name: str, entry: FeedEntry, sources: Mapping[str, Source], timezone: str) -> Feed:
    kind = entry.kind or kind_of_entry(name, {}) or FeedKind.JSON
    table = None
    if entry.source is not None and entry.table is not None and entry.time is not None:
        table = FeedTable(entry.source, entry.table, entry.time)
        timezone = sources[entry.source].timezone
    return Feed(
        name=name,
        kind=kind,
        secrets=tuple(entry.secrets),
        proof=_proof(kind, entry),
        services=dict(entry.services),
        environments=dict(entry.environments),
        fields=dict(entry.columns if kind is FeedKind.TABLE else entry.fields),
        values={"status": dict(entry.values.status), "kind": dict(entry.values.kind)},
        each=entry.each or (),
        when=tuple((Take(body_path(place)), values) for place, values in entry.when.items()),
        table=table,
        timezone=timezone,
    )


def _proof(kind: FeedKind, entry: FeedEntry) -> Proof:
    if kind in _PROOFS:
        return _PROOFS[kind]
    if entry.token is not None:
        return Proof(ProofKind.HEADER, entry.token)
    if entry.token_field is not None:
        return Proof(ProofKind.BODY, path=entry.token_field)
    if entry.signature is None:
        return Proof()
    if entry.signature in _WITH_TIME:
        return Proof(ProofKind.WEBHOOK, entry.signature.removesuffix(_STANDARD), within_s=float(entry.within or 300))
    return Proof(ProofKind.HMAC, entry.signature)
