"""Deploys as they are said over HTTP: the shape, and the reports that are meant."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Self, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)

from detector.linking.report_texts import (
    LONGEST,
    complaint_about,
    identity_of,
    is_web_address,
    kind_of,
    parse_instant,
)
from detector.model.deploy import Deploy, DeployKind, DeployStatus, Scope
from detector.web.faults import unfit

__all__ = ["BATCH_AT_MOST", "Batch", "DeploySaid", "Draft", "Moment", "drafts_of"]

BATCH_AT_MOST = 100
DIMENSIONS_AT_MOST, VALUES_AT_MOST = 20, 100
AHEAD_AT_MOST = timedelta(days=1)
"""Clocks differ, and zones are forgotten; a deploy of the day after tomorrow has not happened."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What times are read with: the clock's, the zone of those that carry none, and the request's own key."""

    now: datetime
    timezone: str
    key: str | None = None


def _moment(validation: ValidationInfo) -> Moment:
    return cast(Moment, validation.context)


def _line(text: str) -> str:
    if complaint := complaint_about(text):
        raise ValueError(complaint)
    return text


def _url(text: str) -> str:
    if not is_web_address(_line(text)):
        raise ValueError("is no web address; send one that begins with http:// or https://")
    return text


def _instant(value: object, validation: ValidationInfo) -> datetime:
    if not isinstance(value, str):
        raise ValueError("is no text; send a time as 2026-03-10T09:06:00Z")  # noqa: TRY004 - pydantic collects these
    moment = _moment(validation)
    at = parse_instant(value, moment.timezone)
    if at > moment.now + AHEAD_AT_MOST:
        raise ValueError(f"lies more than a day ahead of the detector's clock, {moment.now.isoformat('T', 'seconds')}")
    return at


_TEXT = {"type": "string", "minLength": 1, "maxLength": LONGEST}
Line = Annotated[str, AfterValidator(_line), WithJsonSchema(_TEXT)]
Url = Annotated[str, AfterValidator(_url), WithJsonSchema({**_TEXT, "pattern": r"^[Hh][Tt][Tt][Pp][Ss]?://[^\s/?#]+"})]
Instant = Annotated[
    datetime,
    BeforeValidator(_instant),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-03-10T09:06:00+01:00"]}),
]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class ScopeSaid(Strict):
    """Whom the change reached: values by dimension (none named means all of them), and a share of the traffic."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [{"country": ["DE"], "percent": 10}]})
    __pydantic_extra__: dict[str, Annotated[list[Line], Field(min_length=1, max_length=VALUES_AT_MOST)]]

    percent: float = Field(default=100.0, gt=0, le=100)

    @model_validator(mode="after")
    def _check_dimensions(self) -> Self:
        names = self.__pydantic_extra__
        if len(names) > DIMENSIONS_AT_MOST:
            raise ValueError(f"has {len(names)} dimensions; at most {DIMENSIONS_AT_MOST} are kept")
        for name in names:
            if complaint := complaint_about(name):
                raise ValueError(f"has a dimension whose name {complaint}")
        return self


class DeploySaid(Strict):
    """One report of a change."""

    service: Line = Field(description="What was deployed, as detector.yml names it.")
    version: Line = Field(description="Which version went live.")
    environment: Line = Field(default="production", description="Where.")
    status: Annotated[DeployStatus, Field(strict=False)] = Field(
        default=DeployStatus.SUCCESS, description="How far it got."
    )
    kind: Annotated[DeployKind, Field(strict=False)] | None = Field(
        default=None, description="Default: `deploy`, or `rollback` with `rollback_of`."
    )
    started_at: Instant | None = Field(default=None, description="When the roll-out began.")
    finished_at: Instant | None = Field(
        default=None,
        description="When it went live, or ended. Default: now. A time without an offset is in the zone "
        "of detector.yml.",
    )
    at: Instant | None = Field(
        default=None, description="Short for `finished_at`; for one in progress, for `started_at`."
    )
    commit: Line | None = Field(default=None, description="What it was built from.")
    actor: Line | None = Field(default=None, description="Who did it.")
    url: Url | None = Field(default=None, description="Where to read more, http or https.")
    rollback_of: Line | None = Field(default=None, description="The id of the deploy that this one takes back.")
    scope: ScopeSaid | None = Field(default=None, description="Whom it reached. Default: unknown.")
    id: Line | None = Field(
        default=None,
        description="Identity; the same for each report of one deploy. Default: from service, version, "
        "environment and time.",
    )

    @model_validator(mode="after")
    def _check_times(self, validation: ValidationInfo) -> Self:
        is_running = self.status is DeployStatus.IN_PROGRESS
        if is_running and self.finished_at is not None:
            raise ValueError("is in progress and has a finished_at; send one of both")
        twice = "started_at" if is_running else "finished_at"
        if self.at is not None and getattr(self, twice) is not None:
            raise ValueError(f"has both at and {twice}; send one of both")
        ended_at = self.finished_at or self.at or _moment(validation).now
        if not is_running and self.started_at is not None and self.started_at > ended_at:
            raise ValueError("has a started_at after its end; a roll-out starts before it is live")
        return self


class Batch(Strict):
    """Several reports, kept all or none."""

    deploys: list[DeploySaid] = Field(min_length=1, max_length=BATCH_AT_MOST)


@dataclass(frozen=True, slots=True)
class Draft:
    """A report, and what of it the sender left to us."""

    report: Deploy
    has_id: bool
    has_time: bool


_BATCH = TypeAdapter(Batch)
_ONE = TypeAdapter(DeploySaid)


def drafts_of(content: object, moment: Moment) -> Sequence[Draft]:
    """The reports of one deploy, of a list, or of `{"deploys": [...]}`.

    Raises:
        Refused: 422, with every field that cannot be.
    """
    try:
        if isinstance(content, list) or (isinstance(content, dict) and "deploys" in content):
            batch = {"deploys": content} if isinstance(content, list) else content
            said = _BATCH.validate_python(batch, context=moment).deploys
        else:
            said = [_ONE.validate_python(content, context=moment)]
    except ValidationError as error:
        raise unfit(error.errors(include_url=False, include_input=False), DeploySaid.model_fields) from None
    return [_draft(one, place, moment) for place, one in enumerate(said)]


def _draft(said: DeploySaid, place: int, moment: Moment) -> Draft:
    is_running = said.status is DeployStatus.IN_PROGRESS
    said_at = said.at or (said.started_at if is_running else said.finished_at)
    at = said_at or moment.now
    when = at.isoformat() if said_at is not None or moment.key is None else f"{moment.key}\n{place}"
    fields: dict[str, Any] = {name: getattr(said, name) for name in ("commit", "actor", "url", "rollback_of")}
    report = Deploy(
        id=said.id or identity_of(said.service, said.version, said.environment, when),
        service=said.service,
        version=said.version,
        received_at=moment.now,
        environment=said.environment,
        status=said.status,
        kind=kind_of(said.kind, said.rollback_of),
        started_at=at if is_running else said.started_at,
        finished_at=None if is_running else at,
        scope=None if said.scope is None else _scope(said.scope),
        source="api",
        **fields,
    )
    return Draft(report, said.id is not None, said_at is not None)


def _scope(said: ScopeSaid) -> Scope:
    return Scope({name: tuple(values) for name, values in said.__pydantic_extra__.items()}, said.percent)
