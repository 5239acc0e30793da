"""HTTP on one connection, with an end to every patience: uvicorn waits for ever for a head, and for a slow reader."""

import asyncio
from dataclasses import dataclass

import h11
from starlette.types import Receive, Scope, Send
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle
from uvicorn.server import ServerState

from detector.web.answers import HEADERS, Refused, refuse

__all__ = ["Limits", "protocol_with"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one server bears.

    Attributes:
        connections: at the same time; those beyond are told so and closed.
        head_bytes, head_s: size of a request's line and headers, and how long they may take to come, or nothing to come
            before them.
        exchange_s: from the head until the answer was read, whatever the client does.
        idle_s: between two requests of one connection.
        drain_s, drain_bytes: of a body that nobody reads any more, so that the client gets to see the answer.
    """

    connections: int = 200
    head_bytes: int = 16 * 1024
    head_s: float = 10.0
    exchange_s: float = 60.0
    idle_s: int = 5
    drain_s: float = 2.0
    drain_bytes: int = 1024 * 1024


class BoundedProtocol(H11Protocol):
    """One timer at a time: for the head, then for the exchange, then for the rest of a body."""

    limits = Limits()

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, object],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._timer: asyncio.TimerHandle | None = None
        self._drained = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        if len(self.connections) > self.limits.connections:
            self.app = _crowded
        self._wait(self.limits.head_s)

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait(None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if not self._is_answering and self._timer is None:  # the first bytes of another request
            self._wait(self.limits.head_s)
        before = self.cycle
        if self._is_draining:
            self._drained += len(data)
            if self._drained > self.limits.drain_bytes:
                self.transport.abort()
                return
        super().data_received(data)
        if self.cycle is not before and self._is_answering:
            self._drained = 0
            self._wait(self.limits.exchange_s)

    def on_response_complete(self) -> None:
        # Of an answer that nobody fetches the time of the exchange goes on running.
        if self.transport.get_write_buffer_size() == 0:
            self._wait(self.limits.drain_s if self._is_draining else None)
        super().on_response_complete()
        if self._is_answering:  # it had sent the next request already
            self._wait(self.limits.exchange_s)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - called by uvicorn with its own words
        if self.conn.our_state not in {h11.IDLE, h11.SEND_RESPONSE}:  # an answer is on its way, or was given
            self.transport.abort()
            return
        response = refuse(Refused(400, "This is no HTTP request that can be read"))
        headers = [*response.raw_headers, *HEADERS, (b"connection", b"close")]
        for event in (
            h11.Response(status_code=400, headers=headers, reason=b"Bad Request"),
            h11.Data(data=bytes(response.body)),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    @property
    def _is_answering(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle  # none before the first request
        return cycle is not None and not cycle.response_complete

    @property
    def _is_draining(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and cycle.response_complete and self.conn.their_state is h11.SEND_BODY

    def _wait(self, seconds: float | None) -> None:
        """From now on for so long; None: for ever, or for as long as uvicorn waits between two requests."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if seconds is None else self.loop.call_later(seconds, self._give_up)

    def _give_up(self) -> None:
        self._timer = None
        self.transport.abort()  # what is not read by now would keep a polite end waiting as well


def protocol_with(limits: Limits) -> type[BoundedProtocol]:
    return type("BoundedProtocol", (BoundedProtocol,), {"limits": limits})


async def _crowded(scope: Scope, receive: Receive, send: Send) -> None:
    why = Refused(503, "Too many connections; try again", headers={"Retry-After": "5", "Connection": "close"})
    response = refuse(why)
    response.raw_headers.extend(HEADERS)
    await response(scope, receive, send)
