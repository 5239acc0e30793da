"""JSON as RFC 8259 has it: Python's reader also takes what nobody means, and fails on what somebody sends."""

import json
import math
from typing import Any, NoReturn

__all__ = ["NotJson", "read_json"]


class NotJson(ValueError):
    """The text says what is wrong with the body, and where."""


def read_json(body: bytes) -> Any:  # noqa: ANN401 - JSON holds anything
    """The value of a body in UTF-8.

    Raises:
        NotJson: no JSON, or a number, a key or a nesting that no sender means.
    """
    try:
        return json.loads(
            body.decode("utf-8"),
            parse_constant=_refuse_constant,
            parse_float=_finite,
            parse_int=_whole,
            object_pairs_hook=_unique,
        )
    except NotJson:
        raise
    except UnicodeDecodeError as error:
        raise NotJson(f"the body is not UTF-8: byte {error.start} cannot be read") from None
    except json.JSONDecodeError as error:
        raise NotJson(f"the body is no JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise NotJson("the body is nested too deeply") from None


def _refuse_constant(name: str) -> NoReturn:
    raise NotJson(f"the body holds {name}, which is no JSON; leave the field out")


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise NotJson(f"the number {digits:.20} is too large")
    return value


def _whole(digits: str) -> int:
    if len(digits) > 20:  # noqa: PLR2004 - what 64 bits hold, with a sign
        raise NotJson(f"the number {digits:.20}... has {len(digits)} digits")
    return int(digits)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]  # adds
        raise NotJson(f"the key {twice!a:.80} stands there twice; which one is meant?")
    return found
