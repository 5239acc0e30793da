"""The outermost layer: headers on every answer, a count of each, and no error that tells what it should not."""

import re
from uuid import uuid4

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from detector.errors import StoreError
from detector.web.allowances import Allowance
from detector.web.answers import HEADERS, Refused, refuse
from detector.web.desk import Desk
from detector.web.gate import OPEN

__all__ = ["Shield"]

UNAUTHORIZED, LONGEST_PATH = 401, 200

_LOG = structlog.get_logger("detector.web")

_FEED = re.compile(r"/api/v1/feeds/[^/]+")
_REASONS = {
    400: "content",
    401: "token",
    404: "path",
    405: "path",
    408: "slow",
    409: "conflict",
    413: "size",
    415: "content",
    422: "content",
    429: "pace",
    500: "error",
    503: "store",
}
_TODO_REPORTS = {
    401: "compare the token at the sender with `http: tokens:` of detector.yml; if the sender is a stranger, leave it",
    429: "see what in a pipeline reports so often; the answer says how much is taken",
}
_TODO_OTHERS = "read the answer in the log of the pipeline: it names what to correct"
_UNTOLD = frozenset({409, 500, 503})  # a run that says it once more, and what has a line with more in it


class Shield:
    """Turns what goes wrong inside into an answer that says no more than that."""

    def __init__(self, app: ASGIApp, desk: Desk) -> None:
        self._app, self._desk = app, desk
        self._lines = Allowance(1 / 60, 10)

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
        if codes and codes[0] in _REASONS and scope["path"] not in OPEN:  # a probe that says no is no refusal
            is_unsigned = codes[0] == UNAUTHORIZED and _FEED.fullmatch(scope["path"])
            self._desk.refused("signature" if is_unsigned else _REASONS[codes[0]])
            if scope["method"] == "POST" and scope["path"] == "/api/v1/deploys":
                self._tell(codes[0])

    def _tell(self, code: int) -> None:
        """A deploy that was refused is a suspect that will be missing; a flood does not fill the log."""
        if code not in _UNTOLD and not self._lines.take({str(code): 1}, self._desk.clock.elapsed_s()):
            todo = _TODO_REPORTS.get(code, _TODO_OTHERS)
            _LOG.warning("a report of deploys was refused", code=code, why=_REASONS[code], todo=todo)


def _reported(error: Exception, scope: Scope) -> Refused:
    where = {"method": scope["method"], "path": scope["path"][:LONGEST_PATH]}
    if isinstance(error, StoreError):
        _LOG.warning("a request needs the store", **where, error=str(error), todo="see the error; senders try again")
        text = "The detector's store cannot be used right now; try again: what it has already is not recorded twice"
        return Refused(503, text, headers={"Retry-After": "5"})
    error_id = uuid4().hex[:12]
    _LOG.error("a request failed", **where, error_id=error_id, exc_info=error, todo="please report this line")
    return Refused(500, f"Something went wrong inside the detector; its log says more about error {error_id}")
