"""Which deploys can be suspects of an onset at all, and since when they could do harm."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from detector.linking.lag import CLOCK_SKEW_H, Exposure
from detector.linking.prior import LOOK_BACK_H
from detector.linking.question import Question
from detector.linking.reports import live_at
from detector.linking.words import duration
from detector.model.deploy import Deploy, DeployKind, DeployStatus

__all__ = ["Candidate", "candidate_of", "hours_after_onset", "is_watched_environment", "rejection"]

_INSTANT = timedelta(minutes=5)
"""How long a deploy runs whose start is unknown."""

_VERSIONS = (DeployKind.DEPLOY, DeployKind.ROLLBACK)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A deploy that was in users' hands before the onset.

    Attributes:
        deploy: all that was reported about it.
        begun_at: when its first users had it.
        live_at: when all had it; None while it runs.
        exposure: the same on an axis of hours from the likeliest onset.
        replaced_by: what took its place, None while nothing has.
        replaced_at_h: when, on the same axis; infinite while nothing has.
    """

    deploy: Deploy
    begun_at: datetime
    live_at: datetime | None
    exposure: Exposure
    replaced_by: Deploy | None = None
    replaced_at_h: float = float("inf")


def rejection(question: Question, deploy: Deploy) -> str | None:
    """Why a deploy cannot be a suspect, in words; None: it can."""
    if not is_watched_environment(question, deploy):
        return f"{deploy.environment}, not {question.environment}"
    if deploy.status is DeployStatus.CANCELLED:
        return "cancelled"
    if deploy.status is DeployStatus.FAILURE:
        return "failed, never live"
    begun_at, live, onset = _begun_at(deploy), live_at(deploy), question.onset
    if begun_at - timedelta(hours=CLOCK_SKEW_H) > onset.latest:
        verb, at = ("begun", begun_at) if live is None else ("live", live)
        return f"{verb} {duration(at - onset.likely)} after the {question.what} began"
    if live is not None and onset.earliest - live > timedelta(hours=LOOK_BACK_H):
        return f"live {duration(onset.likely - live)} before the {question.what} began"
    return None


def is_watched_environment(question: Question, deploy: Deploy) -> bool:
    """CI systems write `Production` and `production` and mean the same."""
    return deploy.environment.casefold() == question.environment.casefold()


def candidate_of(question: Question, deploy: Deploy, deploys: Sequence[Deploy]) -> Candidate:
    """The deploy on the axis of hours from the likeliest onset, with what took its place among `deploys`.

    One that still runs is taken to be half way: seen at a random moment of its run, as much lies ahead as behind.
    """
    begun_at, live = _begun_at(deploy), live_at(deploy)
    end_at = live if live is not None else question.as_of + max(question.as_of - begun_at, _INSTANT)
    exposure = Exposure(hours_after_onset(question, begun_at), hours_after_onset(question, max(begun_at, end_at)))
    successors = [(at, other) for other in deploys if (at := _replaced_at(question, deploy, other)) is not None]
    if not successors:
        return Candidate(deploy, begun_at, live, exposure)
    at, successor = min(successors, key=lambda pair: (pair[0], pair[1].id, pair[1].source))
    return Candidate(deploy, begun_at, live, exposure, successor, hours_after_onset(question, at))


def hours_after_onset(question: Question, at: datetime) -> float:
    """Where an instant lies on the axis that exposures are measured on."""
    return (at - question.onset.likely).total_seconds() / 3600.0


def _begun_at(deploy: Deploy) -> datetime:
    live = live_at(deploy)
    if deploy.started_at is not None:
        return deploy.started_at if live is None else min(deploy.started_at, live)
    return deploy.received_at if live is None else live - _INSTANT


def _replaced_at(question: Question, deploy: Deploy, other: Deploy) -> datetime | None:
    """When `other` took the place of `deploy` for all users; None: it did not.

    A later version of the service does so, and a rollback that names the change. Flags, configuration and migrations
    outlive a new version; a partial release leaves the old version with the rest of the users.
    """
    mine, theirs = live_at(deploy), live_at(other)
    if other is deploy or mine is None or theirs is None or theirs <= mine:
        return None
    if not is_watched_environment(question, other) or _is_partial(other):
        return None
    undoes = other.kind is DeployKind.ROLLBACK and other.rollback_of == deploy.id
    follows = other.service == deploy.service and other.kind in _VERSIONS and deploy.kind in _VERSIONS
    return theirs if undoes or follows else None


def _is_partial(deploy: Deploy) -> bool:
    everybody = 100.0
    return deploy.scope is not None and (bool(deploy.scope.by) or deploy.scope.percent < everybody)
