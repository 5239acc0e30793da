"""detector status."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

import click

from detector.alerting.due import next_due_at
from detector.cli.options import AHEAD, FAILED, as_json, config_option, json_option, say, show_time
from detector.model.notification import Delivery, DeliveryStatus
from detector.model.rulebook import RuleBook
from detector.model.span import at_epoch
from detector.model.state import HistoryBlock, Seasons
from detector.ports import Store

__all__ = ["status"]

NEWEST_DATA_WITHIN = timedelta(days=14)

GIVEN_UP_WITHIN = timedelta(days=7)
"""For so long a message that never arrived is something that is wrong; afterwards it is history."""


@dataclass(frozen=True, slots=True)
class MetricRow:
    """What is known of one metric; times are None where nothing is."""

    metric: str
    outcome: str | None
    bucket: datetime | None
    value: float | None
    expected: float | None
    reason: str
    newest_data: datetime | None
    read_until: datetime | None
    follows: str
    next: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """The whole answer."""

    metrics: Sequence[MetricRow]
    last_deploy_heard_at: datetime | None
    channels: Mapping[str, Sequence[str]]
    incidents: Sequence[int]
    wrong: Sequence[str]


@click.command()
@config_option
@json_option
def status(config: Path, *, is_json: bool) -> int:
    """Tell what every metric, source and channel is doing, and what is wrong."""
    from detector.app import load_book, open_store_of, system_clock

    book, now = load_book(config), system_clock().now()
    with open_store_of(book.settings) as store:
        found = Standing(
            metrics=_metrics(book, store, now),
            last_deploy_heard_at=store.last_heard_at(now),
            channels={name: [str(channel) for channel in team.notify] for name, team in book.settings.teams.items()},
            incidents=[one.number for one in store.incidents(only_live=True)],
            wrong=_wrong(book, store, now),
        )
    if is_json:
        as_json(asdict(found))
    else:
        _print(found, book.settings.timezone)
    return FAILED if found.wrong else 0


def _metrics(book: RuleBook, store: Store, now: datetime) -> list[MetricRow]:
    states, last = store.metric_states(), store.last_outcomes()
    blocks = store.history(list(book.metrics), now - NEWEST_DATA_WITHIN)
    rows = []
    for name, metric in book.metrics.items():
        outcome, state = last.get(name), states.get(name)
        rows.append(
            MetricRow(
                metric=name,
                outcome=None if outcome is None else str(outcome.kind),
                bucket=None if outcome is None else outcome.span.start_at,
                value=None if outcome is None else outcome.value,
                expected=None if outcome is None else outcome.expected,
                reason="" if outcome is None else outcome.reason,
                newest_data=_newest_data(blocks.get(name)),
                read_until=None if state is None else state.read_until,
                follows=_follows(None if state is None else state.seasons),
                next=next_due_at(metric, now),
            )
        )
    return rows


def _follows(seasons: Seasons | None) -> str:
    if seasons is None or seasons.is_assumed:
        return "taken to follow hour of day and day of week"
    found = [season for season, is_there in (("hour of day", seasons.day), ("day of week", seasons.week)) if is_there]
    return f"follows {' and '.join(found) or 'neither hour of day nor day of week'}"


def _newest_data(block: HistoryBlock | None) -> datetime | None:
    """Start of the newest bucket that is known and not empty."""
    full = [] if block is None else block.starts[block.known & (block.values != 0)].tolist()
    return at_epoch(full[-1]) if full else None


def _wrong(book: RuleBook, store: Store, now: datetime) -> list[str]:
    timezone = book.settings.timezone
    asked = book.metrics.keys() | {metric.source for metric in book.metrics.values()}
    wrong = [str(fault) for fault in book.faults]
    wrong += [
        f"{one.source}: fails since {show_time(one.failing_since, timezone)}: {one.error}"
        for one in store.source_health().values()
        if one.failing_since is not None and one.source in asked
    ]
    wrong += [
        f"team {one.notification.team}, channel {one.channel + 1}: {one.notification.title!r} is not sent after "
        f"{one.attempts} attempts: {one.error}"
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


def _print(found: Standing, timezone: str) -> None:
    for row in found.metrics:
        say(_line(row, timezone))
    heard_at = found.last_deploy_heard_at
    say(f"last deploy heard of: {show_time(heard_at, timezone) if heard_at else 'none yet'}")
    for team, addresses in found.channels.items():
        say(f"team {team}: {', '.join(addresses)}")
    say(f"incidents going on: {', '.join(map(str, found.incidents)) or 'none'}")
    for line in found.wrong:
        say(f"wrong: {line}")
    if not found.wrong:
        say("nothing is wrong")


def _line(row: MetricRow, timezone: str) -> str:
    if row.outcome is None or row.bucket is None:
        return f"{row.metric}: not judged yet; next {show_time(row.next, timezone)}"
    value = "" if row.value is None else f" {row.value:,.6g}"
    usual = "" if row.expected is None else f", usually {row.expected:,.6g}"
    why = f" ({row.reason})" if row.reason else ""
    newest = "none for two weeks" if row.newest_data is None else show_time(row.newest_data, timezone)
    return (
        f"{row.metric}: {row.outcome}{value}{usual} in the bucket of {show_time(row.bucket, timezone)}{why}; "
        f"{row.follows}; newest data {newest}; next {show_time(row.next, timezone)}"
    )
