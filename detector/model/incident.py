"""What a team handles: identity, state, history."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from detector.model.deploy import Ranking
from detector.model.metric import Member
from detector.model.span import Span
from detector.model.verdict import Loss, Onset

__all__ = [
    "Confirmed",
    "Incident",
    "IncidentEvent",
    "IncidentMetric",
    "IncidentState",
    "Level",
    "Noise",
    "Told",
    "Whereabouts",
]


class IncidentState(StrEnum):
    """Where an incident is in its life."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RECOVERING = "recovering"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Level:
    """One segment over a span: what came, what was expected, and the standard deviation of a normal value.

    Sums; of a ratio its numerators, which add up where ratios do not.
    """

    name: str
    value: float
    expected: float
    spread: float


@dataclass(frozen=True, slots=True)
class Noise:
    """How a metric strays while all is well.

    Attributes:
        dispersion: variance over expectation by chance alone; of a ratio, that of its numerators.
        wander: standard deviation of the baseline's own slow error, as a part of what is expected.
    """

    dispersion: float
    wander: float


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """How one split column took part: `everywhere` alike, or the `segments` that carry the loss.

    Attributes:
        column: the split column.
        everywhere: all segments lost alike.
        segments: name and share of the whole loss (0 to 1), largest first; empty when everywhere.
        levels: what the segments held, those that lost nothing too, largest first; empty where it is not known.
        rest: the same of all others together; None where there are none, or nothing is known of them.
        span: over which `levels` was last looked for; None: nobody has.
    """

    column: str
    everywhere: bool
    segments: tuple[tuple[str, float], ...] = ()
    levels: tuple[Level, ...] = ()
    rest: Level | None = None
    span: Span | None = None

    @property
    def is_clear(self) -> bool:
        """It can be said where."""
        return self.everywhere or bool(self.segments)


@dataclass(frozen=True, slots=True)
class IncidentMetric:
    """One metric's part in an incident.

    Attributes:
        metric: full name.
        span: from the start of the first anomalous bucket to the end of the newest anomalous one.
        value, expected: over `span`: sums for kinds that add up, weighted means for others.
        loss: over `span`.
        onset: when it began.
        is_drop: below what is usual, or above.
        normal_in_a_row: buckets back in range since the newest anomalous one; closed, missing and error buckets do not
            count and do not reset.
        ended_at: end of `span` once the metric is over; None while it lasts.
        where: one entry per split column.
        bound: the owner's hard bound that was crossed while nothing was known of what is usual, or by what is usual
            (then `expected` is this bound); None otherwise.
        member: which member of the metric it is about; None: its whole.
        level_since: from then on it is at a level that stays: a person has said so, or it has lasted. What came since
            teaches; None: it is an incident, and nothing in it does.
        noise: how the series strays while all is well; None where that is not known.
        chance_per_h: how often chance alone brings as much as its strongest bucket has; 0 where that is not known.
        ends: when it may have ended: spans in order of time, and how much better an end in each fits than that it still
            lasts; those that fit hardly are left out. Empty where it is not known.
    """

    metric: str
    span: Span
    value: float
    expected: float
    loss: Loss
    onset: Onset
    is_drop: bool = True
    normal_in_a_row: int = 0
    ended_at: datetime | None = None
    where: tuple[Whereabouts, ...] = ()
    bound: float | None = None
    member: Member | None = None
    level_since: datetime | None = None
    noise: Noise | None = None
    chance_per_h: float = 0.0
    ends: tuple[tuple[Span, float], ...] = ()

    @property
    def masked(self) -> Span | None:
        """What of it neither teaches nor, once it is over, counts as evidence; None: all of it is usual by now."""
        if self.level_since is None:
            return self.span
        until = min(self.level_since, self.span.end_at)
        return Span(self.span.start_at, until) if self.span.start_at < until else None

    @property
    def level(self) -> Span | None:
        """What of it is at a level that stays; None: nothing is known to."""
        since = self.level_since
        return None if since is None or since >= self.span.end_at else Span(since, self.span.end_at)

    @property
    def series(self) -> str:
        """Name of the series that it is about, unique in an incident."""
        return self.metric if self.member is None else self.member.of(self.metric)


@dataclass(frozen=True, slots=True)
class Told:
    """What the team knows from us.

    Attributes:
        at: when the last message was decided on.
        count: messages so far; the next one is number `count + 1`.
        loss_per_hour: of the worst metric when last told; 0 where another metric has become the worst since.
        named: id of the deploy last named to the team; None if none was.
        reminded: the one reminder that nobody has reacted was decided on.
    """

    at: datetime
    count: int
    loss_per_hour: float
    named: str | None = None
    reminded: bool = False


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What a person has said of the suspects; it leaves no doubt.

    Attributes:
        deploy: the id of the one that it was; None: it was no deploy.
        by, at, why: who said so, when, and what else they said.
    """

    deploy: str | None
    by: str
    at: datetime
    why: str = ""


@dataclass(frozen=True, slots=True)
class Incident:
    """One thing that is wrong, for one team.

    Attributes:
        number: counts from 1 over the whole store.
        opened_at: when its team was told of it; when it was found, while nobody has been told.
        metrics: worst first.
        ranking: suspects, as of the newest evidence.
        told: None until the team has been told (loss still below `at_least`).
        closed_by, why: a person who ended it by hand, and what they said.
        more_members: members that are anomalous as well, beyond those that `metrics` lists.
        confirmed: what a person has said of the suspects; None: nobody has.
    """

    number: int
    team: str
    state: IncidentState
    opened_at: datetime
    metrics: tuple[IncidentMetric, ...]
    ranking: Ranking
    told: Told | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    recovering_at: datetime | None = None
    resolved_at: datetime | None = None
    closed_by: str | None = None
    why: str | None = None
    more_members: int = 0
    confirmed: Confirmed | None = None

    @property
    def verdict(self) -> str | None:
        """The id of the deploy that a person has confirmed, empty for no deploy; None: nobody has said anything."""
        return None if self.confirmed is None else self.confirmed.deploy or ""

    @property
    def is_over(self) -> bool:
        """Nothing more happens to it."""
        return self.state is IncidentState.RESOLVED

    @property
    def worst(self) -> IncidentMetric:
        """The metric that stands in the title."""
        return self.metrics[0]


@dataclass(frozen=True, slots=True)
class IncidentEvent:
    """One line of an incident's history, unique by incident, time and what."""

    incident: int
    at: datetime
    what: str
    text: str
