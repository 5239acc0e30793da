"""What every request passes before anything looks at its content: token, pace, size and patience."""

import asyncio
import re
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from detector.web.allowances import Allowance
from detector.web.answers import Refused, needs_token, refuse, wait
from detector.web.desk import Desk
from detector.web.tokens import known_token

__all__ = ["OPEN", "BodyLimit", "BodyRules", "Gate"]

OPEN = frozenset({"/healthz", "/readyz", "/metrics", "/api/v1/openapi.json"})
"""What needs no token: it tells nothing of the business."""

_FEED = re.compile(r"/api/v1/feeds/[^/]+")
# Their senders prove themselves by a signature over the body.

PER_S, BURST = 10.0, 100.0


class Gate:
    """Lets requests with a token through, each token at its own pace; whatever is not open needs one, known or not."""

    def __init__(self, app: ASGIApp, desk: Desk) -> None:
        self._app, self._desk = app, desk
        self._allowance = Allowance(PER_S, BURST)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        is_open = path in OPEN or _FEED.fullmatch(path)
        refused = None if is_open else self._refused(scope)
        await (self._app if refused is None else refuse(refused))(scope, receive, send)

    def _refused(self, scope: Scope) -> Refused | None:
        token = known_token(scope["headers"], self._desk.book().settings.http.tokens)
        if token is None:
            return needs_token()
        waits = self._allowance.take({token: 1}, self._desk.clock.elapsed_s())
        if not waits:
            return None
        return wait(waits[token], f"This token may ask {PER_S:g} times a second; send less often, or many in one batch")


@dataclass(frozen=True, slots=True)
class BodyRules:
    """How much of a body is read, and for how long."""

    bytes_at_most: int = 64 * 1024
    within_s: float = 10.0


class BodyLimit:
    """Reads the whole body before the application runs, and no more than it may have."""

    def __init__(self, app: ASGIApp, rules: BodyRules) -> None:
        self._app, self._rules = app, rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] in {"GET", "HEAD"}:
            await self._app(scope, receive, send)
            return
        try:
            body = await self._read(scope, receive)
        except Refused as why:
            await refuse(why)(scope, receive, send)
            return
        if body is not None:
            await self._app(scope, _replayed(body, receive), send)

    async def _read(self, scope: Scope, receive: Receive) -> bytes | None:
        """None: the client went away."""
        headers = dict(scope["headers"])
        length = headers.get(b"content-length", b"0")
        if not length.isdigit() or int(length[:20]) > self._rules.bytes_at_most:
            raise self._too_large(expects=b"expect" in headers)
        if headers.get(b"content-encoding", b"identity").lower() != b"identity":
            raise Refused(415, "The body is compressed; send it as it is")
        body = bytearray()
        try:
            async with asyncio.timeout(self._rules.within_s):
                while True:
                    message = await receive()
                    if message["type"] != "http.request":
                        return None
                    body += message.get("body", b"")
                    if len(body) > self._rules.bytes_at_most:
                        raise self._too_large()
                    if not message.get("more_body", False):
                        return bytes(body)
        except TimeoutError:
            text = f"The body did not come within {self._rules.within_s:g} s"
            raise Refused(408, text, headers={"Connection": "close"}) from None

    def _too_large(self, *, expects: bool = False) -> Refused:
        # A client that asked whether to send its body sends none now; the connection cannot be told from a slow one.
        text = f"The body is larger than {self._rules.bytes_at_most} bytes; send fewer reports at a time"
        return Refused(413, text, headers={"Connection": "close"} if expects else {})


def _replayed(body: bytes, receive: Receive) -> Receive:
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return messages.pop() if messages else await receive()

    return again
