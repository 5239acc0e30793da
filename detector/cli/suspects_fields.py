"""A JSON value that knows where it stands, so that whatever is wrong can be told with its path."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NoReturn, TypeVar

from detector.config.words import NotUsable, did_you_mean, shown
from detector.errors import UsageError
from detector.linking.report_texts import LONGEST, complaint_about, parse_instant

__all__ = ["Node", "read_json"]

T = TypeVar("T")

_MOST = 1e100  # its square is still a number


@dataclass(frozen=True, slots=True)
class Node:
    """One value of a file.

    Attributes:
        file: whose it is.
        path: where it stands in it, the keys and indexes on the way; empty for the whole.
        value: what JSON holds there.
    """

    file: Path
    path: tuple[str | int, ...]
    value: object

    def wrong(self, why: str) -> NoReturn:
        """End the reading of this file; `why` tells what stands there and what to write instead."""
        place = f"{self.file}: {_written(self.path)}" if self.path else str(self.file)
        raise UsageError(f"{place}: {why}")

    def has(self, key: str) -> bool:
        """Something stands there: a key whose value is null is as good as absent."""
        return self._mapping().get(key) is not None

    def at(self, key: str) -> "Node":
        """What must stand there."""
        mapping = self._mapping()
        here = Node(self.file, (*self.path, key), mapping.get(key))
        if key not in mapping:
            near = did_you_mean(key, mapping)
            here.wrong(f"is missing; write it{near if 'mean' in near else ''}")
        return here

    def maybe(self, key: str, read: "Callable[[Node], T]") -> T | None:
        """What may stand there, read; None where nothing does."""
        return read(self.at(key)) if self.has(key) else None

    def items(self) -> "Iterator[tuple[str, Node]]":
        """The entries of an object."""
        return ((key, Node(self.file, (*self.path, key), value)) for key, value in self._mapping().items())

    def rows(self) -> "list[Node]":
        """The elements of a list."""
        if not isinstance(self.value, list):
            self.wrong(f"{shown(self.value)} is no list; write it in [ ]")
        return [Node(self.file, (*self.path, index), value) for index, value in enumerate(self.value)]

    def text(self) -> str:
        """One line of plain text."""
        if not isinstance(self.value, str):
            self.wrong(f"{shown(self.value)} is no text; write it in quotes")
        if self.value.isascii() and self.value.isprintable() and self.value.strip() and len(self.value) <= LONGEST:
            return self.value  # as nearly all are
        if complaint := complaint_about(self.value):
            fix = (
                ""
                if "; send" in complaint
                else "; write it shorter"
                if len(self.value) > LONGEST
                else "; write something"
            )
            self.wrong(f"{'' if 'characters' in complaint else shown(self.value) + ' '}{complaint}{fix}")
        return self.value

    def number(self) -> float:
        """A finite number."""
        if isinstance(self.value, bool) or not isinstance(self.value, int | float) or self.value != self.value:
            self.wrong(f"{shown(self.value)} is no number; write digits and a decimal point only")
        if abs(self.value) > _MOST:  # an infinity of 1e999, too
            self.wrong(f"{shown(self.value)} is beyond what is reckoned with; write at most {_MOST:g}")
        return float(self.value)

    def count(self) -> float:
        """A number that is not negative."""
        if (found := self.number()) < 0:
            self.wrong(f"{shown(self.value)} is negative; write 0 or more")
        return found

    def instant(self) -> datetime:
        """ISO 8601, in UTC; without an offset it is in UTC already."""
        text = self.text()
        try:
            return parse_instant(text, "UTC")
        except ValueError as error:
            self.wrong(f"{shown(text)} {error}")

    def word(self, read: Callable[[object], T]) -> T:
        """What one of the configuration's readers makes of it."""
        try:
            return read(self.value)
        except NotUsable as error:
            self.wrong(str(error))

    def _mapping(self) -> dict[str, object]:
        if not isinstance(self.value, dict):
            self.wrong(f"{shown(self.value)} is no object; write it in {{ }}")
        return self.value


def _written(path: tuple[str | int, ...]) -> str:
    """As `deploys[3].status`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            plain = step if step.replace("_", "").isalnum() else json.dumps(step[:80])
            text += f".{plain}" if text else plain
    return text


def read_json(path: Path) -> Node:
    """The whole of a file.

    Raises:
        UsageError: it cannot be read, or is no JSON.
    """

    def refuse(word: str) -> NoReturn:
        raise UsageError(f"{path}: {word} is no number of JSON; write a number or null")

    try:
        return Node(path, (), json.loads(path.read_text(encoding="utf-8-sig"), parse_constant=refuse))
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}; name a JSON file or a folder of them") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: byte {error.start} is no UTF-8 text; write it as UTF-8") from None
    except json.JSONDecodeError as error:
        found = shown(error.doc[error.pos : error.pos + 20]) if error.pos < len(error.doc) else "the end of the file"
        raise UsageError(
            f"{path}:{error.lineno}:{error.colno}: {found} is no JSON here: {error.msg}; mend it"
        ) from None
    except ValueError:
        raise UsageError(f"{path}: holds a number of thousands of digits; write fewer") from None
    except RecursionError:
        raise UsageError(f"{path}: lists within lists without end; write a case") from None
