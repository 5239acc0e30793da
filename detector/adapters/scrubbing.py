"""Takes every known secret out of what is written for people: logs, pings, whatever else leaves the program."""

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from urllib.parse import quote, quote_plus, unquote, unquote_plus

from detector.config.authority import secret_parts
from detector.model.secret import Secret

__all__ = ["HIDDEN", "Scrubber", "secrets_in"]

HIDDEN = "***"

_SHORT = 4  # what is shorter also occurs within harmless words
_TOKEN_FROM = 8
_DATABASES = frozenset({"postgresql", "postgres", "mysql", "mariadb", "sqlite"})
_SPEAKING = re.compile(r"pass|pwd|secret|token|key|sig|auth|cred", re.IGNORECASE)
_DEEPEST = 8


def secrets_in(value: object) -> tuple[Secret, ...]:
    """Every `Secret` in a configuration, wherever it stands: fields that are yet to be invented included."""
    return tuple(_walk(value))


def _walk(value: object) -> Iterator[Secret]:
    if isinstance(value, Secret):
        yield value
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from _walk(getattr(value, field.name))
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _walk(inner)
    elif isinstance(value, tuple | list | set | frozenset):
        for inner in value:
            yield from _walk(inner)


class Scrubber:
    """Replaces secrets, and the pieces of them that drivers quote, in text and in anything that holds text."""

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        hidden = {form for secret in secrets for part in _parts(secret.hidden) for form in _forms(part)}
        self._known = _pattern(hidden)

    def __call__(self, text: str) -> str:
        return text if self._known is None else self._known.sub(HIDDEN, text)

    def within(self, value: object, depth: int = 0) -> object:
        """The same for a nested value; what is neither number nor text nor a container becomes its text."""
        if value is None or isinstance(value, bool | int | float):
            return value
        if depth < _DEEPEST and isinstance(value, Mapping):
            return {self(str(key)): self.within(inner, depth + 1) for key, inner in value.items()}
        if depth < _DEEPEST and isinstance(value, tuple | list | set | frozenset):
            return [self.within(inner, depth + 1) for inner in value]
        if isinstance(value, bytes | bytearray):
            return self(bytes(value).decode("utf-8", "backslashreplace"))
        return self(_words(value))


def _words(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - whatever cannot say what it is must not cost the line that names it
        return f"({type(value).__name__})"


def _pattern(hidden: set[str]) -> re.Pattern[str] | None:
    """One pattern for all, the longest first, so that no half of a secret is left over."""
    if not hidden:
        return None
    ordered = sorted(hidden, key=lambda part: (-len(part), part))
    return re.compile("|".join(_found_as(part) for part in ordered))


def _found_as(part: str) -> str:
    """A short one is looked for as a whole word, lest every `a` of a sentence go."""
    is_short = len(part) < _SHORT and part.isalnum()
    return rf"(?<!\w){re.escape(part)}(?!\w)" if is_short else re.escape(part)


def _parts(secret: str) -> set[str]:
    """The secret as a whole and, where it is a URL, what of it opens something by itself."""
    text = secret.strip()
    parts = {secret, text} - {""}
    scheme, separator, rest = text.partition("://")
    if not separator:
        return parts
    parts |= secret_parts(text)
    is_database = scheme.partition("+")[0].lower() in _DATABASES
    before, at, place = rest.rpartition("@")
    _user, colon, password = before.partition(":")
    if at and colon:
        parts |= {before, password}
    elif at and not is_database:  # a token; a database's user is a name, and may be a word of every other line
        parts.add(before)
    address, _, query = place.partition("?")
    pieces = [] if is_database else re.split(r"[/&=#@,;:]+", address)
    parts |= {piece for piece in pieces if _looks_made_up(piece)}
    path = address.partition("/")[2]
    if not is_database and len(path) >= _TOKEN_FROM and ("/" in path or _looks_made_up(path)):
        parts |= {path, f"{path}?{query}" if query else path}
    for pair in re.split(r"[&;]", query):
        key, _, value = pair.partition("=")
        if value and (_SPEAKING.search(key) or _looks_made_up(value)):
            parts.add(value)
    return {part for part in parts if part}


def _looks_made_up(piece: str) -> bool:
    """Tokens have digits or both cases; names of hosts, rooms and options mostly do not."""
    if len(piece) < _TOKEN_FROM or ("." in piece and not re.search(r"\w{16}", piece)):
        return False
    return any(char.isdigit() for char in piece) or (piece != piece.lower() and piece != piece.upper())


def _forms(part: str) -> set[str]:
    """As it is written, as a browser writes it, and as Python, JSON and the Basic scheme of HTTP do."""
    plain = {part, unquote(part), unquote_plus(part)}
    forms = set(plain)
    for text in plain:
        forms |= {quote(text, safe=""), quote(text), quote_plus(text), repr(text)[1:-1], json.dumps(text)[1:-1]}
        if ":" in text:
            raw = text.encode("utf-8", "surrogatepass")
            forms.add(base64.b64encode(raw).decode().rstrip("="))
    return {form for form in forms if form}
