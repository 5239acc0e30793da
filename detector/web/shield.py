"""The outermost layer: headers on every answer, a count of each, and no error that tells what it should not."""

import re
from uuid import uuid4

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from detector.errors import StoreError
from detector.web.answers import HEADERS, Refused, refuse
from detector.web.desk import Desk

__all__ = ["Shield"]

_LOG = structlog.get_logger("detector.web")

_ROUTES = tuple(
    (re.compile(pattern), label)
    for pattern, label in (
        (r"/(?:healthz|readyz|metrics)", ""),
        (r"/api/v1/(?:openapi\.json|deploys|metrics|incidents)", ""),
        (r"/api/v1/incidents/[^/]+", "/api/v1/incidents/{number}"),
        (r"/api/v1/feeds/[^/]+", "/api/v1/feeds/{name}"),
    )
)


class Shield:
    """Turns what goes wrong inside into an answer that says no more than that."""

    def __init__(self, app: ASGIApp, desk: Desk) -> None:
        self._app, self._desk = app, desk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":  # uvicorn is started without lifespan and web sockets
            await self._app(scope, receive, send)
            return
        codes: list[int] = []

        async def send_shielded(message: Message) -> None:
            if message["type"] == "http.response.start":
                codes.append(message["status"])
                message = {**message, "headers": [*message["headers"], *HEADERS]}
            await send(message)

        try:
            await self._app(scope, receive, send_shielded)
        except Exception as error:  # the boundary of one request: whatever it was, the next one is served
            why = _reported(error, scope)
            if codes:
                raise
            await refuse(why)(scope, receive, send_shielded)
        for code in codes[:1]:
            self._desk.count("http_answers", {"route": _route_of(scope["path"]), "code": str(code)})


def _reported(error: Exception, scope: Scope) -> Refused:
    where = {"method": scope["method"], "route": _route_of(scope["path"])}
    if isinstance(error, StoreError):
        _LOG.warning("a request needs the store", **where, error=str(error))
        text = "The detector's store cannot be used right now; try again: what it has already is not recorded twice"
        return Refused(503, text, headers={"Retry-After": "5"})
    error_id = uuid4().hex[:12]
    _LOG.error("a request failed; please report this", **where, error_id=error_id, exc_info=error)
    return Refused(500, f"Something went wrong inside the detector; its log says more about error {error_id}")


def _route_of(path: str) -> str:
    return next((label or path for pattern, label in _ROUTES if pattern.fullmatch(path)), "other")
