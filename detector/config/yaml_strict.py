"""Strict YAML 1.2: text in, plain values with the place of every key and value out, all mistakes at once.

The parser's events are read one by one and nothing is ever expanded, so that a bomb costs no more than its own bytes:
aliases, anchors and tags are refused, depth and size are bounded.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from detector.config.scalars import plain_scalar
from detector.config.syntax import syntax_mistake
from detector.config.words import NotUsable, shown

__all__ = ["MAX_BYTES", "MAX_DEPTH", "Document", "Flaw", "Path", "Place", "parse_yaml"]

MAX_BYTES = 1 << 20
MAX_DEPTH = 32
_MAX_FLAWS = 50  # a file with more is of another kind altogether, and nobody reads on

# PyYAML is built without libyaml on some platforms; its own parser gives the same events, ten times slower.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_AGAIN = "<again>"

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Line and column, from 1."""

    line: int
    column: int


TOP = Place(1, 1)


@dataclass(frozen=True, slots=True)
class Flaw:
    """A mistake in the YAML itself, and the path of the value that it spoils."""

    path: Path
    place: Place
    message: str


@dataclass(slots=True)
class Document:
    """A file's content.

    Attributes:
        value: dicts with text keys, lists, text, numbers, booleans; None for an empty file.
        keys, values: where the key and the value of a path stand.
        flaws: mistakes; a value that one of them spoils must not be used.
        is_readable: false when the text ends the parse, so that `value` is only the part before.
        lines: the text, for positions inside a scalar.
    """

    value: Any = None
    keys: dict[Path, Place] = field(default_factory=dict)
    values: dict[Path, Place] = field(default_factory=dict)
    flaws: list[Flaw] = field(default_factory=list)
    is_readable: bool = True
    lines: list[str] = field(default_factory=list)

    def place(self, path: Path) -> Place:
        """Where the value of a path stands, or that of the nearest parent that exists."""
        while path and path not in self.values:
            path = path[:-1]
        return self.values.get(path, TOP)

    def key_place(self, path: Path) -> Place:
        """Where the key of a path stands; the value where there is no key."""
        return self.keys.get(path) or self.place(path)

    def inside(self, path: Path, text: str, line: int, column: int) -> Place:
        """Where a position of a scalar's text stands in the file; the scalar's start when that cannot be told."""
        start = self.place(path)
        rest = self._line(start.line)[start.column - 1 :]
        if rest.startswith("|"):
            first = next((row for row in self.lines[start.line :] if row.strip()), "")
            indent = len(first) - len(first.lstrip(" "))
            return Place(start.line + line, indent + column)
        quoted = 1 if rest[:1] in {"'", '"'} else 0
        if "\n" not in text and rest[quoted:].startswith(text):
            return Place(start.line, start.column + quoted + column - 1)
        return start

    def _line(self, number: int) -> str:
        return self.lines[number - 1] if 0 < number <= len(self.lines) else ""


class _Stop(Exception):
    """Nothing after this point is worth reading."""


def parse_yaml(raw: bytes) -> Document:
    """Read one document; never raises, whatever the bytes are."""
    document = Document()
    text = _decoded(raw, document)
    if text is None:
        return document
    document.lines = text.split("\n")
    try:
        _Composer(document, yaml.parse(text, Loader=_LOADER)).compose()
    except yaml.YAMLError as error:
        line, column, message = syntax_mistake(error, document.lines)
        _unreadable(document, Place(line, column), message)
    except _Stop:
        document.is_readable = False
    return document


def _decoded(raw: bytes, document: Document) -> str | None:
    if len(raw) > MAX_BYTES:
        _unreadable(document, TOP, f"the file is too large: at most {MAX_BYTES >> 20} MiB")
        return None
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        _unreadable(document, TOP, "the file is UTF-16 (byte 0): save it as UTF-8")
        return None
    if (at := raw.find(b"\0")) >= 0:
        _unreadable(document, TOP, f"byte {at} is 0x00, so the file is UTF-16 or no text at all: save it as UTF-8")
        return None
    try:
        text = raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        place = Place(before.count(b"\n") + 1, error.start - before.rfind(b"\n"))
        wrong = raw[error.start]
        _unreadable(document, place, f"byte {error.start} (0x{wrong:02x}) is not UTF-8: save the file as UTF-8")
        return None
    if found := _CONTROL.search(text):
        at = found.start()
        place = Place(text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at))
        _unreadable(document, place, f"control character 0x{ord(found.group()):02x}: delete it")
        return None
    return text


def _unreadable(document: Document, place: Place, message: str) -> None:
    document.flaws.append(Flaw((), place, message))
    document.is_readable = False


def _start(event: yaml.Event) -> Place:
    mark = event.start_mark
    return Place(mark.line + 1, mark.column + 1) if mark is not None else TOP


class _Composer:
    """Turns events into the document; recursion is as deep as the file, and that is bounded."""

    def __init__(self, document: Document, events: Iterator[yaml.Event]) -> None:
        self._document = document
        self._events = events

    def compose(self) -> None:
        next(self._events)  # the stream's start
        event = next(self._events)
        if isinstance(event, yaml.StreamEndEvent):
            return
        version = getattr(event, "version", None)
        if version is not None and version != (1, 2):
            self._flaw((), _start(event), "this file is read as YAML 1.2: delete the %YAML line")
        self._document.value = self._value(next(self._events), ())
        next(self._events)  # the document's end
        event = next(self._events)
        if not isinstance(event, yaml.StreamEndEvent):
            self._flaw((), _start(event), "a second document begins here: write one document to a file")

    def _flaw(self, path: Path, place: Place, message: str) -> None:
        self._document.flaws.append(Flaw(path, place, message))
        if len(self._document.flaws) >= _MAX_FLAWS:
            raise _Stop

    def _value(self, event: yaml.Event, path: Path) -> object:
        place = _start(event)
        self._document.values[path] = place
        if len(path) > MAX_DEPTH:
            self._flaw(path, place, f"nested too deeply: at most {MAX_DEPTH} levels")
            raise _Stop
        if isinstance(event, yaml.AliasEvent):
            self._flaw(path, place, f"anchors are not supported: write out what *{event.anchor} stands for")
            return None
        if isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent):
            self._refuse_extras(event, path, place)
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, path, place)
        return self._mapping(path) if isinstance(event, yaml.MappingStartEvent) else self._sequence(path)

    def _refuse_extras(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent, path: Path, place: Place) -> None:
        if event.anchor is not None:
            self._flaw(path, place, f"anchors are not supported: delete &{event.anchor}")
        if event.tag is not None:
            self._flaw(path, place, f"tag not allowed: delete {shown(event.tag)}")

    def _scalar(self, event: yaml.ScalarEvent, path: Path, place: Place) -> object:
        text: str = event.value
        if found := _CONTROL.search(text):
            self._flaw(path, place, f"control character 0x{ord(found.group()):02x} in the text: delete it")
        if event.style is not None and event.style != "":
            return text
        try:
            return plain_scalar(text)
        except NotUsable as why:
            self._flaw(path, place, str(why))
            return None

    def _sequence(self, path: Path) -> list[object]:
        items: list[object] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._value(event, (*path, len(items))))
        return items

    def _mapping(self, path: Path) -> dict[str, object]:
        items: dict[str, object] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key, place = self._key(event, path)
            if key is None:
                self._value(next(self._events), (*path, _AGAIN))
            elif key in items:
                first = self._document.keys[(*path, key)]
                self._flaw((*path, key), place, f"key {shown(key)} stands twice: here and in line {first.line}")
                self._value(next(self._events), (*path, key, _AGAIN))
            else:
                self._document.keys[(*path, key)] = place
                items[key] = self._value(next(self._events), (*path, key))
        return items

    def _key(self, event: yaml.Event, path: Path) -> tuple[str | None, Place]:
        place = _start(event)
        if isinstance(event, yaml.ScalarEvent):
            self._refuse_extras(event, path, place)
            if _CONTROL.search(event.value):
                self._flaw(path, place, "control character in a key: delete it")
            return str(event.value), place
        self._flaw(path, place, "a key must be a word, not a list, a mapping or an alias")
        self._value(event, (*path, _AGAIN))
        return None, place
