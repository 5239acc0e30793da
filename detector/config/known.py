"""What the checks of one value may need to know of the rest: names that detector.yml declares."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ChannelCheck", "Known"]

# Gets a channel's URL, and returns a complaint without secrets, or None when the channel can be used.
ChannelCheck = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Known:
    """Declared names, those of entries with mistakes included, so that one mistake is reported once.

    Attributes:
        folder: of detector.yml.
        sources: name, and the SQL parser's dialect; None where it cannot be told.
        teams: names.
        services: name, and its team or None.
        check_channel: asked about every channel, if given.
    """

    folder: Path
    sources: Mapping[str, str | None]
    teams: frozenset[str]
    services: Mapping[str, str | None]
    check_channel: ChannelCheck | None = None
