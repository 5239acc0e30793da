"""What an owner asks to be watched: one metric of one rule file."""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from detector.model.grid import DAY_S, HOUR_S

__all__ = [
    "AlertPolicy",
    "Direction",
    "EmptyMeans",
    "FalseAlarms",
    "Kind",
    "LongForm",
    "Member",
    "Metric",
    "ShortForm",
    "Witness",
]


class Kind(StrEnum):
    """Which law the numbers follow, and whether parts add up to the whole."""

    REVENUE = "revenue"
    COUNT = "count"
    RATIO = "ratio"
    GAUGE = "gauge"

    @property
    def adds_up(self) -> bool:
        """A bucket of double length holds twice as much; segments sum to the total."""
        return self in {Kind.REVENUE, Kind.COUNT}


class Direction(StrEnum):
    """Which side is bad."""

    DROP = "drop"
    RISE = "rise"
    BOTH = "both"


class EmptyMeans(StrEnum):
    """What a bucket without rows says."""

    ZERO = "zero"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class FalseAlarms:
    """The sensitivity knob: `count` false alarms per `per` (day, week, month, quarter or year)."""

    count: float = 1.0
    per: str = "month"

    DAYS = {"day": 1.0, "week": 7.0, "month": 365.25 / 12, "quarter": 365.25 / 4, "year": 365.25}  # noqa: RUF012

    @property
    def per_second(self) -> float:
        """Allowed rate of false alarms, in 1/s."""
        return self.count / (self.DAYS[self.per] * DAY_S)

    def __str__(self) -> str:
        """Write the knob as an owner does."""
        return f"{self.count:g} per {self.per}"


@dataclass(frozen=True, slots=True)
class AlertPolicy:
    """When the owner wants to hear.

    Attributes:
        on: the watched direction.
        false_alarms: tolerated rate.
        at_least: loss (in the metric's unit) below which we stay quiet.
        below, above: hard bounds on the value; anomalous whatever is usual.
    """

    on: Direction = Direction.DROP
    false_alarms: FalseAlarms = field(default_factory=FalseAlarms)
    at_least: float = 0.0
    below: float | None = None
    above: float | None = None


@dataclass(frozen=True, slots=True)
class ShortForm:
    """A table and a few expressions in the source's dialect, from which the detector writes the SQL.

    Attributes:
        table: name, optionally `schema.name`.
        time: the timestamp column.
        value: aggregate expression; None for a ratio, which has `numerator` and `denominator`.
        where: condition on rows, or None.
        split: columns to look into when the metric is anomalous.
        each: column whose values are series of their own, or None; `limit` of them at most.
    """

    table: str
    time: str
    value: str | None = "count(*)"
    numerator: str | None = None
    denominator: str | None = None
    where: str | None = None
    split: tuple[str, ...] = ()
    each: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Member:
    """One value of a rule's `each` column: a series of its own, beside the metric's whole.

    Attributes:
        column: the column.
        name: its value as text; NULL is `(none)`. Untrusted: whoever sells or writes rows decides on it.
    """

    column: str
    name: str

    def __str__(self) -> str:
        """Write it as people say it, `country=DE`."""
        return f"{self.column}={self.name}"

    def of(self, metric: str) -> str:
        """The name of its series: no metric's own name has a blank."""
        return f"{metric} {self}"


@dataclass(frozen=True, slots=True)
class LongForm:
    """One SELECT that returns `bucket` and `value`, with `:start` and `:end` bound.

    Attributes:
        sql: as the owner wrote it.
        table, time: what `:start` is compared with, as far as the SQL tells; the times are bound as this column's kind.
    """

    sql: str
    table: str | None = None
    time: str | None = None


@dataclass(frozen=True, slots=True)
class Witness:
    """What tells a dead pipeline from a dead shop: another metric (full name), or the newest row of a table.

    While the witness has nothing newer than the bucket either, the bucket is `late`, not zero.
    """

    metric: str | None = None
    table: str | None = None
    time: str | None = None


@dataclass(frozen=True, slots=True)
class Metric:
    """One watched number: where it comes from, how it is cut, and when its team wants to hear.

    Attributes:
        name: full name `FILE/METRIC`, unique.
        title: stands in messages.
        team: the owner.
        services: whose deploys are the first suspects.
        source: name of the source.
        query: short or long form.
        unit: ISO currency, `%` or any word; empty for a bare count.
        every_s: bucket length.
        timezone: where buckets are cut.
        lateness_s: how long after a bucket's end rows may still arrive before it is judged.
        revise_s: how long a bucket may still change.
        empty: what a bucket without rows means.
        holidays: country or country-subdivision code, or None; `calendar` adds own dates.
        place: `file:line` of the rule, for messages.
    """

    name: str
    title: str
    team: str
    services: tuple[str, ...]
    source: str
    query: ShortForm | LongForm
    kind: Kind = Kind.COUNT
    unit: str = ""
    every_s: int = HOUR_S
    timezone: str = "UTC"
    lateness_s: int = 300
    revise_s: int = 2 * DAY_S
    empty: EmptyMeans = EmptyMeans.ZERO
    holidays: str | None = None
    calendar: tuple[date, ...] = ()
    alert: AlertPolicy = field(default_factory=AlertPolicy)
    witness: Witness | None = None
    runbook: str | None = None
    place: str = ""

    @property
    def each(self) -> str | None:
        """The column whose values are series of their own, if there is one."""
        return self.query.each if isinstance(self.query, ShortForm) else None
