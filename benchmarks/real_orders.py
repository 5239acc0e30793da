"""Replay a real shop: thirteen weeks of its invoices, three outages cut into them, and deploys around.

    python benchmarks/real_orders.py --data DIR [--clean]

DIR holds `transactions/online_retail_invoices.csv` (invoice, invoiced_at, country, items, amount, status; London's wall
time). The invoices are loaded into a private PostgreSQL server, the sold ones of 10:00 to 14:00 on three days are
deleted (`--clean` leaves them in), a deploy of checkout-api is reported ten minutes before each, and six innocent ones
of other services every day. Then every hour from 1 September to 30 November 2011 is replayed as a daemon would see it.
Prints every incident, and for the outages the delay, the loss against what was deleted, and the suspect.
"""

import argparse
import csv
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import psycopg

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from detector.app import App, open_app
from detector.model.deploy import Answer, Deploy
from detector.model.incident import Incident
from detector.model.notification import Notification, SendResult
from detector.model.secret import Secret
from servers.postgres import PostgresServer

LONDON = ZoneInfo("Europe/London")
FIRST, LAST = date(2011, 9, 1), date(2011, 11, 30)
OUTAGES = (date(2011, 10, 13), date(2011, 11, 3), date(2011, 11, 22))
OUTAGE_HOURS = (10, 14)
INNOCENT = ("search", "catalogue", "accounts", "web", "mailer", "stock")

CONFIG = """\
store: sqlite:///detector.db
timezone: Europe/London
sources:
  shop: {{url: "{url}", timezone: Europe/London}}
teams:
  checkout: {{notify: ["json://127.0.0.1:9/checkout"]}}
services:
  checkout-api: {{team: checkout}}
"""
RULES = """\
team: checkout
metrics:
  revenue:
    title: Revenue
    kind: revenue
    unit: GBP
    source: shop
    table: invoices
    time: invoiced_at
    value: sum(amount)
    where: status = 'sold'
    holidays: GB-ENG
  orders:
    title: Orders
    source: shop
    table: invoices
    time: invoiced_at
    where: status = 'sold'
    holidays: GB-ENG
"""


@dataclass(frozen=True, slots=True)
class Sink:
    """Takes every message; stands in for apprise."""

    def send(self, channel: Secret, notification: Notification, *, may_repeat: bool) -> SendResult:
        del channel, notification, may_repeat
        return SendResult(ok=True)


@dataclass(frozen=True, slots=True)
class Silent:
    def step(self, text: str, done: int, total: int) -> None:
        del text, done, total


def at(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), tzinfo=LONDON).astimezone(UTC)


def load(url: str, data: Path, *, clean: bool) -> dict[date, float]:
    """Load the invoices; what was deleted per outage, in pounds."""
    deleted: dict[date, float] = {}
    with psycopg.connect(url) as connection, (data / "transactions" / "online_retail_invoices.csv").open() as file:
        connection.execute(
            "CREATE TABLE invoices (invoice text, invoiced_at timestamp, country text, items int, amount numeric, "
            "status text)"
        )
        with connection.cursor().copy("COPY invoices FROM STDIN") as copy:
            for row in csv.DictReader(file):
                copy.write_row(tuple(row.values()))
        connection.execute("CREATE INDEX ON invoices (invoiced_at)")
        for day in () if clean else OUTAGES:
            start, end = (datetime.combine(day, time(hour)) for hour in OUTAGE_HOURS)
            gone = connection.execute(
                "WITH gone AS (DELETE FROM invoices WHERE status = 'sold' AND invoiced_at >= %s AND invoiced_at < %s "
                "RETURNING amount) SELECT coalesce(sum(amount), 0) FROM gone",
                (start, end),
            ).fetchone()
            deleted[day] = float(gone[0]) if gone else 0.0
    return deleted


def deploys() -> Iterator[Deploy]:
    """Six innocent deploys a day at office hours, and the guilty ones."""
    rng = np.random.default_rng(2011)
    for offset in range(-20, (LAST - FIRST).days + 1):
        day = FIRST + timedelta(days=offset)
        for service in INNOCENT:
            live_at = at(day, 8) + timedelta(minutes=int(rng.integers(0, 600)))
            yield Deploy(f"{service}-{day}", service, f"v{offset + 100}", live_at, finished_at=live_at)
    for number, day in enumerate(OUTAGES):
        live_at = at(day, OUTAGE_HOURS[0]) - timedelta(minutes=10)
        yield Deploy(f"guilty-{day}", "checkout-api", f"v{410 + number}", live_at, finished_at=live_at)


def replay(app: App) -> dict[int, tuple[Incident, datetime]]:
    """Every incident as it ended, with when its team was first told."""
    found: dict[int, tuple[Incident, datetime]] = {}
    for report in app.replay(at(FIRST, 0), at(LAST, 23, 59)):
        for incident in report.incidents:
            if incident.told is not None:
                first = found[incident.number][1] if incident.number in found else report.at
                found[incident.number] = (incident, first)
        if report.failures:
            raise SystemExit(f"{report.at}: {dict(report.failures)}")
    return found


def outage_of(incident: Incident) -> date | None:
    for day in OUTAGES:
        start, end = (at(day, hour) for hour in OUTAGE_HOURS)
        if any(part.span.start_at < end and part.span.end_at > start for part in incident.metrics):
            return day
    return None


def tell(found: Sequence[tuple[Incident, datetime]], deleted: dict[date, float]) -> None:
    others = 0
    for incident, told_at in found:
        day = outage_of(incident) if deleted else None
        others += day is None
        ranking = incident.ranking
        first = ranking.suspects[0] if ranking.suspects else None
        suspect = f"{first.deploy.service} {first.probability:.0%}" if first else "-"
        word = {Answer.NAMED: "named", Answer.ONE_OF: "one of", Answer.NONE: "none stands out"}[ranking.answer]
        local = told_at.astimezone(LONDON)
        parts = "; ".join(
            f"{part.metric} {part.value:,.0f} of {part.expected:,.0f}, missing {part.loss.amount:,.0f} "
            f"({part.loss.low:,.0f} to {part.loss.high:,.0f}), "
            f"{part.span.start_at.astimezone(LONDON):%a %d %b %H:%M}-{part.span.end_at.astimezone(LONDON):%H:%M}"
            for part in incident.metrics
        )
        kind = "OTHER" if day is None else "OUTAGE"
        print(f"{kind} #{incident.number} told {local:%a %d %b %H:%M}: {parts}; {word}: {suspect}")
        if day is not None:
            delay = told_at - at(day, OUTAGE_HOURS[0])
            print(f"   delay {delay}, deleted revenue {deleted[day]:,.0f}")
    print(f"{len(found)} incidents told, {others} of them not injected")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--data", type=Path, required=True)
    arguments.add_argument("--clean", action="store_true")
    said = arguments.parse_args()
    with PostgresServer() as server, server.database() as url, tempfile.TemporaryDirectory() as folder:
        deleted = load(url, said.data, clean=said.clean)
        config = Path(folder) / "detector.yml"
        (Path(folder) / "rules").mkdir()
        (Path(folder) / "rules" / "checkout.yml").write_text(RULES)
        config.write_text(CONFIG.format(url=url))
        with open_app(config, progress=Silent(), notifier=Sink()) as app:
            for deploy in deploys():
                app.add_deploy(deploy)
            found = replay(app)
        tell([found[number] for number in sorted(found)], deleted)


if __name__ == "__main__":
    main()
