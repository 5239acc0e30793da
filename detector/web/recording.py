"""Keeping reports, and telling what became of each."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import structlog
from pydantic import BaseModel, Field
from starlette.responses import Response

from detector.errors import DeliveryReused, DeployFeedError
from detector.linking.report_texts import said_already, with_time_said
from detector.model.deploy import Added, Deploy, Receipt, Recorded
from detector.model.rulebook import Settings
from detector.model.span import Span
from detector.ports import Store
from detector.web.allowances import Allowance
from detector.web.answers import Refused, answer, wait
from detector.web.desk import Desk
from detector.web.said import AHEAD_AT_MOST, Draft

__all__ = ["Pace", "Recording", "drafted", "keep", "told"]

_LOG = structlog.get_logger("detector.web")

PER_HOUR = 600
"""Reports of one service: a roll-out in a hundred steps every ten minutes; a loop in a pipeline makes more."""

RETRIED_WITHIN = timedelta(hours=1)
"""A step with the id of its run is repeated by hand within the hour, or is another run."""

UNKNOWN = "services that are not in detector.yml"

_CODES = {Recorded.NEW: 201, Recorded.KNOWN: 200, Recorded.CONFLICT: 409}


class RecordedOne(BaseModel):
    """What became of one report."""

    code: Literal[200, 201, 202, 409] = Field(description="As if it had been sent alone.")
    result: Recorded
    id: str
    service: str
    version: str
    text: str = Field(default="", description="What to know about it; empty where nothing is to be said.")


class Recording(BaseModel):
    """What became of every report, in their order."""

    text: str
    deploys: list[RecordedOne] = []


@dataclass(frozen=True, slots=True)
class Pace:
    """So many reports of one service; those of all unknown ones count together, lest names be invented for more."""

    allowance: Allowance

    @classmethod
    def usual(cls) -> "Pace":
        return cls(Allowance(PER_HOUR / 3600, PER_HOUR))

    def check(self, reports: Sequence[Deploy], settings: Settings, at_s: float) -> None:
        """Raise Refused: 429, naming the service that there are too many reports of."""
        known = settings.services
        wanted = Counter(f"service {one.service!r}" if one.service in known else UNKNOWN for one in reports)
        waits = self.allowance.take(wanted, at_s)
        for name, seconds in waits.items():
            raise wait(
                seconds, f"Too many reports of {name}: {PER_HOUR} an hour are kept; nothing of this was recorded"
            )


def drafted(store: Store, drafts: Sequence[Draft], now: datetime, *, has_key: bool) -> list[Deploy]:
    """The reports, of which one that leaves its time open is the one it repeats."""
    asks = [not draft.has_time and (draft.has_id or not has_key) for draft in drafts]
    known: Sequence[Deploy] = ()
    if any(asks):
        known = store.deploys(Span(now - RETRIED_WITHIN, now + AHEAD_AT_MOST), now)
    return [_as_known(draft, known) if asked else draft.report for draft, asked in zip(drafts, asks, strict=True)]


def _as_known(draft: Draft, known: Sequence[Deploy]) -> Deploy:
    if draft.has_id:
        return with_time_said(draft.report, known)
    return said_already(draft.report, known) or draft.report


def keep(desk: Desk, feed: str, reports: Sequence[Deploy], receipt: Receipt | None) -> list[RecordedOne]:
    """Keep them, in one transaction, count them, and write a line of the log for each that is new.

    Raises:
        Refused: 409 for a request whose number came before with other content; 422 for what no database keeps.
    """
    try:
        added = desk.store.add_deploys(reports, receipt)
    except DeliveryReused as error:
        raise Refused(409, str(error)) from error
    except DeployFeedError as error:
        raise Refused(422, str(error)) from error
    desk.reported(feed, added)
    for report, one in zip(reports, added, strict=True):
        if one.recorded is Recorded.NEW:
            _LOG.info(
                "deploy recorded", feed=feed, service=report.service, version=report.version,
                environment=report.environment, status=str(report.status), id=report.id,
            )  # fmt: skip
    services = desk.book().settings.services
    return [_became(report, one, services) for report, one in zip(reports, added, strict=True)]


def _became(report: Deploy, added: Added, services: Mapping[str, object]) -> RecordedOne:
    code, text = _CODES[added.recorded], added.why
    if added.recorded is Recorded.NEW and report.service not in services:
        code, text = 202, f"service {report.service} is not in detector.yml; stored, unlinked"
    return RecordedOne.model_validate(
        {
            "code": code,
            "result": added.recorded,
            "id": report.id,
            "service": report.service,
            "version": report.version,
            "text": text,
        }
    )


def told(became: Sequence[RecordedOne], *, mixed: int = 207) -> Response:
    """All of it under the code they share, or under `mixed`."""
    codes = {one.code for one in became}
    counted = Counter(str(one.result) for one in became)
    texts = [one.text for one in became if one.text]
    text = ", ".join(f"{count} {word}" for word, count in counted.items()) if len(became) > 1 else str(became[0].result)
    first = f": {texts[0]}" if texts else ""
    return answer(Recording(text=text + first, deploys=list(became)), codes.pop() if len(codes) == 1 else mixed)
