"""Which deploys can be suspects of an onset at all, and since when they could do harm."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from detector.linking.lag import CLOCK_SKEW_H, Exposure
from detector.linking.prior import LOOK_BACK_H
from detector.linking.question import Question
from detector.linking.reports import live_at
from detector.linking.words import duration
from detector.model.deploy import Deploy, DeployKind, DeployStatus, Rejected
from detector.model.verdict import Onset

__all__ = ["Candidate", "hours_after_onset", "is_watched_environment", "sort_out"]

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


def sort_out(question: Question, deploys: Sequence[Deploy]) -> tuple[list[Candidate], list[Rejected]]:
    """Who can be a suspect, and who cannot and why, in words; both in the order of the deploys, one report each."""
    too_late, others = _too_late_from(question.onset), _Others.of(question, deploys)
    candidates, rejected = [], []
    for deploy in deploys:
        why = _rejection(question, deploy, too_late)
        if why is None:
            candidates.append(_candidate(question, deploy, others))
        else:
            rejected.append(Rejected(deploy, why))
    return candidates, rejected


def _rejection(question: Question, deploy: Deploy, too_late: datetime) -> str | None:
    if not is_watched_environment(question, deploy):
        return f"{deploy.environment}, not {question.environment}"
    if deploy.status is DeployStatus.CANCELLED:
        return "cancelled"
    if deploy.started_at is not None and deploy.started_at > question.as_of:
        return "begun after this was judged"
    begun_at, live, onset = _begun_at(deploy), live_at(deploy), question.onset
    if begun_at - timedelta(hours=CLOCK_SKEW_H) > too_late:
        verb, at = ("begun", begun_at) if live is None else ("live", live)
        return f"{verb} {duration(at - onset.likely)} after the {question.what} began"
    if live is not None and onset.earliest - live > timedelta(hours=LOOK_BACK_H):
        return f"live {duration(onset.likely - live)} before the {question.what} began"
    return None


def _too_late_from(onset: Onset) -> datetime:
    """The instant after which the anomaly hardly began."""
    left = 0.0
    for span, share in reversed(onset.pieces):
        if left + share >= _HARDLY:
            return span.end_at - span.length * ((_HARDLY - left) / share)
        left += share
    return onset.latest


@dataclass(frozen=True, slots=True)
class _Others:
    """What may have taken the place of a deploy: whole live versions by service, and rollbacks by what they undo."""

    versions: Mapping[str, Sequence[tuple[datetime, Deploy]]]
    rollbacks: Mapping[str, Sequence[Deploy]]

    @classmethod
    def of(cls, question: Question, deploys: Sequence[Deploy]) -> "_Others":
        watched = [one for one in deploys if is_watched_environment(question, one)]
        versions: dict[str, list[tuple[datetime, Deploy]]] = {}
        rollbacks: dict[str, list[Deploy]] = {}
        for one in watched:
            at = live_at(one)
            if at is not None and one.kind in _VERSIONS and not _is_partial(one):
                versions.setdefault(one.service, []).append((at, one))
            if one.kind is DeployKind.ROLLBACK and (undone := _undone_by(one, watched)) is not None:
                rollbacks.setdefault(undone, []).append(one)
        return cls(versions, rollbacks)


def _undone_by(rollback: Deploy, deploys: Sequence[Deploy]) -> str | None:
    """The id that it names; or it names none, and this is the newest deploy of its service before it."""
    if rollback.rollback_of is not None:
        return rollback.rollback_of
    before = [
        (_begun_at(other), other.id)
        for other in deploys
        if other.service == rollback.service
        and other.kind is not DeployKind.ROLLBACK
        and _begun_at(other) < _begun_at(rollback)
    ]
    return max(before)[1] if before else None


def is_watched_environment(question: Question, deploy: Deploy) -> bool:
    """CI systems write `Production` and `production` and mean the same."""
    return deploy.environment.casefold() == question.environment.casefold()


def _candidate(question: Question, deploy: Deploy, others: _Others) -> Candidate:
    """The deploy on the axis of hours from the likeliest onset, with what took its place.

    One that still runs is taken to be half way: seen at a random moment of its run, as much lies ahead as behind.
    """
    begun_at, live = _begun_at(deploy), live_at(deploy)
    over_at = _over_at(deploy)
    end_at = over_at if over_at is not None else question.as_of + max(question.as_of - begun_at, _INSTANT)
    exposure = Exposure(hours_after_onset(question, begun_at), hours_after_onset(question, max(begun_at, end_at)))
    undoing = others.rollbacks.get(deploy.id, ())
    successors = [] if live is None else _successors(deploy, live, others)
    at, successor = min(successors, key=lambda pair: (pair[0], pair[1].id, pair[1].source), default=(None, None))
    return Candidate(
        deploy,
        begun_at,
        live,
        exposure,
        successor,
        float("inf") if at is None else hours_after_onset(question, at),
        _rolled_back_at(question, undoing),
    )


def _successors(deploy: Deploy, live: datetime, others: _Others) -> list[tuple[datetime, Deploy]]:
    """What took its place for all users, and when.

    A later version of the service does so, and a rollback that names the change. Flags, configuration and migrations
    outlive a new version; a partial release leaves the old version with the rest of the users.
    """
    versions = others.versions.get(deploy.service, ()) if deploy.kind in _VERSIONS else ()
    undone = [(at, one) for one in others.rollbacks.get(deploy.id, ()) if (at := live_at(one)) and not _is_partial(one)]
    return [(at, one) for at, one in (*versions, *undone) if at > live and one is not deploy]


def hours_after_onset(question: Question, at: datetime) -> float:
    """Where an instant lies on the axis that exposures are measured on."""
    return (at - question.onset.likely).total_seconds() / 3600.0


def _begun_at(deploy: Deploy) -> datetime:
    over_at = _over_at(deploy)
    if deploy.started_at is not None:
        return deploy.started_at if over_at is None else min(deploy.started_at, over_at)
    return deploy.received_at if over_at is None else over_at - _INSTANT


def _over_at(deploy: Deploy) -> datetime | None:
    """When it came to its end, well or not; None while it runs, or where a failure does not say."""
    return deploy.finished_at if deploy.status is DeployStatus.FAILURE else live_at(deploy)


def _rolled_back_at(question: Question, undoing: Sequence[Deploy]) -> datetime | None:
    """When a rollback after the earliest onset had taken it back; one that still runs has done so by now."""
    done = [
        live_at(one) or question.as_of
        for one in undoing
        if one.status in (DeployStatus.SUCCESS, DeployStatus.IN_PROGRESS)
    ]
    return min((at for at in done if at >= question.onset.earliest), default=None)


def _is_partial(deploy: Deploy) -> bool:
    everybody = 100.0
    return deploy.scope is not None and (bool(deploy.scope.by) or deploy.scope.percent < everybody)
