"""Names that a deploy's report gives to whom it reached, as the metric's own columns and values spell them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from detector.linking.question import Question
from detector.model.deploy import Scope

__all__ = ["as_measured"]


def as_measured(scopes: Sequence[Scope | None], question: Question) -> list[Scope | None]:
    """The scopes with columns and values as they are measured, where only case and spaces at the ends differ.

    Pipelines write `Country: de` of what a table holds as `country: DE`. What is spelled alike stays, and so does what
    nothing or more than one name is like.
    """
    known: dict[str, set[str]] = {}
    for segment in question.segments:
        for column, value in segment.by.items():
            known.setdefault(column, set()).add(value)
    for found in question.where:
        known.setdefault(found.column, set()).update(name for name, _ in found.segments)
    return [None if scope is None else _renamed(scope, known) for scope in scopes]


def _renamed(scope: Scope, known: Mapping[str, Collection[str]]) -> Scope:
    by: dict[str, tuple[str, ...]] = {}
    for column, values in scope.by.items():
        name = _like(column, known)
        spelled = tuple(dict.fromkeys(_like(value, known.get(name, ())) for value in values))
        by[name] = tuple(dict.fromkeys((*by.get(name, ()), *spelled)))
    return replace(scope, by=by)


def _like(name: str, known: Collection[str]) -> str:
    if name in known:
        return name
    alike = [one for one in known if one.strip().casefold() == name.strip().casefold()]
    return alike[0] if len(alike) == 1 else name
