"""A real HTTP server on loopback that records what it is sent and misbehaves as it is told to.

    with Receiver() as receiver:
        receiver.script(Reply(500), Reply(429, {"Retry-After": "30"}), Reset(), Hang())
        send_to(receiver.url)                   # http://127.0.0.1:PORT
        send_to(receiver.apprise_url)           # json://127.0.0.1:PORT/
        receiver.wait_for(1)
        assert receiver.received[0].json["title"] == "..."

Every request is recorded, whole, before it is answered. Scripted answers are used up in order, one a request; when none
is left, `otherwise` (200 and an empty JSON object) is given. `Hang` keeps the client waiting until `release()` or the
end of the `with`. Any method and any path will do. Nothing sleeps, and no thread outlives the `with`.
"""

import json
import socket
import struct
import sys
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

__all__ = ["Answer", "Hang", "Received", "Receiver", "Reply", "Reset", "redirect"]

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Reply:
    """A status line, headers and a body."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b"{}"


@dataclass(frozen=True, slots=True)
class Reset:
    """Take the whole request, then cut the connection (TCP RST) without an answer."""


@dataclass(frozen=True, slots=True)
class Hang:
    """Take the whole request and answer only after `release()`."""

    then: Reply = field(default_factory=Reply)


Answer = Reply | Reset | Hang


def redirect(to: str, status: int = 302) -> Reply:
    """Send the client elsewhere; 307 asks it to post its body again."""
    return Reply(status, {"Location": to})


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it came. Header names are lower case; `path` includes the query."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)

    @property
    def text(self) -> str:
        """The body as UTF-8."""
        return self.body.decode()


class Receiver:
    """Listens from construction on, on a free port or the one given; records and answers until the `with` ends."""

    def __init__(self, port: int = 0) -> None:
        self.otherwise: Answer = Reply()
        self._received: list[Received] = []
        self._script: deque[Answer] = deque()
        self._changed = threading.Condition()
        self._released = threading.Event()
        self._server = _Server((HOST, port), self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.release()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """Its address as a browser would write it, without a path."""
        return f"http://{HOST}:{self.port}"

    @property
    def apprise_url(self) -> str:
        """Its address as `notify:` in detector.yml would write it."""
        return f"json://{HOST}:{self.port}/"

    @property
    def received(self) -> tuple[Received, ...]:
        """All requests so far, in order of arrival."""
        with self._changed:
            return tuple(self._received)

    def script(self, *answers: Answer) -> None:
        """Add answers to what the next requests get."""
        with self._changed:
            self._script.extend(answers)

    def release(self) -> None:
        """Let every hanging client go, those to come included."""
        self._released.set()

    def wait_for(self, count: int, within_s: float = 10.0) -> None:
        """Return as soon as there were `count` requests; fail when they do not come."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._received) >= count, timeout=within_s):
                msg = f"{len(self._received)} of {count} requests came within {within_s} s"
                raise AssertionError(msg)

    def take(self, request: Received) -> Answer:
        """Record a request and say how to answer it."""
        with self._changed:
            self._received.append(request)
            self._changed.notify_all()
            return self._script.popleft() if self._script else self.otherwise

    def wait_released(self) -> None:
        """Hold a hanging request."""
        self._released.wait()


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # server_close() then waits for them, so that no thread outlives a test

    def __init__(self, address: tuple[str, int], receiver: Receiver) -> None:
        self.receiver = receiver
        super().__init__(address, _Conversation)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that gave up waiting is what some tests are about."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]  # typeshed: socket or a pair


class _Conversation(BaseHTTPRequestHandler):
    server: _Server

    def parse_request(self) -> bool:
        """Send every method to one place."""
        parsed = super().parse_request()
        if parsed:
            setattr(self, f"do_{self.command}", self._converse)
        return parsed

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - named by the standard library
        """Keep quiet."""

    def _converse(self) -> None:
        self.close_connection = True
        length = int(self.headers.get("Content-Length", 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(length)
        answer = self.server.receiver.take(Received(self.command, self.path, headers, body))
        if isinstance(answer, Reset):
            self._reset()
            return
        if isinstance(answer, Hang):
            self.server.receiver.wait_released()
            answer = answer.then
        self._reply(answer)

    def _reply(self, reply: Reply) -> None:
        self.send_response_only(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.rfile.close()
        self.connection.close()
