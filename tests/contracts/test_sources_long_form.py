"""The owner's own SELECT: how times are bound, and what its rows may be."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from builders import EIGHT, HOUR, a_metric, hours
from detector.errors import BadRows, QueryRejected
from detector.model.grid import grid_of
from detector.model.metric import LongForm, Metric
from detector.model.span import Span, epoch_s
from servers.time_styles import POSTGRES, SQLITE, STYLES, Row, Style, execute, fill, opened, sqlite_url, url_for

BERLIN = "Europe/Berlin"
COUNT = (
    "SELECT {bucket} AS bucket, count(*) AS value FROM payments WHERE paid_at >= :start AND paid_at < :end GROUP BY 1"
)
HOUR_OF = {
    "timestamptz": "date_trunc('hour', paid_at)",
    "timestamp": "date_trunc('hour', paid_at)",
    "datetime(6)": "date_format(paid_at, '%Y-%m-%d %H:00')",
    "timestamp(6)": "cast(date_format(paid_at, '%Y-%m-%d %H:00:00') AS datetime)",
    "text wall": "substr(paid_at, 1, 13) || ':00'",
    "text wall T": "substr(paid_at, 1, 13) || ':00:00'",
    "text wall short": "strftime('%Y-%m-%d %H:00', paid_at)",
    "text offset": "strftime('%Y-%m-%dT%H:00Z', paid_at)",
    "text Z": "strftime('%Y-%m-%d %H:00:00+00:00', paid_at)",
    "epoch s": "paid_at / 3600 * 3600",
    "epoch s with fraction": "cast(paid_at as integer) / 3600 * 3600.0",
    "epoch ms": "paid_at / 3600000 * 3600000",
}


@pytest.fixture
def url(style: Style, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return url_for(style, request, tmp_path)


def long(sql: str, table: str | None = None, time: str | None = None, every_s: int = 3600) -> Metric:
    return a_metric(query=LongForm(sql, table, time), every_s=every_s)


# In Kolkata the full hours of a clock without zone are Berlin's half hours.
SHOPS = [
    (style, zone) for style in STYLES for zone in ("UTC", BERLIN, "Asia/Kolkata") if style.has_zone or zone[0] != "A"
]


@pytest.mark.parametrize(("style", "zone"), SHOPS, ids=lambda part: getattr(part, "name", part))
def test_bounds_are_of_the_columns_kind(style: Style, zone: str, url: str) -> None:
    """`:start` is in and `:end` is out to the microsecond, whatever a column holds and wherever its shop is."""
    tick = timedelta(milliseconds=1)
    times = [EIGHT - tick, EIGHT, EIGHT + tick, EIGHT + 2 * HOUR - tick, EIGHT + 2 * HOUR]
    fill(url, style, [Row(at) for at in times], zone)
    with opened(url, zone) as source:
        metric = long(COUNT.format(bucket=HOUR_OF[style.name]), "payments", "paid_at")
        found = source.read(metric, hours(0, 2))
    assert found.starts.tolist() == [epoch_s(EIGHT), epoch_s(EIGHT + HOUR)]
    assert found.values.tolist() == [2, 1]


@pytest.mark.parametrize("change", ["2026-03-28", "2026-10-24"])
@pytest.mark.parametrize("every_s", [3600, 86_400])
@pytest.mark.parametrize("style", POSTGRES, ids=lambda style: style.name)
def test_buckets_of_postgres_on_days_of_clock_changes(style: Style, every_s: int, change: str, url: str) -> None:
    """date_trunc cuts in the metric's zone, as the grid does; the repeated hour is told where it cannot be known."""
    first = datetime.fromisoformat(change).replace(tzinfo=ZoneInfo(BERLIN))
    last = (first.replace(tzinfo=None) + timedelta(days=3)).replace(tzinfo=ZoneInfo(BERLIN))
    span = Span(first.astimezone(UTC), last.astimezone(UTC))
    grid = grid_of(BERLIN, every_s, span)
    times = [span.start_at + minute * HOUR / 4 for minute in range(-8, int(span.length / HOUR) * 4 + 8)]
    fill(url, style, [Row(at) for at in times], BERLIN)
    unit = "hour" if every_s == 3600 else "day"
    with opened(url, BERLIN) as source:
        found = source.read(long(COUNT.format(bucket=f"date_trunc('{unit}', paid_at)"), every_s=every_s), span)
    counts = dict(zip(found.starts.tolist(), found.values.tolist(), strict=True))
    expected = dict(zip(grid.starts.tolist(), ((grid.ends - grid.starts) / 900).tolist(), strict=True))
    repeated = change == "2026-10-24" and every_s == 3600 and not style.has_zone
    if repeated:
        twice = epoch_s(datetime(2026, 10, 25, 0, tzinfo=UTC))
        expected[twice] += expected.pop(twice + 3600)
        assert found.ambiguous[0].start_at == datetime(2026, 10, 25, 0, tzinfo=UTC)
        assert found.ambiguous[0].end_at == datetime(2026, 10, 25, 2, tzinfo=UTC)
    else:
        assert found.ambiguous == ()
    assert counts == expected


def test_two_columns_of_different_types(postgres_url: str) -> None:
    """One `:start` may meet a timestamp here and a date there."""
    execute(postgres_url, "CREATE TABLE a (at timestamptz); CREATE TABLE b (at date); CREATE TABLE c (at timestamp)")
    execute(postgres_url, "INSERT INTO a VALUES (?)", [(EIGHT,)])
    execute(postgres_url, "INSERT INTO c VALUES (?)", [("2026-03-10 08:30",)])
    sql = """SELECT date_trunc('hour', at) AS bucket, count(*) AS value FROM (
        SELECT at FROM a WHERE at >= :start AND at < :end UNION ALL
        SELECT at AT TIME ZONE 'Europe/Berlin' FROM c WHERE at >= :start AND at < :end UNION ALL
        SELECT at FROM b WHERE at >= :start AND at < :end) AS them GROUP BY 1"""
    with opened(postgres_url, BERLIN) as source:
        assert source.read(long(sql), hours(0, 1)).values.tolist() == [2]


SPELLINGS = [
    "SELECT date_trunc('hour', paid_at) AS bucket, count(*) AS value FROM payments WHERE paid_at >= :start GROUP BY 1;",
    "SELECT date_trunc('hour', paid_at) AS \"BUCKET\", count(*) AS VALUE, 'x' AS more FROM payments GROUP BY 1 -- :end",
    "/* from :start :to :end */ SELECT CAST(:start AS timestamptz) AS bucket, count(*) AS value FROM payments -- :foo",
    "SELECT :start::timestamptz AS bucket, count(*) AS value FROM payments WHERE country <> ':end' AND '100%' LIKE '%'",
    (
        "WITH p AS (SELECT paid_at FROM payments) SELECT date_trunc('hour', paid_at) AS bucket, count(*) AS value "
        "FROM p WHERE '08:00:00'::time < '09:00:00' GROUP BY 1"
    ),
    (
        "SELECT CAST(date_part('epoch', date_trunc('hour', paid_at)) AS bigint) AS bucket, count(*) AS value "
        "FROM payments GROUP BY 1\n;\n"
    ),
]


@pytest.mark.parametrize("sql", SPELLINGS)
def test_spellings_of_one_select(postgres_url: str, sql: str) -> None:
    """Comments, quoted text, casts, percent signs, a last semicolon and any case of names are no trouble."""
    fill(postgres_url, POSTGRES[0], [Row(EIGHT), Row(EIGHT + HOUR / 2)])
    with opened(postgres_url) as source:
        found = source.read(long(sql), hours(0, 1))
    assert found.starts.tolist() == [epoch_s(EIGHT)]
    assert found.values.tolist() == [2]


def rows_of(*rows: str) -> str:
    return f"SELECT * FROM (VALUES {', '.join(rows)}) AS rows(bucket, value)"  # noqa: S608 - a test's own rows


EIGHT_TEXT = "timestamptz '2026-03-10 08:00+01'"
BAD_ROWS = [
    (rows_of(f"({EIGHT_TEXT}, 1)", f"({EIGHT_TEXT}, 2)"), r"2 rows for 08:00 \(2026-03-10\), add GROUP BY"),
    (rows_of("(timestamptz '2026-03-10 08:20+01', 1)"), r"08:20:00 \+0100 starts no bucket of 1h.*Europe/Berlin"),
    (rows_of("(timestamptz '2026-03-10 08:00:00.5+01', 1)"), "fraction of a second"),
    (rows_of("('08:00', 1)"), r"column bucket holds '08:00'.*no time"),
    (rows_of("(true, 1)"), r"column bucket holds True \(bool\)"),
    (rows_of("(NULL::timestamptz, 1)"), r"column bucket holds None"),
    (rows_of("(1773126000.5, 1)"), r"column bucket holds Decimal"),
    (rows_of(f"({EIGHT_TEXT}, '€5')"), r"column value holds '€5' \(str\), not a number; write CAST"),
    (rows_of(f"({EIGHT_TEXT}, '12 %')"), r"'12 %' \(str\)"),
    (rows_of(f"({EIGHT_TEXT}, 'NaN'::float8)"), "nan, which is not a number"),
    (f"SELECT {EIGHT_TEXT} AS bucket, 1 AS total", "no column value; found bucket, total"),
    (f"SELECT {EIGHT_TEXT} AS hour, 1 AS value", "no column bucket; found hour, value"),
    ("SELECT timestamptz 'infinity' AS bucket, 1 AS value", "years? 1|too large"),
    (
        "SELECT now() + n * interval '1 h' AS bucket, 1 AS value FROM generate_series(1, 20000) AS n",
        "more than 10000 rows",
    ),
    (f"SELECT {EIGHT_TEXT} AS bucket, repeat('x', 9000000) AS value", "9000000 bytes of text"),
]


@pytest.mark.parametrize(("sql", "words"), BAD_ROWS)
def test_rows_that_are_no_series(postgres_url: str, sql: str, words: str) -> None:
    """What cannot be read without a guess is an error that says what to do."""
    with opened(postgres_url) as source, pytest.raises(BadRows, match=words):
        source.read(long(sql), hours(0, 24))


def test_two_rows_for_a_bucket_written_differently(tmp_path: Path) -> None:
    """The same bucket as text and as seconds is still twice the same bucket."""
    sql = f"SELECT '2026-03-10T07:00Z' AS bucket, 1 AS value UNION ALL SELECT {epoch_s(EIGHT)}, 2"
    with opened(sqlite_url(tmp_path)) as source, pytest.raises(BadRows, match="2 rows for 08:00"):
        source.read(long(sql), hours(0, 24))


def test_null_is_no_value_and_order_does_not_matter(postgres_url: str) -> None:
    """Rows come sorted, with nan for NULL."""
    sql = rows_of("(timestamptz '2026-03-10 10:00+01', NULL)", f"({EIGHT_TEXT}, 3)")
    with opened(postgres_url) as source:
        found = source.read(long(sql), hours(0, 24))
    assert found.starts.tolist() == [epoch_s(EIGHT), epoch_s(EIGHT + 2 * HOUR)]
    assert str(found.values.tolist()) == "[3.0, nan]"


OUTSIDE = [
    ("2026-03-10 07:00+01", None),
    ("2026-03-10 10:00+01", None),  # the bucket that runs while the span's last one is judged
    ("2026-03-10 12:00+01", "1 row after .* 2026-03-10 11:00 UTC: the source's clock is ahead by 2h"),
    ("1970-01-01 00:00+00", "1 row out of range left out, such as 1970-01-01 00:00 UTC"),
    ("9999-12-31 00:00+00", "1 row out of range left out, such as 9999-12-31"),
    ("0001-01-02 00:00+00", "1 row out of range left out, such as 1-01-02|0001-01-02"),
]
STRANGE = [
    ("'0001-01-01 00:00:00'", "1 row out of range left out, such as 1-01-01|0001-01-01"),
    ("'9999-12-31 23:00:00'", "1 row out of range left out, such as 9999-12-31"),
    ("'9999-12-31'", "1 row out of range left out, such as 9999-12-31"),
    ("0", "1 row out of range left out, such as 1970-01-01"),
    ("9000000000000000001", "1 row out of range left out, such as"),
    ("'2027-03-10 12:00:00'", "the source's clock is ahead by 365d"),
]


@pytest.mark.parametrize(("at", "warning"), OUTSIDE)
def test_rows_outside_the_span_are_left_out(postgres_url: str, at: str, warning: str | None) -> None:
    """They never count; those from the future and those that cannot be are told."""
    sql = rows_of(f"({EIGHT_TEXT}, 3)", f"(timestamptz '{at}', 4)")
    with opened(postgres_url) as source:
        found = source.read(long(sql), hours(0, 2))
    assert found.values.tolist() == [3]
    told = " ".join(found.warnings)
    assert re.search(warning, told) if warning else not told


@pytest.mark.parametrize(("bucket", "warning"), STRANGE)
def test_strange_times_without_a_zone(tmp_path: Path, bucket: str, warning: str) -> None:
    """Years 1 and 9999 cost neither an answer nor a search through all clock changes between them."""
    sql = f"SELECT '2026-03-10 08:00:00' AS bucket, 3 AS value UNION ALL SELECT {bucket}, 4"
    with opened(sqlite_url(tmp_path), BERLIN) as source:
        found = source.read(long(sql), hours(0, 2))
    assert found.values.tolist() == [3]
    assert re.search(warning, " ".join(found.warnings))


DATES = ["date '2026-03-10'", "'2026-03-10'", "timestamp '2026-03-10 00:00'", "timestamptz '2026-03-09 23:00+00'"]


@pytest.mark.parametrize("bucket", DATES)
def test_days(postgres_url: str, bucket: str) -> None:
    """A date is midnight in the metric's zone; a time without a zone is in the source's."""
    midnight = datetime(2026, 3, 9, 23, tzinfo=UTC)
    with opened(postgres_url, BERLIN) as source:
        found = source.read(
            long(f"SELECT {bucket} AS bucket, 1 AS value", every_s=86_400), Span(midnight, midnight + 24 * HOUR)
        )
    assert found.starts.tolist() == [epoch_s(midnight)]


def test_dates_do_not_hang_on_the_sources_zone(postgres_url: str) -> None:
    """The day of a metric in Berlin is Berlin's, whatever zone naive times have."""
    midnight = datetime(2026, 3, 9, 23, tzinfo=UTC)
    metric = long("SELECT date '2026-03-10' AS bucket, 1 AS value", every_s=86_400)
    with opened(postgres_url, "America/New_York") as source:
        found = source.read(metric, Span(midnight, midnight + 24 * HOUR))
    assert found.starts.tolist() == [epoch_s(midnight)]


def test_texts_with_several_offsets_are_refused(tmp_path: Path) -> None:
    """They do not sort by time, so no comparison with `:start` can be right."""
    url = sqlite_url(tmp_path)
    fill(
        url, SQLITE[3], [Row(datetime(2026, 3, 28, 12, tzinfo=UTC)), Row(datetime(2026, 3, 29, 12, tzinfo=UTC))], BERLIN
    )
    metric = long(COUNT.format(bucket=HOUR_OF["text offset"]), "payments", "paid_at")
    with opened(url) as source, pytest.raises(BadRows, match="several offsets"):
        source.read(metric, hours(0, 1))


REFUSED = [
    ("SELECT date_trunc('hour', :start) AS bucket, 1 AS value", r"CAST\(:start AS timestamptz\)"),
    ("SELECT bucket, value FROM nowhere WHERE at >= :start", "nowhere"),
    ("SELECT 1 AS bucket, 1 AS value WHERE :begin < 5", "begin|:"),
    ("SELEC 1", "correct the metric's SQL"),
]


@pytest.mark.parametrize(("sql", "words"), REFUSED)
def test_statements_that_cannot_run(postgres_url: str, sql: str, words: str) -> None:
    """The database's first line, and what to do."""
    with opened(postgres_url) as source, pytest.raises(QueryRejected, match=words) as caught:
        source.read(long(sql), hours(0, 1))
    assert str(caught.value).startswith("source shop: reading checkout/revenue: ")


def test_unknown_parameter_in_sqlite(tmp_path: Path) -> None:
    """Only `:start` and `:end` are bound."""
    with opened(sqlite_url(tmp_path)) as source, pytest.raises(QueryRejected, match="only `:start` and `:end`"):
        source.read(long("SELECT 1 AS bucket, :begin AS value"), hours(0, 1))


def test_segments_need_the_short_form(postgres_url: str) -> None:
    """A SELECT cannot be taken apart."""
    with opened(postgres_url) as source, pytest.raises(QueryRejected, match="cannot be split"):
        source.read_segments(long("SELECT 1"), "country", [hours(0, 1)])
