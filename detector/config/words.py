"""How a message shows what somebody wrote, and what they may have meant."""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Self

__all__ = ["NotUsable", "Resolved", "did_you_mean", "listed", "nearest", "shown"]

_MAX_SHOWN = 80
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://)\S+")


class NotUsable(ValueError):
    """A value that cannot be a setting; the text says what was written, and what to write instead."""


class Resolved(str):
    """Text after `${…}` was replaced; messages show `raw`, what stands in the file."""

    __slots__ = ("raw",)
    raw: str

    def __new__(cls, text: str, raw: str) -> Self:
        """Keep the resolved text as the value, and what was written beside it."""
        made = super().__new__(cls, text)
        made.raw = raw
        return made


def shown(value: object) -> str:
    """A value as a message shows it: quoted, on one line, at most 80 characters, whatever looks like a URL masked."""
    if isinstance(value, Resolved):
        value = value.raw
    if isinstance(value, str):
        text = _URL.sub(r"\1***", value)
        text = "".join(char if char.isprintable() else " " for char in text)
        return f"'{_cut(text)}'"
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a mapping"
    return "a list" if isinstance(value, list) else _cut(str(value))


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_SHOWN - 2 else text[: _MAX_SHOWN - 3] + "…"


def nearest(word: str, choices: Iterable[str], *, likeness: float = 0.6) -> str | None:
    """The choice most like a word, ignoring case; None when none reaches the likeness (difflib's ratio)."""
    by_lower = {choice.lower(): choice for choice in choices}
    found = get_close_matches(word.lower()[:_MAX_SHOWN], by_lower, n=1, cutoff=likeness)
    return by_lower[found[0]] if found else None


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """`; did you mean 'x'?`, or the choices when there are few, or nothing."""
    names = sorted(choices)
    if (guess := nearest(word, names)) is not None:
        return f"; did you mean {shown(guess)}?"
    return f"; there is {listed(names)}" if 0 < len(names) <= 12 else ""  # noqa: PLR2004 - what a line holds


def listed(names: Iterable[str]) -> str:
    """Names in a row: `a, b and c`."""
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
