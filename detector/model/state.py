"""What the detector remembers between two ticks."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from detector.model.incident import Incident, IncidentEvent
from detector.model.notification import Notification
from detector.model.panel import Bools, Floats
from detector.model.verdict import Outcome

__all__ = [
    "DayOff",
    "DaysOfMonth",
    "HistoryBlock",
    "MemberBlock",
    "Members",
    "MetricState",
    "Seasons",
    "SourceHealth",
    "TickChanges",
]


@dataclass(frozen=True, slots=True, eq=False)
class HistoryBlock:
    """Buckets of one metric as last read, in order of time; need not be without holes.

    Attributes:
        metric: full name.
        starts: epoch seconds, shape (n,), rising.
        values: shape (n,), nan where `known` is false.
        known, teaches: shape (n,), as in `Panel`.
        weights: shape (n,) or None; denominators of a ratio.
    """

    metric: str
    starts: npt.NDArray[np.int64]
    values: Floats
    known: Bools
    teaches: Bools
    weights: Floats | None = None


@dataclass(frozen=True, slots=True, eq=False)
class MemberBlock:
    """Buckets of all members of one metric as last read, in order of time.

    Attributes:
        metric: full name.
        starts: epoch seconds, shape (n,), rising.
        values: shape (m, n), a row for each of `Members.names` in their order; nan where nothing is known.
        teaches: shape (m, n), as in `Panel`.
        weights: shape (m, n) or None; denominators of a ratio.
    """

    metric: str
    starts: npt.NDArray[np.int64]
    values: Floats
    teaches: Bools
    weights: Floats | None = None


@dataclass(frozen=True, slots=True)
class Members:
    """Which values of a metric's `each` column are series of their own, and how far they have come.

    Attributes:
        metric: full name.
        fingerprint: of all that decides what their buckets hold; after a change they are chosen and read anew.
        names: largest first when they were chosen; a member that vanishes stays, and is zero.
        limit: how many there may be.
        chosen_at: local midnight up to which their sizes were compared.
        read_until: end of the newest bucket read.
        judged_until: end of the newest bucket that was judged; None before the first.
    """

    metric: str
    fingerprint: str
    names: tuple[str, ...]
    limit: int
    chosen_at: datetime
    read_until: datetime
    judged_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class DayOff:
    """What a metric held on a day off or beside one, by parts of the day, and what it would have held on a plain day.

    Attributes:
        number: of the local day since 1970.
        occasion: which holiday it was, or which it was beside, as in `Panel`.
        weekday, sunday: what was expected of its weekday, and of a Sunday.
        noise: sd of that.
        held: what came; None where it does not teach.
    """

    number: int
    occasion: int
    weekday: tuple[float, ...]
    sunday: tuple[float, ...]
    noise: tuple[float, ...]
    held: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class DaysOfMonth:
    """What days of the month hold over a plain day; asked anew each month.

    Attributes:
        found_on: local day since 1970 at whose midnight it was found.
        from_first: 31 factors, of the 1st to the 31st; none where there is no such season.
        from_ends: 31 factors, of the 1st to the 15th, and of the later days counted back from the last of the month,
            which is the 31st of them; none where there is no such season.
    """

    found_on: int
    from_first: tuple[float, ...] = ()
    from_ends: tuple[float, ...] = ()

    @property
    def is_season(self) -> bool:
        """Some days differ from others."""
        return bool(self.from_first or self.from_ends)


@dataclass(frozen=True, slots=True)
class Seasons:
    """What a metric follows.

    Attributes:
        day, week: whether the hour of the day makes a difference, and the day of the week; both are assumed until there
            is history enough to tell.
        day_strength, week_strength: 0 to 1, the share of the variance that the season explains; 0 while it is assumed.
        days_off: those of the last two years, in order of time.
        month: its days of the month; None until they were asked for.
        days_near: those of the last year that lay before and after a day off, in order of time.
    """

    day: bool
    week: bool
    day_strength: float = 0.0
    week_strength: float = 0.0
    days_off: tuple[DayOff, ...] = ()
    month: DaysOfMonth | None = None
    days_near: tuple[DayOff, ...] = ()

    @property
    def is_assumed(self) -> bool:
        """Not found: both seasons without any strength."""
        return self.day and self.week and self.day_strength == self.week_strength == 0


@dataclass(frozen=True, slots=True)
class MetricState:
    """How far a metric has come.

    Attributes:
        metric: full name.
        fingerprint: of all that decides what its buckets hold (query, zone, bucket length); after a change the history
            is read anew.
        first_seen_at: the first tick that knew it.
        read_from: start of the history that was read; None before the first slice.
        read_until: end of the newest bucket read.
        judged_until: end of the newest bucket with an outcome.
        seasons: what it follows; None until the first refit.
        refitted_at: local midnight up to which the seasons were found.
    """

    metric: str
    fingerprint: str
    first_seen_at: datetime
    read_from: datetime | None = None
    read_until: datetime | None = None
    judged_until: datetime | None = None
    seasons: Seasons | None = None
    refitted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """How a source answers, or one metric's query of it, or a channel takes messages.

    Attributes:
        source: its name, or a metric's full name, or `channel TEAM/N`.
        failing_since: first tick of the present failure; None while it answers.
        failed_ticks: in a row.
        error: the newest one, without secrets.
        told_admins, told_owners: who heard of the present failure.
    """

    source: str
    failing_since: datetime | None = None
    failed_ticks: int = 0
    error: str = ""
    told_admins: bool = False
    told_owners: bool = False


@dataclass(frozen=True, slots=True)
class TickChanges:
    """All that one tick found and decided; committed as one transaction, before anything is sent."""

    at: datetime
    metrics: tuple[MetricState, ...] = ()
    history: tuple[HistoryBlock, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    incidents: tuple[Incident, ...] = ()
    events: tuple[IncidentEvent, ...] = ()
    notifications: tuple[tuple[Notification, int], ...] = ()  # with the number of the team's channels
    sources: tuple[SourceHealth, ...] = ()
    members: tuple[Members, ...] = ()  # how far they are; which they are stands in the store already
    member_history: tuple[MemberBlock, ...] = ()
