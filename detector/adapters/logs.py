"""The log: one line of JSON per event, readable lines on a terminal; all of it scrubbed and on one line.

What libraries say through `logging` goes the same way as what the detector says through structlog. A line:

    {"event": "...", "level": "info", "at": "2026-11-21T08:06:00.123Z", "logger": "detector.tick", "tick": "...", ...}
"""

import logging
import sys
import threading
from collections.abc import Iterable
from datetime import UTC, datetime
from types import TracebackType
from typing import TextIO
from zoneinfo import ZoneInfo

import structlog
from structlog.typing import EventDict, WrappedLogger

from detector.adapters.log_lines import as_json, as_text, error_of, one_line
from detector.adapters.scrubbing import Scrubber
from detector.model.secret import Secret

__all__ = ["Logs", "set_up_logs", "tick_begins", "tick_is_over"]

_LEVELS = {
    "alembic": logging.INFO,
    "alembic.runtime.plugins": logging.WARNING,  # which parts of itself it has loaded
    "apscheduler": logging.WARNING,
    "sqlalchemy": logging.WARNING,
    "uvicorn": logging.WARNING,
    "urllib3": logging.ERROR,  # it warns of every retry; what becomes of a request is told by who made it
}

_TODO = {
    "alembic": "the store could not be upgraded: see the error, and go back to the version that ran before",
    "apscheduler": "see the error; the next tick starts from what is in the store",
    "sqlalchemy": "see the lines about the source or store that follow",
    "uvicorn": "see the error; if a port is taken, change `http.listen` in detector.yml",
    "py": "please report this line",
}
_TODO_OTHERWISE = "if it comes again, please report this line and those before it"

_NO_NEWS = ("Context impl", "Will assume")
"""What alembic says of itself before it upgrades."""

_RESERVED = frozenset({"event", "level", "at", "logger"})
_OURS = frozenset({"level", "at"})


class Logs:
    """The log as it was set up; `close` puts everything back as it was before."""

    def __init__(self, stream: TextIO, *, is_terminal: bool, timezone: str, level: str) -> None:
        self._secrets: tuple[Secret, ...] = ()
        self._scrubber = Scrubber()
        self._zone = ZoneInfo(timezone)
        self._is_terminal = is_terminal
        encoding = str(getattr(stream, "encoding", None) or "utf-8")
        self._is_ascii = encoding.lower().replace("-", "").replace("_", "") != "utf8"
        self._lines = _Lines(stream)
        self._lines.setFormatter(
            structlog.stdlib.ProcessorFormatter(processors=[self._told, self._scrubbed, self._render])
        )
        self._lines.addFilter(_is_news)
        root = logging.getLogger()
        self._before = (root.handlers[:], root.level, sys.excepthook, threading.excepthook)
        self._levels_before = {name: logging.getLogger(name).level for name in _LEVELS}
        self._set_up(root, level)

    def _set_up(self, root: logging.Logger, level: str) -> None:
        root.handlers[:] = [self._lines]
        root.setLevel(level.upper())
        for name, at_least in _LEVELS.items():
            logging.getLogger(name).setLevel(at_least)
        logging.captureWarnings(capture=True)
        sys.excepthook = _uncaught
        threading.excepthook = _uncaught_in_thread
        structlog.configure(
            processors=[
                structlog.stdlib.filter_by_level,
                structlog.contextvars.merge_contextvars,
                structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
            ],
            wrapper_class=structlog.stdlib.BoundLogger,
            logger_factory=structlog.stdlib.LoggerFactory(),
            cache_logger_on_first_use=False,
        )

    def hide(self, secrets: Iterable[Secret]) -> None:
        """Take these secrets out of every line from now on.

        Those before them stay hidden too, until the next call: queries that were begun with them may still fail.
        """
        fresh = tuple(secrets)
        self._scrubber, self._secrets = Scrubber({*self._secrets, *fresh}), fresh

    def scrub(self, text: str) -> str:
        """The text without the secrets, for whatever else leaves the program."""
        return self._scrubber(text)

    @property
    def lost(self) -> int:
        """Lines that could not be written: the disk is full, or nobody reads."""
        return self._lines.lost

    def close(self) -> None:
        root = logging.getLogger()
        root.handlers[:], level, sys.excepthook, threading.excepthook = self._before
        root.setLevel(level)
        for name, before in self._levels_before.items():
            logging.getLogger(name).setLevel(before)
        logging.captureWarnings(capture=False)
        structlog.reset_defaults()

    # Processors, in the order in which they see an event

    def _told(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        """The same fields in the same order, whoever speaks."""
        record: logging.LogRecord = event.pop("_record")
        is_ours = event.pop("_from_structlog")
        if not is_ours:
            event = structlog.contextvars.merge_contextvars(_logger, _method, event)
        said = {key: value for key, value in event.items() if key not in _RESERVED}
        said |= error_of(said.pop("exc_info", None), said.pop("stack_info", None))
        if record.levelno >= logging.WARNING:
            said["todo"] = said.pop("todo", None) or _TODO.get(record.name.partition(".")[0], _TODO_OTHERWISE)
        at = datetime.fromtimestamp(record.created, UTC)
        return {
            "event": event.get("event", ""),
            "level": record.levelname.lower(),
            "at": f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z",
            "logger": record.name,
            **said,
        }

    def _scrubbed(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        return {key: value if key in _OURS else self._scrubber.within(value) for key, value in event.items()}

    def _render(self, _logger: WrappedLogger, _method: str, event: EventDict) -> str:
        harmless = {one_line(str(key)): one_line(value) for key, value in event.items()}
        if self._is_terminal:
            text = as_text(harmless, self._zone)
            return text.encode("ascii", "backslashreplace").decode() if self._is_ascii else text
        return as_json(harmless, is_ascii=self._is_ascii)


class _Lines(logging.StreamHandler[TextIO]):
    """Writes lines; one that cannot be written is counted, and neither ends a tick nor is printed unscrubbed."""

    lost = 0

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - named by the standard library
        del record
        self.lost += 1


def _is_news(record: logging.LogRecord) -> bool:
    return not (record.name.startswith("alembic.") and str(record.msg).startswith(_NO_NEWS))


def set_up_logs(
    stream: TextIO, *, is_terminal: bool, secrets: Iterable[Secret], timezone: str = "UTC", level: str = "info"
) -> Logs:
    """From now on everything is logged to the stream.

    Args:
        stream: where lines go.
        is_terminal: readable lines, by the clocks of `timezone`, in place of JSON with times in UTC.
        secrets: what no line may hold; `scrubbing.secrets_in(settings)`. A reload calls `hide` with the new ones.
        timezone: for readable lines.
        level: the lowest that is written; a tick with nothing to do is `debug`.
    """
    logs = Logs(stream, is_terminal=is_terminal, timezone=timezone, level=level)
    logs.hide(secrets)
    return logs


def tick_begins(at: datetime) -> None:
    """From now on every line of this thread, those of libraries too, belongs to the tick at this instant."""
    structlog.contextvars.bind_contextvars(tick=at.isoformat(timespec="seconds"))


def tick_is_over() -> None:
    """Lines belong to no tick any more."""
    structlog.contextvars.unbind_contextvars("tick")


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Python would print it as it is, secrets included."""
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    _tell_of_end(error, "main")


def _uncaught_in_thread(end: threading.ExceptHookArgs) -> None:
    if end.exc_value is not None and end.exc_type is not SystemExit:
        _tell_of_end(end.exc_value, end.thread.name if end.thread is not None else "")


def _tell_of_end(error: BaseException, thread: str) -> None:
    todo = "please report this line"
    structlog.get_logger("detector").critical("a thread ended by a mistake", exc_info=error, thread=thread, todo=todo)
