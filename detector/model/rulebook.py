"""All that one load of the configuration says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from detector.errors import Fault
from detector.model.feed import Feed
from detector.model.metric import Metric
from detector.model.secret import Secret

__all__ = ["Http", "RuleBook", "Service", "Settings", "Source", "Team"]


@dataclass(frozen=True, slots=True)
class Source:
    """A database of the owners. `timezone` is the zone of timestamps that carry none."""

    name: str
    url: Secret
    timeout_s: float = 30.0
    timezone: str = "UTC"
    place: str = ""


@dataclass(frozen=True, slots=True)
class Team:
    """Who is told; each entry of `notify` is one channel, an apprise URL."""

    name: str
    notify: tuple[Secret, ...]


@dataclass(frozen=True, slots=True)
class Service:
    """Something that is deployed, and what it needs in order to work."""

    name: str
    team: str | None = None
    depends_on: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Http:
    """The API's address; `url` is what links in messages start with."""

    listen: str = "127.0.0.1:8080"
    url: str | None = None
    tokens: tuple[Secret, ...] = ()


@dataclass(frozen=True, slots=True)
class Settings:
    """detector.yml, resolved: paths absolute, secrets read, names checked.

    `keep_s` is how long what is over stays in the store; `ping` is the address of a dead man's switch,
    `feeds` are where deploys are announced, by name; `secret_files` are the files that `${file:PATH}` was read from.
    """

    path: Path
    store: Secret
    timezone: str
    rules: Path
    sources: Mapping[str, Source]
    teams: Mapping[str, Team]
    services: Mapping[str, Service]
    admins: str | None = None
    http: Http = field(default_factory=Http)
    keep_s: float = 400 * 86_400.0
    ping: Secret | None = None
    feeds: Mapping[str, Feed] = field(default_factory=dict)
    secret_files: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class RuleBook:
    """All rules of one load, by full metric name in alphabetical order.

    `faults` are the mistakes in rule files: the metrics that have one are left out, all others work.
    `warnings` are worth reading, and stop nothing.
    """

    settings: Settings
    metrics: Mapping[str, Metric]
    faults: tuple[Fault, ...] = ()
    warnings: tuple[Fault, ...] = ()
