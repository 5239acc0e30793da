"""A deploy as it is said on the command line."""

from dataclasses import asdict, dataclass
from datetime import datetime

from detector.cli.options import parse_time
from detector.errors import UsageError
from detector.linking.report_texts import complaint_about, identity_of, is_web_address, kind_of
from detector.model.deploy import Deploy, DeployStatus, Scope
from detector.model.rulebook import Settings

__all__ = ["Said", "check_text", "report_of", "row_of"]


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
            f"--started-at {said.started_at} is after --at {said.at or 'now'}; a roll-out starts before it is live"
        )
    status = DeployStatus(said.status)
    if said.url is not None and not is_web_address(said.url):
        raise UsageError(f"--url: {said.url[:80]!r} is no address that begins with http:// or https://")
    running = status is DeployStatus.IN_PROGRESS
    return Deploy(
        id=said.id_ or identity_of(said.service, said.version, said.environment, at.isoformat()),
        service=said.service,
        version=said.version,
        received_at=at,
        environment=said.environment,
        status=status,
        kind=kind_of(said.kind, said.rollback_of),
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
    if text is not None and (complaint := complaint_about(text)):
        raise UsageError(f"--{name} {complaint}")


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
