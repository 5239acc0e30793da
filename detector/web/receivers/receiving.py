"""The way of every request: proof, JSON, reader, receipt."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from detector.linking.announced import Unfit
from detector.linking.report_texts import LONGEST
from detector.model.deploy import Receipt
from detector.model.feed import Feed, FeedKind
from detector.web.receivers.cdevents import read_cdevents
from detector.web.receivers.generic import read_mapped
from detector.web.receivers.github import read_github
from detector.web.receivers.gitlab import read_gitlab
from detector.web.receivers.post import Post, Reader, Reading, digest_of
from detector.web.receivers.proof import doubt_about
from detector.web.receiving import Reception
from detector.web.strict_json import NotJson

__all__ = ["FeedReceiver"]

_READERS: Mapping[FeedKind, Reader] = {
    FeedKind.GITHUB: read_github,
    FeedKind.GITLAB: read_gitlab,
    FeedKind.CDEVENTS: read_cdevents,
    FeedKind.JSON: read_mapped,
}


@dataclass(frozen=True, slots=True)
class FeedReceiver:
    """A `Receiver` for one feed."""

    feed: Feed

    def accept(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Reception:
        if doubt := doubt_about(self.feed, headers, body, now):
            return Reception(401, doubt)
        try:
            reading = _READERS[self.feed.kind](Post(self.feed, headers, body, now))
        except NotJson as error:
            return Reception(400, f"Nothing was recorded: {error}")
        except Unfit as error:
            return Reception(422, f"Nothing was recorded: {error}")
        if not reading.reports:
            return Reception(200, reading.text or "this says nothing about a change")
        return Reception(202, "recorded", reading.reports, self._receipt(reading, body, now))

    def _receipt(self, reading: Reading, body: bytes, now: datetime) -> Receipt | None:
        if not reading.delivery:
            return None
        number = reading.delivery
        if len(number) > LONGEST:
            number = digest_of(number.encode("utf-8", "surrogatepass"))
        return Receipt(self.feed.name, number, digest_of(body), now)
