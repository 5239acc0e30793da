"""A shop with ten weeks of even trade in which payments have just stopped: relative to the real clock.

A container's clock cannot be set, so the story happens now. Trade is the same at all hours, because a test may run at
any.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from sqlalchemy import create_engine, text

__all__ = ["Story", "story_at", "write_trade"]

WEEKS = 10
PER_HOUR, BASKET = 50, 80.0
EARLY_MIN, LATE_MIN = 5, 35
RULES = """\
team: checkout
services: [checkout-api, payments]
metrics:
  revenue:
    title: Checkout revenue
    kind: revenue
    unit: EUR
    source: shop
    table: payments
    time: paid_at
    value: sum(amount)
    lateness: {lateness_min}m
    split: [country]
"""


@dataclass(frozen=True, slots=True)
class Story:
    """When payments stopped, and the rule that judges the hour after it for the next quarter of an hour at least."""

    stopped_at: datetime
    lateness_min: int

    @property
    def rules(self) -> str:
        return RULES.format(lateness_min=self.lateness_min)

    def deploys(self) -> list[dict[str, str]]:
        """Reports for the API, as pipelines would have sent them; one of them is the suspect."""
        told = (
            ("search", "v98", -80, "erin"),
            ("web", "v31", -45, "grace"),
            ("catalogue", "v7", -25, "frank"),
            ("checkout-api", "v412", -8, "alice"),
            ("accounts", "v55", 20, "heidi"),
        )
        return [
            {
                "service": service,
                "version": version,
                "at": (self.stopped_at + timedelta(minutes=minutes)).isoformat(),
                "actor": actor,
            }
            for service, version, minutes, actor in told
        ]


def story_at(now: datetime) -> Story:
    """The newest hour that is closed is the first without a payment.

    An hour is closed at its end plus the lateness; of two of these the one is taken that closes no other hour soon.
    """
    lateness_min = EARLY_MIN if 15 <= now.minute < 50 else LATE_MIN
    closed_at = (now - timedelta(minutes=lateness_min)).replace(minute=0, second=0, microsecond=0)
    return Story(closed_at - timedelta(hours=1), lateness_min)


def write_trade(url: str, story: Story) -> None:
    """Fill an empty database."""
    rng = np.random.default_rng(20261121)
    hours = WEEKS * 7 * 24
    began_at = story.stopped_at - timedelta(hours=hours)
    counts = rng.poisson(PER_HOUR, hours)
    seconds = np.repeat(np.arange(hours) * 3600, counts) + rng.uniform(0, 3600, counts.sum())
    amounts = rng.gamma(4.0, BASKET / 4.0, len(seconds))
    countries = rng.choice(["DE", "AT", "FR"], len(seconds), p=[0.6, 0.25, 0.15])
    engine = create_engine(url)
    is_sqlite = engine.dialect.name == "sqlite"
    rows = [
        {"at": at.strftime("%Y-%m-%d %H:%M:%S") if is_sqlite else at, "country": str(country), "amount": amount}
        for second, country, amount in zip(seconds.tolist(), countries, amounts.round(2).tolist(), strict=True)
        for at in [began_at + timedelta(seconds=second)]
    ]
    stamp, money = ("text", "real") if is_sqlite else ("timestamptz", "numeric(10,2)")
    with engine.begin() as connection:
        connection.execute(text(f"CREATE TABLE payments (paid_at {stamp} NOT NULL, country text, amount {money})"))
        connection.execute(text("INSERT INTO payments VALUES (:at, :country, :amount)"), rows)
        connection.execute(text("CREATE INDEX payments_paid_at ON payments (paid_at)"))
    engine.dispose()
