"""Deploys out of any document or row, by the places that detector.yml names."""

import re
from collections.abc import Mapping, Sequence

from detector.linking.announced import Arrival, Unfit, announced, text_of
from detector.model.deploy import Deploy
from detector.model.feed import Feed, Take

__all__ = ["MOST_ITEMS", "look_up", "mapped_deploys"]

MOST_ITEMS = 100
"""Changes of one document, as of one batch of the API."""

_IMAGE = re.compile(r"[\w.-]+(?::\d+)?(?:/[\w.-]+)+:(?P<tag>[\w.-]+)(?:@sha256:[0-9a-f]{64})?", re.ASCII)
# A container image: registry, path and tag. https://github.com/distribution/reference


def mapped_deploys(document: object, feed: Feed, arrival: Arrival) -> tuple[Deploy, ...]:
    """The changes that a document tells of; none where the feed's `when` does not hold.

    Raises:
        Unfit: there is not what the mapping asks for.
    """
    if not feed.each:
        return _one(document, document, feed, arrival)
    items = look_up(feed.each, document)
    if not isinstance(items, list):
        raise Unfit(f"{_spelled(feed.each)} is no list; send one, or correct `each` of the feed")
    if len(items) > MOST_ITEMS:
        raise Unfit(f"{_spelled(feed.each)} has {len(items)} items; send at most {MOST_ITEMS} at a time")
    found: list[Deploy] = []
    for place, item in enumerate(items):
        try:
            found += _one(item, document, feed, Arrival(arrival.at, f"{arrival.mark}/{place}"))
        except Unfit as error:
            raise Unfit(f"{_spelled((*feed.each, place))}: {error}") from None
    return tuple(found)


def look_up(path: Sequence[str | int], document: object) -> object:
    """The value at the end of a path; None where the document does not go that way."""
    value = document
    for step in path:
        goes_on = step in value if isinstance(value, Mapping) else _has_place(value, step)
        if not goes_on:
            return None
        value = value[step]  # type: ignore[index]  # it has just been looked at
    return value


def _has_place(value: object, step: str | int) -> bool:
    return isinstance(value, list | tuple) and isinstance(step, int) and step < len(value)


def _one(item: object, whole: object, feed: Feed, arrival: Arrival) -> tuple[Deploy, ...]:
    for take, wanted in feed.when:
        if text_of("the value of `when`", _plain(_taken((take,), item, whole))) not in wanted:
            return ()
    said: dict[str, object] = {}
    scope: dict[str, object] = {}
    for field, takes in feed.fields.items():
        value = _taken(takes, item, whole)
        dimension = field.removeprefix("scope.")
        if dimension == field:
            said[field] = _tag(value) if field == "version" else value
        elif value is not None:
            scope[dimension] = value
    return announced({**said, "scope": scope}, feed, arrival)


def _taken(takes: Sequence[Take], item: object, whole: object) -> object:
    """The first value that is there: in the item, else in the whole document."""
    for take in takes:
        if take.constant is not None:
            return take.constant
        for document in (item, whole):
            if (value := look_up(take.path, document)) not in (None, ""):
                return value
    return None


def _plain(value: object) -> object:
    return None if isinstance(value, Mapping | list | tuple) else value


def _tag(value: object) -> object:
    """Of a container image its tag is the version."""
    found = _IMAGE.fullmatch(value) if isinstance(value, str) else None
    return value if found is None else found["tag"]


def _spelled(path: Sequence[str | int]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")
