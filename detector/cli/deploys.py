"""detector deploy add, detector deploy list."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import click

from detector.cli.options import AHEAD, as_json, config_option, json_option, parse_time, say, show_time
from detector.cli.reports import Said, report_of, row_of
from detector.linking.report_texts import REPEATED_WITHIN, said_already
from detector.model.deploy import Deploy, DeployKind, DeployStatus
from detector.model.span import Span
from detector.ports import Store

__all__ = ["deploy"]

KNOWN_FOR = timedelta(days=365)
"""Nobody takes back what went live longer ago."""


@click.group()
def deploy() -> None:
    """Report deploys, and list them."""


@deploy.command()
@click.option("--service", required=True, help="What was deployed, as detector.yml names it.")
@click.option("--version", required=True, help="Which version went live.")
@click.option("--at", metavar="TIME", help="When it went live (and was heard of); default: now.")
@click.option("--id", "id_", help="Identity; default: from service, version, environment and time.")
@click.option("--status", type=click.Choice([str(s) for s in DeployStatus]), default="success", show_default=True)
@click.option("--started-at", metavar="TIME", help="When the roll-out began.")
@click.option("--actor", help="Who did it.")
@click.option("--url", help="Where to read more (http or https).")
@click.option("--commit", help="What it was built from.")
@click.option("--environment", default="production", show_default=True)
@click.option(
    "--kind", type=click.Choice([str(k) for k in DeployKind]), help="Default: deploy, or rollback with --rollback-of."
)
@click.option("--rollback-of", metavar="ID", help="The deploy that this one takes back.")
@click.option("--scope", metavar="country=DE,percent=10", help="Whom it reached; default: unknown.")
@config_option
@json_option
def add(config: Path, *, is_json: bool, **said: str | None) -> int:
    """Report one deploy; the same report twice is one deploy."""
    from detector.app import load_settings_of, open_store_of, system_clock

    settings, now = load_settings_of(config), system_clock().now()
    report = report_of(Said(**said), settings, now)  # type: ignore[arg-type]  # click gives what Said has
    is_instant_said = said["at"] is not None or said["id_"] is not None
    with open_store_of(settings) as store:
        known = None if is_instant_said else said_already(report, _just_heard(report, store))
        warnings = [*_doubts(report, store, now)]
        is_new = known is None and store.add_deploy(report)
    report = known or report
    if report.service not in settings.services:
        warnings.append(f"{report.service!r} is no service of {config}; stored all the same, and ranked as unknown")
    for warning in warnings:
        say(f"warning: {warning}", error=True)
    if is_json:
        as_json({**row_of(report), "new": is_new})
    else:
        say(f"{report.service} {report.version} {report.status}, id {report.id}{'' if is_new else ' (known already)'}")
    return 0


def _just_heard(report: Deploy, store: Store) -> tuple[Deploy, ...]:
    now = report.received_at
    return store.deploys(Span(now - REPEATED_WITHIN, now + AHEAD), now)


def _doubts(report: Deploy, store: Store, now: datetime) -> Iterator[str]:
    if report.received_at > now + AHEAD:
        yield "--at is ahead of this machine's clock; nobody hears of this deploy before then"
    if report.rollback_of is not None:
        until = max(now, report.received_at) + AHEAD
        heard = store.deploys(Span(now - KNOWN_FOR, until), until)
        if report.rollback_of not in {one.id for one in heard}:
            yield f"--rollback-of: no deploy with the id {report.rollback_of!r} was reported; see: deploy list --json"


@deploy.command("list")
@click.option("--since", metavar="TIME", help="Default: seven days ago.")
@config_option
@json_option
def list_(config: Path, since: str | None, *, is_json: bool) -> int:
    """List the deploys that were heard of, newest first."""
    from detector.app import load_settings_of, open_store_of, system_clock
    from detector.linking.reports import merge_reports

    settings = load_settings_of(config)
    now = system_clock().now()
    since_at = now - timedelta(days=7) if since is None else parse_time(since, settings, "--since")
    with open_store_of(settings) as store:
        found = merge_reports(store.deploys(Span(min(since_at, now), now + timedelta(days=1)), now + timedelta(days=1)))
    if is_json:
        as_json([row_of(one) for one in reversed(found)])
        return 0
    for one in reversed(found):
        at = show_time(one.finished_at or one.started_at or one.received_at, settings.timezone)
        by = f" by {one.actor}" if one.actor else ""
        say(f"{at}  {one.service} {one.version}{by}  {one.kind} {one.status}  {one.environment}")
    if not found:
        say(f"No deploy has been reported since {show_time(since_at, settings.timezone)}")
    return 0
