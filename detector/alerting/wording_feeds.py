"""What the admins read when a table of deploys cannot be read, and when it can be again."""

from datetime import datetime

from detector.alerting.inert import inert
from detector.alerting.wording_times import LocalTimes
from detector.model.state import SourceHealth

__all__ = ["write_feed", "write_feed_back"]


def write_feed(feed: str, health: SourceHealth, timezone: str, now: datetime) -> tuple[str, str]:
    """Title and body of a feed that fails.

    Args:
        feed: its name.
        health: with the newest error, and since when.
        timezone: of the times.
        now: decides which days are named.
    """
    times = LocalTimes(timezone, now)
    since = f" since {times.at(health.failing_since)}" if health.failing_since else ""
    lines = [
        f"Error: {inert(health.error)}" if health.error else "",
        f"Times are {timezone}" if since else "",
        "Deploys in it are not known, so none of them can be named as a suspect; metrics are watched as before",
        "It is tried again every minute, and what was missed is read then, up to two days of it",
    ]
    return f"The deploys of feed {inert(feed, 60)} cannot be read{since}", "\n".join(line for line in lines if line)


def write_feed_back(feed: str) -> tuple[str, str]:
    """Title and body of a feed that answers again."""
    return (
        f"The deploys of feed {inert(feed, 60)} can be read again",
        "What was missed is read now, up to two days of it",
    )
