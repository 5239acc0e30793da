"""What `detector status` finds: how far each metric is, and what is wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from detector.alerting.due import due_buckets, next_due_at
from detector.alerting.numbers import duration, measure_of
from detector.cli.following import follows
from detector.cli.options import AHEAD, counted, show_time
from detector.model.metric import Metric
from detector.model.notification import Delivery, DeliveryStatus
from detector.model.rulebook import RuleBook
from detector.model.span import at_epoch
from detector.model.state import HistoryBlock, MetricState
from detector.model.verdict import Outcome
from detector.pipeline.pulled import named_for_reading
from detector.ports import Store

__all__ = ["MetricRow", "Standing", "StoreRow", "ago", "shortly_ago", "size_in_words", "standing"]

NEWEST_DATA_WITHIN = timedelta(days=14)

GIVEN_UP_WITHIN = timedelta(days=7)
"""For so long a message that never arrived is something that is wrong; afterwards it is history."""

PATIENCE = timedelta(minutes=15)
"""Daemons tick every minute and may miss some; what waits longer, and for its own length, waits for nobody."""


NO_TICK_FOR = timedelta(minutes=10)
"""A daemon ticks every minute, and some people tick every five from cron; who is silent for so long has stopped."""


@dataclass(frozen=True, slots=True)
class StoreRow:
    """Where the detector keeps its memory, without secrets, and how much of a disk that takes."""

    place: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class MetricRow:
    """What is known of one metric; times are None where nothing is, texts empty.

    `members` are the values of the column `each` that are judged as series of their own.
    """

    metric: str
    title: str
    outcome: str | None
    bucket: datetime | None
    value: float | None
    expected: float | None
    value_in_words: str
    expected_in_words: str
    reason: str
    newest_data: datetime | None
    read_until: datetime | None
    follows: str
    each: str | None
    members: int
    overdue: int
    overdue_since: datetime | None
    next: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """The whole answer."""

    metrics: Sequence[MetricRow]
    last_judged_at: datetime | None
    last_tick_at: datetime | None
    last_deploy_heard_at: datetime | None
    channels: Mapping[str, Sequence[str]]
    incidents: Sequence[int]
    store: StoreRow
    wrong: Sequence[str]


def standing(book: RuleBook, store: Store, now: datetime) -> Standing:
    rows, last = _metrics(book, store, now), store.last_outcomes()
    last_judged_at = max((outcome.judged_at for outcome in last.values()), default=None)
    last_tick_at = store.last_beat_at()
    return Standing(
        metrics=rows,
        last_judged_at=last_judged_at,
        last_tick_at=last_tick_at,
        last_deploy_heard_at=store.last_heard_at(now),
        channels={name: [str(channel) for channel in team.notify] for name, team in book.settings.teams.items()},
        incidents=[one.number for one in store.incidents(only_live=True)],
        store=StoreRow(str(book.settings.store), store.size_bytes()),
        wrong=[
            *_idle(book, rows, last_judged_at),
            *_stopped(last_tick_at, last_judged_at, now),
            *_wrong(book, store, now),
        ],
    )


def _metrics(book: RuleBook, store: Store, now: datetime) -> list[MetricRow]:
    states, last = store.metric_states(), store.last_outcomes()
    members = store.members()
    blocks = store.history(list(book.metrics), now - NEWEST_DATA_WITHIN)
    failing = {name for name, health in store.source_health().items() if health.failing_since is not None}
    rows = []
    for name, metric in book.metrics.items():
        # What a failing source left is due as well, but not for want of ticks.
        state = states.get(name)
        waiting = (0, None) if failing & {name, metric.source} else _overdue(metric, state, now)
        row = _row(metric, last.get(name), state, _newest_data(blocks.get(name)), waiting, now)
        rows.append(replace(row, members=len(members[name].names)) if metric.each and name in members else row)
    return rows


def _row(
    metric: Metric,
    outcome: Outcome | None,
    state: MetricState | None,
    newest_data: datetime | None,
    waiting: tuple[int, datetime | None],
    now: datetime,
) -> MetricRow:
    measure = measure_of(metric)
    value, expected = (None, None) if outcome is None else (outcome.value, outcome.expected)
    against = float("inf") if expected is None else expected
    return MetricRow(
        metric=metric.name,
        title=metric.title,
        outcome=None if outcome is None else str(outcome.kind),
        bucket=None if outcome is None else outcome.span.start_at,
        value=value,
        expected=expected,
        value_in_words="" if value is None else measure.exact(value, against),
        expected_in_words="" if expected is None else measure.about(expected),
        reason="" if outcome is None else outcome.reason,
        newest_data=newest_data,
        read_until=None if state is None else state.read_until,
        follows=follows(None if state is None else state.seasons),
        each=metric.each,
        members=0,
        overdue=waiting[0],
        overdue_since=waiting[1],
        next=next_due_at(metric, now),
    )


def _overdue(metric: Metric, state: MetricState | None, now: datetime) -> tuple[int, datetime | None]:
    """How many buckets wait too long, and since when the oldest does; none of a metric that was never judged."""
    if state is None or state.judged_until is None:
        return 0, None
    due = due_buckets(metric, state, now)
    lateness = timedelta(seconds=metric.lateness_s)
    since = [span.end_at + lateness for span in (*due.skip, *due.judge)]
    is_overdue = bool(since) and now - since[0] > max(PATIENCE, timedelta(seconds=metric.every_s))
    return (len(since), since[0]) if is_overdue else (0, None)


def _idle(book: RuleBook, rows: Sequence[MetricRow], last_judged_at: datetime | None) -> list[str]:
    """What is not watched although somebody may think so."""
    if not rows:
        return [f"no metric is watched: there is no valid rule in {book.settings.rules}"]
    if last_judged_at is None:
        return ["nothing has ever been judged; start the detector: detector run (or detector tick from cron)"]
    return [
        f"{row.metric}: {row.overdue} {'bucket is' if row.overdue == 1 else 'buckets are'} due since "
        f"{show_time(row.overdue_since, book.settings.timezone)}; is the detector running?"
        for row in rows
        if row.overdue_since is not None
    ]


def _stopped(last_tick_at: datetime | None, last_judged_at: datetime | None, now: datetime) -> list[str]:
    """A daemon that was there and is not; unless ticks come from elsewhere since then, such as from cron."""
    if last_tick_at is None or now - last_tick_at <= NO_TICK_FOR:
        return []
    if last_judged_at is not None and last_judged_at - last_tick_at > NO_TICK_FOR:
        return []
    return [f"the last tick was {shortly_ago(last_tick_at, now)}, and one a minute is due; is the detector running?"]


def _newest_data(block: HistoryBlock | None) -> datetime | None:
    """Start of the newest bucket that is known and not empty."""
    full = [] if block is None else block.starts[block.known & (block.values != 0)].tolist()
    return at_epoch(full[-1]) if full else None


def _wrong(book: RuleBook, store: Store, now: datetime) -> list[str]:
    timezone = book.settings.timezone
    asked = book.metrics.keys() | {metric.source for metric in book.metrics.values()}
    asked |= {named_for_reading(metric) for metric in book.metrics.values() if metric.each is not None}
    wrong = [str(fault) for fault in book.faults]
    wrong += [
        f"{one.source}: fails since {show_time(one.failing_since, timezone)}: {one.error}"
        for one in store.source_health().values()
        if one.failing_since is not None and one.source in asked
    ]
    wrong += [
        f"team {one.notification.team}, channel {one.channel + 1}: {one.notification.title!r} is not sent after "
        f"{counted(one.attempts, 'attempt')}: {one.error}"
        for one in store.deliveries(only_unsent=True)
        if one.attempts and not _is_past(one, now)
    ]
    wrong += [
        f"{state.metric}: a tick for {show_time(state.judged_until, timezone)} has judged it ahead of the clock; "
        "nothing is due before then. Put the store's backup from before in place, or wait"
        for state in store.metric_states().values()
        if state.judged_until is not None and state.judged_until > now + AHEAD and state.metric in book.metrics
    ]
    return wrong


def _is_past(delivery: Delivery, now: datetime) -> bool:
    """Given up so long ago that nobody can do anything about it."""
    is_old = now - delivery.notification.created_at > GIVEN_UP_WITHIN
    return delivery.status is DeliveryStatus.GIVEN_UP and is_old


def ago(at: datetime, now: datetime) -> str:
    return f"{duration(now - at)} ago"


def shortly_ago(at: datetime, now: datetime) -> str:
    """In seconds while it is a matter of seconds."""
    seconds = max(0, round((now - at).total_seconds()))
    return f"{seconds} s ago" if seconds < 120 else ago(at, now)  # noqa: PLR2004 - two minutes


def size_in_words(size_bytes: int) -> str:
    """In the units that disks are sold in."""
    for unit, size in (("GB", 10**9), ("MB", 10**6)):
        if size_bytes >= size:
            return f"{size_bytes / size:.1f} {unit}"
    return f"{size_bytes / 1000:.0f} kB"
