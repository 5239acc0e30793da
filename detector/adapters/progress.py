"""Long work shows itself on a terminal, and stays silent in a pipe."""

import sys
from typing import TextIO

__all__ = ["TerminalProgress"]


class TerminalProgress:
    """One line on standard error that is written over until the work is done."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = sys.stderr if out is None else out
        self._width = 0

    def step(self, text: str, done: int, total: int) -> None:
        if not self._out.isatty():
            return
        line = "" if done >= total else f"{text}: {done} of {total}"
        self._out.write("\r" + line.ljust(self._width) + ("\r" if not line else ""))
        self._out.flush()
        self._width = len(line)
