"""Changes that were shipped, and how suspect each one is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

__all__ = [
    "Added",
    "Answer",
    "Deploy",
    "DeployKind",
    "DeployStatus",
    "Ranking",
    "Receipt",
    "Recorded",
    "Rejected",
    "Scope",
    "ServiceRecord",
    "Suspect",
    "Term",
]


class DeployStatus(StrEnum):
    """How far it got; `success` and `failure` are final, `cancelled` too."""

    SUCCESS = "success"
    FAILURE = "failure"
    CANCELLED = "cancelled"
    IN_PROGRESS = "in_progress"

    @property
    def is_final(self) -> bool:
        """Nothing more is to come."""
        return self is not DeployStatus.IN_PROGRESS


class DeployKind(StrEnum):
    """What sort of change."""

    DEPLOY = "deploy"
    ROLLBACK = "rollback"
    FLAG = "flag"
    CONFIG = "config"
    MIGRATION = "migration"


@dataclass(frozen=True, slots=True)
class Scope:
    """Whom a change reached: values per dimension (none named means all of them), and a percentage of traffic."""

    by: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    percent: float = 100.0


@dataclass(frozen=True, slots=True)
class Deploy:
    """One report of a change, or the sum of all reports of one id (see `linking.reports.merge`).

    Attributes:
        id: unique within its `source`.
        service, environment, version: what, where, which.
        status: how far it got.
        received_at: when we heard of it.
        started_at, finished_at: UTC; `finished_at` is when it went live, None while it runs; `started_at`
            may be unknown.
        scope: None means unknown.
        source: who reported it: `cli`, `api`, or the name of a feed.
    """

    id: str
    service: str
    version: str
    received_at: datetime
    environment: str = "production"
    status: DeployStatus = DeployStatus.SUCCESS
    kind: DeployKind = DeployKind.DEPLOY
    started_at: datetime | None = None
    finished_at: datetime | None = None
    commit: str | None = None
    actor: str | None = None
    url: str | None = None
    rollback_of: str | None = None
    scope: Scope | None = None
    source: str = "cli"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What identifies one request of a sender that numbers them, so that a repeat is told from a forgery.

    Attributes:
        feed: the feed that it came by.
        delivery: the sender's own number of the request, such as `X-GitHub-Delivery`.
        digest: SHA-256 of the raw body, hexadecimal.
        received_at: when it arrived.
    """

    feed: str
    delivery: str
    digest: str
    received_at: datetime


class Recorded(StrEnum):
    """What became of one report."""

    NEW = "recorded"
    KNOWN = "already recorded"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class Added:
    """What became of one report, and for a conflict why: what is known stays."""

    recorded: Recorded
    why: str = ""


@dataclass(frozen=True, slots=True)
class ServiceRecord:
    """What earlier deploys of a service did: how many there were, how many were judged guilty (may be fractional)."""

    deploys: float = 0.0
    guilty: float = 0.0


class Answer(StrEnum):
    """What the ranking lets us say."""

    NAMED = "named"
    ONE_OF = "one_of"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Term:
    """One piece of evidence: the natural logarithm of what it multiplies a weight with."""

    name: str
    log_ratio: float


@dataclass(frozen=True, slots=True)
class Suspect:
    """A deploy ranked for an anomaly, with its probability and the grounds in words, strongest first.

    `terms` are what its weight is the product of; none where it was ruled out, or where they were not kept.
    """

    deploy: Deploy
    probability: float
    grounds: tuple[str, ...] = ()
    terms: tuple[Term, ...] = ()


@dataclass(frozen=True, slots=True)
class Rejected:
    """A deploy that was looked at and ruled out, and why."""

    deploy: Deploy
    why: str


@dataclass(frozen=True, slots=True)
class Ranking:
    """Who may have done it.

    Attributes:
        answer: what may be said.
        suspects: every deploy looked at, rejected ones included, most probable first; with `no_deploy` they sum to 1.
        no_deploy: probability that none of them did it.
        rejected: those ruled out, and why.
        last_heard_at: when the newest deploy of any service was reported; None: none ever was.
        looked_back_h: how many hours before the onset were looked at.
        background: what the weight of no deploy is the product of.
    """

    answer: Answer
    suspects: tuple[Suspect, ...]
    no_deploy: float
    rejected: tuple[Rejected, ...] = ()
    last_heard_at: datetime | None = None
    looked_back_h: float = 48.0
    background: tuple[Term, ...] = ()

    @property
    def named(self) -> Suspect | None:
        """The one that stands out, if one does."""
        return self.suspects[0] if self.answer is Answer.NAMED else None
