"""Every database and every way to keep times cuts buckets as the grid does, on days of clock changes above all."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from builders import a_metric
from detector.model.grid import Grid, grid_of
from detector.model.metric import ShortForm
from detector.model.span import Span, epoch_s
from servers.time_styles import STYLES, Row, Style, fill, opened, sqlite_url, url_for

EVERY_S = (300, 1800, 3600, 7200, 21_600, 86_400)


@dataclass(frozen=True)
class Days:
    """Some local days of a metric's zone, kept by a shop in its own zone."""

    zone: str
    first: str
    count: int = 4
    shop_zone: str | None = None

    def __str__(self) -> str:
        return f"{self.zone} {self.first} {self.shop_zone or ''}".strip()

    @property
    def span(self) -> Span:
        first = datetime.fromisoformat(self.first).replace(tzinfo=ZoneInfo(self.zone))
        last = (first.replace(tzinfo=None) + timedelta(days=self.count)).replace(tzinfo=ZoneInfo(self.zone))
        return Span(first.astimezone(UTC), last.astimezone(UTC))


CHANGES = [
    Days("Europe/Berlin", "2026-03-28"),
    Days("Europe/Berlin", "2026-10-24"),
    Days("Europe/Berlin", "2026-10-24", shop_zone="UTC"),
    Days("Europe/Berlin", "2026-10-24", shop_zone="America/New_York"),
    Days("UTC", "2026-10-24", shop_zone="Europe/Berlin"),
    Days("UTC", "2026-03-28", shop_zone="Europe/Berlin"),
    Days("Asia/Kolkata", "2026-03-28"),
    Days("Asia/Kolkata", "2026-10-24", shop_zone="Europe/Berlin"),
    Days("Australia/Lord_Howe", "2026-04-04"),
    Days("Australia/Lord_Howe", "2026-10-03"),
    Days("Africa/Cairo", "2026-10-29"),  # repeats the last hour of the day
    Days("America/Havana", "2026-03-07"),  # leaves out the first hour of the day
    Days("Pacific/Apia", "2011-12-28", count=6),  # left out a whole day
]


@pytest.fixture
def url(style: Style, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return url_for(style, request, tmp_path)


def some_rows(days: Days) -> list[Row]:
    """At random, and on both sides of every full hour, to the microsecond."""
    generator = np.random.default_rng(7)
    start, seconds = days.span.start_at - timedelta(hours=30), days.span.length.total_seconds() + 60 * 3600
    micros = generator.integers(0, int(seconds) * 1_000_000, size=400).tolist()
    times = [start + timedelta(microseconds=micro) for micro in micros]
    for hour in range(int(seconds) // 3600):
        at = start.replace(minute=0, second=0) + timedelta(hours=hour)
        times += [at, at - timedelta(microseconds=1), at + timedelta(minutes=30)]
    return [Row(at, amount) for at, amount in zip(times, generator.integers(1, 1000, size=len(times)), strict=True)]


def in_python(rows: Sequence[Row], style: Style, shop_zone: str, grid: Grid) -> dict[int, float]:
    """The same aggregation without SQL."""
    starts, end_s = grid.starts.tolist(), int(grid.ends[-1])
    sums: dict[int, float] = defaultdict(float)
    for row in rows:
        at_s = epoch_s(style.read_back(row.at, ZoneInfo(shop_zone)))
        if starts[0] <= at_s < end_s:
            sums[starts[bisect_right(starts, at_s) - 1]] += row.amount or 0.0
    return dict(sums)


@pytest.mark.parametrize("days", CHANGES, ids=str)
@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.name)
def test_buckets_are_those_of_the_grid(style: Style, days: Days, url: str) -> None:
    """The database's sums are those of plain Python over the same rows."""
    rows, shop_zone = some_rows(days), days.shop_zone or days.zone
    rows = [Row(row.at, float(row.amount or 0)) for row in rows]
    fill(url, style, rows, shop_zone)
    with opened(url, shop_zone) as source:
        for every_s in EVERY_S:
            metric = a_metric(timezone=days.zone, every_s=every_s)
            grid = grid_of(days.zone, every_s, days.span)
            found = source.read(metric, days.span)
            assert dict(zip(found.starts.tolist(), found.values.tolist(), strict=True)) == in_python(
                rows, style, shop_zone, grid
            ), f"every {every_s} s"
            assert (np.diff(found.starts) > 0).all()


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.name)
def test_a_part_of_the_days_is_that_part_of_the_buckets(style: Style, url: str) -> None:
    """Reading hour by hour gives what reading all at once gives."""
    days = Days("Europe/Berlin", "2026-10-24", count=2)
    rows = [Row(row.at, float(row.amount or 0)) for row in some_rows(days)]
    fill(url, style, rows, days.zone)
    metric, grid = a_metric(timezone=days.zone), grid_of(days.zone, 3600, days.span)
    with opened(url, days.zone) as source:
        whole = source.read(metric, days.span)
        parts = [source.read(metric, grid.span(hour)) for hour in range(len(grid))]
    assert np.concatenate([part.starts for part in parts]).tolist() == whole.starts.tolist()
    assert np.concatenate([part.values for part in parts]).tolist() == whole.values.tolist()


def test_the_day_of_25_hours_is_one_bucket(postgres_url: str) -> None:
    """A payment an hour makes 25 of them on the long day, 24 on its neighbours."""
    days = Days("Europe/Berlin", "2026-10-24", count=3)
    fill(postgres_url, STYLES[0], [Row(days.span.start_at + timedelta(hours=hour)) for hour in range(73)])
    with opened(postgres_url) as source:
        found = source.read(a_metric(every_s=86_400), days.span)
    assert found.values.tolist() == [24, 25, 24]


AMBIGUOUS = [
    (3600, [("00:00", "02:00")]),
    (300, [("00:00", "02:00")]),
    (7200, []),  # 02:00 to 04:00 takes both passes in
    (86_400, []),
]


@pytest.mark.parametrize(("every_s", "stretches"), AMBIGUOUS)
@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.name)
def test_repeated_hour_is_told(style: Style, every_s: int, stretches: list[tuple[str, str]], url: str) -> None:
    """Where a column has no zone, the buckets that share the repeated hour's rows are named."""
    days = Days("Europe/Berlin", "2026-10-24", count=3)
    fill(url, style, [Row(days.span.start_at)], days.zone)
    with opened(url, days.zone) as source:
        found = source.read(a_metric(every_s=every_s), days.span)
    told = [(f"{span.start_at:%H:%M}", f"{span.end_at:%H:%M}") for span in found.ambiguous]
    assert told == ([] if style.has_zone else stretches)


def test_dates_are_local_days(postgres_url: str, tmp_path: Path) -> None:
    """A column of dates counts from midnight to midnight in the metric's zone."""
    span = Days("Europe/Berlin", "2026-03-28", count=3).span
    dates = Style("date", "date", lambda at, zone: f"{at.astimezone(zone):%Y-%m-%d}", has_zone=False)
    rows = [Row(span.start_at + timedelta(days=day, hours=12), float(day)) for day in range(-1, 5)]
    for url in (postgres_url, sqlite_url(tmp_path)):
        fill(url, dates, rows, "Europe/Berlin")
        with opened(url) as source:
            found = source.read(a_metric(every_s=86_400, query=ShortForm("payments", "paid_at", "sum(amount)")), span)
            newest = source.newest_row("payments", "paid_at", span.start_at)
        assert found.values.tolist() == [0, 1, 2]
        assert found.starts.tolist() == grid_of("Europe/Berlin", 86_400, span).starts.tolist()
        assert newest == datetime(2026, 3, 27, tzinfo=UTC)
