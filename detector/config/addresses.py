"""Connection URLs and channels: what may be read aloud of them, and whether they can be addresses at all."""

import os.path
import re
from pathlib import Path

from detector.config.authority import STRAY_AT, has_stray_at
from detector.config.single_values import web_url
from detector.config.words import NotUsable, Resolved, nearest
from detector.model.secret import Secret

__all__ = ["DIALECTS", "STORES", "channel", "database", "dialect_of", "has_literal_secret", "label", "ping", "token"]

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9.-]*)(\+[A-Za-z0-9_]+)?://")
_ONLY_REFERENCE = re.compile(r"\$\{[^}]*\}")

# The scheme of a source's URL, and the name of its dialect in the SQL parser.
DIALECTS = {"postgresql": "postgres", "sqlite": "sqlite", "mysql": "mysql", "mariadb": "mysql"}
STORES = ("postgresql", "sqlite")

# Channels whose address is no secret as long as no password stands in it; all others carry a token somewhere.
_PLAIN_CHANNELS = frozenset(
    {"json", "jsons", "form", "forms", "xml", "xmls", "mailto", "mailtos", "ntfy", "ntfys", "syslog"}
)


def label(text: str, *, is_database: bool) -> str:
    """What people may read in place of an address: its `${NAME}`, or the address without what could be secret."""
    raw = text.raw if isinstance(text, Resolved) else text
    if _ONLY_REFERENCE.fullmatch(raw):
        return raw
    found = _SCHEME.match(raw)
    if found is None:
        return "***"
    rest = raw[found.end() :]
    if not is_database:
        return f"{found.group()}***"
    user, at, place = rest.rpartition("@")
    return f"{found.group()}{user.split(':', 1)[0] + ':***@' if at else ''}{place.split('?', 1)[0]}"


def has_literal_secret(raw: str, *, is_database: bool) -> bool:
    """Whether a secret stands in the file itself."""
    found = _SCHEME.match(raw)
    if found is None:
        return "${" not in raw
    user, _, place = raw[found.end() :].rpartition("@")
    password = user.partition(":")[2]
    in_query = re.search(r"(?i)(pass|password|token|key|secret)=(?!\$\{)[^&]", place)
    if (password and "${" not in password) or in_query:
        return True
    return not is_database and found[1].lower() not in _PLAIN_CHANNELS and "${" not in raw


def token(value: object) -> Secret:
    """A token of the API."""
    if not isinstance(value, str) or len(value.strip()) != len(value) or not value:
        raise NotUsable("must be text without blanks around it: write ${DEPLOY_TOKEN}")
    return Secret(str(value), label(value, is_database=False))


def ping(value: object) -> Secret:
    """The address of a dead man's switch: whoever knows it can keep the switch quiet, so it is a secret."""
    shown = label(value, is_database=False) if isinstance(value, str) else ""
    try:
        address = web_url(value)
    except NotUsable:
        raise NotUsable(f"{shown or 'this'} is no web address: write https://...") from None
    return Secret(address, shown)


def channel(value: object) -> Secret:
    """An apprise URL."""
    text = value if isinstance(value, str) else ""
    if not _SCHEME.match(text) or re.search(r"\s", text):
        shown = label(text, is_database=False) if text else "this"
        raise NotUsable(f"{shown} is no apprise URL: it begins with a scheme and ://, such as slack:// or mailto://")
    return Secret(str(text), label(text, is_database=False))


def database(value: object, schemes: tuple[str, ...], folder: Path) -> Secret:
    """A database URL; a relative SQLite path is made absolute."""
    text = value if isinstance(value, str) else ""
    found = _SCHEME.match(text)
    if found is None or re.search(r"[\s\x00]", text.split("///")[0]):
        wanted = " or ".join(f"{scheme}://…" for scheme in schemes)
        raise NotUsable(f"{label(text, is_database=True) if text else 'this'} is no database URL: write {wanted}")
    scheme = _scheme(found)
    if scheme not in schemes:
        guess = nearest(scheme, schemes)
        raise NotUsable(
            f"{label(text, is_database=True) if isinstance(text, Resolved) else repr(found.group())} is no database"
            f" this can read: {', '.join(schemes)}" + (f"; did you mean '{guess}://'?" if guess else "")
        )
    rest = text[found.end() :]
    if scheme == "sqlite":
        rest = _absolute(rest, folder)
    elif has_stray_at(text):
        raise NotUsable(f"{label(text, is_database=True)} {STRAY_AT}")
    return Secret(f"{scheme}{found[2] or ''}://{rest}", label(text, is_database=True))


def _absolute(rest: str, folder: Path) -> str:
    """What follows `sqlite://`, with a file that does not depend on where a command is started."""
    path = rest.removeprefix("/")
    prefix = "file:" if path.startswith("file:") else ""
    name, mark, query = path.removeprefix(prefix).partition("?")
    if not name or name.startswith((":memory:", "/")):
        return rest
    return f"/{prefix}{os.path.normpath(folder / name)}{mark}{query}"


def dialect_of(url: str) -> str | None:
    """The SQL parser's name for the dialect of a database URL; None when there is none."""
    found = _SCHEME.match(url)
    return DIALECTS.get(_scheme(found)) if found else None


def _scheme(found: re.Match[str]) -> str:
    """`postgres://` is what some hosts hand out; the drivers only know the long name."""
    scheme = found[1].lower()
    return "postgresql" if scheme == "postgres" else scheme
