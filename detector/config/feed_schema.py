"""The shape of an entry of `deploy_feeds`."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from detector.config import feed_paths
from detector.config.durations import duration_s
from detector.config.single_values import one_of
from detector.config.value_types import Column, Entry, Line, ServiceName, SourceName, Table, Token
from detector.config.words import NotUsable, did_you_mean, shown
from detector.linking.announced_words import kind_word, status_word
from detector.model.deploy import DeployKind, DeployStatus
from detector.model.feed import IGNORE, FeedKind, Take

__all__ = ["MOST_SECRETS", "FeedEntry", "ValuesEntry"]

MOST_SECRETS = 20
"""Each request is held against every one of them; repositories of one feed may have secrets of their own."""


def _status(value: object) -> str:
    words = (*DeployStatus, IGNORE)
    if isinstance(value, str) and (meant := status_word(value, {})) is not None:
        return str(meant)
    if value == IGNORE:
        return IGNORE
    near = did_you_mean(value, words) if isinstance(value, str) else ""
    raise NotUsable(f"{shown(value)} is no status: write one of {', '.join(words)}{near if 'mean' in near else ''}")


def _kind(value: object) -> str:
    meant = kind_word(value, {}) if isinstance(value, str) else None
    return str(meant if meant is not None else one_of(value, DeployKind))


def _texts(value: object) -> tuple[str, ...]:
    several = value if isinstance(value, list) else [value]
    plain = [str(one).lower() if isinstance(one, bool) else str(one) for one in several if isinstance(one, str | int)]
    if not several or len(plain) < len(several):
        raise NotUsable(f"{shown(value)} must be a text, or a list of texts of which any will do")
    return tuple(plain)


def _place(value: object) -> str:
    """A path as it is written, once it is known to be one."""
    feed_paths.body_path(value)
    return str(value).strip()


def _json(*kinds: str, **more: Any) -> WithJsonSchema:  # noqa: ANN401 - JSON Schema
    one = {"type": "string", **more}
    both: list[dict[str, Any]] = [one, {"type": "array", "items": one, "minItems": 1}]
    return WithJsonSchema({"anyOf": both} if "list" in kinds else one)


_HEADER = Annotated[str, BeforeValidator(feed_paths.header), _json()]
_PATH = Annotated[tuple[str | int, ...], BeforeValidator(feed_paths.body_path), _json()]
_PLACES = Annotated[tuple[Take, ...], BeforeValidator(feed_paths.take_list), _json("list")]
_PLACE = Annotated[str, BeforeValidator(_place), _json()]
_FIELD = Annotated[str, BeforeValidator(feed_paths.field_name), _json()]
_WHEN = Annotated[tuple[str, ...], BeforeValidator(_texts), _json("list")]
_STATUS = Annotated[str, BeforeValidator(_status), WithJsonSchema({"enum": [*DeployStatus, IGNORE]})]
_KIND = Annotated[str, BeforeValidator(_kind), WithJsonSchema({"enum": list(DeployKind)})]
_FEED_KIND = Annotated[
    FeedKind, BeforeValidator(lambda value: one_of(value, FeedKind)), WithJsonSchema({"enum": list(FeedKind)})
]
_WITHIN = Annotated[
    int,
    BeforeValidator(lambda value: duration_s(value, 10, 3600)),
    WithJsonSchema({"type": "string", "pattern": "^([0-9]+[dhms])+$"}),
]


class ValuesEntry(Entry):
    """What words of a sender mean here."""

    status: dict[Line, _STATUS] = Field(
        default_factory=dict,
        description="Their word -> success, failure, cancelled, in_progress, or ignore for what is no change.",
        examples=[{"Synced": "success", "Pending": "ignore"}],
    )
    kind: dict[Line, _KIND] = Field(
        default_factory=dict, description="Their word -> deploy, rollback, flag, config or migration."
    )


class FeedEntry(Entry):
    """One system that announces deploys, or one table of them."""

    kind: _FEED_KIND | None = Field(
        default=None, description="Whose words it speaks; default: the feed's name, if it is one of them."
    )
    secrets: list[Token] = Field(
        default_factory=list,
        max_length=MOST_SECRETS,
        description="What proves the sender; any one of them will do, so that one can replace another.",
        examples=[["${GITHUB_WEBHOOK_SECRET}"]],
    )
    services: dict[Line, ServiceName] = Field(
        default_factory=dict,
        description="Names there -> names here. Default: what stands behind the last slash.",
        examples=[{"acme/checkout": "checkout-api"}],
    )
    environments: dict[Line, Line] = Field(
        default_factory=dict,
        description="Names there -> names here. Default: the same; prod, prd and live are production.",
        examples=[{"main-cluster": "production"}],
    )
    token: _HEADER | None = Field(
        default=None,
        description="The header that holds the secret. Default: `Authorization: Bearer SECRET`.",
        examples=["X-My-Token"],
    )
    token_field: _PATH | None = Field(
        default=None, description="Where the secret stands in the body.", examples=["routing_key"]
    )
    signature: _HEADER | None = Field(
        default=None,
        description="The header that holds the HMAC-SHA256 of the body; webhook-signature: Standard Webhooks.",
        examples=["X-My-Signature", "webhook-signature"],
    )
    within: _WITHIN | None = Field(
        default=None, description="How old a signed time may be; default 5m.", examples=["5m"]
    )
    fields: dict[_FIELD, _PLACES] = Field(
        default_factory=dict,
        description="Field -> its place in the body, several of which the first that is there, or =constant.",
        examples=[{"service": "app.name", "version": ["tag", "commit"], "environment": "=production"}],
    )
    values: ValuesEntry = Field(default_factory=ValuesEntry, description="What their words mean here.")
    each: _PATH | None = Field(
        default=None, description="Place of a list in the body of which every item is a change.", examples=["deploys"]
    )
    when: dict[_PLACE, _WHEN] = Field(
        default_factory=dict,
        description="Place -> value, or several, that it must have; what has another one is no change.",
        examples=[{"event": "deployed"}],
    )
    source: SourceName | None = Field(default=None, description="Kind table: a source, by its name.", examples=["shop"])
    table: Table | None = Field(default=None, description="Kind table: the table.", examples=["deployments"])
    time: Column | None = Field(
        default=None,
        description="Kind table: the column that says when a row was written or changed.",
        examples=["updated_at"],
    )
    columns: dict[_FIELD, _PLACES] = Field(
        default_factory=dict,
        description="Kind table: field -> its column, several of which the first that is not NULL, or =constant.",
        examples=[{"service": "app", "version": "tag", "finished_at": "finished_at"}],
    )
