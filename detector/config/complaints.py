"""A model's complaints, translated: which key, what was written, what to write instead."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from detector.config.words import did_you_mean, listed, nearest, shown
from detector.config.yaml_strict import Document, Path, Place

__all__ = ["Complaint", "Shape", "complaints", "empty_values", "meant_keys", "spelled"]

# What people write for a key that is called otherwise here.
_OTHER_NAMES = {
    "owner": "team",
    "query": "sql",
    "interval": "every",
    "window": "every",
    "bucket": "every",
    "tz": "timezone",
    "zone": "timezone",
    "name": "title",
    "threshold": "below",
    "min": "below",
    "max": "above",
    "filter": "where",
    "group_by": "split",
    "dimensions": "split",
    "direction": "on",
    "sensitivity": "false_alarms",
    "channels": "notify",
    "database": "url",
    "delay": "lateness",
    "type": "kind",
    "datasource": "source",
    "missing": "empty",
    "dependencies": "depends_on",
    "currency": "unit",
    "label": "title",
    "description": "title",
    "aggregate": "value",
    "aggregation": "value",
    "timestamp": "time",
    "condition": "where",
    "granularity": "every",
    "frequency": "every",
    "segments": "split",
    "breakdown": "split",
    "grace": "lateness",
    "minimum": "at_least",
    "min_loss": "at_least",
    "receivers": "notify",
}

_OPEN_LISTS = ("split", "calendar", "services", "depends_on")

# Paths of a file's mappings ("*" for any name or index) and their models; the path () is the mapping itself.
Shape = Mapping[Path, type[BaseModel]]


@dataclass(frozen=True, slots=True)
class Complaint:
    """A mistake at a path; `is_about_key` when the key itself is wrong, not its value."""

    path: Path
    message: str
    is_about_key: bool = False

    def place(self, document: Document) -> Place:
        """Where it stands."""
        return document.key_place(self.path) if self.is_about_key else document.place(self.path)


def complaints(error: ValidationError, shape: Shape, at: Path = ()) -> Iterator[Complaint]:
    """All mistakes of a validation; `at` is the path of the validated mapping in its file."""
    details = error.errors(include_url=False, include_input=True)
    typed = {
        (*detail["loc"][:-1], _meant(detail["loc"], shape)) for detail in details if detail["type"] == "extra_forbidden"
    }
    for detail in details:
        if detail["type"] == "missing" and detail["loc"] in typed:
            continue  # a key so misspelled is one mistake, told where it stands
        local = tuple(part for part in detail["loc"] if not _is_marker(part))
        path = (*at, *local)
        kind = detail["type"]
        if kind == "extra_forbidden":
            yield Complaint(path, _unknown_key(local, shape), is_about_key=True)
        elif kind == "missing":
            yield Complaint(path, _missing_key(local, shape))
        elif detail["loc"] and detail["loc"][-1] == "[key]":
            yield Complaint(path, _said(detail), is_about_key=True)
        else:
            yield Complaint(path, f"{spelled(local or path[-1:])}{_said(detail)}")


def _is_marker(part: str | int) -> bool:
    """Parts of a location that do not stand in the file: which form of a value was tried, and `[key]`."""
    return part == "[key]" or (isinstance(part, str) and part.startswith("<") and part.endswith(">") and part != "<<")


def spelled(path: Path) -> str:
    """A path as the beginning of a message: `alert.on: `, `notify[0]: `."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return f"{text}: " if text else ""


def _model_at(path: Path, shape: Shape) -> type[BaseModel] | None:
    for pattern, model in shape.items():
        if len(pattern) == len(path) and all(want in {"*", part} for want, part in zip(pattern, path, strict=True)):
            return model
    return None


def meant_keys(entry: Mapping[str, object], shape: Shape) -> frozenset[str]:
    """Keys that unknown ones of the shape's own mapping stand for: they are misspelled, and not missing."""
    names = shape[()].model_fields
    return frozenset(_meant((str(key),), shape) for key in entry if key not in names)


def _meant(location: tuple[str | int, ...], shape: Shape) -> str:
    """The key that an unknown one stands for, as its message proposes; empty without a proposal."""
    local = tuple(part for part in location if not _is_marker(part))
    _, proposes, name = _unknown_key(local, shape).rpartition("did you mean '")
    return name.removesuffix("'?") if proposes else ""


def _like(word: str, names: tuple[str, ...]) -> str | None:
    meant = _OTHER_NAMES.get(nearest(word, _OTHER_NAMES, likeness=0.85) or "")
    like = nearest(word, names, likeness=0.8) or meant
    return like if like in names else None


def _unknown_key(path: Path, shape: Shape) -> str:
    *parents, key = path
    word = str(key)
    if word == "<<":
        return "merge keys are not supported: write the keys out"
    model = _model_at(tuple(parents), shape)
    names = tuple(model.model_fields) if model is not None else ()
    meant = _OTHER_NAMES.get(nearest(word, _OTHER_NAMES, likeness=0.85) or "")
    if (like := _like(word, names)) is not None:
        return f"unknown key {shown(word)}; did you mean {shown(like)}?"
    for candidate in (word, meant):
        if candidate and (home := _home(candidate, tuple(parents), shape)) is not None:
            return f"unknown key {shown(word)}: write {shown(candidate)} {home}"
    if nearest(word, names) is None:
        return f"unknown key {shown(word)}; here can stand {listed(names)}" if names else f"unknown key {shown(word)}"
    return f"unknown key {shown(word)}{did_you_mean(word, names)}"


def _home(word: str, parents: Path, shape: Shape) -> str | None:
    """Where else in the file a key of that name stands."""
    for pattern, model in shape.items():
        if word in model.model_fields and len(pattern) != len(parents):
            name = ".".join("NAME" if part == "*" else str(part) for part in pattern)
            return f"under `{name}:`" if name else "one level up"
    return None


def _missing_key(path: Path, shape: Shape) -> str:
    *parents, key = path
    model = _model_at(tuple(parents), shape)
    field = model.model_fields.get(str(key)) if model is not None else None
    said = field.description.rstrip(".") if field is not None and field.description else ""
    hint = f" ({said[0].lower()}{said[1:]})" if said else ""
    return f"{spelled(tuple(parents))}{shown(key)} is missing{hint}"


def _said(detail: Any) -> str:  # noqa: ANN401 - pydantic's own dict
    context = detail.get("ctx", {})
    written = shown(detail["input"])
    is_plain = not isinstance(detail["input"], list | dict)
    # What stands where a list or a mapping should be may be a secret, so it is not shown.
    no_mapping = "must be a mapping: write `key: value` lines below it"
    no_number = f"{written} is not a whole number in range{_bounds(context)}"
    too_long = f"is too long: at most {context.get('max_length')}"
    messages = {
        "value_error": str(context.get("error")),
        "string_type": f"{written} is not text{': put it in quotes' if is_plain else ''}",
        "list_type": _no_list(detail),
        "dict_type": no_mapping,
        "model_type": no_mapping,
        "int_type": no_number,
        "greater_than_equal": no_number,
        "less_than_equal": no_number,
        "string_too_short": "must not be empty",
        "too_short": "must not be empty",
        "string_too_long": too_long,
        "too_long": too_long,
    }
    return messages.get(detail["type"]) or f"cannot be used: {detail['msg']}"


def _no_list(detail: Any) -> str:  # noqa: ANN401 - pydantic's own dict
    """A list wanted. Of keys that never hold a secret the fix can be written out."""
    written = detail["input"]
    is_told = detail["loc"][-1:] and detail["loc"][-1] in _OPEN_LISTS and isinstance(written, str)
    return f"{shown(written)} is no list: write [{shown(written)[1:-1]}]" if is_told else "must be a list: write [a, b]"


def _bounds(context: Mapping[str, Any]) -> str:
    words = [f"{word} {context[key]}" for key, word in (("ge", "at least"), ("le", "at most")) if key in context]
    return f": {', '.join(words)}" if words else ": write digits without quotes"


def empty_values(value: object, may_be_empty: frozenset[Path], path: Path = ()) -> Iterator[Complaint]:
    """Keys without a value; `may_be_empty` are patterns of paths where that is fine."""
    if value is None and path and not _matches(path, may_be_empty):
        yield Complaint(path, f"{shown(path[-1])} has no value: write one, or delete the line", is_about_key=True)
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in children:
        yield from empty_values(item, may_be_empty, (*path, key))


def _matches(path: Path, patterns: frozenset[Path]) -> bool:
    return any(
        len(pattern) == len(path) and all(want in {"*", part} for want, part in zip(pattern, path, strict=True))
        for pattern in patterns
    )
