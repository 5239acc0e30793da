"""Long work shows itself on a terminal, and stays silent in a pipe."""

import shutil
import sys
from typing import TextIO

__all__ = ["TerminalProgress"]


class TerminalProgress:
    """One line on standard error that is written over, and gone when the last piece begins."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = sys.stderr if out is None else out
        self._width = 0

    def step(self, text: str, done: int, total: int) -> None:
        if not self._out.isatty():
            return
        # The last piece is not always reported: what others write meanwhile must not stand behind this line.
        is_ending = done >= total - 1
        line = "" if is_ending else f"{text}: {done} of {total}"[: shutil.get_terminal_size().columns - 1]
        self._out.write("\r" + line.ljust(self._width) + ("\r" if is_ending else ""))
        self._out.flush()
        self._width = len(line)
