"""Where senders of all kinds post; each feed's receiver knows its sender."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import structlog
from fastapi import APIRouter, Request
from starlette.responses import Response

from detector.model.deploy import Recorded
from detector.web.allowances import Allowance
from detector.web.answers import Refused, answer, wait
from detector.web.desk import Desk
from detector.web.receiving import Reception
from detector.web.recording import Pace, RecordedOne, Recording, keep
from detector.web.refusals import Responses, refusals
from detector.web.threads import Turns

__all__ = ["feed_routes"]

_LOG = structlog.get_logger("detector.web")

_READERS = 2
PER_S, BURST = 5.0, 300.0
"""Requests of one feed: a release of everything at once is hundreds; more for minutes on end is a loop."""

LONGEST_TEXT, LONGEST_NAME = 500, 60
_UNVERIFIED = 401
_WELL = 300

_TODO_NONE = (
    "write it into `deploy_feeds:` of detector.yml, or correct the address at the sender; a stranger's is to be left"
)
_TODO_SENDER = "compare the secret at the sender with `secrets:` of this feed; if the sender is a stranger, leave it"
_TODO_CONTENT = "see `why`; what the request told is not known here until its sender, or the feed's entry, is corrected"

_ANSWERS: Responses = {
    200: {"model": Recording, "description": "Already recorded (what is known stays), or nothing to record."},
    202: {"model": Recording, "description": "Recorded."},
}


def feed_routes(desk: Desk, writing: Turns, pace: Pace) -> APIRouter:
    router, mailroom = APIRouter(prefix="/api/v1/feeds", tags=["feeds"]), Mailroom(desk, writing, pace)

    @router.post(
        "/{name}",
        summary="Post an event of a feed in detector.yml, signed as its sender signs",
        status_code=202,
        response_model=Recording,
        responses={**refusals(400, 408, 409, 413, 415, 422), **_ANSWERS},
    )
    async def receive(name: str, request: Request) -> Response:
        return await mailroom.take(name, request)

    return router


class Mailroom:
    """Takes requests from the door to the receiver of their feed, and what it makes of them to the store."""

    def __init__(self, desk: Desk, writing: Turns, pace: Pace) -> None:
        self._desk, self._writing, self._pace = desk, writing, pace
        self._reading = Turns(_READERS, "feeds")
        self._requests, self._lines = Allowance(PER_S, BURST), Allowance(1 / 60, 10)

    async def take(self, name: str, request: Request) -> Response:
        desk, at_s = self._desk, self._desk.clock.elapsed_s()
        reception = await self._received(name, request, at_s)
        if not reception.reports:
            return answer(Recording(text=f"nothing to record: {reception.text}"))
        reports, receipt = reception.reports, reception.receipt
        try:
            self._pace.check(reports, desk.book().settings, at_s)
            return await self._writing.take(lambda: _told(keep(desk, name, reports, receipt)))
        except Refused as refused:
            self._tell(name, refused.status, refused.text, at_s)
            raise

    async def _received(self, name: str, request: Request, at_s: float) -> Reception:
        now = self._desk.clock.now()
        body, receiver = await request.body(), self._desk.feeds().get(name)
        if receiver is None:
            if not self._lines.take({"": 1}, at_s):
                _LOG.warning("a request came for a feed that is none", feed=name[:LONGEST_NAME], todo=_TODO_NONE)
            raise _unverified()
        headers = {key.decode("latin-1").lower(): value.decode("latin-1") for key, value in request.scope["headers"]}
        reception = _readable(await self._reading.take(lambda: receiver.accept(headers, body, now)))
        if reception.status >= _WELL:
            self._tell(name, reception.status, reception.text, at_s)
        if reception.status == _UNVERIFIED:
            raise _unverified()
        # Only now: who cannot sign must not use up what the sender may ask.
        for seconds in self._requests.take({name: 1}, at_s).values():
            raise wait(seconds, f"This feed may send {PER_S:g} requests a second; send the rest later")
        if reception.status >= _WELL:
            raise Refused(reception.status, reception.text)
        return reception

    def _tell(self, name: str, code: int, why: str, at_s: float) -> None:
        if not self._lines.take({name: 1}, at_s):
            todo = _TODO_SENDER if code == _UNVERIFIED else _TODO_CONTENT
            _LOG.warning("a feed refused a request", feed=name, code=code, why=why, todo=todo)


def _readable(reception: Reception) -> Reception:
    """What is quoted of a request may hold half characters, which no answer can."""
    return replace(reception, text=reception.text.encode("utf-8", "replace").decode()[:LONGEST_TEXT])


def _unverified() -> Refused:
    return Refused(_UNVERIFIED, "The sender could not be verified")


def _told(became: Sequence[RecordedOne]) -> Response:
    counts: Mapping[Recorded, int] = {kind: sum(one.result is kind for one in became) for kind in Recorded}
    # No sender can do anything about a second word on what is known, and some never come again after a few refusals.
    code = 202 if counts[Recorded.NEW] else 200
    words = ", ".join(str(kind) for kind, count in counts.items() if count)
    texts = [one.text for one in became if one.text]
    return answer(Recording(text="; ".join([words, *texts[:3]]), deploys=list(became)), code)
