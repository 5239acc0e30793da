"""The log as a test reads it: set up as in the daemon, into memory."""

import io
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from detector.adapters.logs import Logs, set_up_logs
from detector.model.secret import Secret

__all__ = ["Captured", "captured"]


class Captured:
    """What was logged so far."""

    def __init__(self, stream: io.StringIO, logs: Logs) -> None:
        self._stream, self.logs = stream, logs

    @property
    def text(self) -> str:
        """As it was written."""
        return self._stream.getvalue()

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Each line, parsed as JSON."""
        return [json.loads(line) for line in self.text.splitlines()]


@contextmanager
def captured(
    secrets: Sequence[Secret] = (), *, is_terminal: bool = False, timezone: str = "Europe/Berlin", level: str = "info"
) -> Iterator[Captured]:
    """Everything that is logged inside."""
    stream = io.StringIO()
    logs = set_up_logs(stream, is_terminal=is_terminal, secrets=secrets, timezone=timezone, level=level)
    try:
        yield Captured(stream, logs)
    finally:
        logs.close()
