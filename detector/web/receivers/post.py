"""What a reader of one sender's requests gets, and what it makes of them."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from detector.linking.announced import Arrival, announced
from detector.linking.mapping import look_up
from detector.model.deploy import Deploy
from detector.model.feed import Feed
from detector.web.strict_json import read_json

__all__ = ["Post", "Reader", "Reading", "at", "digest_of"]


def digest_of(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


@dataclass(frozen=True, slots=True)
class Post:
    """One request that was proven to come from the sender."""

    feed: Feed
    headers: Mapping[str, str]
    body: bytes
    now: datetime

    def header(self, name: str) -> str:
        return self.headers.get(name, "").strip()

    @property
    def arrival(self) -> Arrival:
        return Arrival(self.now, digest_of(self.body))

    def document(self) -> object:
        """The body as JSON.

        Raises:
            NotJson: it is none.
        """
        return read_json(self.body)

    def announced(self, said: Mapping[str, object]) -> tuple[Deploy, ...]:
        """The report that these fields mean.

        Raises:
            Unfit: a field that cannot be.
        """
        return announced(said, self.feed, self.arrival)


@dataclass(frozen=True, slots=True)
class Reading:
    """Reports, and what to tell the sender where there are none; `delivery` is its number of the request, if any."""

    reports: tuple[Deploy, ...] = ()
    text: str = ""
    delivery: str = ""


Reader = Callable[[Post], Reading]
"""Raises NotJson or Unfit for what cannot be read."""


def at(document: object, *path: str) -> object:
    return look_up(path, document)
