"""What every source keeps of ports.MetricSource: short form, segments, newest row, probe."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from builders import EIGHT, HOUR, a_metric, hours
from detector.adapters.sources import SqlSource
from detector.errors import BadRows, QueryRejected, SourceUnavailable
from detector.model.metric import Kind, LongForm, ShortForm
from detector.model.span import Span, epoch_s
from detector.ports import MetricSource
from servers.time_styles import (
    MARIADB,
    POSTGRES,
    SQLITE,
    STYLES,
    Row,
    Style,
    execute,
    fill,
    opened,
    sqlite_url,
    url_for,
)

ALL = pytest.mark.parametrize(
    "style", [POSTGRES[0], MARIADB[0], MARIADB[1], SQLITE[3]], ids=["postgres", "datetime", "timestamp", "sqlite"]
)
MORNING = [
    Row(EIGHT, 40.0, "DE"),
    Row(EIGHT + 0.5 * HOUR, 2.5, "AT"),
    Row(EIGHT + HOUR, None, None),
    Row(EIGHT + 2 * HOUR, 7.0, "AT"),
    Row(EIGHT + 2.5 * HOUR, 9.0, "AT"),
]


@pytest.fixture
def url(style: Style, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return url_for(style, request, tmp_path)


def short(value: str | None = "sum(amount)", **said: object) -> ShortForm:
    return ShortForm("payments", "paid_at", value, **said)  # type: ignore[arg-type]  # a test names its fields


@ALL
def test_source_is_a_metric_source(style: Style, url: str) -> None:
    """It keeps the port's signatures."""
    fill(url, style, [])
    with opened(url) as source:
        port: MetricSource = source
        assert port.newest_row("payments", "paid_at", EIGHT) is None


@ALL
def test_read_sums_by_bucket(style: Style, url: str) -> None:
    """Buckets with rows come in order, NULL is no value, and buckets without rows are left out."""
    fill(url, style, reversed(MORNING))
    with opened(url) as source:
        found = source.read(a_metric(query=short()), hours(-2, 24))
    assert found.starts.tolist() == [epoch_s(EIGHT + hour * HOUR) for hour in range(3)]
    assert found.values[[0, 2]].tolist() == [42.5, 16.0]
    assert isnan(found.values[1])
    assert found.weights is None
    assert found.warnings == ()


@ALL
def test_read_is_half_open(style: Style, url: str) -> None:
    """The span's start is in, its end is not."""
    fill(url, style, MORNING)
    with opened(url) as source:
        found = source.read(a_metric(query=short("count(*)")), hours(0, 1))
        nothing = source.read(a_metric(query=short("count(*)")), hours(1, 1))
    assert found.values.tolist() == [2]
    assert nothing.starts.size == 0


@ALL
def test_where_is_the_owners(style: Style, url: str) -> None:
    """A condition holds as one, with its percent signs, colons, alternatives and comments."""
    fill(url, style, MORNING)
    where = "country LIKE 'D%' OR country = ':start' -- the rest is noise"
    with opened(url) as source:
        found = source.read(a_metric(query=short("count(*) -- all of them", where=where)), hours(0, 24))
    assert found.values.tolist() == [1]


@ALL
def test_ratio_has_weights(style: Style, url: str) -> None:
    """A ratio is numerator over denominator with the denominator as weight; over zero it has no value."""
    fill(url, style, MORNING)
    query = short(None, numerator="sum(CASE WHEN country = 'DE' THEN 1 ELSE 0 END)", denominator="count(amount)")
    with opened(url) as source:
        found = source.read(a_metric(kind=Kind.RATIO, query=query), hours(0, 24))
    assert found.weights is not None
    assert found.weights.tolist() == [2, 0, 2]
    assert found.values[[0, 2]].tolist() == [0.5, 0.0]
    assert isnan(found.values[1])


@ALL
def test_one_statement_a_read(style: Style, url: str) -> None:
    """After the first look at its column a metric costs one scan per read, and no row but its buckets."""
    fill(url, style, MORNING)
    metric = a_metric(query=short())
    with opened(url) as source:
        source.read(metric, hours(0, 24))
        before = (source.counters.statements, source.counters.scans, source.counters.rows)
        source.read(metric, hours(0, 24))
        after = (source.counters.statements, source.counters.scans, source.counters.rows)
    assert np.subtract(after, before).tolist() == [1, 1, 3]


@ALL
def test_segments_largest_first(style: Style, url: str) -> None:
    """A cell for each segment and bucket; NULL is a segment too; where nothing is, a sum is zero."""
    fill(url, style, [*MORNING, Row(EIGHT + HOUR, 1.0, None)])
    with opened(url) as source:
        (found,) = source.read_segments(a_metric(query=short()), "country", [hours(0, 4)])
    assert found.column == "country"
    assert found.segments == ("DE", "AT", "(none)")
    assert found.starts.tolist() == [epoch_s(EIGHT + hour * HOUR) for hour in range(4)]
    assert found.values.tolist() == [[40, 0, 0, 0], [2.5, 0, 16, 0], [0, 1, 0, 0]]


@ALL
def test_segments_are_limited_by_volume(style: Style, url: str) -> None:
    """Only the largest remain, however many there are, and in one scan."""
    rows = [Row(EIGHT + minute * HOUR / 60, float(minute), f"C{minute:02}") for minute in range(60)]
    fill(url, style, rows)
    with opened(url) as source:
        source.read(a_metric(query=short()), hours(0, 1))
        before = source.counters.statements
        (found,) = source.read_segments(a_metric(query=short(limit=3)), "country", [hours(0, 4)])
        assert source.counters.statements == before + 1
    assert found.segments == ("C59", "C58", "C57")
    assert found.values.shape == (3, 4)


@ALL
def test_segments_of_several_spans_are_one_statement(style: Style, url: str) -> None:
    """Each span has its own largest ones, in its own buckets; one in which nothing is has none."""
    fill(url, style, [*MORNING, Row(EIGHT + HOUR, 50.0, None)])
    with opened(url) as source:
        source.read(a_metric(query=short()), hours(0, 1))
        before = source.counters.statements
        spans = [hours(0, 1), hours(1, 4), hours(20, 22)]
        first, second, third = source.read_segments(a_metric(query=short(limit=2)), "country", spans)
        assert source.counters.statements == before + 1
    assert (first.segments, first.values.tolist()) == (("DE", "AT"), [[40], [2.5]])
    assert (second.segments, second.values.tolist()) == (("(none)", "AT"), [[50, 0, 0], [0, 16, 0]])
    assert (third.segments, third.values.shape) == ((), (0, 2))


@ALL
def test_segments_of_a_gauge_keep_holes(style: Style, url: str) -> None:
    """What does not add up has no value where it has no rows."""
    fill(url, style, MORNING[:2])
    with opened(url) as source:
        (found,) = source.read_segments(a_metric(kind=Kind.GAUGE, query=short("max(amount)")), "country", [hours(0, 2)])
        (none,) = source.read_segments(a_metric(kind=Kind.GAUGE, query=short("max(amount)")), "country", [hours(3, 5)])
    assert found.segments == ("AT", "DE")
    assert np.isnan(found.values[:, 1]).all()
    assert (none.segments, none.values.shape) == ((), (0, 2))


@ALL
def test_segments_of_a_ratio(style: Style, url: str) -> None:
    """Segments of a ratio are ratios, the largest by denominator first."""
    fill(url, style, MORNING)
    query = short(None, numerator="sum(amount)", denominator="count(*)")
    with opened(url) as source:
        (found,) = source.read_segments(a_metric(kind=Kind.RATIO, query=query), "country", [hours(0, 3)])
    assert found.segments == ("AT", "(none)", "DE")
    assert found.values[0, [0, 2]].tolist() == [2.5, 8.0]
    assert found.weights is not None
    assert found.weights[0, [0, 2]].tolist() == [1.0, 2.0]


@ALL
def test_newest_row(style: Style, url: str) -> None:
    """The newest one before an instant, to the second; none before the first."""
    fill(url, style, MORNING)
    with opened(url) as source:
        newest = [source.newest_row("payments", "paid_at", EIGHT + hour * HOUR) for hour in (0, 1, 2, 9)]
    assert newest == [None, EIGHT + 0.5 * HOUR, EIGHT + HOUR, EIGHT + 2.5 * HOUR]


@ALL
def test_empty_table_is_no_error(style: Style, url: str) -> None:
    """Before the first row there is nothing to see; a mistake in the rule shows all the same."""
    fill(url, style, [])
    with opened(url) as source:
        assert source.read(a_metric(query=short()), hours(0, 24)).starts.size == 0
        assert source.newest_row("payments", "paid_at", EIGHT) is None
        with pytest.raises(QueryRejected, match="amout"):
            source.read(a_metric(query=short("sum(amout)")), hours(0, 24))
        execute(url, "INSERT INTO payments VALUES (?, ?, ?)", [(style.write(EIGHT, UTC), 5, "DE")])  # type: ignore[arg-type]  # any tzinfo will do
        assert source.read(a_metric(query=short()), hours(0, 24)).values.tolist() == [5]


@ALL
def test_probe_finds_mistakes(style: Style, url: str) -> None:
    """A live check asks for the newest buckets, and for every column the rule names."""
    fill(url, style, MORNING)
    with opened(url) as source:
        source.probe(a_metric(query=short(split=("country",))))
        with pytest.raises(QueryRejected, match="continent"):
            source.probe(a_metric(query=short(split=("continent",))))
        with pytest.raises(QueryRejected, match=r"reading.*amout"):
            source.probe(a_metric(query=short("sum(amout)")))


@ALL
def test_wrong_names_are_told_by_the_key_to_correct(style: Style, url: str) -> None:
    """Who wrote `table:` and `value:` is not sent to SQL that the detector wrote; PostgreSQL knows the near name."""
    fill(url, style, MORNING)
    with opened(url) as source:
        with pytest.raises(QueryRejected, match=r"paymets.*correct `table`"):
            source.probe(a_metric(query=ShortForm("paymets", "paid_at", "count(*)")))
        near = "amount" if style.is_postgres else ""
        with pytest.raises(QueryRejected, match=f"amout.*; correct the name in `time`, `value`.*{near}"):
            source.probe(a_metric(query=short("sum(amout)")))


@ALL
def test_probe_warns_of_values_that_are_all_null(style: Style, url: str) -> None:
    """Rows without a single number are a wrong column more often than a bad day."""
    fill(url, style, [Row(row.at, None) for row in MORNING])
    with opened(url) as source:
        assert any("value is NULL in all" in warning for warning in source.probe(a_metric(query=short())))


def test_probe_warns_of_hours_in_dates(tmp_path: Path) -> None:
    """A column of dates has one bucket a day."""
    url = sqlite_url(tmp_path)
    execute(url, "CREATE TABLE payments (paid_at date, amount real, country text)")
    execute(url, "INSERT INTO payments VALUES ('2026-03-02', 5, 'DE')")
    with opened(url) as source:
        assert any("write every: 1d" in told for told in source.probe(a_metric(query=short())))
        assert source.probe(a_metric(query=short(), every_s=86_400)) == ()


def test_probe_warns_of_hours_in_dates_of_postgresql(postgres_url: str) -> None:
    """The column's type says so, with rows or without."""
    execute(postgres_url, "CREATE TABLE payments (paid_at date, amount numeric, country text)")
    with opened(postgres_url) as source:
        assert any("write every: 1d" in told for told in source.probe(a_metric(query=short())))


@ALL
def test_probe_warns_of_an_empty_table(style: Style, url: str) -> None:
    """A table without rows is worth a word, no more."""
    fill(url, style, [])
    with opened(url) as source:
        assert any("no rows" in warning for warning in source.probe(a_metric(query=short())))


@ALL
def test_probe_of_a_long_form_without_a_table(style: Style, url: str) -> None:
    """Where the newest row cannot be known, the database's own clock says what to ask for."""
    fill(url, style, [])
    with opened(url) as source:
        warnings = source.probe(a_metric(query=LongForm("SELECT :start AS bucket, 1 AS value WHERE 1 = 0")))
    assert any("no rows" in warning for warning in warnings)


MISTAKES = [
    ({"value": "sum(amout)"}, QueryRejected, "amout"),
    ({"table": "paymants"}, QueryRejected, "paymants"),
    ({"value": "sum(amount"}, QueryRejected, "correct the metric's SQL"),
    ({"value": "amount, 1"}, QueryRejected, "correct the metric's SQL|column value"),
    ({"where": "1 = 1) OR (1 = 1; DROP TABLE payments"}, QueryRejected, "SQL"),
    ({"value": "max(country)"}, BadRows, r"column value holds 'DE' \(str\).*CAST"),
    ({"value": "sum(amount) * 1e308 * 1e10"}, (BadRows, QueryRejected), "not a number|out of range"),
]


@ALL
@pytest.mark.parametrize(("said", "kind", "words"), MISTAKES, ids=lambda part: str(part)[:40])
def test_mistakes_are_told(
    style: Style, url: str, said: dict[str, str], kind: type[Exception] | tuple[type[Exception], ...], words: str
) -> None:
    """A message names the source, the metric, what is wrong and what to do."""
    fill(url, style, MORNING)
    query = ShortForm(**{"table": "payments", "time": "paid_at", "value": "sum(amount)", **said})  # type: ignore[arg-type]  # all text
    with opened(url) as source, pytest.raises(kind, match=words) as caught:
        source.read(a_metric(query=query), hours(0, 24))
    assert str(caught.value).startswith("source shop: reading checkout/revenue: ")
    assert "\n" not in str(caught.value)


@ALL
def test_names_are_quoted(style: Style, url: str) -> None:
    """Tables and columns may be called as people call them."""
    execute(url, 'CREATE TABLE "Order Lines" ("group" TEXT, "paid At" ' + style.sql_type + ")")
    execute(url, 'INSERT INTO "Order Lines" VALUES (?, ?)', [("a", style.write(EIGHT, UTC))])  # type: ignore[arg-type]  # any tzinfo will do
    with opened(url) as source:
        query = ShortForm("Order Lines", "paid At")
        assert source.read(a_metric(query=query), hours(0, 1)).values.tolist() == [1]
        assert source.read_segments(a_metric(query=query), "group", [hours(0, 1)])[0].segments == ("a",)


def test_schemas(postgres_url: str) -> None:
    """A table's name may hold its schema."""
    execute(postgres_url, "CREATE SCHEMA sales; CREATE TABLE sales.orders (at timestamptz)")
    execute(postgres_url, "INSERT INTO sales.orders VALUES (?)", [(EIGHT,)])
    with opened(postgres_url) as source:
        assert source.read(a_metric(query=ShortForm("sales.orders", "at")), hours(0, 1)).values.tolist() == [1]
        assert source.newest_row("sales.orders", "at", EIGHT + HOUR) == EIGHT


def test_exact_numbers(postgres_url: str) -> None:
    """Numbers of any width become the nearest double."""
    execute(postgres_url, "CREATE TABLE payments (paid_at timestamptz, amount numeric(38, 18), big numeric)")
    execute(postgres_url, "INSERT INTO payments VALUES (?, ?, ?)", [(EIGHT, "12.340000000000000001", 2**70)])
    with opened(postgres_url) as source:
        assert source.read(a_metric(query=short()), hours(0, 1)).values.tolist() == [12.34]
        assert source.read(a_metric(query=short("sum(big)")), hours(0, 1)).values.tolist() == [float(2**70)]


NO_NUMBERS = [
    ("max('NaN'::numeric)", "NaN, which is not a number"),
    ("max('Infinity'::float8)", "inf, which is not a number"),
    ("max('-Infinity'::numeric)", "-Infinity, which is not a number"),
    ("bool_and(true)", r"True \(bool\)"),
    ("max(paid_at)", r"\(datetime\)"),
    ("max(paid_at::date)", r"\(date\)"),
    ("max('1,234.50')", r"'1,234.50' \(str\)"),
    ("max(paid_at) - min(paid_at)", r"\(timedelta\)"),
    ("array_agg(amount)", r"\(list\)"),
    ("power(10::numeric, 400)", "not a number"),
]


@pytest.mark.parametrize(("value", "words"), NO_NUMBERS)
def test_what_is_no_number(postgres_url: str, value: str, words: str) -> None:
    """Nothing but finite numbers passes."""
    fill(postgres_url, POSTGRES[0], MORNING[:1])
    with opened(postgres_url) as source, pytest.raises(BadRows, match=words):
        source.read(a_metric(query=short(value)), hours(0, 1))


@pytest.mark.parametrize("type_", ["text", "bigint", "jsonb", "time"])
def test_columns_that_are_no_time_in_postgres(postgres_url: str, type_: str) -> None:
    """What PostgreSQL does not call a timestamp is none."""
    execute(postgres_url, f"CREATE TABLE payments (paid_at {type_}, amount numeric)")
    with opened(postgres_url) as source, pytest.raises(BadRows, match="paid_at is no timestamp"):
        source.read(a_metric(query=short()), hours(0, 1))


@pytest.mark.parametrize("value", ["10.03.2026 08:00", "08:00", "2026-03-10 08:00 CET", 2461110.5, "", b"2026-03-10"])
def test_columns_that_are_no_time_in_sqlite(tmp_path: Path, value: object) -> None:
    """A value that cannot be read as a time is shown."""
    url = sqlite_url(tmp_path)
    execute(url, "CREATE TABLE payments (paid_at, amount)")
    execute(url, "INSERT INTO payments VALUES (?, 1)", [(value,)])
    with opened(url) as source, pytest.raises(BadRows, match=r"column paid_at holds .*no time"):
        source.read(a_metric(query=short()), hours(0, 1))


def test_columns_of_several_kinds(tmp_path: Path) -> None:
    """Seconds and texts in one column are told, for one of them would never be seen."""
    url = sqlite_url(tmp_path)
    execute(url, "CREATE TABLE payments (paid_at, amount)")
    execute(url, "INSERT INTO payments VALUES (?, 1)", [(1773126000,), ("2026-03-10 08:00:00",)])
    with opened(url) as source, pytest.raises(BadRows, match="epoch_s and text_wall"):
        source.read(a_metric(query=short()), hours(0, 1))


@pytest.mark.parametrize("newer", [1773126000, "2026-03-10 08:00:00"])
def test_a_column_that_changed_its_kind(tmp_path: Path, newer: object) -> None:
    """After many rows of one kind, the first of another is seen."""
    url = sqlite_url(tmp_path)
    older = "2026-03-01 08:00:00" if isinstance(newer, int) else 1773120000
    execute(url, "CREATE TABLE payments (paid_at, amount)")
    execute(url, "INSERT INTO payments VALUES (?, 1)", [(older,)] * 100 + [(newer,)])
    with opened(url) as source, pytest.raises(BadRows, match="epoch_s and text_wall"):
        source.read(a_metric(query=short()), hours(0, 1))


def test_a_few_rows_without_a_time(tmp_path: Path) -> None:
    """They are told and do not stop the others."""
    url = sqlite_url(tmp_path)
    execute(url, "CREATE TABLE payments (paid_at, amount)")
    execute(url, "INSERT INTO payments VALUES (?, 1)", [("",), (None,), ("2026-03-10 07:30:00",), ("unknown",)])
    with opened(url) as source:
        found = source.read(a_metric(query=short()), hours(0, 1))
    assert found.values.tolist() == [1]
    assert found.warnings == ("column paid_at also holds '', which is no time: such rows are not counted",)


def test_a_changed_column_is_looked_at_again(postgres_url: str) -> None:
    """After a failed read the next one asks anew what the column is."""
    fill(postgres_url, POSTGRES[1], MORNING[:1], "UTC")
    metric = a_metric(query=short("max(amount)"))
    with opened(postgres_url) as source:
        source.read(metric, hours(0, 1))
        execute(postgres_url, "ALTER TABLE payments RENAME amount TO price")
        with pytest.raises(QueryRejected):
            source.read(metric, hours(0, 1))
        execute(postgres_url, "ALTER TABLE payments ALTER paid_at TYPE timestamptz USING paid_at AT TIME ZONE 'CET'")
        assert source.read(a_metric(query=short("max(price)")), hours(-1, 0)).values.tolist() == [40]


# How a database tells its plan, how it is kept from reading a small table from end to end, and what it then says.
PLANS = {
    "postgres": ("EXPLAIN", "SET LOCAL enable_seqscan = off", "Index Cond"),
    "mariadb": ("EXPLAIN", None, "'range', 'by_time'"),
    "sqlite": ("EXPLAIN QUERY PLAN", None, "paid_at>? AND paid_at<?"),
}


def plan_of(source: SqlSource, ask: Callable[[], object], database: str) -> str:
    """How the database means to answer what a call sends last."""
    engine: sa.Engine = source._asker._engine
    sent: list[tuple[str, Any]] = []
    sa.event.listen(engine, "before_cursor_execute", lambda _c, _cur, sql, values, *_: sent.append((sql, values)))
    ask()
    statement, values = sent[-1]
    prefix, prepare, _ = PLANS[database]
    with engine.connect() as connection:
        if prepare:
            connection.exec_driver_sql(prepare)
        return str(connection.exec_driver_sql(f"{prefix} {statement}", values).all())


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.name)
def test_bounds_use_the_index(style: Style, url: str) -> None:
    """Whatever the times look like, an index on their column serves reads and the search for the newest row."""
    fill(url, style, MORNING + [Row(EIGHT - 24 * day * HOUR) for day in range(2, 400)])
    with opened(url) as source:
        read = plan_of(source, lambda: source.read(a_metric(query=short()), hours(0, 24)), style.database)
        newest = plan_of(source, lambda: source.newest_row("payments", "paid_at", EIGHT), style.database)
    assert PLANS[style.database][2] in read
    assert "by_time" in newest


@pytest.mark.parametrize("url", ["mysql://u:canary@h/d", "canary", "sqlite://", "postgresql://u:canary@h:canary/d"])
def test_other_databases(url: str) -> None:
    """A URL of another kind opens, and is told at every question without being shown."""
    with opened(url) as source:
        for ask in (lambda: source.read(a_metric(), hours(0, 1)), lambda: source.probe(a_metric())):
            with pytest.raises(SourceUnavailable, match=r"source shop: .*") as caught:
                ask()
            assert "canary" not in str(caught.value)


def test_span_of_the_far_past(postgres_url: str) -> None:
    """A span without any rows has none, whenever it is."""
    fill(postgres_url, POSTGRES[0], MORNING)
    start = datetime(1999, 12, 31, 23, tzinfo=UTC)
    with opened(postgres_url) as source:
        assert source.read(a_metric(query=short()), Span(start, start + timedelta(days=30))).starts.size == 0
