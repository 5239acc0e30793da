"""What only MySQL and MariaDB have: two kinds of times beside each other, a session in UTC, numbers of their own."""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from builders import EIGHT, HOUR, a_metric, hours
from detector.errors import BadRows, QueryRejected
from detector.model.metric import LongForm, Metric, ShortForm
from detector.model.span import Span, epoch_s
from servers.time_styles import MARIADB, Row, Style, execute, fill, mysql_connection, opened

BERLIN = "Europe/Berlin"
DATETIME, TIMESTAMP = MARIADB
DAY = Span(datetime(2026, 3, 9, 23, tzinfo=UTC), datetime(2026, 3, 10, 23, tzinfo=UTC))
EACH = pytest.mark.parametrize("style", MARIADB, ids=lambda style: style.name)


def long(sql: str, table: str | None = "payments", time: str | None = "paid_at", every_s: int = 3600) -> Metric:
    return a_metric(query=LongForm(sql, table, time), every_s=every_s)


def short(value: str = "sum(amount)") -> Metric:
    return a_metric(query=ShortForm("payments", "paid_at", value))


def test_the_server_knows_no_zone(mariadb_url: str) -> None:
    """The tests of buckets run where the tables of time zones are empty, as on many servers."""
    connection = mysql_connection(mariadb_url)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM mysql.time_zone_name")
        assert cursor.fetchone() == (0,)
    connection.close()


def test_exact_numbers(mariadb_url: str) -> None:
    """Numbers of any width become the nearest double."""
    execute(
        mariadb_url, "CREATE TABLE payments (paid_at datetime, amount decimal(38, 18), big decimal(30, 0), n bigint)"
    )
    execute(
        mariadb_url,
        "INSERT INTO payments VALUES (?, ?, ?, ?)",
        [("2026-03-10 07:00", "12.340000000000000001", 2**70, 2**60)],
    )
    with opened(mariadb_url) as source:
        for value, number in (
            ("sum(amount)", 12.34),
            ("sum(big)", 2.0**70),
            ("max(n)", 2.0**60),
            ("avg(amount)", 12.34),
        ):
            assert source.read(short(value), hours(0, 1)).values.tolist() == [number]


NO_NUMBERS = [
    ("max(paid_at)", r"\(datetime\)"),
    ("max(date(paid_at))", r"\(date\)"),
    ("max('1,234.50')", r"'1,234.50' \(str\)"),
    ("timediff(max(paid_at), min(paid_at))", r"\(timedelta\)"),
    ("max(x'00ff')", r"\(bytes\)"),
    ("json_arrayagg(amount)", r"\(str\)"),
]


@pytest.mark.parametrize(("value", "words"), NO_NUMBERS)
def test_what_is_no_number(mariadb_url: str, value: str, words: str) -> None:
    """Nothing but finite numbers passes."""
    fill(mariadb_url, DATETIME, [Row(EIGHT)])
    with opened(mariadb_url) as source, pytest.raises(BadRows, match=words):
        source.read(short(value), hours(0, 1))


@pytest.mark.parametrize("type_", ["text", "bigint", "json", "time", "year", "double"])
def test_columns_that_are_no_time(mariadb_url: str, type_: str) -> None:
    """What the database does not call a time is none, seconds since 1970 among them."""
    execute(mariadb_url, f"CREATE TABLE payments (paid_at {type_}, amount decimal(20, 6))")
    with opened(mariadb_url) as source, pytest.raises(BadRows, match="paid_at is no timestamp"):
        source.read(short(), hours(0, 1))


def test_zero_dates_are_no_times(mariadb_url: str) -> None:
    """Zero in place of a date is in no bucket, nor is it the newest row."""
    fill(mariadb_url, DATETIME, [Row(EIGHT, 5.0)])
    execute(
        mariadb_url, "SET sql_mode = ''; INSERT INTO payments VALUES ('0000-00-00 00:00:00', 9, 'DE'), (NULL, 9, 'DE')"
    )
    with opened(mariadb_url) as source:
        assert source.read(short(), hours(-24, 24)).values.tolist() == [5]
        assert source.newest_row("payments", "paid_at", EIGHT + HOUR) == EIGHT


def test_dates_are_local_days(mariadb_url: str) -> None:
    """A column of dates counts from midnight to midnight in the metric's zone, and has no hours."""
    execute(mariadb_url, "CREATE TABLE payments (paid_at date, amount decimal(20, 6), country text)")
    execute(
        mariadb_url, "INSERT INTO payments VALUES (?, ?, 'DE')", [(f"2026-03-{day:02}", day) for day in range(9, 12)]
    )
    days = a_metric(query=ShortForm("payments", "paid_at", "sum(amount)"), every_s=86_400)
    with opened(mariadb_url, "America/New_York") as source:
        found = source.read(days, DAY)
        assert (found.starts.tolist(), found.values.tolist()) == ([epoch_s(DAY.start_at)], [10])
        own = long(
            "SELECT paid_at AS bucket, sum(amount) AS value FROM payments "
            "WHERE paid_at >= :start AND paid_at < :end GROUP BY 1",
            every_s=86_400,
        )
        assert source.read(own, DAY).values.tolist() == [10]
        assert any("write every: 1d" in told for told in source.probe(short()))


DAYS = (
    "SELECT {bucket} AS bucket, count(*) AS value FROM payments WHERE paid_at >= :start AND paid_at < :end GROUP BY 1"
)


def test_days_of_wall_time_in_an_owners_select(mariadb_url: str) -> None:
    """Without a zone a day is the source's."""
    fill(mariadb_url, DATETIME, [Row(DAY.start_at), Row(DAY.end_at - HOUR / 2), Row(DAY.end_at)], BERLIN)
    with opened(mariadb_url, BERLIN) as source:
        assert source.read(long(DAYS.format(bucket="date(paid_at)"), every_s=86_400), DAY).values.tolist() == [2]


def test_days_of_instants_in_an_owners_select(mariadb_url: str) -> None:
    """The session sees instants in UTC: a day of UTC's is told from one of Berlin's, never taken for it."""
    fill(mariadb_url, TIMESTAMP, [Row(DAY.start_at), Row(DAY.end_at - HOUR / 2), Row(DAY.end_at)], BERLIN)
    local = "convert_tz(date(convert_tz(paid_at, '+00:00', '+01:00')), '+01:00', '+00:00')"
    with opened(mariadb_url, BERLIN) as source:
        for bucket in ("date(paid_at)", "date_format(paid_at, '%Y-%m-%d')"):
            with pytest.raises(BadRows, match="starts no bucket of 1d"):
                source.read(long(DAYS.format(bucket=bucket), every_s=86_400), DAY)
        assert source.read(long(DAYS.format(bucket=local), every_s=86_400), DAY).values.tolist() == [2]


@EACH
def test_hours_of_an_owners_select(style: Style, mariadb_url: str) -> None:
    """Hours are right for both kinds of columns, as text and as time, wherever the source is."""
    fill(mariadb_url, style, [Row(EIGHT), Row(EIGHT + HOUR / 2), Row(EIGHT + HOUR), Row(EIGHT + 2 * HOUR)], BERLIN)
    for bucket in ("date_format(paid_at, '%Y-%m-%d %H:00:00')", "date_add(date(paid_at), INTERVAL hour(paid_at) HOUR)"):
        with opened(mariadb_url, BERLIN) as source:
            found = source.read(long(DAYS.format(bucket=bucket)), hours(0, 2))
        assert found.starts.tolist() == [epoch_s(EIGHT), epoch_s(EIGHT + HOUR)]
        assert found.values.tolist() == [2, 1]


def test_an_instant_is_one_in_any_answer(mariadb_url: str) -> None:
    """A TIMESTAMP comes with its zone, also beside a DATETIME in the source's zone."""
    execute(mariadb_url, "CREATE TABLE live (at datetime, seen timestamp NULL, zero timestamp NULL)")
    execute(mariadb_url, "SET sql_mode = ''; INSERT INTO live VALUES ('2026-03-10 08:00', '2026-03-10 07:00', 0)")
    with opened(mariadb_url, BERLIN) as source:
        (row,) = source.rows("live", ["at", "seen", "zero"], "at", hours(0, 1), 9)
        found = source.read(
            long("SELECT min(seen) AS bucket, 1 AS value FROM live WHERE at >= :start", "live", "at"), hours(0, 1)
        )
    assert row.at == EIGHT
    assert row.values["at"] == datetime(2026, 3, 10, 8)  # noqa: DTZ001 - a column without a zone
    assert row.values["seen"] == EIGHT
    assert row.values["zero"] == "0000-00-00 00:00:00"
    assert found.starts.tolist() == [epoch_s(EIGHT)]


@EACH
def test_a_column_that_the_sql_does_not_tell(style: Style, mariadb_url: str) -> None:
    """In UTC both kinds of columns take the same text; elsewhere a guess could be hours off."""
    fill(mariadb_url, style, [Row(EIGHT)])
    metric = long(DAYS.format(bucket="date_format(paid_at, '%Y-%m-%d %H:00')"), None, None)
    with opened(mariadb_url) as source:
        assert source.read(metric, hours(0, 1)).values.tolist() == [1]
    with opened(mariadb_url, BERLIN) as source, pytest.raises(QueryRejected, match=r"write t\.column >= :start"):
        source.read(metric, hours(0, 1))


SPELLINGS = [
    "SELECT date_format(paid_at, '%Y-%m-%d %H:00') AS bucket, count(*) AS value FROM payments GROUP BY 1;",
    "SELECT CAST(:start AS datetime) AS `BUCKET`, count(*) AS VALUE, 'it''s 100% :end \\\\' AS x FROM payments #:end",
    "/* from :start ) */ SELECT :start AS bucket, count(*) AS value FROM payments -- (\n;\n",
    'WITH p AS (SELECT * FROM payments) SELECT "2026-03-10 07:00" AS bucket, count(*) AS value FROM p WHERE 5--2 > 0',
    "SELECT unix_timestamp(paid_at) DIV 3600 * 3600 AS bucket, count(*) AS value FROM payments GROUP BY 1",
]


@pytest.mark.parametrize("sql", SPELLINGS)
def test_spellings_of_one_select(mariadb_url: str, sql: str) -> None:
    """Comments, quoted text, percent signs, a last semicolon and any case of names are no trouble."""
    fill(mariadb_url, DATETIME, [Row(EIGHT), Row(EIGHT + HOUR / 2)])
    with opened(mariadb_url) as source:
        found = source.read(long(sql), hours(0, 1))
    assert found.starts.tolist() == [epoch_s(EIGHT)]
    assert found.values.tolist() == [2]


REFUSED = [
    ("SELECT paid_at AS bucket, count(*) AS value FROM payments", QueryRejected, "GROUP BY"),
    ("SELECT 1 AS bucket, 1 AS value, 2 AS value", QueryRejected, "Duplicate column.*a name of its own"),
    ("SELECT 1 AS bucket, value FROM nowhere", QueryRejected, "nowhere.*correct `table`"),
    ("SELECT 1 AS bucket, amout AS value FROM payments", QueryRejected, "amout.*correct the name"),
    ("SELEC 1", QueryRejected, "correct the metric's SQL"),
    ("SELECT 1 AS bucket, 'a AS value", QueryRejected, "a quote or a comment never ends"),
    ("SELECT (1 AS bucket, 1 AS value", QueryRejected, "a bracket is never closed"),
    ("SELECT no_such(1) AS bucket, 1 AS value", QueryRejected, "no_such.*correct the metric's SQL"),
    ("SELECT 1 AS bucket, a.n * 0 AS value FROM seq_1_to_20000 AS a(n)", QueryRejected, "SQL"),
    ("SELECT seq AS bucket, 1 AS value FROM seq_1_to_20000", BadRows, "more than 10000 rows"),
    ("SELECT 1 AS bucket, repeat('x', 9000000) AS value", BadRows, "9000000 bytes of text"),
]


@pytest.mark.parametrize(("sql", "kind", "words"), REFUSED)
def test_statements_and_answers_that_cannot_be(mariadb_url: str, sql: str, kind: type[Exception], words: str) -> None:
    """The database's first line, and what to do."""
    fill(mariadb_url, DATETIME, [Row(EIGHT), Row(EIGHT + HOUR)])
    with opened(mariadb_url) as source, pytest.raises(kind, match=words) as caught:
        source.read(long(sql), hours(0, 1))
    assert str(caught.value).startswith("source shop: reading checkout/revenue: ")


def test_other_databases_on_the_server(mariadb_url: str) -> None:
    """A table's name may hold its database."""
    fill(mariadb_url, DATETIME, [Row(EIGHT)])
    name = mariadb_url.rpartition("/")[2]
    with opened(mariadb_url.replace(f"/{name}", "/")) as source:
        assert source.newest_row(f"{name}.payments", "paid_at", EIGHT + HOUR) == EIGHT
        with pytest.raises(QueryRejected, match=r"No database selected"):
            source.newest_row("payments", "paid_at", EIGHT)


def test_a_killed_run_leaves_no_server() -> None:
    """Whoever starts the private server and is killed leaves neither a process nor a file."""
    program = Path(__file__).parents[1] / "servers" / "mariadb.py"
    run = subprocess.Popen(
        [sys.executable, str(program), "sh", "-c", "ls -d /proc/self >/dev/null; echo $MARIADB_URL; sleep 600"],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert run.stdout is not None
    url = run.stdout.readline().strip()
    connection = mysql_connection(url)
    with connection.cursor() as cursor:
        cursor.execute("SELECT @@datadir")
        row = cursor.fetchone()
    assert row is not None
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    run.stdout.close()
    wait_for_end(connection)
    assert Path(str(row[0])).parent.name.startswith("detector-mariadb-")


def wait_for_end(connection: object) -> None:
    """The server closes what it holds open when it ends, and not before."""
    sock = connection._sock  # type: ignore[attr-defined]  # to wait without asking again and again
    assert sock.recv(1) == b""
    sock.close()
