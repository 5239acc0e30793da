"""What the API says of deploys, metrics and incidents; names are those of the model."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from detector.model.deploy import Answer, Deploy, DeployKind, DeployStatus
from detector.model.incident import Incident, IncidentEvent, IncidentMetric, IncidentState, Whereabouts
from detector.model.metric import Kind, Metric
from detector.model.verdict import OutcomeKind

__all__ = [
    "DeployView",
    "Deploys",
    "IncidentPage",
    "IncidentView",
    "Incidents",
    "MetricView",
    "Metrics",
    "deploy_view",
    "incident_page",
    "incident_view",
]


class View(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class DeployView(View):
    id: str
    service: str
    version: str
    environment: str
    status: DeployStatus
    kind: DeployKind
    received_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    commit: str | None
    actor: str | None
    url: str | None
    rollback_of: str | None
    scope: Mapping[str, list[str] | float] | None = Field(
        description="As it is reported: values by dimension, percent."
    )
    source: str = Field(description="Who reported it: `cli`, `api`, or the name of a feed.")


class Deploys(BaseModel):
    """Newest first."""

    deploys: list[DeployView]


class MetricView(View):
    metric: str
    title: str
    team: str
    unit: str
    kind: Kind
    every_s: int
    outcome: OutcomeKind | None = Field(description="Of the newest bucket that was judged; null: none was.")
    bucket: datetime | None = Field(description="When that bucket began.")
    value: float | None
    expected: float | None
    low: float | None
    high: float | None
    reason: str
    judged_at: datetime | None
    read_until: datetime | None = Field(description="End of the newest bucket read from the source.")
    next: datetime = Field(description="When the next bucket falls due.")
    failing_since: datetime | None = Field(description="Since when it cannot be read; null: it can.")


class Metrics(BaseModel):
    """In alphabetical order."""

    metrics: list[MetricView]


class SpanView(View):
    start_at: datetime
    end_at: datetime


class LossView(View):
    """In the metric's unit; positive means missing. Low and high hold 90 %; `came_back` was bought right after it."""

    amount: float
    low: float
    high: float
    per_hour: float
    came_back: float = 0.0


class OnsetView(View):
    """When it began; earliest and latest hold 90 %."""

    earliest: datetime
    likely: datetime
    latest: datetime


class SegmentView(BaseModel):
    segment: str
    share: float = Field(description="Of the whole loss, 0 to 1.")


class WhereView(BaseModel):
    column: str
    everywhere: bool
    segments: list[SegmentView]


class MemberView(View):
    """One value of the rule's `each` column."""

    column: str
    name: str


class PartView(View):
    metric: str
    member: MemberView | None = Field(description="What it is about; null: the metric's whole.")
    title: str | None = Field(description="null: the rule is gone.")
    unit: str | None
    span: SpanView
    value: float
    expected: float
    loss: LossView
    onset: OnsetView
    is_drop: bool
    ended_at: datetime | None
    where: list[WhereView]
    bound: float | None
    level_since: datetime | None = Field(description="From then on it is at a level that stays, and teaches.")


class ConfirmedView(View):
    """What a person has said of the suspects."""

    deploy: str | None = Field(description="Its id; null: it was no deploy.")
    by: str
    at: datetime
    why: str


class IncidentView(View):
    number: int
    team: str
    state: IncidentState
    opened_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    recovering_at: datetime | None
    resolved_at: datetime | None
    closed_by: str | None
    why: str | None
    more_members: int = Field(description="Members that are anomalous as well, and not listed.")
    messages: int = Field(description="How many the team was sent.")
    metrics: list[PartView] = Field(description="Worst first.")
    answer: Answer = Field(description="What the ranking lets us say of its suspects.")
    named: DeployView | None = Field(description="The deploy that stands out; null: none does.")
    confirmed: ConfirmedView | None = Field(description="A person's verdict; null: nobody has said anything.")


class Incidents(BaseModel):
    """Newest first."""

    incidents: list[IncidentView]


class SuspectView(BaseModel):
    deploy: DeployView
    probability: float
    grounds: list[str]
    ruled_out: str | None = Field(description="Why it cannot be; null: it can.")


class RankingView(BaseModel):
    answer: Answer
    suspects: list[SuspectView] = Field(description="Most probable first.")
    no_deploy: float = Field(description="Probability that none of them did it.")
    last_heard_at: datetime | None
    looked_back_h: float


class EventView(View):
    at: datetime
    what: str
    text: str


class IncidentPage(IncidentView):
    ranking: RankingView
    events: list[EventView] = Field(description="Oldest first.")


def _attributes(thing: object, names: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(thing, name) for name in names}


def deploy_view(deploy: Deploy) -> DeployView:
    reach = deploy.scope
    scope = None if reach is None else {**{key: list(of) for key, of in reach.by.items()}, "percent": reach.percent}
    names = [name for name in DeployView.model_fields if name != "scope"]
    return DeployView.model_validate({**_attributes(deploy, names), "scope": scope})


def _part_view(part: IncidentMetric, metric: Metric | None) -> PartView:
    names = [name for name in PartView.model_fields if name not in {"title", "unit", "where"}]
    title, unit = (None, None) if metric is None else (metric.title, metric.unit)
    where = [_where_view(one) for one in part.where]
    return PartView.model_validate({**_attributes(part, names), "title": title, "unit": unit, "where": where})


def _where_view(where: Whereabouts) -> WhereView:
    segments = [SegmentView(segment=name, share=share) for name, share in where.segments]
    return WhereView(column=where.column, everywhere=where.everywhere, segments=segments)


def _incident_fields(incident: Incident, metrics: Mapping[str, Metric]) -> dict[str, Any]:
    made = {"messages", "metrics", "answer", "named"}
    named = incident.ranking.named
    return {
        **_attributes(incident, [name for name in IncidentView.model_fields if name not in made]),
        "messages": 0 if incident.told is None else incident.told.count,
        "metrics": [_part_view(part, metrics.get(part.metric)) for part in incident.metrics],
        "answer": incident.ranking.answer,
        "named": None if named is None else deploy_view(named.deploy),
    }


def incident_view(incident: Incident, metrics: Mapping[str, Metric]) -> IncidentView:
    return IncidentView.model_validate(_incident_fields(incident, metrics))


def incident_page(incident: Incident, events: Sequence[IncidentEvent], metrics: Mapping[str, Metric]) -> IncidentPage:
    fields = {**_incident_fields(incident, metrics), "ranking": _ranking_view(incident), "events": list(events)}
    return IncidentPage.model_validate(fields)


def _ranking_view(incident: Incident) -> RankingView:
    ranking = incident.ranking
    out = {(one.deploy.source, one.deploy.id): one.why for one in ranking.rejected}
    suspects = [
        SuspectView(
            deploy=deploy_view(one.deploy),
            probability=one.probability,
            grounds=list(one.grounds),
            ruled_out=out.get((one.deploy.source, one.deploy.id)),
        )
        for one in ranking.suspects
    ]
    return RankingView(
        answer=ranking.answer,
        suspects=suspects,
        no_deploy=ranking.no_deploy,
        last_heard_at=ranking.last_heard_at,
        looked_back_h=ranking.looked_back_h,
    )
