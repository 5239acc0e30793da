"""Places in a document, as an admin writes them: `payload.images[0].tag`, `labels["app.example/name"]`, `=constant`."""

import re

from detector.config.words import NotUsable, did_you_mean, shown
from detector.model.feed import FIELDS, Take

__all__ = ["body_path", "field_name", "header", "take_list"]

_STEP = re.compile(r"""\.?(?P<key>[\w@$/-]+)|\[(?P<place>\d{1,4})\]|\["(?P<quoted>[^"\]]{1,200})"\]""")
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,79}")
_DIMENSION = re.compile(r"scope\.[\w-]{1,80}")
_HOW = 'write the keys with dots between them, as in `payload.images[0]`; a key with a dot in it as `["a.b"]`'
_MOST_PLACES = 10


def body_path(value: object) -> tuple[str | int, ...]:
    """The steps of a path."""
    if not isinstance(value, str) or not value.strip():
        raise NotUsable(f"{shown(value)} is no path: {_HOW}")
    text, steps, position = value.strip(), [], 0
    while position < len(text):
        found = _STEP.match(text, position)
        is_well_begun = found is not None and (position > 0 or not text.startswith("."))
        if found is None or not is_well_begun or _is_glued(text, position):
            raise NotUsable(f"{shown(value)} is no path: {_HOW}")
        steps.append(int(found["place"]) if found["place"] else found["key"] or found["quoted"])
        position = found.end()
    return tuple(steps)


def _is_glued(text: str, position: int) -> bool:
    """A key right behind a bracket, without its dot."""
    return position > 0 and text[position - 1] == "]" and text[position] not in ".["


def take_list(value: object) -> tuple[Take, ...]:
    """One place or several, of which the first that has a value is taken."""
    several = value if isinstance(value, list) else [value]
    if not 0 < len(several) <= _MOST_PLACES:
        raise NotUsable(f"must name 1 to {_MOST_PLACES} places")
    return tuple(_take(one) for one in several)


def _take(value: object) -> Take:
    if isinstance(value, str) and value.startswith("="):
        constant = value.removeprefix("=").strip()
        if not constant:
            raise NotUsable(f"{shown(value)} is an empty constant: write `=production`")
        return Take(constant=constant)
    return Take(body_path(value))


def field_name(value: object) -> str:
    """What a mapping can fill."""
    text = str(value) if isinstance(value, str) else ""
    if text in FIELDS or _DIMENSION.fullmatch(text):
        return text
    names = (*FIELDS, "scope.percent")
    near = did_you_mean(text, names)
    raise NotUsable(f"{shown(value)} is no field{near or '; there is ' + ', '.join(names) + ' and scope.DIMENSION'}")


def header(value: object) -> str:
    """The name of an HTTP header, in lower case."""
    if not isinstance(value, str) or not _HEADER.fullmatch(value):
        raise NotUsable(f"{shown(value)} is no name of a header: write one such as X-My-Token")
    return value.lower()
