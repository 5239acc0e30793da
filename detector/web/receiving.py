"""What a feed's receiver is, for the route that hosts it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from detector.model.deploy import Deploy, Receipt

__all__ = ["Receiver", "Reception"]


@dataclass(frozen=True, slots=True)
class Reception:
    """What a receiver makes of one request.

    Attributes:
        status: HTTP status: 401 for whatever could not be proven to come from the sender (answered with the one body
            that all of them get; `text` is only logged), 400 or 422 for what cannot be read, 2xx for the rest.
        text: one plain sentence for the sender; why, where nothing is recorded. Holds no secret.
        reports: what to keep; empty for events that say nothing about a change.
        receipt: the sender's number of the request; None where the sender has none.
    """

    status: int
    text: str
    reports: tuple[Deploy, ...] = ()
    receipt: Receipt | None = None


class Receiver(Protocol):
    """Turns one sender's requests into reports; touches neither store nor network."""

    def accept(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Reception:
        """Verify and read one request; called in worker threads, several at a time.

        Args:
            headers: by lower-case name, the last one of each name; decoded as Latin-1, so any byte may occur.
            body: raw, at most 64 KiB, as the signature covers it.
            now: the clock's time, for the age of signatures and for `received_at`.

        Returns:
            The answer; a request that is wrong is a `Reception` with its status, never an exception.
        """
        ...
