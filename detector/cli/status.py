"""detector status."""

from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import click

from detector.cli.options import FAILED, as_json, config_option, counted, json_option, say, show_time
from detector.cli.standing import MetricRow, Standing, ago, shortly_ago, size_in_words, standing

__all__ = ["status"]


@click.command()
@config_option
@json_option
def status(config: Path, *, is_json: bool) -> int:
    """Tell what every metric, source and channel is doing, and what is wrong."""
    from detector.app import load_book, open_store_of, system_clock

    book, now = load_book(config), system_clock().now()
    with open_store_of(book.settings) as store:
        found = standing(book, store, now)
    if is_json:
        as_json(asdict(found))
    else:
        _print(found, book.settings.timezone, now)
    return FAILED if found.wrong else 0


def _print(found: Standing, timezone: str, now: datetime) -> None:
    for row in found.metrics:
        say(_line(row, timezone))
    judged_at, heard_at = found.last_judged_at, found.last_deploy_heard_at
    say(f"last judged: {f'{show_time(judged_at, timezone)}, {ago(judged_at, now)}' if judged_at else 'never'}")
    if found.last_tick_at is not None:
        say(f"last tick: {shortly_ago(found.last_tick_at, now)}")
    say(f"last deploy heard of: {show_time(heard_at, timezone) if heard_at else 'none yet'}")
    for team, addresses in found.channels.items():
        say(f"team {team}: {', '.join(addresses)}")
    say(f"incidents going on: {', '.join(map(str, found.incidents)) or 'none'}")
    say(f"store: {found.store.place}, {size_in_words(found.store.size_bytes)}")
    for line in found.wrong:
        say(f"wrong: {line}")
    if not found.wrong:
        say("the detector itself is well")


def _line(row: MetricRow, timezone: str) -> str:
    is_said = row.title in {"", row.metric, row.metric.rpartition("/")[2]}
    name = row.metric if is_said else f"{row.metric} ({row.title})"
    due = f"next {show_time(row.next, timezone)}"
    if row.overdue_since is not None:
        due = f"overdue since {show_time(row.overdue_since, timezone)}"
    if row.outcome is None or row.bucket is None:
        return f"{name}: not judged yet; {due}"
    value = f" {row.value_in_words}" if row.value_in_words else ""
    usual = f", usually {row.expected_in_words}" if row.expected_in_words else ""
    why = f" ({row.reason})" if row.reason else ""
    newest = "unknown" if row.read_until is None else "none for two weeks"
    if row.newest_data is not None:
        newest = show_time(row.newest_data, timezone)
    beside = f", {counted(row.members, 'value')} of {row.each} beside it" if row.each is not None else ""
    return (
        f"{name}: {row.outcome}{value}{usual} in the bucket of {show_time(row.bucket, timezone)}{why}; "
        f"{row.follows}{beside}; newest data {newest}; {due}"
    )
