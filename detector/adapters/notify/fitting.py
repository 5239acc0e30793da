"""Cuts a message to what a service takes: the most important lines come first, and so the last ones go."""

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Room", "fit"]

_CUT = "…"


@dataclass(frozen=True, slots=True)
class Room:
    """What a service takes, in characters as it counts them.

    Attributes:
        title: of the title; 0 where it is written above the body.
        body: of the body.
        is_shared: the title's length counts against the body's.
        lines: at most so many lines of body; 0 for no limit.
        is_markdown: punctuation will be escaped, and so counts twice.
    """

    title: int
    body: int
    is_shared: bool = False
    lines: int = 0
    is_markdown: bool = False

    def size(self, text: str) -> int:
        """Astral characters count twice, as in UTF-16, which most services count."""
        astral = sum(ord(character) > 0xFFFF for character in text)  # noqa: PLR2004 - end of the basic plane
        escapes = sum(_is_ascii_punctuation(character) for character in text) if self.is_markdown else 0
        return len(text) + astral + escapes


def fit(title: str, body: str, tail: str, room: Room) -> tuple[str, str]:
    """Title and body that fit; `tail`, where there is one, stays as the last line of the body."""
    title = _shortened(title, room.title if room.title > 0 else room.body // 2, room)
    heading = 2 if room.title > 0 else 4  # apprise puts a line break, and in Markdown "# ", between title and body
    left = room.body - (room.size(title) + heading if room.title <= 0 or room.is_shared else 0)
    lines_left = room.lines - (1 if room.title <= 0 else 0) if room.lines else 0
    whole = [*body.split("\n"), *([tail] if tail else [])]
    if _fits(whole, left, lines_left, room):
        return title, "\n".join(whole)
    ending = [_CUT, *([tail] if tail else [])]
    kept = body.split("\n")
    while kept and not _fits([*kept, *ending], left, lines_left, room):
        kept.pop()
    if kept:
        return title, "\n".join([*kept, *ending])
    return title, _shortened(tail or body.split("\n", maxsplit=1)[0], max(left, 1), room)


def _fits(lines: Iterable[str], left: int, lines_left: int, room: Room) -> bool:
    lines = list(lines)
    return room.size("\n".join(lines)) <= left and (lines_left <= 0 or len(lines) <= lines_left)


def _shortened(text: str, most: int, room: Room) -> str:
    if room.size(text) <= most:
        return text
    while text and room.size(text) > most - len(_CUT):
        text = text[:-1]
    return text.rstrip() + _CUT


def _is_ascii_punctuation(character: str) -> bool:
    return character.isascii() and character.isprintable() and not character.isalnum() and character != " "
