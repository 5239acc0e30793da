"""What the admins read when the detector itself is in trouble, and when it is over.

Each message is decided on by its key: the same trouble on the same day is one message, however often it is found.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from detector.alerting.inert import inert
from detector.alerting.numbers import duration
from detector.alerting.wording_times import LocalTimes
from detector.errors import Fault
from detector.model.notification import Notification, Reason
from detector.model.rulebook import Settings

__all__ = [
    "ChannelTrouble",
    "clock_stepped",
    "judged_ahead",
    "rules_load_again",
    "rules_not_loading",
    "store_failing",
    "store_works_again",
    "ticks_broken",
    "ticks_late",
    "write_channel",
    "write_channel_back",
]

_MOST_FAULTS = 10
_MOST_TITLES = 3


@dataclass(frozen=True, slots=True)
class ChannelTrouble:
    """A channel that does not take messages.

    Attributes:
        team, channel: whose, and its position in `notify`, from 0.
        since: when the oldest message that waits for it was decided on, or the one that was given up.
        waiting, given_up: how many messages try again, and how many do not any more.
        attempts: the most that were made for one of them.
        error: of the newest attempt, without secrets.
        titles: of the messages that did not arrive, newest first.
        others, others_failing: the team's other channels, and how many of those fail as well.
    """

    team: str
    channel: int
    since: datetime
    waiting: int
    given_up: int
    attempts: int
    error: str
    titles: tuple[str, ...]
    others: int
    others_failing: int


def write_channel(trouble: ChannelTrouble, timezone: str, now: datetime) -> tuple[str, str]:
    """Title and body when nothing arrives on a channel."""
    times, team = LocalTimes(timezone, now), inert(trouble.team, 60)
    counted = [
        f"{_messages(trouble.waiting)} waiting after up to {_attempts(trouble.attempts)}" if trouble.waiting else "",
        f"{_messages(trouble.given_up)} given up, not to be sent any more" if trouble.given_up else "",
    ]
    more = len(trouble.titles) - _MOST_TITLES
    lines = [
        f"Since {times.at(trouble.since)} ({timezone}): {'; '.join(filter(None, counted))}",
        f"Error: {inert(trouble.error)}" if trouble.error else "",
        *(f"Did not arrive: {inert(title)}" for title in trouble.titles[:_MOST_TITLES]),
        f"... and {more} more" if more > 0 else "",
        _others(trouble, team),
        f"Correct the address of team {team} in detector.yml, and try it: detector notify {team} --test",
    ]
    return f"Messages to team {team} do not arrive on its channel {trouble.channel + 1}", _joined(lines)


def _others(trouble: ChannelTrouble, team: str) -> str:
    if trouble.others == trouble.others_failing:
        ways = "no other channel" if trouble.others == 0 else "no other channel that works"
        return f"Team {team} has {ways}: nobody there is told of an outage"
    return f"Team {team} is told on {trouble.others - trouble.others_failing} of its {trouble.others} other channels"


def write_channel_back(team: str, channel: int, since: datetime, timezone: str, now: datetime) -> tuple[str, str]:
    """Title and body when messages arrive again."""
    lines = [
        f"Nothing had arrived there since {LocalTimes(timezone, now).at(since)} ({timezone}), {duration(now - since)}",
        "What was still waiting is sent now; what was given up is listed by: detector status",
    ]
    return f"Messages to team {inert(team, 60)} arrive on its channel {channel + 1} again", _joined(lines)


def rules_not_loading(faults: Sequence[Fault], settings: Settings, now: datetime) -> tuple[Notification, ...]:
    """That files cannot be used, with the first ten mistakes; the same mistakes once a day."""
    listed = [f"{inert(_place(fault))}: {inert(fault.message, 300)}" for fault in faults[:_MOST_FAULTS]]
    more = len(faults) - _MOST_FAULTS
    lines = [
        *listed,
        f"... and {more} more" if more > 0 else "",
        "Metrics that were loaded before are watched as they were; those that never were, not at all",
        "The files are read again as soon as they change; to look yourself: detector check",
    ]
    mistakes = "1 mistake" if len(faults) == 1 else f"{len(faults)} mistakes"
    digest = hashlib.sha256("\n".join(str(fault) for fault in faults).encode("utf-8", "replace")).hexdigest()[:12]
    key = f"rules/{digest}/{now:%Y-%m-%d}"
    return _to_admins(settings, key, Reason.RULES_FAILING, (f"Rules do not load: {mistakes}", _joined(lines)), now)


def rules_load_again(settings: Settings, now: datetime) -> tuple[Notification, ...]:
    """That the files can be used, after they could not."""
    words = ("Rules load again", "Every file is used from now on as it stands")
    return _to_admins(settings, f"rules/back/{now.isoformat()}", Reason.RULES_BACK, words, now)


def clock_stepped(step: timedelta, settings: Settings, now: datetime) -> tuple[Notification, ...]:
    """That somebody set the clock while the daemon ran; once a day and direction.

    Args:
        step: positive: ahead.
        settings: whom to tell, and by which clocks.
        now: after the step.
    """
    times, is_ahead = LocalTimes(settings.timezone, now), step > timedelta()
    direction = "ahead" if is_ahead else "back"
    if is_ahead:
        meaning = [
            "Nothing is judged for the next ten minutes; then what fell due in between is judged, each bucket once",
            "If the clock is wrong now, set it right before: hours that are still to come would look empty",
        ]
    else:
        until = times.at(now - step)
        meaning = [
            f"Nothing is judged twice: what is judged stays, and more falls due when the clock reads {until} again",
            "If the clock had been wrong before, outcomes of that time may be wrong: see detector status",
        ]
    lines = [f"From {times.at(now - step)} to {times.at(now)} ({settings.timezone})", *meaning]
    words = (f"The detector's clock was set {direction} by {duration(step)}", _joined(lines))
    return _to_admins(settings, f"clock/{direction}/{now:%Y-%m-%d}", Reason.CLOCK_STEPPED, words, now)


def ticks_late(minutes: int, settings: Settings, now: datetime) -> tuple[Notification, ...]:
    """That so many minutes of the last hour got no tick of their own; once a day."""
    lines = [
        "What fell due was judged by later ticks, and told later than it could have been",
        "Look for slow sources and channels: detector_query_duration_seconds and detector_busy_lanes in /metrics",
        "If there are none, give the detector more of the machine",
    ]
    words = (f"The detector does not keep up: {minutes} minutes of the last hour got no tick", _joined(lines))
    return _to_admins(settings, f"late/{now:%Y-%m-%d}", Reason.TICKS_LATE, words, now)


def ticks_broken(mistake: str, settings: Settings, now: datetime) -> tuple[Notification, ...]:
    """That a tick ended by a mistake of the detector's own. It goes past the outbox, which needs a tick."""
    lines = [
        f"Mistake: {inert(mistake, 80)}; the log has the rest of it: please report that line",
        "Nothing of that tick was recorded; as long as every tick ends like this nobody watches",
    ]
    words = ("The detector's ticks break off", _joined(lines))
    return _to_admins(settings, "ticks/broken", Reason.TICKS_BROKEN, words, now)


def judged_ahead(metrics: int, until: datetime, settings: Settings, now: datetime) -> tuple[Notification, ...]:
    """That buckets were judged that are still to come, by a clock that was ahead; once a day."""
    times = LocalTimes(settings.timezone, now)
    lines = [
        f"Until {times.at(until)} ({settings.timezone}) nothing more falls due for the last of them",
        "The clock was ahead when they were judged. If it is right now, put the store's backup from before in place",
    ]
    metrics_are = "1 metric is" if metrics == 1 else f"{metrics} metrics are"
    words = (f"{metrics_are} judged ahead of the clock, and not watched until it comes there", _joined(lines))
    return _to_admins(settings, f"ahead/{now:%Y-%m-%d}", Reason.CLOCK_STEPPED, words, now)


def store_failing(error: str, settings: Settings, now: datetime) -> tuple[Notification, ...]:
    """That nothing can be kept. It cannot go through the outbox, which is what fails: whoever sends it counts hours."""
    lines = [
        f"Error: {inert(error, 400)}",
        "As long as the store can be read, what is found is told at once and may be told again; else nobody watches",
        "What falls due meanwhile is judged when the store works again, up to a day of it",
        "Messages that were decided on before wait until then",
    ]
    words = ("The detector cannot write to its store", _joined(lines))
    return _to_admins(settings, "store/failing", Reason.STORE_FAILING, words, now)


def store_works_again(since: datetime, settings: Settings, now: datetime) -> tuple[Notification, ...]:
    """That ticks are recorded again, after `store_failing` was said; this one can go through the outbox."""
    was = f"It had failed since {LocalTimes(settings.timezone, now).at(since)} ({settings.timezone})"
    words = (
        "The detector's store works again",
        f"{was}, {duration(now - since)}\nWhat fell due meanwhile is judged now",
    )
    return _to_admins(settings, f"store/back/{since.isoformat()}", Reason.STORE_BACK, words, now)


def _to_admins(
    settings: Settings, key: str, reason: Reason, words: tuple[str, str], now: datetime
) -> tuple[Notification, ...]:
    """One message, or none where nobody was named `admins`."""
    if settings.admins is None:
        return ()
    return (Notification(key, settings.admins, reason, *words, now),)


def _place(fault: Fault) -> str:
    return f"{fault.file}:{fault.line}" if fault.line else fault.file


def _messages(count: int) -> str:
    return "1 message" if count == 1 else f"{count} messages"


def _attempts(count: int) -> str:
    return "1 attempt" if count == 1 else f"{count} attempts"


def _joined(lines: Sequence[str]) -> str:
    return "\n".join(line for line in lines if line)
