"""A deploy as somebody else's system tells it: their words into ours, and nothing that cannot be kept or shown.

`said` is a mapping of fields to raw values: texts, numbers, times, whatever a sender or a column holds.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from detector.linking.announced_times import instant_of
from detector.linking.announced_words import is_production, kind_word, status_word
from detector.linking.report_texts import LONGEST, complaint_about, identity_of, is_web_address, kind_of
from detector.model.deploy import Deploy, DeployKind, DeployStatus, Scope
from detector.model.feed import IGNORE, Feed

__all__ = ["AHEAD_AT_MOST", "Arrival", "Unfit", "announced", "text_of"]

AHEAD_AT_MOST = timedelta(days=1)
"""Clocks differ, and zones are forgotten; a deploy of the day after tomorrow has not happened."""

_BLANK = " \t\r\n"
# What a shell or an editor leaves behind; other blanks are no accident.
_DIMENSIONS, _VALUES = 20, 100
_EVERYTHING = 100.0


class Unfit(ValueError):
    """A field that cannot be; the text begins with its name and says what to send instead."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """When and how a report came: `mark` tells requests apart that say the same, such as the body's digest."""

    at: datetime
    mark: str


def announced(said: Mapping[str, object], feed: Feed, arrival: Arrival) -> tuple[Deploy, ...]:
    """The report that is meant; none where its status says nothing about a change.

    A change without an id is known by service, version, environment and time: told again in the same words it is the
    same one. One without a time was live when it was heard of.

    Raises:
        Unfit: a field that cannot be.
    """
    status = _status(said.get("status"), feed)
    if status == IGNORE:
        return ()
    started_at, finished_at = _times(said, DeployStatus(status), feed, arrival)
    service, environment = _service(said, feed), _environment(said, feed)
    version = _required("version", said)[:LONGEST]
    rollback_of = _identity("rollback_of", said)
    when = finished_at or started_at
    mark = arrival.mark if when is None else when.isoformat()
    report = Deploy(
        id=_identity("id", said) or identity_of(service, version, environment, mark),
        service=service,
        version=version,
        received_at=arrival.at,
        environment=environment,
        status=DeployStatus(status),
        kind=_kind(said.get("kind"), rollback_of, feed),
        started_at=started_at,
        finished_at=finished_at,
        commit=_cut("commit", said),
        actor=_cut("actor", said),
        url=_url(said),
        rollback_of=rollback_of,
        scope=_scope(said.get("scope")),
        source=feed.name,
    )
    return (report,)


def text_of(field: str, value: object) -> str | None:
    """One line of plain text; None where nothing is said.

    Raises:
        Unfit: it is no text and no number, or holds what a terminal takes for a command.
    """
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str | int | float | Decimal):
        raise Unfit(f"{field} must be text or a number")
    text = str(value).strip(_BLANK)
    if not text:
        return None
    if complaint := complaint_about(text[:LONGEST]) or _complaint_beyond(text):
        raise Unfit(f"{field} {complaint}")
    return text


def _complaint_beyond(text: str) -> str:
    """What is cut off later is looked at as well: half a message is no better than all of it."""
    pieces = (text[start : start + LONGEST] for start in range(LONGEST, len(text), LONGEST))
    return next((complaint for piece in pieces if piece.strip() and (complaint := complaint_about(piece))), "")


def _required(field: str, said: Mapping[str, object]) -> str:
    if (text := text_of(field, said.get(field))) is None:
        raise Unfit(f"{field} is missing; send it")
    return text


def _cut(field: str, said: Mapping[str, object]) -> str | None:
    text = text_of(field, said.get(field))
    return None if text is None else text[:LONGEST]


def _identity(field: str, said: Mapping[str, object]) -> str | None:
    """A long one is known by its digest: cut off, two could be one."""
    text = text_of(field, said.get(field))
    if text is None or len(text) <= LONGEST:
        return text
    return hashlib.sha256(text.encode()).hexdigest()


def _service(said: Mapping[str, object], feed: Feed) -> str:
    name = _required("service", said)
    if name in feed.services:
        return feed.services[name]
    last = name.rstrip("/").rpartition("/")[2]
    if not last or len(last) > LONGEST:
        raise Unfit(f"service has {len(last)} characters; send a name of 1 to {LONGEST}")
    return feed.services.get(last, last)


def _environment(said: Mapping[str, object], feed: Feed) -> str:
    """The sender's word, or ours for it; who names none means production."""
    name = _cut("environment", said)
    if name is None:
        return "production"
    if name in feed.environments:
        return feed.environments[name]
    return "production" if is_production(name) else name


def _status(value: object, feed: Feed) -> str:
    word = text_of("status", value)
    if word is None:
        return DeployStatus.SUCCESS
    found = status_word(word, feed.values.get("status", {}))
    if found is None:
        known = ", ".join(DeployStatus)
        raise Unfit(f"status {word[:40]!r} is not known; send one of {known}, or name it under `values: status:`")
    return found


def _kind(value: object, rollback_of: str | None, feed: Feed) -> DeployKind:
    word = text_of("kind", value)
    if word is None:
        return kind_of(None, rollback_of)
    found = kind_word(word, feed.values.get("kind", {}))
    if found is None:
        known = ", ".join(DeployKind)
        raise Unfit(f"kind {word[:40]!r} is not known; send one of {known}, or name it under `values: kind:`")
    return found


def _times(
    said: Mapping[str, object], status: DeployStatus, feed: Feed, arrival: Arrival
) -> tuple[datetime | None, datetime | None]:
    """Start and end; a start after the end is two clocks that differ, and the end holds."""
    started_at, finished_at, at = (
        _instant(name, said.get(name), feed, arrival) for name in ("started_at", "finished_at", "at")
    )
    if not status.is_final:
        return started_at or at or finished_at, None
    finished_at = finished_at or at
    if started_at is not None and finished_at is not None:
        started_at = min(started_at, finished_at)
    return started_at, finished_at


def _instant(field: str, value: object, feed: Feed, arrival: Arrival) -> datetime | None:
    if value is None or value == "":
        return None
    try:
        at = instant_of(value, feed.timezone)
    except ValueError as error:
        raise Unfit(f"{field} {error}") from None
    if at > arrival.at + AHEAD_AT_MOST:
        now = arrival.at.isoformat("T", "seconds")
        raise Unfit(f"{field} lies more than a day ahead of the detector's clock, {now}; correct the sender's clock")
    return at


def _url(said: Mapping[str, object]) -> str | None:
    """One that is too long is left out: cut off, it would lead elsewhere."""
    text = text_of("url", said.get("url"))
    if text is None:
        return None
    if not is_web_address(text):
        raise Unfit("url is no web address; send one that begins with http:// or https://")
    return text if len(text) <= LONGEST else None


def _scope(value: object) -> Scope | None:
    if value is None or value == {}:
        return None
    if not isinstance(value, Mapping) or len(value) > _DIMENSIONS:
        raise Unfit(f"scope must hold at most {_DIMENSIONS} dimensions and their values")
    by: dict[str, tuple[str, ...]] = {}
    for name, values in value.items():
        if complaint := complaint_about(str(name)):
            raise Unfit(f"scope has a dimension whose name {complaint}")
        if name != "percent" and (texts := _values(str(name), values)):
            by[str(name)] = texts
    percent = _percent(value.get("percent"))
    return Scope(by, percent) if by or percent < _EVERYTHING else None


def _values(name: str, values: object) -> tuple[str, ...]:
    several = values if isinstance(values, list | tuple) else [values]
    if len(several) > _VALUES:
        raise Unfit(f"scope.{name} has {len(several)} values; at most {_VALUES} are kept")
    texts = (text_of(f"scope.{name}", one) for one in several)
    return tuple(text[:LONGEST] for text in texts if text is not None)


def _percent(value: object) -> float:
    text = text_of("scope.percent", value)
    try:
        percent = _EVERYTHING if text is None else float(text.removesuffix("%"))
    except ValueError:
        percent = -1.0
    if not 0 < percent <= _EVERYTHING:
        raise Unfit("scope.percent must be above 0, and at most 100")
    return percent
