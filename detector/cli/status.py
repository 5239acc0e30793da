"""detector status."""

from datetime import datetime
from pathlib import Path

import click

from detector.alerting.due import next_due_at
from detector.cli.options import FAILED, as_json, config_option, json_option, say
from detector.model.metric import Metric
from detector.model.rulebook import RuleBook
from detector.model.state import HistoryBlock, MetricState
from detector.model.verdict import Outcome
from detector.ports import Store

__all__ = ["status"]


@click.command()
@config_option
@json_option
def status(config: Path, *, is_json: bool) -> int:
    """Tell what every metric, source and channel is doing, and what is wrong."""
    from detector.app import load_book, open_store_of, system_clock

    book, now = load_book(config), system_clock().now()
    with open_store_of(book.settings) as store:
        metrics = _metric_rows(book, store, now)
        heard_at = store.last_heard_at(now)
        unsent = store.deliveries(only_unsent=True)
        wrong = [str(fault) for fault in book.faults]
        wrong += [
            f"{one.source}: fails since {one.failing_since.isoformat(timespec='minutes')}: {one.error}"
            for one in store.source_health().values()
            if one.failing_since is not None
        ]
        wrong += [
            f"team {one.notification.team}, channel {one.channel + 1}: {one.notification.title!r} is not sent after "
            f"{one.attempts} attempts: {one.error}"
            for one in unsent
            if one.attempts
        ]
        live = store.incidents(only_live=True)
    channels = {name: [str(channel) for channel in team.notify] for name, team in book.settings.teams.items()}
    if is_json:
        rows = {"metrics": metrics, "last_deploy_heard_at": heard_at, "channels": channels}
        as_json(rows | {"incidents": [one.number for one in live], "wrong": wrong})
    else:
        _print(metrics, heard_at, channels, [one.number for one in live], wrong)
    return FAILED if wrong else 0


def _metric_rows(book: RuleBook, store: Store, now: datetime) -> list[dict[str, object]]:
    states, last = store.metric_states(), store.last_outcomes()
    rows = []
    for name, metric in book.metrics.items():
        outcome, state = last.get(name), states.get(name)
        block = (
            None
            if outcome is None
            else store.history([name], outcome.span.start_at - 48 * outcome.span.length).get(name)
        )
        rows.append(_row(metric, outcome, state, block, now))
    return rows


def _row(
    metric: Metric, outcome: Outcome | None, state: MetricState | None, block: HistoryBlock | None, now: datetime
) -> dict[str, object]:
    """One metric: what was found last, how new its data is, when it is looked at again."""
    return {
        "metric": metric.name,
        "outcome": None if outcome is None else str(outcome.kind),
        "bucket": None if outcome is None else outcome.span.start_at,
        "value": None if outcome is None else outcome.value,
        "expected": None if outcome is None else outcome.expected,
        "reason": "" if outcome is None else outcome.reason,
        "newest_data": None if block is None else _newest_data(block),
        "read_until": None if state is None else state.read_until,
        "next": next_due_at(metric, now),
    }


def _newest_data(block: HistoryBlock) -> datetime | None:
    """Start of the newest bucket that is known and not empty."""
    from detector.model.span import at_epoch

    full = block.starts[block.known & (block.values != 0)]
    return at_epoch(int(full[-1])) if full.size else None


def _print(
    metrics: list[dict[str, object]],
    heard_at: datetime | None,
    channels: dict[str, list[str]],
    live: list[int],
    wrong: list[str],
) -> None:
    for row in metrics:
        if row["outcome"] is None:
            say(f"{row['metric']}: not judged yet; next {_minute(row['next'])}")
            continue
        usual = f", usually {_short(row['expected'])}" if row["expected"] is not None else ""
        value = f" {_short(row['value'])}{usual}" if row["value"] is not None else ""
        why = f" ({row['reason']})" if row["reason"] else ""
        say(
            f"{row['metric']}: {row['outcome']}{value} in the bucket of {_minute(row['bucket'])}{why}; "
            f"newest data {_minute(row['newest_data'])}; next {_minute(row['next'])}"
        )
    say(f"last deploy heard of: {_minute(heard_at) if heard_at else 'none yet'}")
    for team, addresses in channels.items():
        say(f"team {team}: {', '.join(addresses)}")
    say(f"incidents going on: {', '.join(map(str, live)) if live else 'none'}")
    for line in wrong:
        say(f"wrong: {line}")
    if not wrong:
        say("nothing is wrong")


def _minute(at: object) -> str:
    return at.isoformat(timespec="minutes") if isinstance(at, datetime) else "unknown"


def _short(value: object) -> str:
    return f"{value:,.6g}" if isinstance(value, float) else "unknown"
