"""What an unquoted word means in YAML 1.2 (core schema): `no`, `on`, `08:00` and `12:30` are text."""

import math
import re

from detector.config.words import NotUsable

__all__ = ["plain_scalar"]

# The core schema's four kinds, in its own notation: https://yaml.org/spec/1.2.2/#1032-tag-resolution
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"true", "True", "TRUE"})
_FALSE = frozenset({"false", "False", "FALSE"})
_INT = re.compile(r"[-+]?[0-9]+")
_OCTAL = re.compile(r"0o[0-7]+")
_HEX = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")

_MAX_DIGITS = 40  # more than any amount of money; also keeps Python's own limit on digits out of reach


def plain_scalar(text: str) -> str | int | float | bool | None:
    """Read an unquoted scalar.

    Raises:
        NotUsable: a number that is not finite, or absurdly long.
    """
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if _NOT_FINITE.fullmatch(text):
        raise NotUsable(f"{text} is no number to compare with: it must be finite")
    return _number(text)


def _number(text: str) -> str | int | float:
    is_float = _FLOAT.fullmatch(text) is not None
    base = 16 if _HEX.fullmatch(text) else 8 if _OCTAL.fullmatch(text) else 10 if _INT.fullmatch(text) else 0
    if not base and not is_float:
        return text
    if len(text) > _MAX_DIGITS:
        raise NotUsable(f"a number of {len(text)} characters is too long: at most {_MAX_DIGITS}")
    if base:
        return int(text, base)
    number = float(text)
    if not math.isfinite(number):
        raise NotUsable(f"{text} is too large: it must be finite")
    return number
