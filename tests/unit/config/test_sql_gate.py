"""SQL of rules: what passes, what does not, and where."""

# ruff: noqa: S608 - no SQL of this file is ever run

import pytest

from detector.config.sql_gate import fragment_flaws, long_form_flaws
from detector.config.sql_window import time_column

BODY = "SELECT at AS bucket, count(*) AS value FROM t WHERE at >= :start AND at < :end GROUP BY 1"


@pytest.mark.parametrize(
    ("text", "dialect"),
    [
        ("sum(amount)", "postgres"),
        ("count(distinct user_id)", "mysql"),
        ("sum(case when status = 'paid' then 1 else 0 end) * 1.0", "sqlite"),
        ("sum(amount) filter (where currency = 'EUR')", "postgres"),
        ("percentile_cont(0.95) within group (order by duration_ms)", "postgres"),
        ("coalesce(sum(cents), 0) / 100.0", "sqlite"),
        ("sum(cast(x as numeric(10, 2)))", "postgres"),
        ("sum((data->>'total')::numeric(10,2))", "postgres"),
        ("sum(parts[1:2])", "postgres"),
        ('sum("grossAmount")', "postgres"),
        ("sum(`gross amount`)", "mysql"),
        ("total(json_extract(data, '$.total'))", "sqlite"),
        ("sum(case when (a) xor (b) then 1 end)", "mysql"),
        ("avg(extract(epoch from paid_at - created_at))", "postgres"),
    ],
)
def test_aggregates_pass(text: str, dialect: str) -> None:
    """What owners write to count and sum is let through."""
    assert fragment_flaws(text, dialect, is_aggregate=True) == ()


@pytest.mark.parametrize(
    "text",
    [
        "status = 'captured'",
        "status in ('a', 'b') and not (country = 'DE' or amount between 1 and 2)",
        "lower(email) like '%@example.com' and deleted_at is null",
        "note = ':start; DROP TABLE x -- pg_sleep(1) ${X} {{ x }}'",
        "created_at < date '2026-01-01' and user_agent !~ '^bot'",
        "now = 1 and t.now > 2",
        "data ? 'paid'",
    ],
)
def test_conditions_pass(text: str) -> None:
    """Conditions on columns pass, whatever their texts say."""
    assert fragment_flaws(text, "postgres", is_aggregate=False) == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1 = 1; DROP TABLE x", "`;`"),
        ("true) OR (true", "closes nothing"),
        ("(a = 1", "never closed"),
        ("a = (SELECT max(b) FROM c)", "long form"),
        ("a = 1 GROUP BY b", "not SQL at 'GROUP BY'"),
        ("a = 1 /* x", "never ends"),
        ("a = 1 /* x */", "comment"),
        ("a = 'x", "never ends"),
        ("a = $1", "variable"),
        ("a = @b", "variable"),
        ("a = :b", "unknown parameter ':b'"),
        ("pg_read_file('/etc/passwd') = ''", "'pg_read_file' is not allowed"),
        ("lo_import('/etc/passwd') > 0", "'lo_import' is not allowed"),
        ("nextval('s') > 0", "'nextval' is not allowed"),
        ("pg_advisory_lock(1) is null", "'pg_advisory_lock' is not allowed"),
        ("current_setting('x') = ''", "'current_setting' is not allowed"),
        ("repeat('a', 1000000000) = ''", "'repeat' is not allowed"),
        ("query_to_xml('delete from x', true, true, '') is null", "'query_to_xml' is not allowed"),
        ('"pg_sleep"(9) is null', "'pg_sleep' is not allowed"),
        ("pg_catalog.pg_sleep(9) is null", "of a schema"),
        ("U&\"!0070g_sleep\" UESCAPE '!' (9) is null", "cannot be checked|not SQL|can be checked"),
        ("a operator(pg_catalog.=) b", "can be checked"),
        ("a = $$x$$", "plain quotes"),
        ("a = {{ b }}", "templates"),
        ("created_at > now()", "database's clock"),
        ("created_at > current_timestamp", "database's clock"),
        ("NOT " * 400 + "a", "nested too deeply|not SQL"),
        ("(" * 100 + "a" + ")" * 100, "nested too deeply"),
        ("a AS b", "one expression"),
        ("a, b", "one expression"),
        ("count(*) > 1", "counts over rows"),
        ("", "one expression"),
    ],
)
def test_conditions_that_do_not_pass(text: str, said: str) -> None:
    """Everything else is refused with a reason."""
    flaws = fragment_flaws(text, "postgres", is_aggregate=False)
    assert flaws
    assert any(part in flaw.message for part in said.split("|") for flaw in flaws)


@pytest.mark.parametrize(
    ("text", "dialect", "said"),
    [
        ("sleep(9) is null", "mysql", "'sleep' is not allowed"),
        ("benchmark(1e9, md5('a')) = 0", "mysql", "'benchmark' is not allowed"),
        ("load_file('/etc/passwd') = ''", "mysql", "'load_file' is not allowed"),
        ("a = ?", "mysql", "variable"),
        ("a = @@global.x", "mysql", "variable"),
        ("a = 1 # x", "mysql", "comment"),
        ("a = '\\' || sleep(9) || '", "mysql", "plain quotes"),
        ("load_extension('x') = 1", "sqlite", "'load_extension' is not allowed"),
        ("readfile('/etc/passwd') = ''", "sqlite", "'readfile' is not allowed"),
        ("randomblob(1000000000) = ''", "sqlite", "'randomblob' is not allowed"),
        ("at > datetime('now')", "sqlite", "database's clock"),
    ],
)
def test_other_dialects_have_their_own_dangers(text: str, dialect: str, said: str) -> None:
    """The list of functions is one of what is harmless, so every dialect's dangers are outside of it."""
    assert any(said in flaw.message for flaw in fragment_flaws(text, dialect, is_aggregate=False))


@pytest.mark.parametrize(
    "text", ["amount", "5", "lower(a)", "sum(a) over ()", "sum(a) AS b", "sum(a), sum(b)", "sum(*"]
)
def test_values_must_be_one_aggregate(text: str) -> None:
    """A value is a number for each bucket, so it counts over rows."""
    assert fragment_flaws(text, "postgres", is_aggregate=True)


@pytest.mark.parametrize(
    ("text", "dialect"),
    [
        (BODY, "postgres"),
        (BODY + ";", "postgres"),
        ("-- by hour\n" + BODY, "postgres"),
        (BODY.replace(":start", "CAST(:start AS timestamptz)"), "postgres"),
        ("WITH w AS (" + BODY + ") SELECT * FROM w", "sqlite"),
        ("WITH RECURSIVE w(bucket, value) AS NOT MATERIALIZED (" + BODY + ") SELECT * FROM w", "postgres"),
        (BODY + " UNION ALL " + BODY, "postgres"),
        ("SELECT * FROM view_by_hour WHERE at >= :start AND at < :end", "mysql"),
        ("SELECT h AS bucket, 0 AS value FROM generate_series(:start, :end, interval '1 hour') AS s(h)", "postgres"),
        (BODY.replace("count(*)", "count(distinct a) filter (where b)"), "postgres"),
        (BODY.replace("FROM t", "FROM t JOIN u USING (id) LEFT JOIN v ON (v.id = t.id)"), "postgres"),
    ],
)
def test_selects_pass(text: str, dialect: str) -> None:
    """One SELECT between `:start` and `:end` passes, with CTEs, unions and joins."""
    assert long_form_flaws(text, dialect) == ()


ATTACKS = (
    "DELETE FROM t",
    "/* SELECT */ DELETE FROM t WHERE at > :start AND at < :end",
    "-- SELECT\nUPDATE t SET a = 1 WHERE at > :start AND at < :end",
    BODY + "; DELETE FROM t",
    "COMMIT; CREATE TABLE x (a int)",
    "SET TRANSACTION READ WRITE",
    "SET statement_timeout = 0; " + BODY,
    "WITH d AS (DELETE FROM t RETURNING *) " + BODY,
    "WITH d AS (INSERT INTO t VALUES (1) RETURNING *) " + BODY,
    "WITH d AS (UPDATE t SET a = 1 RETURNING *) " + BODY,
    BODY.replace("FROM t", "INTO copied FROM t"),
    "COPY t TO PROGRAM 'sh'",
    "COPY (" + BODY + ") TO '/tmp/x'",
    "EXPLAIN ANALYZE DELETE FROM t",
    "CREATE TABLE x AS " + BODY,
    "CALL p(:start, :end)",
    "DO $$ BEGIN PERFORM 1; END $$",
    "VACUUM",
    "LISTEN x",
    "GRANT ALL ON t TO public",
    "TRUNCATE t",
    "ATTACH DATABASE 'x' AS y",
    "PRAGMA writable_schema = 1",
    "BEGIN",
    "VALUES (:start, :end)",
    "TABLE t",
    BODY + " FOR UPDATE",
    BODY + " FOR SHARE",
    BODY + " INTO OUTFILE '/tmp/x'",
    BODY.replace("FROM t", "FROM ROWS FROM (pg_sleep(9)) AS t(at)"),
    BODY.replace("count(*)", "[readfile]('x')"),
    BODY.replace("count(*)", "pg_read_file('/etc/passwd')"),
    BODY.replace("count(*)", "lo_create(1)"),
    BODY.replace("count(*)", "set_config('a', 'b', false)"),
    BODY.replace("count(*)", "pg_notify('a', 'b')"),
    BODY.replace("count(*)", '"pg_sleep"(9)'),
    BODY.replace("count(*)", "pg_sleep (9)"),
    BODY.replace("count(*)", "pg_sleep/**/(9)"),
    BODY.replace("FROM t", "FROM dblink('host=x', 'select 1') AS t(at int)"),
    BODY.replace("FROM t", "FROM pg_ls_dir('/') AS t(at)"),
    BODY.replace("FROM t", "FROM pg_catalog.pg_authid"),
    BODY.replace("FROM t", "FROM pg_shadow"),
    BODY.replace("FROM t", "FROM information_schema.tables"),
)


@pytest.mark.parametrize("text", ATTACKS)
@pytest.mark.parametrize("dialect", ["postgres", "sqlite", "mysql"])
def test_attacks_are_refused(text: str, dialect: str) -> None:
    """Nothing that writes, locks, waits, reads files or leaves the owner's tables passes, in any dialect."""
    assert long_form_flaws(text, dialect)


@pytest.mark.parametrize(
    ("text", "dialect", "position"),
    [
        (BODY + ";\n  DELETE FROM t", "postgres", (2, 3)),
        ("SELECT 1 AS bucket,\n  pg_sleep(1) AS value FROM t WHERE at > :start AND at < :end", "postgres", (2, 3)),
        ("WITH d AS (\n  DELETE FROM t RETURNING *)\n" + BODY, "postgres", (2, 3)),
        (BODY + "\n/*! INTO OUTFILE 'x' */", "mysql", (2, 1)),
        (BODY.replace("SELECT at", "SELECT /*+ SET_VAR(x=1) */ at"), "mysql", (1, 8)),
        (BODY + " LOCK IN SHARE MODE", "mysql", (1, 91)),
        ("SELECT 1 AS bucket, 2 AS value\nFORM t", "postgres", (2, 1)),
        ("-- from :begin\n" + BODY, "postgres", (1, 9)),
        (BODY.replace(":start", ":start::timestamp"), "postgres", (1, 59)),
    ],
)
def test_flaws_have_a_position(text: str, dialect: str, position: tuple[int, int]) -> None:
    """The first flaw is placed at the word that is wrong."""
    flaws = long_form_flaws(text, dialect)
    assert (flaws[0].line, flaws[0].column) == position


def test_both_bounds_must_stand_in_the_statement() -> None:
    """A bound in a comment or a text does not count."""
    hidden = BODY.replace("at < :end", "note <> ':end'")
    assert [flaw.message for flaw in long_form_flaws(hidden, "postgres")] == [
        ":end must stand in it: the detector asks for one stretch of time at a time"
    ]


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        (BODY, ("t", "at")),
        (BODY.replace("FROM t", "FROM shop.t AS x"), ("shop.t", "at")),
        (BODY.replace("at >= :start", ":start <= at"), ("t", "at")),
        (BODY.replace("at >= :start AND at < :end", "at BETWEEN :start AND :end"), ("t", "at")),
        (BODY.replace("FROM t", "FROM t JOIN u ON u.id = t.id"), (None, "at")),
        (BODY.replace("FROM t WHERE at >=", "FROM t JOIN u ON u.id = t.id WHERE u.at >="), ("u", "at")),
        ("WITH w AS (SELECT * FROM t) " + BODY.replace("FROM t", "FROM w"), (None, "at")),
        ("SELECT * FROM (" + BODY + ") AS q", ("t", "at")),
        (BODY.replace("at >= :start", "date(at) >= :start"), (None, None)),
        ("not sql (", (None, None)),
    ],
)
def test_time_column_of_a_select(sql: str, found: tuple[str | None, str | None]) -> None:
    """The column compared with `:start` is found where the SQL tells, and nothing is guessed where it does not."""
    assert time_column(sql, "postgres") == found
