"""What a web shop sells in one hour: drawn from the seed and the hour alone, whoever asks and in whatever pieces."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from detector.model.grid import DAY_S, HOUR_S, grid_of
from detector.model.span import Span, at_epoch, epoch_s
from detector.stats.calendar import holiday_flags

__all__ = ["SATURDAY", "ZONE", "Rows", "cut", "day_off", "draw", "is_holiday"]

Rows = npt.NDArray[np.void]

ZONE = ZoneInfo("Europe/Berlin")
ORDER = np.dtype([("id", "i8"), ("at", "i8"), ("country", "U2"), ("channel", "U11"), ("amount", "f8")])
PAYMENT = np.dtype(
    [
        ("id", "i8"),
        ("order_id", "i8"),
        ("at", "i8"),
        ("method", "U7"),
        ("country", "U2"),
        ("status", "U8"),
        ("amount", "f8"),
    ]
)
USER = np.dtype([("id", "i8"), ("at", "i8"), ("country", "U2"), ("plan", "U8")])

# A quiet night, a first peak at noon, the evening on the sofa. 1 is eight to nine in the morning of a weekday.
WEEKDAY_BY_HOUR = (
    *(0.10, 0.05, 0.02, 0.01, 0.02, 0.08, 0.30, 0.62, 1.00, 1.18, 1.28, 1.32),
    *(1.36, 1.22, 1.12, 1.12, 1.18, 1.28, 1.38, 1.55, 1.62, 1.30, 0.74, 0.32),
)
WEEKEND_BY_HOUR = (
    *(0.16, 0.09, 0.04, 0.02, 0.02, 0.04, 0.10, 0.24, 0.48, 0.82, 1.10, 1.24),
    *(1.22, 1.16, 1.12, 1.14, 1.20, 1.30, 1.45, 1.68, 1.76, 1.40, 0.80, 0.36),
)
DAY_LEVELS = (1.03, 1.00, 0.99, 1.00, 0.97, 0.85, 1.10)  # Monday first
ORDERS_AT_LEVEL_1 = 102.0
USERS_PER_ORDER = 0.10
HOLIDAY_SHARE = 0.45  # people are out; the shop stays open
GROWTH_PER_WEEK = 0.006
DAY_NOISE, HOUR_NOISE = 0.03, 0.015  # beside the noise of chance itself

MEDIAN_AMOUNT, AMOUNT_SPREAD = 39.0, 0.4  # lognormal: a mean of 42 EUR
DECLINED_SHARE, RETRY_SHARE = 0.06, 0.65
COUNTRIES = (("DE", 0.46), ("FR", 0.16), ("AT", 0.12), ("NL", 0.10), ("IT", 0.09), ("ES", 0.07))
CHANNELS = (("web", 0.52), ("app", 0.37), ("marketplace", 0.11))
METHODS = (("card", 0.50), ("paypal", 0.27), ("invoice", 0.15), ("sepa", 0.08))
PLANS = (("free", 0.82), ("plus", 0.14), ("business", 0.04))

THURSDAY, SATURDAY = 3, 5

IDS_FROM_HOUR = 438_288  # 2020 began; keeps ids short
IDS_PER_HOUR = 10_000


def draw(span: Span, now: datetime, seed: int) -> tuple[Rows, Rows, Rows]:
    """Orders, payments and users of every hour that can have rows in the span; more than the span (see `cut`).

    A payment follows its order by up to four minutes, so the hour before the span is drawn too. The level grows
    towards `now`. Times (`at`) are epoch seconds.
    """
    first, last = epoch_s(span.start_at) // HOUR_S - 1, -(epoch_s(span.end_at) // -HOUR_S)
    hours = [_draw_hour(hour, now, seed) for hour in range(first, last)]
    orders, payments, users = zip(*hours, strict=True)
    return np.concatenate(orders), np.concatenate(payments), np.concatenate(users)


def cut(rows: Rows, span: Span) -> Rows:
    """Those that happened inside the span."""
    inside = (rows["at"] >= epoch_s(span.start_at)) & (rows["at"] < epoch_s(span.end_at))
    return rows[inside]


def day_off(now: datetime) -> date:
    """The shop's own holiday: a Thursday about five weeks before `now`, whatever the public calendar says."""
    day = now.astimezone(ZONE).date() - timedelta(days=33)
    return day - timedelta(days=(day.weekday() - THURSDAY) % 7)


@lru_cache(maxsize=512)
def is_holiday(day: date) -> bool:
    """A public holiday in all of Germany."""
    midnight = datetime.combine(day, time(), tzinfo=ZONE).astimezone(UTC)
    one_day = grid_of(ZONE.key, DAY_S, Span(midnight, midnight + timedelta(hours=1)))
    return bool(holiday_flags(one_day, "DE", ()).any())


def _draw_hour(hour: int, now: datetime, seed: int) -> tuple[Rows, Rows, Rows]:
    rng = np.random.default_rng((seed, hour))
    level = _level(hour, now, seed) * rng.lognormal(0.0, HOUR_NOISE)
    orders = np.zeros(rng.poisson(level * ORDERS_AT_LEVEL_1), ORDER)
    _number(orders, hour, rng)
    orders["country"] = _pick(COUNTRIES, orders.size, rng)
    orders["channel"] = _pick(CHANNELS, orders.size, rng)
    orders["amount"] = np.round(MEDIAN_AMOUNT * rng.lognormal(0.0, AMOUNT_SPREAD, orders.size), 2)
    users = np.zeros(rng.poisson(level * ORDERS_AT_LEVEL_1 * USERS_PER_ORDER), USER)
    _number(users, hour, rng)
    users["country"] = _pick(COUNTRIES, users.size, rng)
    users["plan"] = _pick(PLANS, users.size, rng)
    return orders, _pay(orders, rng), users


def _pay(orders: Rows, rng: np.random.Generator) -> Rows:
    first = np.zeros(orders.size, PAYMENT)
    for column in ("country", "amount"):
        first[column] = orders[column]
    first["order_id"] = orders["id"]
    first["id"] = orders["id"] * 2
    first["at"] = orders["at"] + rng.integers(4, 45, orders.size)
    first["method"] = _pick(METHODS, orders.size, rng)
    first["status"] = np.where(rng.random(orders.size) < DECLINED_SHARE, "failed", "captured")
    again = first[(first["status"] == "failed") & (rng.random(orders.size) < RETRY_SHARE)]
    again["id"] += 1
    again["at"] += rng.integers(40, 190, again.size)
    again["status"] = "captured"
    return np.concatenate([first, again])


def _number(rows: Rows, hour: int, rng: np.random.Generator) -> None:
    rows["id"] = (hour - IDS_FROM_HOUR) * IDS_PER_HOUR + np.arange(rows.size)
    # One after the other with some jitter: a lull of minutes by chance would be a riddle, and this is a demonstration.
    rows["at"] = hour * HOUR_S + ((np.arange(rows.size) + rng.random(rows.size)) * HOUR_S // max(rows.size, 1))


def _level(hour: int, now: datetime, seed: int) -> float:
    start_at = at_epoch(hour * HOUR_S).astimezone(ZONE)
    day = start_at.date()
    quiet = is_holiday(day) or day == day_off(now)
    by_hour = WEEKEND_BY_HOUR if quiet or day.weekday() >= SATURDAY else WEEKDAY_BY_HOUR
    weeks = (start_at - now).total_seconds() / (7 * 24 * HOUR_S)
    noise = float(np.random.default_rng((seed, day.toordinal(), 0)).lognormal(0.0, DAY_NOISE))
    share = HOLIDAY_SHARE if quiet else DAY_LEVELS[day.weekday()]
    return by_hour[start_at.hour] * share * noise * float(np.exp(GROWTH_PER_WEEK * weeks))


def _pick(shares: tuple[tuple[str, float], ...], size: int, rng: np.random.Generator) -> npt.NDArray[np.str_]:
    names, weights = zip(*shares, strict=True)
    picked: npt.NDArray[np.str_] = np.array(names)[
        np.searchsorted(np.cumsum(weights), rng.random(size) * sum(weights), side="right")
    ]
    return picked
