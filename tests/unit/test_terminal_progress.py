"""Long work on a terminal, and in a pipe."""

import io

from detector.adapters.progress import TerminalProgress


class FakeTerminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def screen(written: str) -> str:
    """What one line of a terminal shows after carriage returns."""
    line = ""
    for piece in written.split("\r"):
        line = piece + line[len(piece) :]
    return line.rstrip()


def test_the_line_is_gone_when_only_the_last_piece_is_left() -> None:
    """The last piece need not be reported, and what is printed next begins on an empty line."""
    out = FakeTerminal()
    progress = TerminalProgress(out)
    progress.step("reading", 1, 3)
    assert screen(out.getvalue()) == "reading: 1 of 3"
    progress.step("reading", 2, 3)
    assert screen(out.getvalue()) == ""
    assert out.getvalue().endswith("\r")


def test_a_line_is_cut_to_the_terminal() -> None:
    """A line that wraps could not be written over."""
    out = FakeTerminal()
    TerminalProgress(out).step("x" * 5000, 1, 9)
    assert len(out.getvalue()) < 5000


def test_a_pipe_sees_nothing() -> None:
    """Logs are no terminals."""
    out = io.StringIO()
    TerminalProgress(out).step("reading", 1, 3)
    assert out.getvalue() == ""
