"""The API under /api/v1, but for the feeds."""

import hashlib
import re
from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Request, Security
from fastapi.security import HTTPBearer
from starlette.responses import Response

from detector.model.deploy import Receipt
from detector.web.answers import Fault, Refused, answer
from detector.web.asked import (
    DeploysAsked,
    IncidentsAsked,
    found_deploys,
    found_incident,
    found_incidents,
    found_metrics,
)
from detector.web.desk import Desk
from detector.web.recording import Pace, Recording, drafted, keep, told
from detector.web.refusals import Responses, refusals
from detector.web.said import Moment, drafts_of
from detector.web.strict_json import NotJson, read_json
from detector.web.threads import Turns
from detector.web.views import Deploys, IncidentPage, Incidents, Metrics

__all__ = ["api_routes"]


_READERS = 4
_LARGEST_NUMBER = 2**31 - 1
_KEY = re.compile(r"[!-~]{1,200}")
_JSON = re.compile(r"application/(?:[\w.-]+\+)?json\s*(?:;.*)?", re.IGNORECASE)


def _json_of(request: Request, body: bytes) -> object:
    """The body's value, read strictly.

    Raises:
        Refused: 415 or 400.
    """
    if not _JSON.fullmatch(request.headers.get("content-type", "").strip()):
        raise Refused(415, "The body must be JSON; send the header Content-Type: application/json")
    try:
        return read_json(body)
    except NotJson as error:
        raise Refused(400, f"Nothing was done: {error}") from None


def api_routes(desk: Desk, writing: Turns, pace: Pace) -> APIRouter:
    router, reading = APIRouter(prefix="/api/v1"), Turns(_READERS, "reading")
    _add_reports(router, desk, writing, pace)
    _add_deploys(router, desk, reading)
    _add_metrics(router, desk, reading)
    _add_incidents(router, desk, reading)
    return router


_TOKEN = [
    Security(HTTPBearer(auto_error=False, scheme_name="token", description="One of http: tokens: in detector.yml"))
]
_BATCH = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "anyOf": [
                        {"$ref": "#/components/schemas/DeploySaid"},
                        {"$ref": "#/components/schemas/Batch"},
                        {
                            "type": "array",
                            "items": {"$ref": "#/components/schemas/DeploySaid"},
                            "minItems": 1,
                            "maxItems": 100,
                        },
                    ]
                }
            }
        },
    }
}
_RECORDED: Responses = {
    code: {"model": Recording, "description": why}
    for code, why in {
        200: "Already recorded.",
        201: "Recorded.",
        202: "Recorded; the service is not in detector.yml.",
        207: "Not the same for all of them: see their codes.",
        409: "Known with other content, which stays.",
    }.items()
}


def _add_reports(router: APIRouter, desk: Desk, writing: Turns, pace: Pace) -> None:
    @router.post(
        "/deploys",
        summary="Report deploys",
        tags=["deploys"],
        dependencies=_TOKEN,
        status_code=201,
        response_model=Recording,
        responses={**refusals(400, 408, 413, 415, 422), **_RECORDED},
        openapi_extra=_BATCH,
    )
    async def report_deploys(
        request: Request,
        idempotency_key: Annotated[
            str | None, Header(description="A number of this request: its repeat changes nothing. Visible ASCII.")
        ] = None,
    ) -> Response:
        body, settings, now = await request.body(), desk.book().settings, desk.clock.now()
        key = _checked(idempotency_key)
        drafts = drafts_of(_json_of(request, body), Moment(now, settings.timezone, key))
        pace.check([draft.report for draft in drafts], settings, desk.clock.elapsed_s())
        receipt = None if key is None else Receipt("api", key, hashlib.sha256(body).hexdigest(), now)

        def record() -> Response:
            reports = drafted(desk.store, drafts, now, has_key=key is not None)
            return told(keep(desk, "api", reports, receipt))

        return await writing.take(record)


def _checked(key: str | None) -> str | None:
    if key is None or _KEY.fullmatch(key):
        return key
    why = "must be 1 to 200 visible ASCII characters"
    raise Refused(422, f"Nothing was done: Idempotency-Key {why}", faults=[Fault(field="Idempotency-Key", text=why)])


def _add_deploys(router: APIRouter, desk: Desk, reading: Turns) -> None:
    @router.get(
        "/deploys",
        summary="Deploys that were heard of, newest first",
        tags=["deploys"],
        dependencies=_TOKEN,
        response_model=Deploys,
        responses=refusals(422),
    )
    async def list_deploys(asked: Annotated[DeploysAsked, Query()]) -> Response:
        now = desk.clock.now()
        span = asked.span(desk.book(), now)
        return await reading.take(lambda: answer(found_deploys(asked, desk.store, span, now)))


def _add_metrics(router: APIRouter, desk: Desk, reading: Turns) -> None:
    @router.get(
        "/metrics",
        summary="How every watched metric is",
        tags=["metrics"],
        dependencies=_TOKEN,
        response_model=Metrics,
        responses=refusals(),
    )
    async def list_metrics() -> Response:
        book, now = desk.book(), desk.clock.now()
        return await reading.take(lambda: answer(found_metrics(desk.store, book, now)))


def _add_incidents(router: APIRouter, desk: Desk, reading: Turns) -> None:
    @router.get(
        "/incidents",
        summary="Incidents, newest first",
        tags=["incidents"],
        dependencies=_TOKEN,
        response_model=Incidents,
        responses=refusals(422),
    )
    async def list_incidents(asked: Annotated[IncidentsAsked, Query()]) -> Response:
        book = desk.book()
        return await reading.take(lambda: answer(found_incidents(asked, desk.store, book)))

    @router.get(
        "/incidents/{number}",
        summary="One incident with its suspects and its history",
        tags=["incidents"],
        dependencies=_TOKEN,
        response_model=IncidentPage,
        responses=refusals(404, 422),
    )
    async def show_incident(number: Annotated[int, Path(ge=1, le=_LARGEST_NUMBER)]) -> Response:
        book = desk.book()
        return await reading.take(lambda: answer(found_incident(number, desk.store, book)))
