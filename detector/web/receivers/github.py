"""What GitHub sends: `deployment_status`, and `release` as a weaker sign.

Fields: https://docs.github.com/en/webhooks/webhook-events-and-payloads
"""

from collections.abc import Mapping

from detector.linking.announced import Unfit
from detector.linking.mapping import look_up
from detector.model.deploy import DeployStatus
from detector.web.receivers.post import Post, Reading, at
from detector.web.receivers.versions import version_of
from detector.web.strict_json import NotJson, read_json

__all__ = ["RELEASES", "read_github"]

RELEASES = "release"
"""The environment of a published release, which is no roll-out: `environments: {release: production}` makes it one."""

_STATES = {
    "success": DeployStatus.SUCCESS,
    "in_progress": DeployStatus.IN_PROGRESS,
    "failure": DeployStatus.FAILURE,
    "error": DeployStatus.FAILURE,
}
_NOT_YET = {
    "queued": "nothing has been rolled out yet",
    "pending": "nothing has been rolled out yet",
    "inactive": "a later deploy took its place, which is told by its own events",
}
_SAID = ("service", "version", "kind", "rollback_of", "scope")


def read_github(post: Post) -> Reading:
    if post.body.startswith(b"payload="):
        raise NotJson("the body is a form; choose the content type application/json in the settings of the webhook")
    event, delivery = post.header("x-github-event"), post.header("x-github-delivery")
    match event:
        case "ping":
            return Reading(text="pong; deployments will be recorded")
        case "deployment_status":
            return _deployment(post, delivery)
        case "release":
            return _release(post, delivery)
        case _:
            return Reading(text="of GitHub's events only deployment_status and release tell of deploys")


def _deployment(post: Post, delivery: str) -> Reading:
    body = post.document()
    status, deployment = at(body, "deployment_status"), at(body, "deployment")
    if not isinstance(status, Mapping) or not isinstance(deployment, Mapping):
        raise Unfit("deployment_status and deployment are missing; send GitHub's event as it is")
    state = status.get("state")
    if isinstance(state, str) and state in _NOT_YET:
        return Reading(text=f"{state}: {_NOT_YET[state]}")
    if not isinstance(state, str) or state not in _STATES:
        raise Unfit("deployment_status.state is none of GitHub's")
    payload = _payload(deployment.get("payload"))
    commit = deployment.get("sha")
    said = {
        "id": deployment.get("id"),
        "service": at(body, "repository", "full_name"),
        "version": version_of(deployment.get("ref"), commit),
        "environment": _environment(status, deployment, post),
        "status": str(_STATES[state]),
        "kind": "rollback" if deployment.get("task") == "rollback" else None,
        "at": status.get("created_at"),
        "commit": commit,
        "actor": at(status, "creator", "login") or at(deployment, "creator", "login"),
        "url": next((status[key] for key in ("log_url", "target_url", "environment_url") if status.get(key)), None),
    }
    return Reading(post.announced({**said, **payload}), delivery=delivery)


def _payload(said: object) -> Mapping[str, object]:
    """What whoever made the deployment added; GitHub passes it on as it is, an object or a text of JSON."""
    if isinstance(said, str) and said.strip().startswith("{"):
        said = read_json(said.encode("utf-8", "replace"))
    if not isinstance(said, Mapping):
        return {}
    return {name: said[name] for name in _SAID if said.get(name) not in (None, "")}


def _environment(status: Mapping[str, object], deployment: Mapping[str, object], post: Post) -> object:
    """A name that detector.yml knows; else GitHub's own word that it is production; else the name as it is now."""
    names = [status.get("environment"), deployment.get("environment"), deployment.get("original_environment")]
    known = next((name for name in names if isinstance(name, str) and name in post.feed.environments), None)
    if known is None and deployment.get("production_environment") is True:
        return "production"
    return known or next((name for name in names if name), None)


def _release(post: Post, delivery: str) -> Reading:
    body = post.document()
    release = at(body, "release")
    if not isinstance(release, Mapping):
        raise Unfit("release is missing; send GitHub's event as it is")
    if look_up(("action",), body) != "published" or release.get("prerelease") or release.get("draft"):
        return Reading(text="of releases only published ones count, and no pre-releases")
    said = {
        "id": f"release-{release.get('id') or release.get('tag_name')}",
        "service": at(body, "repository", "full_name"),
        "version": release.get("tag_name"),
        "environment": RELEASES,
        "finished_at": release.get("published_at"),
        "actor": at(release, "author", "login"),
        "url": release.get("html_url"),
    }
    return Reading(post.announced(said), delivery=delivery)
