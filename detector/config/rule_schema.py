"""The shape of rules/*.yml."""

from typing import Annotated

from pydantic import Discriminator, Field, Tag

from detector.config.value_types import (
    Column,
    DirectionWord,
    EmptyWord,
    Entry,
    Every,
    HolidayCode,
    IsoDate,
    KindWord,
    Lateness,
    Line,
    Name,
    NotNegative,
    Number,
    Rate,
    Revise,
    ServiceName,
    SourceName,
    Table,
    TeamName,
    WebUrl,
    Zone,
)
from detector.model.grid import HOUR_S
from detector.model.metric import Direction, FalseAlarms, Kind

__all__ = ["AlertEntry", "MetricEntry", "RuleFile", "RuleHeader", "WitnessTable"]

_MAX_FRAGMENT = 2_000
_MAX_SQL = 20_000
_MAX_SEGMENTS = 10_000  # a Panel of this many rows is judged in one piece; more is a mistake in the column

Fragment = Annotated[str, Field(min_length=1, max_length=_MAX_FRAGMENT)]


class AlertEntry(Entry):
    """When the team wants to hear."""

    on: DirectionWord = Field(default=Direction.DROP, description="Which side is bad: drop, rise or both.")
    false_alarms: Rate = Field(
        default=FalseAlarms(), description="How many false alarms are tolerable: N per day|week|month|quarter|year."
    )
    at_least: NotNegative = Field(
        default=0.0, description="Stay quiet while less than this is missing, in the metric's unit.", examples=[200]
    )
    below: Number | None = Field(
        default=None, description="A value below this is anomalous whatever is usual.", examples=[100]
    )
    above: Number | None = Field(
        default=None, description="A value above this is anomalous whatever is usual.", examples=[10000]
    )


class WitnessTable(Entry):
    """A table whose newest row tells whether the pipeline still delivers."""

    table: Table = Field(description="The table, optionally schema.table.", examples=["visits"])
    time: Column = Field(description="Its timestamp column.", examples=["seen_at"])


def _witness_form(value: object) -> str:
    return "<table>" if isinstance(value, dict) else "<metric>"


Witness = Annotated[
    Annotated[Line, Tag("<metric>")] | Annotated[WitnessTable, Tag("<table>")], Discriminator(_witness_form)
]


class MetricEntry(Entry):
    """One watched number: `source`, and either `table` and `time` (short form) or `sql` (long form)."""

    title: Line | None = Field(
        default=None, description="Stands in every message; default: the metric's name.", examples=["Checkout revenue"]
    )
    kind: KindWord = Field(default=Kind.COUNT, description="What the number is: revenue, count, ratio or gauge.")
    unit: Line | None = Field(
        default=None, description="ISO currency, % or any word; stands behind numbers.", examples=["EUR", "%"]
    )
    source: SourceName = Field(description="A source of detector.yml.", examples=["shop"])
    table: Table | None = Field(
        default=None, description="Short form: the table, optionally schema.table.", examples=["payments"]
    )
    time: Column | None = Field(default=None, description="Short form: its timestamp column.", examples=["paid_at"])
    value: Fragment | None = Field(
        default=None,
        description="Short form: an aggregate; kind count: default count(*).",
        examples=["sum(amount)"],
    )
    numerator: Fragment | None = Field(
        default=None,
        description="Short form, kind ratio: the aggregate above the line.",
        examples=["count(distinct order_id)"],
    )
    denominator: Fragment | None = Field(
        default=None, description="Short form, kind ratio: the aggregate below the line.", examples=["count(*)"]
    )
    where: Fragment | None = Field(
        default=None, description="Short form: which rows count.", examples=["status = 'captured'"]
    )
    sql: Annotated[str, Field(min_length=1, max_length=_MAX_SQL)] | None = Field(
        default=None, description="Long form: one SELECT that returns bucket and value between :start and :end."
    )
    every: Every = Field(
        default=HOUR_S, description="Length of a bucket, and how often it is judged.", examples=["1h", "15m", "1d"]
    )
    timezone: Zone | None = Field(default=None, description="Where days and hours are cut; default: detector.yml's.")
    lateness: Lateness = Field(
        default=300, description="Rows may arrive this late; a bucket is judged after it.", examples=["5m", "2h"]
    )
    revise: Revise = Field(
        default=2 * 86_400, description="How long a bucket may still change and is read again.", examples=["2d"]
    )
    split: list[Column] = Field(
        default_factory=list,
        max_length=20,
        description="Short form: columns to look into when the metric is anomalous.",
        examples=[["country", "method"]],
    )
    each: Column | None = Field(
        default=None,
        description="Short form: every value of this column is judged as a series of its own, too.",
        examples=["country"],
    )
    limit: Annotated[int, Field(ge=1, le=_MAX_SEGMENTS)] = Field(
        default=50,
        description="Short form: how many of the largest values of a column are looked at, and with `each` judged.",
    )
    empty: EmptyWord | None = Field(
        default=None,
        description="What a bucket without rows means: zero (default for revenue and count) or missing.",
    )
    holidays: HolidayCode | None = Field(
        default=None, description="Public holidays of a country or a part of it.", examples=["DE", "DE-BY"]
    )
    calendar: list[IsoDate] = Field(
        default_factory=list, max_length=1_000, description="Own special days.", examples=[["2026-11-27"]]
    )
    witness: Witness | None = Field(
        default=None,
        description="Tells a dead pipeline from a dead shop: another metric of this file, or a table and its time.",
        examples=["orders", {"table": "visits", "time": "seen_at"}],
    )
    alert: AlertEntry = Field(default_factory=AlertEntry, description="When the team wants to hear.")
    runbook: WebUrl | None = Field(
        default=None, description="Where to read what to do.", examples=["https://wiki.example/checkout"]
    )


class RuleHeader(Entry):
    """What holds for all metrics of a file."""

    team: TeamName = Field(description="The owner: a team of detector.yml.", examples=["checkout"])
    services: list[ServiceName] | None = Field(
        default=None,
        description="Services whose deploys are the first suspects; default: the team's services.",
        examples=[["checkout-api", "payments"]],
    )


class RuleFile(RuleHeader):
    """A rule file: what to watch, and for whom."""

    metrics: dict[Name, MetricEntry] = Field(description="Metrics by name; the full name is FILE/METRIC.")
