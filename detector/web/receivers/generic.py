"""Anything that posts JSON, by the mapping of detector.yml."""

from detector.linking.mapping import mapped_deploys
from detector.model.feed import ProofKind
from detector.web.receivers.post import Post, Reading

__all__ = ["read_mapped"]


def read_mapped(post: Post) -> Reading:
    proof = post.feed.proof
    signed_number = post.header(f"{proof.name}-id") if proof.kind is ProofKind.WEBHOOK else ""
    reports = mapped_deploys(post.document(), post.feed, post.arrival)
    return Reading(reports, "no change by what `when`, `each` and `values` of the feed say", signed_number)
