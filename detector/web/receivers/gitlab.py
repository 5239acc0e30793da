"""What GitLab sends: deployment events, and feature flags that were turned.

Fields: https://docs.gitlab.com/user/project/integrations/webhook_events/
"""

from collections.abc import Mapping

from detector.linking.announced import Unfit
from detector.model.deploy import DeployKind, DeployStatus
from detector.web.receivers.post import Post, Reading, at
from detector.web.receivers.versions import version_of

__all__ = ["read_gitlab"]

_STATES = {
    "running": DeployStatus.IN_PROGRESS,
    "success": DeployStatus.SUCCESS,
    "failed": DeployStatus.FAILURE,
    "canceled": DeployStatus.CANCELLED,
}


def read_gitlab(post: Post) -> Reading:
    body = post.document()
    if not isinstance(body, Mapping):
        raise Unfit("the body must be an object; send GitLab's event as it is")
    # The event's own number is passed on to events that it causes; that of the request stays the same in retries.
    delivery = post.header("idempotency-key") or post.header("x-gitlab-event-uuid")
    match body.get("object_kind"):
        case "deployment":
            return _deployment(post, body, delivery)
        case "feature_flag":
            return _flag(post, body, delivery)
        case _:
            return Reading(text="of GitLab's events only deployments and feature flags tell of changes")


def _deployment(post: Post, body: Mapping[str, object], delivery: str) -> Reading:
    status = body.get("status")
    if not isinstance(status, str):
        raise Unfit("status is missing; send GitLab's event as it is")
    if status not in _STATES:  # blocked, approved, rejected, created, and what is yet to be invented
        return Reading(text="nothing has been rolled out by that; running, success, failed and canceled are recorded")
    commit = _commit(body)
    said = {
        "id": body.get("deployment_id"),
        "service": at(body, "project", "path_with_namespace"),
        "version": version_of(body.get("ref"), body.get("short_sha") or commit),
        "environment": _environment(body, post),
        "status": str(_STATES[status]),
        "at": body.get("status_changed_at"),
        "commit": commit,
        "actor": at(body, "user", "username"),
        "url": body.get("deployable_url"),
    }
    return Reading(post.announced(said), delivery=delivery)


def _commit(body: Mapping[str, object]) -> object:
    """The whole hash stands only in the address of the commit."""
    url = body.get("commit_url")
    found = url.rpartition("/commit/")[2] if isinstance(url, str) and "/commit/" in url else None
    return found or body.get("short_sha")


def _environment(body: Mapping[str, object], post: Post) -> object:
    names = [body.get("environment"), body.get("environment_slug")]
    known = next((name for name in names if isinstance(name, str) and name in post.feed.environments), None)
    if known is None and body.get("environment_tier") == "production":
        return "production"
    return known or names[0]


def _flag(post: Post, body: Mapping[str, object], delivery: str) -> Reading:
    """GitLab names neither time nor environment: it was turned when we hear of it, and for everybody."""
    name, active = at(body, "object_attributes", "name"), at(body, "object_attributes", "active")
    if not isinstance(active, bool):
        raise Unfit("object_attributes.active is missing; send GitLab's event as it is")
    mark = delivery or f"{post.arrival.mark[:12]} {post.now.isoformat('T', 'minutes')}"
    said = {
        "id": f"flag {at(body, 'object_attributes', 'id')} {mark}",
        "service": at(body, "project", "path_with_namespace"),
        "version": f"{name} {'on' if active else 'off'}" if name else None,
        "kind": str(DeployKind.FLAG),
        "actor": at(body, "user", "username"),
    }
    return Reading(post.announced(said), delivery=delivery)
