"""A deploy as it is said on the command line."""

import hashlib
from dataclasses import asdict, dataclass
from datetime import datetime
from unicodedata import category
from urllib.parse import urlsplit

from detector.cli.options import parse_time
from detector.errors import UsageError
from detector.model.deploy import Deploy, DeployKind, DeployStatus, Scope
from detector.model.rulebook import Settings

__all__ = ["Said", "check_text", "report_of", "row_of"]

LONGEST = 200

CONTROL_OR_SURROGATE = {"Cc", "Cs"}
"""Categories of Unicode; a surrogate is half a character."""


@dataclass(frozen=True, slots=True)
class Said:
    """The options of `deploy add`, as text."""

    service: str
    version: str
    at: str | None
    id_: str | None
    status: str
    started_at: str | None
    actor: str | None
    url: str | None
    commit: str | None
    environment: str
    kind: str | None
    rollback_of: str | None
    scope: str | None


def report_of(said: Said, settings: Settings, now: datetime) -> Deploy:
    """The report that the options mean; live at `--at`, and heard of then.

    Raises:
        UsageError: an option that cannot be.
    """
    for name, text in asdict(said).items():
        check_text(name.strip("_").replace("_", "-"), text)
    at = now if said.at is None else parse_time(said.at, settings, "--at")
    started_at = None if said.started_at is None else parse_time(said.started_at, settings, "--started-at")
    if started_at is not None and started_at > at:
        raise UsageError(
            f"--started-at {said.started_at} is after --at {at.isoformat()}; a roll-out starts before it is live"
        )
    status = DeployStatus(said.status)
    if said.url is not None and urlsplit(said.url).scheme not in {"http", "https"}:
        raise UsageError(f"--url: {said.url[:80]!r} does not begin with http:// or https://")
    running = status is DeployStatus.IN_PROGRESS
    return Deploy(
        id=said.id_ or _identity(said, at),
        service=said.service,
        version=said.version,
        received_at=at,
        environment=said.environment,
        status=status,
        kind=_kind(said),
        started_at=(started_at or at) if running else started_at,
        finished_at=None if running else at,
        commit=said.commit,
        actor=said.actor,
        url=said.url,
        rollback_of=said.rollback_of,
        scope=None if said.scope is None else _scope(said.scope),
        source="cli",
    )


def check_text(name: str, text: str | None) -> None:
    """What is kept and shown to people is one line of plain text.

    Raises:
        UsageError: it is empty, long, or holds what a terminal takes for a command.
    """
    if text is None:
        return
    if not text.strip():
        raise UsageError(f"--{name} is empty")
    if len(text) > LONGEST:
        raise UsageError(f"--{name} has {len(text)} characters; at most {LONGEST} are kept")
    if any(category(sign) in CONTROL_OR_SURROGATE for sign in text):
        raise UsageError(f"--{name} holds a control character or half a character; send plain text")


def _kind(said: Said) -> DeployKind:
    if said.kind is not None:
        return DeployKind(said.kind)
    return DeployKind.DEPLOY if said.rollback_of is None else DeployKind.ROLLBACK


def _identity(said: Said, at: datetime) -> str:
    """The same deploy reported twice in the same words is one: its id follows from what it is."""
    named = f"{said.service}\n{said.version}\n{said.environment}\n{at.isoformat()}"
    return hashlib.sha256(named.encode()).hexdigest()[:12]


def _scope(text: str) -> Scope:
    by: dict[str, list[str]] = {}
    percent = 100.0
    for piece in text.split(","):
        key, equals, value = (part.strip() for part in piece.partition("="))
        if not (key and equals and value):
            raise UsageError(f"--scope: {piece!r} is not of the form country=DE or percent=10")
        if key == "percent":
            percent = _percent(value)
        else:
            by.setdefault(key, []).append(value)
    return Scope({key: tuple(values) for key, values in by.items()}, percent)


def _percent(value: str) -> float:
    try:
        percent = float(value)
    except ValueError:
        percent = -1.0
    if not 0 < percent <= 100:  # noqa: PLR2004 - a percentage
        raise UsageError(f"--scope: percent={value} is not between 0 and 100")
    return percent


def row_of(deploy: Deploy) -> dict[str, object]:
    return asdict(deploy)
