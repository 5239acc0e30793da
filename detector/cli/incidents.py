"""detector incident list, show, ack, close, verdict."""

import getpass
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path

import click

from detector.cli.options import as_json, config_option, json_option, say, show_time
from detector.cli.reports import check_text
from detector.errors import UsageError
from detector.model.incident import Confirmed, Incident
from detector.model.notification import Delivery, DeliveryStatus
from detector.model.rulebook import RuleBook
from detector.ports import Store

__all__ = ["incident"]

_MANY_DELIVERIES = 1000
_MOST_SERIES = 5
_LONGEST_NAME = 120
_BECAME = {
    DeliveryStatus.PENDING: "not sent yet",
    DeliveryStatus.SENDING: "not known whether sent",
    DeliveryStatus.SENT: "sent",
    DeliveryStatus.GIVEN_UP: "not sent, given up",
}

_NUMBER = click.argument("number", type=click.IntRange(1, 2**31 - 1))


def _login_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # in a container the user often has no name
        return "somebody"


_BY = click.option("--by", default=_login_name, show_default="your login name", help="Who reacts.")


@click.group()
def incident() -> None:
    """List, show, acknowledge and close incidents, and say which deploy it was."""


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
    """Show one incident as its team reads it, its history, and what became of its messages."""
    from detector.app import load_book, open_store_of, system_clock

    book = load_book(config)
    with open_store_of(book.settings) as store:
        one, events = _get(store, number), store.incident_events(number)
        told = store.deliveries(only_unsent=False, limit=_MANY_DELIVERIES)
    sent = [delivery for delivery in reversed(told) if delivery.notification.incident == number]
    if is_json:
        rows = [_delivery_row(delivery) for delivery in sent]
        as_json({**asdict(one), "events": [asdict(event) for event in events], "deliveries": rows})
        return 0
    timezone = book.settings.timezone
    say(_line(one, timezone))
    if all(part.metric in book.metrics for part in one.metrics):
        _say_as_told(one, book, system_clock().now())
    say("History:")
    for event in events:
        what, _, reason = event.what.partition(" ")
        decided = f"decided to tell ({reason.replace('_', ' ')})" if what == "told" else event.what
        say(f"  {show_time(event.at, timezone)}  {decided}: {event.text}")
    say("Messages:" if sent else "Messages: none")
    for delivery in sent:
        at, why = show_time(delivery.notification.created_at, timezone), delivery.notification.reason.replace("_", " ")
        error = f": {delivery.error}" if delivery.error and delivery.status is not DeliveryStatus.SENT else ""
        team = delivery.notification.team
        say(f"  {at}  {why}, to team {team}, channel {delivery.channel + 1}: {_BECAME[delivery.status]}{error}")
    return 0


def _say_as_told(one: Incident, book: RuleBook, now: datetime) -> None:
    from detector.alerting.wording import write_incident
    from detector.model.notification import Reason

    is_recovered = one.is_over and not one.closed_by
    title, body = write_incident(one, Reason.RESOLVED if is_recovered else Reason.OPENED, book, now)
    if one.closed_by:
        why = f": {one.why}" if one.why else ""
        say(f"Closed by {one.closed_by}{why}. It was:")
    say(title)
    lines = body.splitlines()
    # Of no use to somebody who reads that it is closed: the last line says how to acknowledge it.
    say("\n".join(line for line in lines if not (one.closed_by and "detector incident ack" in line)))


def _delivery_row(delivery: Delivery) -> dict[str, object]:
    return {
        "at": delivery.notification.created_at,
        "reason": str(delivery.notification.reason),
        "team": delivery.notification.team,
        "channel": delivery.channel + 1,
        "status": str(delivery.status),
        "attempts": delivery.attempts,
        "error": delivery.error,
    }


@incident.command()
@_NUMBER
@_BY
@config_option
def ack(number: int, by: str, config: Path) -> int:
    """Say that somebody is on it: no reminder follows, everything else goes on."""
    from detector.alerting.incidents import acknowledge
    from detector.app import load_settings_of, open_store_of, system_clock

    check_text("by", by)
    with open_store_of(load_settings_of(config)) as store, store.exclusive():
        one = _get_live(store, number)
        store.set_incident(*acknowledge(one, by, system_clock().now()))
    say(f"incident {number} is acknowledged by {by}")
    return 0


@incident.command()
@_NUMBER
@_BY
@click.option("--why", default="", help="What it was.")
@click.option("--new-level", is_flag=True, help="It stays so: this is usual from now on.")
@config_option
def close(number: int, by: str, why: str, config: Path, *, new_level: bool) -> int:
    """End it by hand: the team hears no more of it, however long it goes on."""
    from detector.alerting.incidents import close as close_incident
    from detector.alerting.incidents import has_come_to_stay
    from detector.app import load_settings_of, open_store_of, system_clock

    check_text("by", by)
    check_text("why", why or None)
    with open_store_of(load_settings_of(config)) as store, store.exclusive():
        one = _get(store, number)
        if new_level and one.is_over and not (one.closed_by is not None and has_come_to_stay(one)):
            raise UsageError(f"incident {number} is over: nothing of it goes on; see: detector incident show {number}")
        one = one if new_level else _get_live(store, number)
        changed, event = close_incident(one, by, why, system_clock().now(), is_new_level=new_level)
        store.set_incident(changed, event)
    say(f"incident {number} is {event.text}" if new_level else f"incident {number} is closed by {by}")
    return 0


@incident.command()
@_NUMBER
@click.option("--deploy", help="The id of the deploy that it was, as `deploy list` and `incident show --json` have it.")
@click.option("--no-deploy", is_flag=True, help="It was no deploy.")
@_BY
@click.option("--why", default="", help="How you know.")
@config_option
def verdict(number: int, deploy: str | None, by: str, why: str, config: Path, *, no_deploy: bool) -> int:
    """Say which of the suspects it was, or that it was none: it holds, and it is learned from."""
    from detector.alerting.incidents import confirm
    from detector.app import load_settings_of, open_store_of, system_clock
    from detector.pipeline.confirming import held

    if (deploy is not None) == no_deploy:
        raise UsageError("say either --deploy ID or --no-deploy")
    check_text("by", by)
    check_text("why", why or None)
    with open_store_of(load_settings_of(config)) as store, store.exclusive():
        one = _get(store, number)
        if deploy is not None:
            _check_suspect(one, deploy)
        said = Confirmed(deploy, by, system_clock().now(), why)
        changed, event = confirm(one, said, held(replace(one, confirmed=said), one.ranking))
        store.set_incident(changed, event)
    say(f"incident {number}: {event.text}")
    return 0


def _check_suspect(one: Incident, deploy: str) -> None:
    suspects = [suspect.deploy for suspect in one.ranking.suspects]
    same = sorted(suspect.source for suspect in suspects if suspect.id == deploy)
    if len(same) > 1:
        raise UsageError(f"--deploy: {deploy!r} is the id of several deploys, reported by {', '.join(same)}")
    if not same:
        known = ", ".join(f"{suspect.id} ({suspect.service} {suspect.version})" for suspect in suspects)
        of = f"those that were looked at are: {known}" if known else "none was looked at"
        raise UsageError(f"--deploy: incident {one.number} knows of no deploy {deploy!r}; {of}")


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
    from detector.alerting.inert import inert

    series = [inert(part.series, _LONGEST_NAME) for part in one.metrics]
    more = len(series) - _MOST_SERIES + one.more_members
    metrics = ", ".join(series[:_MOST_SERIES]) + (f" and {more} more" if more > 0 else "")
    since = show_time(one.worst.span.start_at, timezone)
    named = one.ranking.named
    what = "suspect" if one.confirmed is None else "confirmed"
    suspect = f", {what} {named.deploy.service} {named.deploy.version}" if named else ""
    return f"{one.number}  {one.state}  {one.team}  {metrics}  since {since}{suspect}"
