"""What a report of a deploy may say, and when two reports mean one deploy; for every way in which reports arrive."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from unicodedata import category
from zoneinfo import ZoneInfo

from detector.model.deploy import Deploy, DeployKind

__all__ = [
    "LONGEST",
    "REPEATED_WITHIN",
    "complaint_about",
    "identity_of",
    "is_web_address",
    "kind_of",
    "parse_instant",
    "said_already",
    "with_time_said",
]

LONGEST = 200
"""Characters of one text."""

_FIRST_YEAR, _LAST_YEAR = 1980, 2200
"""Ten weeks of history before a time, and its offset from UTC, must be times as well."""

REPEATED_WITHIN = timedelta(minutes=10)
"""A pipeline that repeats its last step does so within minutes; nobody deploys one version anew so soon."""

_NOT_TEXT = frozenset({"Cc", "Cs", "Zl", "Zp"})
# Line and paragraph separators end a line as well; a surrogate is half a character (Unicode, table 4-4).
_TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")
# Embeddings, overrides and isolates, which turn the text that follows (Unicode, annex 9).
_ADDRESS = re.compile(r"https?://[^\s/?#]+(?:[/?#]\S*)?", re.IGNORECASE)


def complaint_about(text: str) -> str:
    """Why a text cannot be kept and shown to people as one line of plain text; empty where it can."""
    if not text.strip():
        return "is empty"
    if len(text) > LONGEST:
        return f"has {len(text)} characters; at most {LONGEST} are kept"
    if any(category(sign) in _NOT_TEXT for sign in text):
        return "holds a control character or half a character; send plain text"
    if _TURNS.search(text):
        return "holds a character that turns the direction of what follows; send plain text"
    return ""


def is_web_address(text: str) -> bool:
    """Whether a reader may be sent there: http or https, with a host, without blanks."""
    return _ADDRESS.fullmatch(text) is not None


def kind_of(kind: str | None, rollback_of: str | None) -> DeployKind:
    """What was said; else a rollback where it takes another deploy back, and a deploy where it does not."""
    if kind is not None:
        return DeployKind(kind)
    return DeployKind.DEPLOY if rollback_of is None else DeployKind.ROLLBACK


def identity_of(service: str, version: str, environment: str, when: str) -> str:
    """The same deploy reported twice in the same words is one: its id follows from what it is."""
    named = f"{service}\n{version}\n{environment}\n{when}"
    return hashlib.sha256(named.encode()).hexdigest()[:12]


def parse_instant(text: str, timezone: str) -> datetime:
    """ISO 8601, in UTC; a time without an offset is in `timezone`.

    Raises:
        ValueError: it is no time, or none at which anything was sold; completes `TEXT ...`.
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("is no time; write it as 2026-03-10T09:06 or 2026-03-10T09:06+01:00") from None
    if not _FIRST_YEAR <= at.year <= _LAST_YEAR:
        raise ValueError(f"lies outside the years {_FIRST_YEAR} to {_LAST_YEAR}")
    if at.tzinfo is None:
        at = at.replace(tzinfo=ZoneInfo(timezone))
    return at.astimezone(UTC)


def said_already(report: Deploy, known: Iterable[Deploy]) -> Deploy | None:
    """The newest report in the same words that came just now: what one without id and time repeats, if anything."""
    now = report.received_at
    same = [one for one in known if _words_of(one) == _words_of(report) and now - one.received_at < REPEATED_WITHIN]
    return max(same, key=lambda one: one.received_at, default=None)


def with_time_said(report: Deploy, known: Iterable[Deploy]) -> Deploy:
    """A report with an id and without a time, with the time of the known one of its id and status, if there is one.

    Nothing else of it changes, so that other content stays a conflict.
    """
    mine = (report.source, report.id, report.status)
    earlier = next((one for one in known if (one.source, one.id, one.status) == mine), None)
    if earlier is None:
        return report
    if report.status.is_final:
        return replace(report, finished_at=earlier.finished_at)
    return replace(report, started_at=earlier.started_at)


def _words_of(report: Deploy) -> tuple[str, ...]:
    return report.source, report.service, report.version, report.environment, report.kind, report.status
