"""The JSON Schema of both files, for editors."""

from typing import Any

from pydantic import BaseModel

from detector.config.durations import written
from detector.config.rule_schema import MetricEntry, RuleFile
from detector.config.settings_schema import SettingsEntry, SourceEntry
from detector.model.metric import FalseAlarms

__all__ = ["json_schemas"]

_SECONDS = frozenset(
    field.default
    for model, names in ((MetricEntry, ("every", "lateness", "revise")), (SourceEntry, ("timeout",)))
    for name, field in model.model_fields.items()
    if name in names
)

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_LONG_OR_SHORT = [{"required": ["table", "time"]}, {"required": ["sql"]}]


def json_schemas() -> dict[str, dict[str, Any]]:
    """JSON Schemas by the kind of file: `detector.yml` and `rules`."""
    rules = _schema(RuleFile, "A rule file of the detector (rules/*.yml)")
    rules["$defs"]["MetricEntry"]["oneOf"] = _LONG_OR_SHORT
    return {"detector.yml": _schema(SettingsEntry, "detector.yml"), "rules": rules}


def _schema(model: type[BaseModel], title: str) -> dict[str, Any]:
    made = _tidy(model.model_json_schema(mode="validation"))
    return {"$schema": _DRAFT, **made, "title": title}


def _tidy(node: Any) -> Any:  # noqa: ANN401 - a tree of JSON
    """Without the titles that repeat the keys, and without null, which no key takes."""
    if isinstance(node, list):
        return [_tidy(item) for item in node]
    if not isinstance(node, dict):
        return node
    node = _without_null(node)
    names = node.pop("properties", {})
    if isinstance(node.get("title"), str):
        del node["title"]
    if "default" in node:
        node["default"] = _written(node["default"])
    tidied = {key: _tidy(value) for key, value in node.items()}
    return {**tidied, "properties": {key: _tidy(value) for key, value in names.items()}} if names else tidied


def _without_null(node: dict[str, Any]) -> dict[str, Any]:
    choices = node.get("anyOf", [])
    if {"type": "null"} not in choices:
        return dict(node)
    rest = [choice for choice in choices if choice != {"type": "null"}]
    others = {key: value for key, value in node.items() if key not in {"anyOf", "default"}}
    return {**rest[0], **others} if len(rest) == 1 else {**others, "anyOf": rest}


def _written(default: Any) -> Any:  # noqa: ANN401 - any default
    """A default as it would stand in the file: seconds as a duration, a rate in words."""
    if isinstance(default, dict) and default.keys() == {"count", "per"}:
        return str(FalseAlarms(**default))
    is_seconds = isinstance(default, int) and not isinstance(default, bool) and default in _SECONDS
    return written(default) if is_seconds else default
