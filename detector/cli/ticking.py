"""detector tick, detector run."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from detector.cli.options import AHEAD, FAILED, as_json, config_option, json_option, parse_time, say, show_time
from detector.errors import UsageError
from detector.model.rulebook import RuleBook, Settings
from detector.model.tick import TickReport

__all__ = ["run", "tick"]


@click.command()
@click.option("--at", "at_text", metavar="TIME", help="The instant to evaluate; default: now.")
@click.option("--from", "from_text", metavar="TIME", help="Replay from here ...")
@click.option("--to", "to_text", metavar="TIME", help="... to here, a tick wherever something falls due.")
@config_option
@json_option
def tick(at_text: str | None, from_text: str | None, to_text: str | None, config: Path, *, is_json: bool) -> int:
    """Judge everything that is due and not judged yet, and tell the teams what they must hear."""
    from detector.app import open_app, system_clock

    if (from_text is None) != (to_text is None) or (at_text is not None and from_text is not None):
        raise UsageError("say --at TIME for one tick, or --from TIME --to TIME for many")
    with open_app(config) as app:
        _complain(app.book)
        settings = app.book.settings
        if from_text is not None and to_text is not None:
            reports = app.replay(*_span(from_text, to_text, settings))
            clean = _tell_all(reports, settings.timezone, is_json=is_json)
        else:
            now = system_clock().now()
            at = now if at_text is None else parse_time(at_text, settings, "--at")
            if at > now + AHEAD:
                say(
                    "warning: --at is ahead of this machine's clock; rows that are still to come count as none",
                    error=True,
                )
            clean = _tell_one(app.tick(at), settings.timezone, is_json=is_json)
        clean = clean and not app.book.faults
    return 0 if clean else FAILED


def _span(from_text: str, to_text: str, settings: Settings) -> tuple[datetime, datetime]:
    from_at, to_at = parse_time(from_text, settings, "--from"), parse_time(to_text, settings, "--to")
    if to_at < from_at:
        raise UsageError(f"--to {to_text} is before --from {from_text}")
    return from_at, to_at


def _tell_one(report: TickReport, timezone: str, *, is_json: bool) -> bool:
    if is_json:
        as_json(_summary(report))
    else:
        _tell(report, timezone, quiet=False)
    return report.is_clean


def _tell_all(reports: Iterable[TickReport], timezone: str, *, is_json: bool) -> bool:
    """Each tick as it comes; True when nothing failed in any of them."""
    clean, summaries = True, []
    for report in reports:
        clean = clean and report.is_clean
        if is_json:
            summaries.append(_summary(report))
        else:
            _tell(report, timezone, quiet=True)
    if is_json:
        as_json(summaries)
    return clean


@click.command()
@config_option
def run(config: Path) -> int:
    """Tick once a minute until SIGTERM or Ctrl-C."""
    from detector.app import open_app, system_clock
    from detector.daemon import run_daemon

    with open_app(config) as app:
        _complain(app.book)
        app.store.verify()
        run_daemon(app.tick, system_clock(), say)
    return 0


def _complain(book: RuleBook) -> None:
    for fault in book.faults:
        say(str(fault), error=True)


def _tell(report: TickReport, timezone: str, *, quiet: bool) -> None:
    """The report in words; in a replay only ticks that had something to say."""
    for name, failure in report.failures.items():
        say(f"{name}: {failure}", error=True)
    for notification in report.notifications:
        say(f"--- to team {notification.team} ({notification.reason}), {show_time(report.at, timezone)}")
        say(notification.title)
        say(notification.body)
    if quiet and report.is_clean and not report.notifications:
        return
    kinds: dict[str, int] = {}
    for outcome in report.outcomes:
        kinds[outcome.kind] = kinds.get(outcome.kind, 0) + 1
    counted = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())) or "nothing was due"
    sent = f"; {report.sent} sent" if report.sent else ""
    unsent = f"; {report.failed} could not be sent" if report.failed else ""
    say(f"{show_time(report.at, timezone)}: {counted}{sent}{unsent}")


def _summary(report: TickReport) -> dict[str, Any]:
    return {
        "at": report.at,
        "outcomes": [
            {
                "metric": outcome.metric,
                "bucket": outcome.span.start_at,
                "outcome": str(outcome.kind),
                "value": outcome.value,
                "expected": outcome.expected,
                "low": outcome.low,
                "high": outcome.high,
                "score": outcome.score,
                "reason": outcome.reason,
            }
            for outcome in report.outcomes
        ],
        "incidents": [
            {"number": incident.number, "team": incident.team, "state": str(incident.state)}
            for incident in report.incidents
        ],
        "notifications": [
            {"team": told.team, "reason": str(told.reason), "title": told.title, "body": told.body}
            for told in report.notifications
        ],
        "sent": report.sent,
        "failed": report.failed,
        "failures": dict(report.failures),
    }
