"""detector incident list, show, ack, close."""

import getpass
from dataclasses import asdict
from pathlib import Path

import click

from detector.cli.options import as_json, config_option, json_option, say, show_time
from detector.errors import UsageError
from detector.model.incident import Incident
from detector.ports import Store

__all__ = ["incident"]

_NUMBER = click.argument("number", type=click.IntRange(1, 2**31 - 1))


def _login_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # in a container the user often has no name
        return "somebody"


_BY = click.option("--by", default=_login_name, show_default="your login name", help="Who reacts.")


@click.group()
def incident() -> None:
    """List, show, acknowledge and close incidents."""


@incident.command("list")
@click.option("--all", "with_resolved", is_flag=True, help="Resolved ones as well.")
@config_option
@json_option
def list_(config: Path, *, with_resolved: bool, is_json: bool) -> int:
    """List the incidents that are going on, newest first."""
    from detector.app import load_settings_of, open_store_of

    settings = load_settings_of(config)
    with open_store_of(settings) as store:
        found = store.incidents(only_live=not with_resolved)
    if is_json:
        as_json([asdict(one) for one in found])
        return 0
    for one in found:
        say(_line(one, settings.timezone))
    if not found:
        say("No incident is going on" if not with_resolved else "There has been no incident")
    return 0


@incident.command()
@_NUMBER
@config_option
@json_option
def show(number: int, config: Path, *, is_json: bool) -> int:
    """Show one incident as its team reads it, and its history."""
    from detector.alerting.wording import write_incident
    from detector.app import load_book, open_store_of, system_clock
    from detector.model.notification import Reason

    book = load_book(config)
    with open_store_of(book.settings) as store:
        one, events = _get(store, number), store.incident_events(number)
    if is_json:
        as_json({**asdict(one), "events": [asdict(event) for event in events]})
        return 0
    say(_line(one, book.settings.timezone))
    if all(part.metric in book.metrics for part in one.metrics):
        reason = Reason.RESOLVED if one.is_over else Reason.OPENED
        for text in write_incident(one, reason, book, system_clock().now()):
            say(text)
    say("History:")
    for event in events:
        say(f"  {show_time(event.at, book.settings.timezone)}  {event.what}: {event.text}")
    return 0


@incident.command()
@_NUMBER
@_BY
@config_option
def ack(number: int, by: str, config: Path) -> int:
    """Say that somebody is on it: no reminder follows, everything else goes on."""
    from detector.alerting.incidents import acknowledge
    from detector.app import load_settings_of, open_store_of, system_clock

    with open_store_of(load_settings_of(config)) as store, store.exclusive():
        one = _get_live(store, number)
        store.set_incident(*acknowledge(one, by, system_clock().now()))
    say(f"incident {number} is acknowledged by {by}")
    return 0


@incident.command()
@_NUMBER
@_BY
@click.option("--why", default="", help="What it was.")
@config_option
def close(number: int, by: str, why: str, config: Path) -> int:
    """End it by hand: the team hears no more of it, however long it goes on."""
    from detector.alerting.incidents import close as close_incident
    from detector.app import load_settings_of, open_store_of, system_clock

    with open_store_of(load_settings_of(config)) as store, store.exclusive():
        one = _get_live(store, number)
        store.set_incident(*close_incident(one, by, why, system_clock().now()))
    say(f"incident {number} is closed by {by}")
    return 0


def _get(store: Store, number: int) -> Incident:
    found = store.incident(number)
    if found is None:
        raise UsageError(f"there is no incident {number}; see: detector incident list --all")
    return found


def _get_live(store: Store, number: int) -> Incident:
    found = _get(store, number)
    if found.is_over:
        raise UsageError(f"incident {number} is over already; see: detector incident show {number}")
    return found


def _line(one: Incident, timezone: str) -> str:
    metrics = ", ".join(part.metric for part in one.metrics)
    since = show_time(one.worst.span.start_at, timezone)
    named = one.ranking.named
    suspect = f", suspect {named.deploy.service} {named.deploy.version}" if named else ""
    return f"{one.number}  {one.state}  {one.team}  {metrics}  since {since}{suspect}"
