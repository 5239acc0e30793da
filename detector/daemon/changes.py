"""What a reload changed, rule by rule."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields

from detector.model.metric import Metric
from detector.model.rulebook import RuleBook, Settings

__all__ = ["Change", "changes", "needs_restart"]

_ONLY_A_PLACE = frozenset({"place", "path"})


@dataclass(frozen=True, slots=True)
class Change:
    """One rule, or one section of detector.yml.

    Attributes:
        what: `rule`, or a key of detector.yml.
        name: of the rule, team, service ...; empty for a key with a single value.
        how: `added`, `removed` or `changed`.
        keys: which of its keys are different.
    """

    what: str
    name: str
    how: str
    keys: tuple[str, ...] = ()


def changes(before: RuleBook, after: RuleBook) -> tuple[Change, ...]:
    """Every difference that is more than a line that moved; in order of section and name."""
    found = [*_between("rule", before.metrics, after.metrics)]
    for key in sorted(_keys(Settings)):
        old, new = getattr(before.settings, key), getattr(after.settings, key)
        if isinstance(old, Mapping):
            found.extend(_between(key, old, new))
        elif _told(old) != _told(new):
            found.append(Change(key, "", "changed"))
    return tuple(found)


def needs_restart(before: Settings, after: Settings) -> tuple[str, ...]:
    """Keys that hold from the next start only."""
    return tuple(
        key
        for key, old, new in (
            ("store", before.store.hidden, after.store.hidden),
            ("http.listen", before.http.listen, after.http.listen),
        )
        if old != new
    )


def _between(what: str, before: Mapping[str, object], after: Mapping[str, object]) -> Iterator[Change]:
    for name in sorted(before.keys() | after.keys()):
        if name not in before:
            yield Change(what, name, "added")
        elif name not in after:
            yield Change(what, name, "removed")
        elif _told(before[name]) != _told(after[name]):
            yield Change(what, name, "changed", _different(before[name], after[name]))


def _different(old: object, new: object) -> tuple[str, ...]:
    keys = sorted(_keys(type(old)) | _keys(type(new)))
    return tuple(key for key in keys if getattr(old, key, None) != getattr(new, key, None))


def _keys(kind: type) -> set[str]:
    return {field.name for field in fields(kind)} - _ONLY_A_PLACE


def _told(value: object) -> object:
    """The value without where it stands; secrets are compared, and never shown."""
    if isinstance(value, Metric) or hasattr(value, "__dataclass_fields__"):
        return tuple((key, getattr(value, key)) for key in sorted(_keys(type(value))))
    return value
