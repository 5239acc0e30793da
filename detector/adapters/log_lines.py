"""How one event of the log is written: as JSON, or readable on a terminal; always as one line."""

import json
import math
import sys
import traceback
from collections.abc import Mapping
from datetime import datetime
from pathlib import PurePath
from typing import Any
from zoneinfo import ZoneInfo

__all__ = ["as_json", "as_text", "error_of", "one_line"]

_FRAMES = 6
_LONGEST = 2000
_KEPT = 100


def one_line(value: object) -> Any:  # noqa: ANN401 - as JSON has it
    """The value with everything in it visible and nothing in it able to end a line or to drive a terminal."""
    if isinstance(value, str):
        return _visible(value)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, Mapping):
        return {_visible(str(key)): one_line(inner) for key, inner in list(value.items())[:_KEPT]}
    if isinstance(value, list | tuple):
        return [one_line(inner) for inner in value[:_KEPT]]
    return value


def _visible(text: str) -> str:
    if not text.isprintable():
        text = "".join(_shown(char) for char in text)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _shown(char: str) -> str:
    """Controls, separators, bidirectional and zero width characters, surrogates: as Python writes them in a literal."""
    return char if char.isprintable() else char.encode("unicode_escape").decode("ascii")


def as_json(event: Mapping[str, Any], *, is_ascii: bool) -> str:
    return json.dumps(event, ensure_ascii=is_ascii, default=str)


def as_text(event: Mapping[str, Any], zone: ZoneInfo) -> str:
    """`08:06:00 warning  what happened  source=shop error="refused" -> what to do`, by the clocks of the zone."""
    fields = dict(event)
    at = datetime.fromisoformat(fields.pop("at")).astimezone(zone)
    level, what, todo = fields.pop("level"), fields.pop("event"), fields.pop("todo", "")
    fields.pop("logger", None)
    said = " ".join(f"{key}={_short(value)}" for key, value in fields.items())
    parts = (f"{at:%H:%M:%S} {level:<7} {what}", said, f"-> {todo}" if todo else "")
    return "  ".join(part for part in parts if part)


def _short(value: object) -> str:
    if isinstance(value, str) and value and not set(value) & set(' ="'):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


def error_of(raised: object, trace: object) -> dict[str, str]:
    """Type and message of an exception, and where it came from, innermost first; nothing where there is none."""
    error = _exception(raised)
    if error is None:
        return {"stack": str(trace)} if trace else {}
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    stack = " < ".join(f"{_place(frame.filename)}:{frame.lineno} {frame.name}" for frame in reversed(frames))
    said = {"error": f"{type(error).__name__}: {_words(error)}"}
    return said | ({"stack": stack} if stack else {})


def _exception(raised: object) -> BaseException | None:
    if raised is True:
        return sys.exception()
    if isinstance(raised, tuple):
        raised = raised[1]
    return raised if isinstance(raised, BaseException) else None


def _words(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - an exception that cannot say what it is must not cost the line
        return "(without words)"


def _place(filename: str) -> str:
    """The last two parts tell where it is; what stands before them tells about the machine."""
    return "/".join(PurePath(filename).parts[-2:])
