"""Sees what apprise's plugins send and get over HTTP, because apprise itself tells no more than that a send failed.

What became of a message hangs on it: a refused connection is no message, a silence after the request may be one, and
429 says when to come back. All plugins use `requests`, which makes an `HTTPAdapter` for every call; the one below
stands in its place from the import of this module on. Outside of `watching()` it does exactly what it inherits.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from math import isfinite
from typing import Any
from urllib.parse import urlsplit

import requests.sessions
from requests.adapters import HTTPAdapter
from requests.exceptions import ConnectionError as NoConnection
from requests.exceptions import ConnectTimeout, ProxyError, RequestException, SSLError, Timeout
from urllib3.exceptions import MaxRetryError, NameResolutionError, NewConnectionError

__all__ = ["Exchange", "watching"]

_TOO_MANY, _GATEWAY_TIMEOUT = 429, 504


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request of a plugin, and what came back.

    Attributes:
        method, host: of the request; the path is left out, since in webhooks it is the secret.
        status: of the answer; None when there was none.
        trouble: what went wrong, in words; empty when a whole answer came.
        is_unknown: the request may have been carried out although no good answer says so.
        retry_after_s: what the answer asked for.
        moved_to: host that a redirect names.
    """

    method: str
    host: str
    status: int | None = None
    trouble: str = ""
    is_unknown: bool = False
    retry_after_s: float | None = None
    moved_to: str = ""

    @property
    def is_taken(self) -> bool:
        if self.status is None or self.trouble:
            return False
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    @property
    def is_write(self) -> bool:
        return self.method in {"POST", "PUT", "PATCH"}


_exchanges: ContextVar[list[Exchange] | None] = ContextVar("exchanges", default=None)


@contextmanager
def watching() -> Iterator[list[Exchange]]:
    """Collects the exchanges of what is called inside, and of threads started with a copy of the context."""
    seen: list[Exchange] = []
    token = _exchanges.set(seen)
    try:
        yield seen
    finally:
        _exchanges.reset(token)


class _WatchedAdapter(HTTPAdapter):
    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:  # noqa: ANN401 - handed on as they are
        seen = _exchanges.get()
        if seen is None:
            return super().send(request, *args, **kwargs)
        method, host = request.method or "", urlsplit(request.url or "").hostname or ""
        try:
            response = super().send(request, *args, **kwargs)
        except RequestException as error:
            words, is_unknown = _trouble(error)
            seen.append(Exchange(method, str(host), trouble=words, is_unknown=is_unknown))
            raise
        seen.append(_answered(method, str(host), response))
        return response


requests.sessions.HTTPAdapter = _WatchedAdapter  # type: ignore[attr-defined]  # imported there, not exported


def _answered(method: str, host: str, response: requests.Response) -> Exchange:
    try:
        content = response.content  # requests keeps it; reading it here shows whether the answer is whole
    except RequestException:
        return Exchange(method, host, response.status_code, "the answer broke off", is_unknown=True)
    return Exchange(
        method,
        host,
        response.status_code,
        is_unknown=response.status_code == _GATEWAY_TIMEOUT,  # the server behind the gateway may have taken it
        retry_after_s=_retry_after_s(response, content),
        moved_to=urlsplit(response.headers.get("Location", "")).hostname or "" if response.is_redirect else "",
    )


def _trouble(error: RequestException) -> tuple[str, bool]:
    """What went wrong in words, and whether the request may have arrived all the same."""
    match error:
        case ConnectTimeout():
            return "no connection in time", False
        case SSLError():
            return "no TLS connection: the certificate or protocol was not accepted", False
        case ProxyError():
            return "the proxy did not connect", False
        case Timeout():
            return "no answer in time", True
        case NoConnection():
            return _no_connection(error)
        case _:
            return type(error).__name__, True


def _no_connection(error: NoConnection) -> tuple[str, bool]:
    inner = error.args[0] if error.args else None
    reason = inner.reason if isinstance(inner, MaxRetryError) else inner
    if isinstance(reason, NameResolutionError):
        return "the host name is not known", False
    if isinstance(reason, NewConnectionError):
        return "connection refused" if "refused" in str(reason) else "the host cannot be reached", False
    return "the connection was cut", True


def _retry_after_s(response: requests.Response, content: bytes) -> float | None:
    """Seconds or a date in the header; else seconds in the body, as chat services answer a 429."""
    asked = response.headers.get("Retry-After", "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d+)?", asked):
        return float(asked)
    if asked:
        return _until(asked, response.headers.get("Date", ""))
    return _in_body(content) if response.status_code == _TOO_MANY else None


def _until(date: str, sent: str) -> float | None:
    """Both dates are of the server's clock, so that ours does not matter."""
    try:
        wait = parsedate_to_datetime(date) - parsedate_to_datetime(sent)
        return max(0.0, wait.total_seconds())
    except (TypeError, ValueError):
        return None


def _in_body(content: bytes) -> float | None:
    """Discord's `retry_after`, Telegram's `parameters.retry_after`."""
    try:
        answer = json.loads(content[:10_000])
    except (ValueError, RecursionError):
        return None
    if not isinstance(answer, dict):
        return None
    parameters = answer.get("parameters")
    asked = answer.get("retry_after", parameters.get("retry_after") if isinstance(parameters, dict) else None)
    if not isinstance(asked, int | float) or isinstance(asked, bool):
        return None
    return float(asked) if isfinite(asked) and asked >= 0 else None
