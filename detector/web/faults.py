"""What pydantic complains of, in words for whoever sent it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from detector.config.words import did_you_mean
from detector.web.answers import Fault, Refused

__all__ = ["unfit"]

AT_MOST = 50
"""Faults in one answer; who mends these sees the rest."""

_WORDS = {
    "missing": "is missing",
    "string_type": "must be text",
    "list_type": "must be a list",
    "model_type": "must be an object",
    "dict_type": "must be an object",
    "float_type": "must be a number",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "bool_parsing": "must be true or false",
    "too_short": "is empty",
}


def unfit(found: Sequence[Mapping[str, Any]], names: Iterable[str]) -> Refused:
    """422 with every fault, the first of them in the text; of what was sent it tells nothing but names of fields."""
    known = list(names)
    faults = [Fault(field=_spelled(one["loc"]), text=_said(one, known)) for one in found[:AT_MOST]]
    more = f", and {len(found) - 1} more" if len(found) > 1 else ""
    return Refused(422, f"Nothing was done: {faults[0].field} {faults[0].text}{more}", faults=faults)


def _spelled(place: Iterable[int | str]) -> str:
    return "".join(_steps(place)).removeprefix(".") or "the body"


def _steps(place: Iterable[int | str]) -> Iterator[str]:
    for step in place:
        yield f"[{step}]" if isinstance(step, int) else f".{ascii(step)[1:-1]:.80}"


def _said(one: Mapping[str, Any], names: list[str]) -> str:
    kind, context = one["type"], one.get("ctx", {})
    if kind == "extra_forbidden":
        return f"is no field{did_you_mean(str(one['loc'][-1]), names)}"
    if kind == "value_error":
        return str(context["error"])
    if kind == "enum":
        return f"must be one of {context['expected'].replace(' or ', ', ')}"
    if kind == "too_long":
        return f"holds too many; at most {context['max_length']} at a time"
    return _WORDS.get(kind) or one["msg"].replace("Input should be", "must be")
