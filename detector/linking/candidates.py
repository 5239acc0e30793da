"""Which deploys can be suspects of an onset at all, and since when they could do harm."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import fsum

from detector.linking.lag import CLOCK_SKEW_H, Exposure
from detector.linking.prior import LOOK_BACK_H
from detector.linking.question import Question
from detector.linking.reports import live_at
from detector.linking.words import duration
from detector.model.deploy import Deploy, DeployKind, DeployStatus
from detector.model.verdict import Onset

__all__ = ["Candidate", "candidate_of", "hours_after_onset", "is_watched_environment", "rejection"]

_INSTANT = timedelta(minutes=10)
"""How long a deploy runs whose start is unknown: between a restart and a careful rollout of a few instances."""

_HARDLY = 0.005
"""The onset lies after a deploy with less than this chance: then the deploy came too late."""

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
        rolled_back_at: when it was taken back after the onset may have come; None: was not.
    """

    deploy: Deploy
    begun_at: datetime
    live_at: datetime | None
    exposure: Exposure
    replaced_by: Deploy | None = None
    replaced_at_h: float = float("inf")
    rolled_back_at: datetime | None = None


def rejection(question: Question, deploy: Deploy) -> str | None:
    """Why a deploy cannot be a suspect, in words; None: it can."""
    if not is_watched_environment(question, deploy):
        return f"{deploy.environment}, not {question.environment}"
    if deploy.status is DeployStatus.CANCELLED:
        return "cancelled"
    if deploy.started_at is not None and deploy.started_at > question.as_of:
        return "begun after this was judged"
    begun_at, live, onset = _begun_at(deploy), live_at(deploy), question.onset
    if _chance_after(onset, begun_at - timedelta(hours=CLOCK_SKEW_H)) < _HARDLY:
        verb, at = ("begun", begun_at) if live is None else ("live", live)
        return f"{verb} {duration(at - onset.likely)} after the {question.what} began"
    if live is not None and onset.earliest - live > timedelta(hours=LOOK_BACK_H):
        return f"live {duration(onset.likely - live)} before the {question.what} began"
    return None


def _chance_after(onset: Onset, at: datetime) -> float:
    """How likely it is that the anomaly began after an instant."""
    if not onset.pieces:
        return float(at <= onset.latest)
    return fsum(
        share * min(max((span.end_at - at) / span.length, 0.0), 1.0) if span.length else share * (at <= span.end_at)
        for span, share in onset.pieces
    )


def is_watched_environment(question: Question, deploy: Deploy) -> bool:
    """CI systems write `Production` and `production` and mean the same."""
    return deploy.environment.casefold() == question.environment.casefold()


def candidate_of(question: Question, deploy: Deploy, deploys: Sequence[Deploy]) -> Candidate:
    """The deploy on the axis of hours from the likeliest onset, with what took its place among `deploys`.

    One that still runs is taken to be half way: seen at a random moment of its run, as much lies ahead as behind.
    """
    begun_at, live = _begun_at(deploy), live_at(deploy)
    over_at = deploy.finished_at if deploy.status is DeployStatus.FAILURE else live
    end_at = over_at if over_at is not None else question.as_of + max(question.as_of - begun_at, _INSTANT)
    exposure = Exposure(hours_after_onset(question, begun_at), hours_after_onset(question, max(begun_at, end_at)))
    successors = [(at, other) for other in deploys if (at := _replaced_at(question, deploy, other)) is not None]
    back_at = _rolled_back_at(question, deploy, deploys)
    if not successors:
        return Candidate(deploy, begun_at, live, exposure, rolled_back_at=back_at)
    at, successor = min(successors, key=lambda pair: (pair[0], pair[1].id, pair[1].source))
    return Candidate(deploy, begun_at, live, exposure, successor, hours_after_onset(question, at), back_at)


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


def _rolled_back_at(question: Question, deploy: Deploy, deploys: Sequence[Deploy]) -> datetime | None:
    """When a rollback after the earliest onset had taken it back; one that still runs has done so by half."""
    undone = [
        live_at(other) or question.as_of
        for other in deploys
        if other.kind is DeployKind.ROLLBACK
        and _undoes(other, deploy, deploys)
        and other.status in (DeployStatus.SUCCESS, DeployStatus.IN_PROGRESS)
        and is_watched_environment(question, other)
    ]
    return min((at for at in undone if at >= question.onset.earliest), default=None)


def _undoes(rollback: Deploy, deploy: Deploy, deploys: Sequence[Deploy]) -> bool:
    """It names the deploy; or it names none, and this is the newest one of its service before it."""
    if rollback.rollback_of is not None:
        return rollback.rollback_of == deploy.id
    before = [
        (_begun_at(other), other.id)
        for other in deploys
        if other.service == rollback.service
        and other.kind is not DeployKind.ROLLBACK
        and _begun_at(other) < _begun_at(rollback)
    ]
    return bool(before) and max(before)[1] == deploy.id


def _is_partial(deploy: Deploy) -> bool:
    everybody = 100.0
    return deploy.scope is not None and (bool(deploy.scope.by) or deploy.scope.percent < everybody)
