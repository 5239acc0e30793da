"""How the demo speaks on a terminal: one line for a quiet hour, a box for a message."""

from datetime import datetime

from rich.box import ROUNDED
from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from detector.demo.trade import ZONE
from detector.model.notification import Notification, SendResult
from detector.model.secret import Secret

__all__ = ["Terminal"]

PIPE_WIDTH = 120


class Terminal:
    """Prints what happens; as a `ports.Notifier` it is every channel of every team."""

    def __init__(self, console: Console | None = None) -> None:
        """A console that is no terminal gets lines of 120 characters."""
        self._console = console or Console(highlight=False)
        if not self._console.is_terminal:
            self._console.width = PIPE_WIDTH

    def say(self, text: str = "") -> None:
        """A paragraph between the scenes."""
        self._console.print(Text(text))

    def note(self, at: datetime, text: str, *, loud: bool = False) -> None:
        """One line with the wall clock of the shop in front."""
        line = Text(f"  {at.astimezone(ZONE):%H:%M}  ", style="dim").append(text, style="bold" if loud else "not dim")
        self._console.print(line)

    def send(self, channel: Secret, notification: Notification, *, may_repeat: bool) -> SendResult:  # noqa: ARG002  every channel is this terminal
        """Print one message as it was written."""
        body = Text(notification.title, style="bold").append(f"\n{notification.body}", style="not bold")
        if may_repeat:
            body.append("\npossible repeat")
        at = f"{notification.created_at.astimezone(ZONE):%H:%M}"
        title = Text(f" {at} to team {notification.team} ")
        self._console.print(Panel(body, box=ROUNDED, title=title, title_align="left", padding=(0, 1)))
        return SendResult(ok=True)
