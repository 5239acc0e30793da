"""The dead man's switch: somebody outside who is told that all is well, and makes a noise when nobody tells him.

The addresses are those of healthchecks.io, which others understand too: the URL itself for success, `/start` and
`/fail` behind it for the others. https://healthchecks.io/docs/http_api/
"""

import threading
from collections.abc import Callable
from urllib.parse import urlsplit, urlunsplit

import requests
import structlog

from detector.adapters.scrubbing import Scrubber
from detector.model.secret import Secret

__all__ = ["Switch"]

_CONNECT_S, _ANSWER_S = 3.0, 5.0
_LONGEST = 1000
_NOT_FOUND, _NOT_ALLOWED, _MOVED = 404, 405, 300

_SUCCESS, _START, _FAIL = "success", "start", "fail"

TAKEN, NOT_TAKEN = "taken", "not_taken"

Signal = tuple[str, str]


class Switch:
    """Pings from a thread of its own with room for one signal: whoever calls never waits, and never sees an error.

    A newer signal takes the place of one that could not go out yet; only a start never takes that of a verdict.
    """

    def __init__(
        self, url: Secret, scrub: Callable[[str], str] | None = None, told: Callable[[str, str], None] | None = None
    ) -> None:
        """`scrub` cleans what `fail` says; `told` hears of every ping, and whether it was `taken` or `not_taken`."""
        self._url = url
        self._scrub = scrub or Scrubber([url])
        self._told = told or _nobody
        self._changed = threading.Condition()
        self._waiting: Signal | None = None
        self._is_closed = False
        self._thread: threading.Thread | None = None
        self._is_in_trouble = False
        self._knows_only_success = False
        self._log = structlog.get_logger("detector.ping")

    def start(self) -> None:
        """A tick begins."""
        self._put((_START, ""))

    def success(self) -> None:
        """Scheduler, store and sender moved."""
        self._put((_SUCCESS, ""))

    def fail(self, text: str) -> None:
        """One of them did not; `text` says which, and is sent along."""
        self._put((_FAIL, self._scrub(text)[:_LONGEST]))

    def close(self, within_s: float = 1.0) -> None:
        """No more pings; one that is on its way gets a moment, and what waits is dropped."""
        with self._changed:
            self._is_closed, self._waiting = True, None
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(within_s)

    def _put(self, signal: Signal) -> None:
        with self._changed:
            if self._is_closed or (signal[0] == _START and self._waiting is not None):
                return
            self._waiting = signal
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="ping", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def _work(self) -> None:
        while (signal := self._next()) is not None:
            try:
                self._send(*signal)
            except Exception as error:  # noqa: BLE001 - the switch may be broken in any way: the ticks go on
                self._complain(f"{type(error).__name__} within the detector")

    def _next(self) -> Signal | None:
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or self._waiting is not None)
            signal, self._waiting = self._waiting, None
            return signal

    def _send(self, kind: str, text: str) -> None:
        if self._knows_only_success and kind != _SUCCESS:
            return
        try:
            status = _post(_address(self._url.hidden, kind), text)
        except (requests.RequestException, OSError, ValueError) as error:
            self._told(kind, NOT_TAKEN)
            self._complain(f"no answer: {type(error).__name__}")  # the text of these errors holds the address
            return
        if kind != _SUCCESS and status in {_NOT_FOUND, _NOT_ALLOWED}:
            self._knows_only_success = True
            self._log.info("ping: the address knows success only; start and fail are left out", ping=str(self._url))
            return
        is_taken = status < _MOVED
        self._told(kind, TAKEN if is_taken else NOT_TAKEN)
        if is_taken:
            self._recover()
        else:
            self._complain(f"answered {status}")

    def _complain(self, why: str) -> None:
        if not self._is_in_trouble:
            self._is_in_trouble = True
            self._log.warning(
                "ping: the dead man's switch was not reached",
                ping=str(self._url),
                error=why,
                todo="check `ping` in detector.yml and the way there; said once, until a ping arrives again",
            )

    def _recover(self) -> None:
        if self._is_in_trouble:
            self._is_in_trouble = False
            self._log.info("ping: the dead man's switch is reached again", ping=str(self._url))


def _nobody(_kind: str, _result: str) -> None:
    return


def _address(url: str, kind: str) -> str:
    if kind == _SUCCESS:
        return url
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{kind}"))


def _post(url: str, text: str) -> int:
    """The status of the answer, whose body nobody reads."""
    headers = {"User-Agent": "detector", "Content-Type": "text/plain; charset=utf-8"}
    with requests.request(
        "POST",
        url,
        data=text.encode("utf-8", "replace"),
        headers=headers,
        timeout=(_CONNECT_S, _ANSWER_S),
        allow_redirects=False,
        stream=True,
    ) as answer:
        return answer.status_code
