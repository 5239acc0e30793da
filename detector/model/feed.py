"""Where deploys are announced besides the API: webhooks of other systems, and tables of the owners' databases."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from detector.model.secret import Secret

__all__ = ["FIELDS", "IGNORE", "Feed", "FeedKind", "FeedTable", "Proof", "ProofKind", "TableRow", "Take"]

FIELDS = (
    "service",
    "version",
    "environment",
    "status",
    "kind",
    "started_at",
    "finished_at",
    "at",
    "id",
    "commit",
    "actor",
    "url",
    "rollback_of",
)
"""What a mapping can fill, besides `scope.DIMENSION` and `scope.percent`."""

IGNORE = "ignore"
"""The status of what says nothing about a change."""


class FeedKind(StrEnum):
    """Whose words a feed speaks."""

    GITHUB = "github"
    GITLAB = "gitlab"
    CDEVENTS = "cdevents"
    JSON = "json"
    TABLE = "table"


class ProofKind(StrEnum):
    """How a request proves that it comes from the sender."""

    BEARER = "bearer token"
    HEADER = "token in a header"
    BODY = "token in the body"
    HMAC = "signature of the body"
    WEBHOOK = "signature of number, time and body"


@dataclass(frozen=True, slots=True)
class Proof:
    """What to look at.

    Attributes:
        kind: how to look.
        name: the header in lower case; for `WEBHOOK` what its three headers begin with, such as `webhook`.
        path: of the token, for `BODY`.
        within_s: how old or how far ahead a signed time may be.
    """

    kind: ProofKind = ProofKind.BEARER
    name: str = "authorization"
    path: tuple[str | int, ...] = ()
    within_s: float = 300.0


@dataclass(frozen=True, slots=True)
class Take:
    """Where a value is taken from: the steps of a path (keys and places in lists), or a constant."""

    path: tuple[str | int, ...] = ()
    constant: str | None = None


@dataclass(frozen=True, slots=True)
class FeedTable:
    """A table of a source; `time` is the column that orders its rows, which are read as they come."""

    source: str
    table: str
    time: str


@dataclass(frozen=True, slots=True)
class Feed:
    """One entry of `deploy_feeds`.

    Attributes:
        name: the last step of its address, and the `source` of what it reports.
        kind: whose words it speaks.
        secrets: any of them proves the sender; two while one replaces the other.
        proof: how it is proven.
        services, environments: names there -> names here.
        fields: field -> where to take it from, the first place that has a value; for a table the paths are columns.
        values: `status` and `kind`: words there -> words here, or `IGNORE`.
        each: path of a list of which every item is a change; empty: the whole is one.
        when: what must be so for a change to be taken: a place, and the values it may have.
        table: for kind `TABLE`.
        timezone: of times without one.
    """

    name: str
    kind: FeedKind
    secrets: tuple[Secret, ...] = ()
    proof: Proof = field(default_factory=Proof)
    services: Mapping[str, str] = field(default_factory=dict)
    environments: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, tuple[Take, ...]] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    each: tuple[str | int, ...] = ()
    when: tuple[tuple[Take, tuple[str, ...]], ...] = ()
    table: FeedTable | None = None
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row of such a table: when it was written by its time column, and the values by column."""

    at: datetime
    values: Mapping[str, object]
