"""detector tick, detector run."""

from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from detector.cli.options import AHEAD, FAILED, as_json, config_option, counted, json_option, parse_time, say, show_time
from detector.errors import UsageError
from detector.model.rulebook import RuleBook, Settings
from detector.model.tick import TickReport

if TYPE_CHECKING:
    from detector.app import App

__all__ = ["run", "tick"]

LEASE_PATIENCE_S = 5.0
"""Ticks from cron may overlap for a moment; a daemon on the same store does not go away, and does this work anyway."""


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
    with open_app(config) as app, app.store.lease(LEASE_PATIENCE_S):
        _complain(app.book)
        settings = app.book.settings
        if from_text is not None and to_text is not None:
            clean = _tell_all(app, _span(from_text, to_text, settings), is_json=is_json)
        else:
            now = system_clock().now()
            at = now if at_text is None else parse_time(at_text, settings, "--at")
            if at > now + AHEAD:
                say(
                    "warning: --at is ahead of this machine's clock; rows that are still to come count as none",
                    error=True,
                )
            report = app.tick(at)
            app.progress.step("", 1, 1)
            clean = _tell_one(report, settings.timezone, is_json=is_json)
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


def _tell_all(app: "App", span: tuple[datetime, datetime], *, is_json: bool) -> bool:
    """Each tick as it comes, and what it all came to; True when nothing failed in any of them."""
    timezone, (from_at, to_at) = app.book.settings.timezone, span
    clean, count, told, kinds, summaries = True, 0, 0, Counter[str](), []
    for report in app.replay(from_at, to_at):
        app.progress.step("", 1, 1)
        clean = clean and report.is_clean
        count, told = count + 1, told + len(report.notifications)
        kinds.update(str(outcome.kind) for outcome in report.outcomes)
        if is_json:
            summaries.append(_summary(report))
        else:
            _tell(report, timezone, quiet=True)
        minutes, all_minutes = _minutes(report.at - from_at), _minutes(to_at - from_at)
        app.progress.step("replaying, minutes", minutes, all_minutes + 2)
    app.progress.step("", 1, 1)
    if is_json:
        as_json(summaries)
    else:
        found = f": {_listed(kinds)}" if kinds else ""
        outcomes = counted(kinds.total(), "outcome")
        say(f"{counted(count, 'tick')}, {outcomes}{found}; {counted(told, 'message')}")
    return clean


def _minutes(length: timedelta) -> int:
    return int(length.total_seconds()) // 60


def _listed(kinds: Counter[str]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))


@click.command()
@config_option
def run(config: Path) -> int:
    """Tick once a minute and serve HTTP, until SIGTERM or Ctrl-C; SIGHUP and changed files reload."""
    from detector.app.serving import serve

    serve(config)
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
    found = _listed(Counter(str(outcome.kind) for outcome in report.outcomes)) or "nothing was due"
    sent = f"; {report.sent} sent" if report.sent else ""
    unsent = f"; {report.failed} could not be sent" if report.failed else ""
    say(f"{show_time(report.at, timezone)}: {found}{sent}{unsent}")


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
