"""Cuts a message to what a service takes: the most important lines come first, and so the last ones go."""

from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate

__all__ = ["Room", "fit"]

_CUT = "…"
_HEADING = 16  # what apprise puts around a title that stands above the body: tags or a mark, and a line break


@dataclass(frozen=True, slots=True)
class Room:
    """What a service takes, in characters as it counts them.

    Attributes:
        title: of the title; 0 where it is written above the body.
        body: of the body.
        is_shared: the title's length counts against the body's.
        lines: at most so many lines of body; 0 for no limit.
    """

    title: int
    body: int
    is_shared: bool = False
    lines: int = 0


def fit(title: str, body: str, tail: str, room: Room) -> tuple[str, str]:
    """Title and body that fit; `tail`, where there is one, stays as the last line of the body."""
    is_above = room.title <= 0
    title = _shortened(title, room.body // 2 if is_above else room.title)
    left = room.body - (_size(title) + _HEADING if is_above or room.is_shared else 0)
    most_lines = max(room.lines - is_above, 1) if room.lines else len(body) + 2
    whole = [*body.split("\n"), *([tail] if tail else [])]
    if len(whole) <= most_lines and sum(map(_line_size, whole)) <= left:
        return title, "\n".join(whole)
    ending = [_CUT, *([tail] if tail else [])]
    reach = [*accumulate(map(_line_size, body.split("\n")), initial=sum(map(_line_size, ending)))]
    kept = min(bisect_right(reach, left) - 1, most_lines - len(ending))
    if kept > 0:
        return title, "\n".join([*body.split("\n")[:kept], *ending])
    return title, _shortened(tail or body.split("\n", maxsplit=1)[0], max(left, 1))


def _size(text: str) -> int:
    """Astral characters count twice, as in UTF-16, which most services count."""
    return len(text) + sum(character > "\uffff" for character in text)


def _line_size(line: str) -> int:
    """With its end, which some write as two characters."""
    return _size(line) + 2


def _shortened(text: str, most: int) -> str:
    if _size(text) <= most:
        return text
    text = text[:most]
    while text and _size(text) > most - len(_CUT):
        text = text[:-1]
    return text.rstrip() + _CUT
