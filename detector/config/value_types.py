"""Types of single values, as the models of both files use them: the check, and what an editor is told."""

from datetime import date
from typing import Annotated, Any, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationInfo, WithJsonSchema

from detector.config import addresses, durations, single_values, zones
from detector.config.known import Known
from detector.config.words import NotUsable, did_you_mean, shown
from detector.model.metric import Direction, EmptyMeans, FalseAlarms, Kind
from detector.model.secret import Secret

__all__ = ["Entry"]

_DURATION_SCHEMA = {"type": "string", "pattern": "^([0-9]+[dhms])+$"}
_PER = "(day|week|month|quarter|year)"


class Entry(BaseModel):
    """A mapping of a file: unknown keys are mistakes, and nothing is converted silently."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, arbitrary_types_allowed=True)


def _known(validation: ValidationInfo) -> Known:
    return cast(Known, validation.context)


def _declared(kind: str, value: object, names: Any) -> str:  # noqa: ANN401 - a set or a mapping of names
    text = single_values.line(value)
    if text in names:
        return text
    raise NotUsable(f"no {kind} is called {shown(value)} in detector.yml{did_you_mean(text, names)}")


def _team(value: object, validation: ValidationInfo) -> str:
    return _declared("team", value, _known(validation).teams)


def _service(value: object, validation: ValidationInfo) -> str:
    return _declared("service", value, _known(validation).services)


def _source(value: object, validation: ValidationInfo) -> str:
    return _declared("source", value, _known(validation).sources)


def _channel(value: object, validation: ValidationInfo) -> Secret:
    secret = addresses.channel(value)
    check = _known(validation).check_channel
    complaint = check(secret.hidden) if check is not None else None
    if complaint:
        raise NotUsable(f"{secret.label}: {complaint.replace(secret.hidden, secret.label)}")
    return secret


def _source_url(value: object, validation: ValidationInfo) -> Secret:
    return addresses.database(value, tuple(addresses.DIALECTS), _known(validation).folder)


def _store_url(value: object, validation: ValidationInfo) -> Secret:
    return addresses.database(value, addresses.STORES, _known(validation).folder)


def _text(schema: dict[str, Any]) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", **schema})


Line = Annotated[str, BeforeValidator(single_values.line), _text({"maxLength": 200})]
Name = Annotated[str, BeforeValidator(single_values.name), _text({"pattern": r"^[^\W_][\w.-]{0,79}$"})]
Zone = Annotated[str, BeforeValidator(zones.zone_name), _text({"examples": ["Europe/Berlin", "UTC"]})]
TeamName = Annotated[str, BeforeValidator(_team), _text({})]
ServiceName = Annotated[str, BeforeValidator(_service), _text({})]
SourceName = Annotated[str, BeforeValidator(_source), _text({})]
WebUrl = Annotated[str, BeforeValidator(single_values.web_url), _text({"pattern": "^https?://"})]
Listen = Annotated[str, BeforeValidator(single_values.listen_address), _text({"pattern": ":[0-9]+$"})]
ChannelUrl = Annotated[Secret, BeforeValidator(_channel), _text({})]
SourceUrl = Annotated[Secret, BeforeValidator(_source_url), _text({})]
StoreUrl = Annotated[Secret, BeforeValidator(_store_url), _text({})]
Token = Annotated[Secret, BeforeValidator(addresses.token), _text({})]
PingUrl = Annotated[Secret, BeforeValidator(addresses.ping), _text({"pattern": "^https?://|[$][{]"})]

Column = Annotated[str, BeforeValidator(single_values.column), _text({})]
Table = Annotated[str, BeforeValidator(single_values.table), _text({})]
Number = Annotated[float, BeforeValidator(single_values.number), WithJsonSchema({"type": "number"})]
NotNegative = Annotated[
    float, BeforeValidator(single_values.not_negative), WithJsonSchema({"type": "number", "minimum": 0})
]
IsoDate = Annotated[date, BeforeValidator(single_values.iso_date), _text({"format": "date"})]
HolidayCode = Annotated[
    str, BeforeValidator(single_values.holiday_code), _text({"pattern": "^[A-Z]{2}(-[A-Z0-9]{1,3})?$"})
]
Rate = Annotated[
    FalseAlarms,
    BeforeValidator(single_values.false_alarms),
    _text({"pattern": rf"^[0-9.]+ per {_PER}s?$", "examples": ["1 per month", "1 per week", "2 per year"]}),
]
Every = Annotated[int, BeforeValidator(durations.every_s), WithJsonSchema({"enum": list(durations.EVERY)})]


def _duration(low_s: int, high_s: int) -> BeforeValidator:
    return BeforeValidator(lambda value: durations.duration_s(value, low_s, high_s))


_DAY_S = 86_400
Timeout = Annotated[int, _duration(1, 600), WithJsonSchema(_DURATION_SCHEMA)]
Lateness = Annotated[int, _duration(0, 7 * _DAY_S), WithJsonSchema(_DURATION_SCHEMA)]
Revise = Annotated[int, _duration(0, 60 * _DAY_S), WithJsonSchema(_DURATION_SCHEMA)]
Keep = Annotated[int, _duration(100 * _DAY_S, 36_500 * _DAY_S), WithJsonSchema(_DURATION_SCHEMA)]

KindWord = Annotated[
    Kind, BeforeValidator(lambda value: single_values.one_of(value, Kind)), WithJsonSchema({"enum": list(Kind)})
]
DirectionWord = Annotated[
    Direction,
    BeforeValidator(lambda value: single_values.one_of(value, Direction)),
    WithJsonSchema({"enum": list(Direction)}),
]
EmptyWord = Annotated[
    EmptyMeans,
    BeforeValidator(lambda value: single_values.one_of(value, EmptyMeans)),
    WithJsonSchema({"enum": list(EmptyMeans)}),
]
