"""uvicorn in a thread of the daemon: it has its own loop, and leaves the signals alone."""

import asyncio
import socket
from contextlib import suppress
from errno import errorcode
from ipaddress import ip_address
from threading import Event, Thread

import structlog
import uvicorn
from starlette.types import ASGIApp

from detector.errors import DetectorError, UsageError
from detector.web.protocol import Limits, protocol_with

__all__ = ["Server"]

_LOG = structlog.get_logger("detector.web")

_STARTS_WITHIN_S = 10.0
LARGEST_PORT = 65535
_FIXES = {
    "EADDRINUSE": "another program listens there, perhaps another detector: stop it, or change `http: listen:`",
    "EACCES": "this user may not use ports below 1024: change `http: listen:`",
    "EADDRNOTAVAIL": "this machine has no such address: change `http: listen:`, to 0.0.0.0:PORT for all it has",
}


class Server:
    """Listens from construction on, and answers between `start` and `stop`."""

    def __init__(self, application: ASGIApp, listen: str, limits: Limits | None = None) -> None:
        """`listen` is host:port as in detector.yml; port 0 takes a free one.

        Raises:
            UsageError: one cannot listen there.
        """
        self._limits = limits or Limits()
        self._listen = listen
        self._socket = _bound(listen)
        self.address: tuple[str, int] = self._socket.getsockname()[:2]
        self._server = _Uvicorn(_config(application, self._limits))
        self._thread = Thread(target=self._run, name="web", daemon=True)

    @property
    def url(self) -> str:
        """What an HTTP client calls the address."""
        host, port = self.address
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    @property
    def is_open(self) -> bool:
        """Others than this machine can reach it."""
        return not ip_address(self.address[0]).is_loopback

    def start(self, *, has_tokens: bool = True) -> None:
        """Answer from now on.

        Raises:
            DetectorError: the loop did not start.
        """
        if self.is_open and not has_tokens:
            _LOG.warning(
                "other machines can reach the API, and no token is set, so that all it says is 401",
                listen=self._listen,
                todo="set `http: tokens:` in detector.yml, or listen at 127.0.0.1",
            )
        self._thread.start()
        if not self._server.is_up.wait(_STARTS_WITHIN_S) or not self._thread.is_alive():
            self.stop(0)
            raise DetectorError(f"the web server at {self._listen} did not start; its log says why")

    def stop(self, patience_s: float = 5.0) -> bool:
        """End: no new request is taken, those under way may finish within the patience, all others are cut off.

        False: something in it hangs on; its thread keeps no program from ending.
        """
        self._server.patience_s = patience_s
        self._server.should_exit = True
        if self._thread.ident is not None:
            self._thread.join(patience_s + 2.0)
        self._socket.close()
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._server.run(sockets=[self._socket])
        except Exception:  # noqa: BLE001 - the boundary of a thread: without this line its end would go unseen
            _LOG.exception("the web server ended", todo="restart the detector, and please report this line")
        finally:
            self._server.is_up.set()


class _Uvicorn(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_up = Event()
        self.patience_s = 5.0

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.is_up.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.config.timeout_graceful_shutdown = self.patience_s  # type: ignore[assignment]  # given to asyncio as it is
        await super().shutdown(sockets)
        for connection in list(self.server_state.connections):
            with suppress(AttributeError):  # one that was not made yet
                connection.transport.abort()
        await asyncio.sleep(0)  # for what follows an abort


def _config(application: ASGIApp, limits: Limits) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        http=protocol_with(limits),
        loop="asyncio",
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="error",
        access_log=False,
        proxy_headers=False,  # anybody can send X-Forwarded-For
        server_header=False,
        timeout_keep_alive=limits.idle_s,
        h11_max_incomplete_event_size=limits.head_bytes,
    )


def _bound(listen: str) -> socket.socket:
    host, _, port = listen.rpartition(":")
    if not (port.isascii() and port.isdigit() and int(port[:6]) <= LARGEST_PORT and host):
        raise UsageError(f"cannot listen at {listen}: it is not host:port; change `http: listen:`")
    try:
        found = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise UsageError(f"cannot listen at {listen}: {error}; change `http: listen:`") from None
    family, kind, protocol, _, address = found[0]
    made = socket.socket(family, kind, protocol)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a restart need not wait for old connections
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        made.bind(address)
        made.listen(128)
    except OSError as error:
        made.close()
        raise UsageError(f"cannot listen at {listen}: {error.strerror}; {_fix(error)}") from None
    return made


def _fix(error: OSError) -> str:
    return _FIXES.get(errorcode.get(error.errno or 0, ""), "change `http: listen:`")
