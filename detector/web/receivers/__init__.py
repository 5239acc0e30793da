"""Whoever announces deploys over HTTP, each in its own words.

proof.py      does the request come from the sender
post.py       what a reader gets, and what it makes of it
receiving.py  the way of every request: proof, JSON, reader, receipt
github.py, gitlab.py, cdevents.py   what these three send
generic.py    anything else, by the mapping of detector.yml
"""

from collections.abc import Mapping

from detector.model.feed import FeedKind
from detector.model.rulebook import Settings
from detector.web.receivers.receiving import FeedReceiver
from detector.web.receiving import Receiver

__all__ = ["receivers_of"]


def receivers_of(settings: Settings) -> Mapping[str, Receiver]:
    """A receiver for each feed that is posted to, by its name."""
    return {name: FeedReceiver(feed) for name, feed in settings.feeds.items() if feed.kind is not FeedKind.TABLE}
