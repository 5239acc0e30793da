"""The deploys of a case."""

from collections.abc import Mapping
from datetime import datetime

from detector.cli.suspects_fields import Node
from detector.config.single_values import one_of
from detector.model.deploy import Deploy, DeployKind, DeployStatus, Scope

__all__ = ["read_deploys"]

_EVERYBODY = 100.0


def read_deploys(deploys: Node, as_of: datetime) -> tuple[Deploy, ...]:
    """All reports, in the order of the file; what had not come to an end at `as_of` was running then."""
    return tuple(_deploy(one, as_of) for one in deploys.rows())


def _deploy(one: Node, as_of: datetime) -> Deploy:
    started_at, finished_at = one.maybe("started_at", Node.instant), one.maybe("finished_at", Node.instant)
    status = one.at("status").word(lambda value: one_of(value, DeployStatus))
    if started_at is None and finished_at is None:
        one.wrong("has neither started_at nor finished_at; write when it happened")
    if started_at is not None and finished_at is not None and finished_at < started_at:
        one.at("finished_at").wrong(f"'{one.value['finished_at']}' lies before started_at; write the later time")  # type: ignore[index]  # an object, as it has been read
    if finished_at is not None and finished_at > as_of:
        started_at, finished_at, status = started_at or finished_at, None, DeployStatus.IN_PROGRESS
    if status is DeployStatus.SUCCESS and finished_at is None:
        finished_at = started_at
    return Deploy(
        id=one.at("id").text(),
        service=one.at("service").text(),
        version=one.at("version").text(),
        received_at=as_of,
        environment=one.at("environment").text(),
        status=status,
        kind=one.at("kind").word(lambda value: one_of(value, DeployKind)),
        started_at=started_at,
        finished_at=None if status is DeployStatus.IN_PROGRESS else finished_at,
        actor=one.maybe("actor", Node.text),
        url=one.maybe("url", Node.text),
        rollback_of=one.maybe("rollback_of", Node.text),
        scope=one.maybe("scope", _scope),
        source="case",
    )


def _scope(scope: Node) -> Scope:
    by: dict[str, tuple[str, ...]] = {}
    percent = _EVERYBODY
    for key, node in scope.items():
        if key == "percent":
            percent = _percent(node)
        else:
            by[key] = _values(node)
    return Scope(_without_empty(by), percent)


def _percent(node: Node) -> float:
    found = node.number()
    if not 0 <= found <= _EVERYBODY:
        node.wrong(f"{found:g} is no percentage; write a number from 0 to 100")
    return found


def _values(node: Node) -> tuple[str, ...]:
    several = node.rows() if isinstance(node.value, list) else [node]
    return tuple(sorted({one.text() for one in several}))


def _without_empty(by: Mapping[str, tuple[str, ...]]) -> Mapping[str, tuple[str, ...]]:
    return {key: values for key, values in sorted(by.items()) if values}
