"""What the web needs from the daemon around it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from detector.model.deploy import Added
from detector.model.rulebook import RuleBook
from detector.ports import Clock, Store
from detector.web.receiving import Receiver

__all__ = ["Desk", "Health"]

PERIODS_OF_SILENCE = 2
"""One missed period may be a slow source; after two nobody is at work."""


@dataclass(frozen=True, slots=True)
class Health:
    """How the daemon is, as anybody may know it: nothing in it is a secret.

    Attributes:
        silent_s: seconds since the scheduler gave a sign of life, by a clock that nobody sets.
        ticked_at: when a tick last came to its end; None: never.
        period_s: from one sign of life to the next.
        reads_store: the store answered when it was last asked.
        has_rules: a rule book is loaded, perhaps the one before the newest mistake.
        has_lease: this daemon is the one that ticks; otherwise it waits for another one to end.
        ticks_end: the newest tick did not end by a mistake of the detector.
    """

    silent_s: float
    ticked_at: datetime | None = None
    period_s: float = 60.0
    reads_store: bool = True
    has_rules: bool = True
    has_lease: bool = True
    ticks_end: bool = True

    @property
    def is_alive(self) -> bool:
        """The scheduler moves; waiting for another daemon is life as well."""
        return self.silent_s <= PERIODS_OF_SILENCE * self.period_s

    @property
    def is_ready(self) -> bool:
        """All that comes in is looked at within a period."""
        return not self.why_not

    @property
    def why_not(self) -> tuple[str, ...]:
        """What stands between this daemon and being ready; empty when nothing does."""
        silent = (
            f"no sign of life from the scheduler for {self.silent_s:.0f} s; it gives one every {self.period_s:.0f} s"
        )
        said = (
            (self.is_alive, silent),
            (self.reads_store, "the store cannot be read"),
            (self.has_rules, "no rules are loaded"),
            (self.has_lease, "another daemon holds the store; this one waits for it to end"),
            (self.ticks_end, "the newest tick broke by a mistake of the detector; its log says more"),
        )
        return tuple(text for is_fine, text in said if not is_fine)


@dataclass(frozen=True, slots=True)
class Desk:
    """The daemon's hands, as the web sees them. Everything here may be called from several threads at a time.

    Attributes:
        book: the rules and settings of this moment; a reload swaps them.
        health: how the daemon is; called for each probe, so it should not take long.
        render_metrics: the text for Prometheus and its content type.
        feeds: the receivers of this moment by name.
        refused: counts a request that was refused; the reason is one word of few: `token`, `signature`, `path`, `size`,
            `slow`, `content`, `conflict`, `pace`, `store` or `error`.
        reported: counts what became of reports, by `api` or the name of a feed.
    """

    store: Store
    clock: Clock
    book: Callable[[], RuleBook]
    health: Callable[[], Health]
    render_metrics: Callable[[], tuple[bytes, str]]
    feeds: Callable[[], Mapping[str, Receiver]]
    refused: Callable[[str], None]
    reported: Callable[[str, Iterable[Added]], None]
