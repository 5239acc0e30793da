"""The shape of detector.yml."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from detector.config.feed_schema import FeedEntry
from detector.config.value_types import (
    ChannelUrl,
    Entry,
    Keep,
    Line,
    Listen,
    Name,
    PingUrl,
    ServiceName,
    SourceUrl,
    StoreUrl,
    TeamName,
    Timeout,
    Token,
    WebUrl,
    Zone,
)

__all__ = ["HttpEntry", "ServiceEntry", "SettingsEntry", "SourceEntry", "TeamEntry"]


def _nothing_is_empty(value: object) -> object:
    """`teams:` with every line below it commented out is an empty mapping."""
    return {} if value is None else value


_Section = BeforeValidator(_nothing_is_empty)


class SourceEntry(Entry):
    """A database that rules read from."""

    url: SourceUrl = Field(
        description="Connection URL: postgresql:// or sqlite:///. A role that may only SELECT.",
        examples=["${SHOP_DATABASE_URL}", "sqlite:///shop.db"],
    )
    timeout: Timeout = Field(default=30, description="A query is cut off after this.", examples=["30s", "2m"])
    timezone: Zone = Field(default="UTC", description="Zone of timestamps that carry none.")


class TeamEntry(Entry):
    """Who is told, and where."""

    notify: list[ChannelUrl] = Field(
        min_length=1,
        description="Channels as apprise URLs; a message goes to each of them.",
        examples=[["${CHECKOUT_NOTIFY_URL}"]],
    )


class ServiceEntry(Entry):
    """Something that is deployed."""

    team: TeamName | None = Field(default=None, description="The team that runs it.", examples=["checkout"])
    depends_on: list[ServiceName] = Field(
        default_factory=list, description="Services that it needs in order to work.", examples=[["payments"]]
    )


class HttpEntry(Entry):
    """The dashboard and the API."""

    listen: Listen = Field(default="127.0.0.1:8080", description="Where to listen, host:port.", examples=["0.0.0.0:80"])
    url: WebUrl | None = Field(
        default=None, description="What links in messages begin with.", examples=["https://detector.example"]
    )
    tokens: list[Token] = Field(
        default_factory=list,
        description="Bearer tokens that may report deploys and read what the API tells; health needs none.",
        examples=[["${DEPLOY_TOKEN}"]],
    )


class SettingsEntry(Entry):
    """detector.yml: connections, teams and services. Every text may hold ${NAME} or ${file:PATH}."""

    store: StoreUrl | None = Field(
        default=None,
        description="The detector's own database: sqlite:///FILE or postgresql://…; default sqlite:///detector.db.",
        examples=["sqlite:///detector.db", "${DETECTOR_STORE_URL}"],
    )
    timezone: Zone = Field(
        default="UTC", validate_default=True, description="Where rules cut days and hours unless they say otherwise."
    )
    rules: Annotated[str, Field(min_length=1, max_length=4096)] = Field(
        default="rules/", description="Folder of the rule files: every *.yml below it."
    )
    sources: Annotated[dict[Line, SourceEntry], _Section] = Field(
        default_factory=dict, description="Databases by name.", examples=[{"shop": {"url": "${SHOP_DATABASE_URL}"}}]
    )
    teams: Annotated[dict[Line, TeamEntry], _Section] = Field(
        default_factory=dict, description="Teams by name.", examples=[{"checkout": {"notify": ["${NOTIFY_URL}"]}}]
    )
    services: Annotated[dict[Line, Annotated[ServiceEntry, _Section]], _Section] = Field(
        default_factory=dict, description="Services by name.", examples=[{"checkout-api": {"team": "checkout"}}]
    )
    admins: TeamName | None = Field(
        default=None, description="The team that is told when the detector itself is in trouble.", examples=["platform"]
    )
    deploy_feeds: Annotated[dict[Name, FeedEntry], _Section] = Field(
        default_factory=dict,
        description="Other systems that announce deploys, and tables of deploys, by name.",
        examples=[{"github": {"secrets": ["${GITHUB_WEBHOOK_SECRET}"]}}],
    )
    http: Annotated[HttpEntry, _Section] = Field(
        default_factory=HttpEntry, description="Health, metrics and the API, served by `detector run`."
    )
    keep: Keep = Field(default=400 * 86_400, description="How long what is over stays in the store.", examples=["400d"])
    ping: PingUrl | None = Field(
        default=None,
        description="Address of a dead man's switch, asked after every tick: URL/start, URL, URL/fail.",
        examples=["${PING_URL}"],
    )


def section(value: Any, name: str) -> dict[str, Any]:  # noqa: ANN401 - a file's content before any check
    """A mapping of detector.yml as it stands there, however wrong the rest is."""
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}
