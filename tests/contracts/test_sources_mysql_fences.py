"""Nothing an owner writes changes a MySQL or MariaDB database, holds it up or shows a secret."""

import re
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from threading import Thread
from unittest.mock import patch

import pytest
import sqlalchemy as sa

from builders import EIGHT, HOUR, a_metric, hours
from detector.adapters.sources import SqlSource, open_source
from detector.adapters.sources.mysql_engines import SQL_MODE, fence_mysql
from detector.config.sql_gate import fragment_flaws, long_form_flaws
from detector.errors import QueryRejected, SourceError, SourceTimeout, SourceUnavailable
from detector.model.metric import LongForm, Metric, ShortForm
from detector.model.rulebook import Source
from detector.model.secret import Secret
from servers.attacks import ANY_ATTACKS, MYSQL_ATTACKS, MYSQL_PIECES
from servers.mariadb import MariadbServer
from servers.tcp_proxy import tcp_proxy
from servers.time_styles import MARIADB, Row, execute, fill, mysql_connection, opened

ROWS = [Row(EIGHT, 5.0), Row(EIGHT + HOUR, 7.0)]


def long(sql: str) -> Metric:
    return a_metric(query=LongForm(sql))


def short(**said: str) -> Metric:
    return a_metric(query=ShortForm(**{"table": "payments", "time": "paid_at", "value": "count(*)", **said}))  # type: ignore[arg-type]  # all text


def asked(url: str, *statements: str) -> list[tuple[object, ...]]:
    """All rows of all statements."""
    rows: list[tuple[object, ...]] = []
    with closing(mysql_connection(url)) as connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
            rows += cursor.fetchall()
    return rows


STATE = [
    "SELECT * FROM payments",
    "SHOW DATABASES",
    "SHOW TABLES",
    "SHOW COLUMNS FROM payments",
    "SELECT user, host, authentication_string, select_priv FROM mysql.user",
    "SHOW TRIGGERS",
    "SHOW EVENTS",
    "SHOW GLOBAL VARIABLES WHERE variable_name NOT LIKE '%gtid%' AND variable_name <> 'innodb_buffer_pool_load_now'",
    "SELECT next_not_cached_value FROM numbers",
]


def state_of(url: str, server: MariadbServer) -> object:
    files = sorted(str(path) for path in server.folder.rglob("*evil*"))
    return asked(url, *STATE), files


@pytest.fixture(scope="module")
def attacked(mariadb_server: MariadbServer) -> Iterator[tuple[str, SqlSource]]:
    with mariadb_server.database() as url:
        fill(url, MARIADB[0], ROWS)
        execute(url, "CREATE SEQUENCE numbers; CREATE PROCEDURE evil() DELETE FROM payments")
        for name, body in (("erase", "DELETE FROM payments"), ("lift", "SET SESSION max_statement_time = 0")):
            execute(url, f"CREATE FUNCTION {name}() RETURNS int BEGIN {body}; RETURN 1; END")
        with opened(url) as source:
            yield url, source


@pytest.mark.parametrize("attack", [*ANY_ATTACKS, *MYSQL_ATTACKS])
def test_mariadb_is_left_as_it_was(attacked: tuple[str, SqlSource], attack: str, mariadb_server: MariadbServer) -> None:
    """Even as a superuser no statement changes rows, tables, users, files or the session of the next one."""
    url, source = attacked
    before = state_of(url, mariadb_server)
    with suppress(SourceError):
        source.read(long(attack.replace("{file}", str(mariadb_server.folder / "data" / "evil"))), hours(0, 24))
    assert state_of(url, mariadb_server) == before
    assert source.read(short(), hours(0, 24)).values.tolist() == [1, 1]
    row = "@@tx_read_only, @@max_statement_time, @@lock_wait_timeout, @@time_zone, @@autocommit"
    with pytest.raises(SourceError, match=r"'ON,30\.0+,5,\+00:00,OFF'"):
        source.read(long(f"SELECT 1 AS bucket, concat_ws(',', {row}) AS value"), hours(0, 1))


@pytest.mark.parametrize("said", MYSQL_PIECES, ids=str)
def test_short_form_is_fenced_too(
    attacked: tuple[str, SqlSource], said: dict[str, str], mariadb_server: MariadbServer
) -> None:
    """The pieces of a short form are an owner's text as well."""
    url, source = attacked
    before = state_of(url, mariadb_server)
    file = str(mariadb_server.folder / "data" / "evil")
    with suppress(QueryRejected):  # what a comment hides is gone with it
        source.read(short(**{key: text.replace("{file}", file) for key, text in said.items()}), hours(0, 24))
    assert state_of(url, mariadb_server) == before


def test_the_attacks_have_teeth(mariadb_server: MariadbServer, mariadb_url: str) -> None:
    """The role that the attacks run as may write files: what it asks for outside of the fences is done."""
    file = mariadb_server.folder / "data" / "toothmark"
    asked(mariadb_url, "SELECT * FROM (SELECT 1) AS x INTO OUTFILE '{file}'".replace("{file}", str(file)))
    assert file.read_text() == "1\n"
    file.unlink()


@pytest.mark.parametrize("attack", [*ANY_ATTACKS, *MYSQL_ATTACKS])
def test_rule_files_refuse_the_attacks(attack: str) -> None:
    """The check of rule files refuses each of them, whatever else is right about it."""
    whole = attack.replace("payments", "payments WHERE at >= :start AND at < :end", 1)
    assert long_form_flaws(attack, "mysql")
    assert [flaw for flaw in long_form_flaws(whole, "mysql") if "must stand in it" not in flaw.message]


@pytest.mark.parametrize("said", [said for said in MYSQL_PIECES if not said.keys() & {"table", "time"}], ids=str)
def test_rule_files_refuse_such_pieces(said: dict[str, str]) -> None:
    """The same for expressions of the short form."""
    for key, text in said.items():
        assert fragment_flaws(text, "mysql", is_aggregate=key == "value")


CLOCKS = [
    "utc_timestamp",
    "UTC_DATE",
    "unix_timestamp()",
    "unix_timestamp( )",
    "now()",
    "current_timestamp",
    "sysdate()",
]


@pytest.mark.parametrize("clock", CLOCKS)
def test_the_servers_clock_is_refused(clock: str) -> None:
    """A tick has one clock, with brackets behind it or without."""
    assert "clock" in str(fragment_flaws(f"at < {clock}", "mysql", is_aggregate=False))


USUAL = [
    (
        "SELECT from_unixtime(unix_timestamp(at) DIV 3600 * 3600) AS bucket, count(*) AS value FROM t "
        "WHERE at >= :start AND at < :end GROUP BY 1"
    ),
    (
        "SELECT date_format(`at`, '%Y-%m-%d %H:00:00') AS bucket, sum(if(state = \"paid\", amount, 0)) AS value FROM t "
        "WHERE at >= :start AND at < :end GROUP BY 1"
    ),
    (
        "SELECT date_add(date(at), INTERVAL hour(at) HOUR) AS bucket, count(DISTINCT user_id) AS value FROM t "
        "WHERE at BETWEEN :start AND :end GROUP BY 1"
    ),
]


@pytest.mark.parametrize("sql", USUAL)
def test_usual_sql_passes(sql: str) -> None:
    """What people write to cut hours is not in the way of the check."""
    assert long_form_flaws(sql, "mysql") == ()


def test_slow_statement_is_cut_off_by_the_server(mariadb_url: str) -> None:
    """A sleep ends at the deadline, on the server too."""
    with opened(mariadb_url, timeout_s=0.3) as source:
        with pytest.raises(SourceTimeout, match=r"reading checkout/revenue: cancelled after 0\.3 s; narrow the query"):
            source.read(long("SELECT 1 AS bucket, sleep(60) AS value"), hours(0, 1))
        assert running(mariadb_url) == []


def running(url: str) -> list[tuple[object, ...]]:
    """Statements of others in this database."""
    return asked(
        url,
        "SELECT info FROM information_schema.processlist "
        "WHERE db = database() AND command = 'Query' AND id <> connection_id()",
    )


def without_limit(connection: sa.Connection, _timeout_s: float) -> None:
    fence_mysql(connection, 600.0)


def test_slow_statement_is_cut_off_by_the_client(mariadb_url: str) -> None:
    """Where the server has no limit, the client's own deadline ends the statement there, and the source works on."""
    execute(mariadb_url, "CREATE TABLE payments (paid_at datetime)")
    with opened(mariadb_url, timeout_s=0.3) as source:
        with patch("detector.adapters.sources.asking.fence_mysql", without_limit):
            for _ in range(3):
                with pytest.raises(SourceTimeout, match=r"cancelled after 0\.3 s"):
                    source.read(long("SELECT 1 AS bucket, sleep(60) AS value"), hours(0, 1))
                assert running(mariadb_url) == []
        assert source.read(short(), hours(0, 1)).starts.size == 0


def test_silent_network_is_cut_off(mariadb_server: MariadbServer, mariadb_url: str) -> None:
    """Where no cancellation gets through, the connection itself is cut and the server has its own limit."""
    fill(mariadb_url, MARIADB[0], ROWS)
    with tcp_proxy(mariadb_server.port) as proxy:
        url = mariadb_url.replace(f":{mariadb_server.port}/", f":{proxy.port}/")
        with opened(url, timeout_s=0.3) as source:
            source.read(short(), hours(0, 1))
            proxy.black_hole.set()
            with pytest.raises(SourceTimeout, match=r"cancelled after 0\.3 s"):
                source.read(short(), hours(0, 1))
            assert running(mariadb_url) == []
            proxy.black_hole.clear()
            assert source.read(short(), hours(0, 1)).values.tolist() == [1]


def test_network_that_falls_silent_in_a_statement(mariadb_server: MariadbServer, mariadb_url: str) -> None:
    """The server ends by itself what nobody waits for any more."""
    with tcp_proxy(mariadb_server.port) as proxy:
        url = mariadb_url.replace(f":{mariadb_server.port}/", f":{proxy.port}/")

        def fence(connection: sa.Connection, timeout_s: float) -> None:
            fence_mysql(connection, timeout_s)
            proxy.only_upwards.set()

        with opened(url, timeout_s=0.3) as source, patch("detector.adapters.sources.asking.fence_mysql", fence):
            with pytest.raises(SourceTimeout, match=r"cancelled after 0\.3 s"):
                source.read(long("SELECT 1 AS bucket, sleep(60) AS value"), hours(0, 1))
            assert running(mariadb_url) == []


def test_silent_server_at_the_first_word(mariadb_server: MariadbServer, mariadb_url: str) -> None:
    """A server that takes a connection and says nothing is unavailable."""
    with (
        tcp_proxy(mariadb_server.port) as proxy,
        patch("detector.adapters.sources.mysql_engines.READ_SLACK_S", 0.1),
        opened(mariadb_url.replace(f":{mariadb_server.port}/", f":{proxy.port}/"), timeout_s=0.2) as source,
    ):
        proxy.black_hole.set()
        with pytest.raises(SourceUnavailable, match="check that the database is up"):
            source.read(short(), hours(0, 1))


def test_locked_table(mariadb_url: str) -> None:
    """Somebody's lock is waited for, but not for long."""
    fill(mariadb_url, MARIADB[0], ROWS)
    with opened(mariadb_url, timeout_s=0.4) as source, closing(mysql_connection(mariadb_url)) as other:
        source.read(short(), hours(0, 1))
        other.cursor().execute("LOCK TABLES payments WRITE")
        with pytest.raises((SourceUnavailable, SourceTimeout)):
            source.read(short(), hours(0, 1))


def test_restart_of_the_server() -> None:
    """A source that lost its server is unavailable, and works again once the server does."""
    with MariadbServer() as server, server.database() as url:
        fill(url, MARIADB[0], ROWS)
        with opened(url) as source:
            source.read(short(), hours(0, 1))
            server.pause()
            server.resume()
            assert source.read(short(), hours(0, 1)).values.tolist() == [1]
            server.pause()
            with pytest.raises(SourceUnavailable, match="check that the database is up"):
                source.read(short(), hours(0, 1))
            server.resume()
            assert source.read(short(), hours(0, 1)).values.tolist() == [1]


def test_two_questions_at_a_time(mariadb_url: str) -> None:
    """Threads share a source; no more than two connections are ever open."""
    fill(mariadb_url, MARIADB[0], ROWS)
    found: list[list[float]] = []
    with opened(mariadb_url) as source:
        threads = [
            Thread(target=lambda: found.append(source.read(short(), hours(0, 24)).values.tolist())) for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        connections = asked(
            mariadb_url,
            "SELECT id FROM information_schema.processlist WHERE db = database() AND id <> connection_id()",
        )
    assert found == [[1, 1]] * 8
    assert len(connections) <= 2


ROLES = [
    ("GRANT SELECT ON payments TO canary_reader", None),
    ("GRANT SELECT, SHOW VIEW ON {database}.* TO canary_reader; GRANT PROCESS ON *.* TO canary_reader", None),
    ("GRANT SELECT (paid_at, amount), UPDATE (amount) ON payments TO canary_reader", r"may write \(UPDATE on"),
    ("GRANT SELECT, INSERT ON {database}.* TO canary_reader", r"may write \(INSERT on"),
    ("GRANT SELECT, FILE ON *.* TO canary_reader", r"may write \(FILE on"),
    ("GRANT SUPER, SELECT ON *.* TO canary_reader", "is a superuser"),
    ("GRANT ALL ON *.* TO canary_reader", "is a superuser"),
    (
        (
            "CREATE ROLE canary_role; GRANT SELECT, DELETE ON payments TO canary_role; "
            "GRANT canary_role TO canary_reader; SET DEFAULT ROLE canary_role FOR canary_reader"
        ),
        r"may write \(DELETE on",
    ),
]


@pytest.fixture
def canary_url(mariadb_url: str) -> Iterator[str]:
    """A filled database, and a user without any right in it."""
    fill(mariadb_url, MARIADB[0], ROWS)
    execute(mariadb_url, "CREATE USER canary_reader IDENTIFIED BY 'canary'")
    try:
        yield mariadb_url.replace("detector@", "canary_reader:canary@")
    finally:
        execute(mariadb_url, "DROP USER canary_reader; DROP ROLE IF EXISTS canary_role")


@pytest.mark.parametrize(("grants", "words"), ROLES)
def test_a_role_that_may_write_is_told(mariadb_url: str, canary_url: str, grants: str, words: str | None) -> None:
    """It is a warning with advice and without the password's hash, never a refusal."""
    execute(mariadb_url, grants.replace("{database}", mariadb_url.rpartition("/")[2]))
    with opened(canary_url) as source:
        warnings = source.probe(short(value="sum(amount)"))
    assert len(warnings) == (words is not None)
    if words is not None:
        assert "role canary_reader@% " in warnings[0]
        assert "SELECT only" in warnings[0]
        assert "IDENTIFIED" not in warnings[0]
        assert re.search(words, warnings[0])


def test_missing_permission_names_the_grant(mariadb_url: str, canary_url: str) -> None:
    """A role without rights learns which one it needs."""
    execute(mariadb_url, "CREATE TABLE other (x int); GRANT SELECT ON other TO canary_reader")
    with (
        opened(canary_url) as source,
        pytest.raises(QueryRejected, match=r"SELECT command denied.*payments.*; .*GRANT SELECT"),
    ):
        source.read(short(), hours(0, 1))


QUOTED = "c4n4ry%2F%40%3A%25%20%C5%82secret"
SECRETS: list[tuple[Callable[[str], str], str]] = [
    (lambda url: url.replace("detector@", f"canary_user:{QUOTED}@"), "Access denied.*check user and password"),
    (lambda url: url.replace("detector@", f"detector:{QUOTED}@"), "Access denied.*check user and password"),
    (lambda url: f"{url}_missing", "Unknown database.*check the database's name"),
    (lambda _: f"mysql://detector:{QUOTED}@127.0.0.1:1/db", "connection failed: .*check that the database is up"),
    (lambda _: f"mysql://detector:{QUOTED}@127.0.0.1:99999/db", "connection failed: .*check that the database is up"),
    (lambda _: f"mysql://detector:{QUOTED}@no-such-host.invalid/db?connect_timeout=2", "connection failed"),
    (lambda url: f"{url}?ssl_key_password={QUOTED}&ssl_ca=/nowhere/ca.pem", "No such file"),
    (lambda url: f"{url}?ssl_verify_cert=true", "TLS|SSL"),
    (lambda url: f"{url}?local_infile=1&x={QUOTED}", "option local_infile is not supported"),
    (lambda url: f"{url}?client_flag=65536", "option client_flag is not supported"),
    (lambda url: f"{url}?init_command=SET%20GLOBAL%20max_connections%3D7", "option init_command is not supported"),
    (lambda url: f"{url}?ssl_disabled=perhaps", "option ssl_disabled must be true or false"),
    (lambda url: f"{url}?sslmode={QUOTED}", "option sslmode is not supported.*ssl_ca"),
]


@pytest.mark.parametrize("change", range(len(SECRETS)))
def test_errors_hold_no_secret(mariadb_url: str, change: int, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever goes wrong with a connection, the words say what to do, and nothing shows what is hidden."""
    make, words = SECRETS[change]
    source = Source("shop", Secret(make(mariadb_url), "${SHOP_DATABASE_URL}"), 2.0)
    with pytest.raises(SourceUnavailable, match=words) as caught, open_source(source) as opened_source:
        opened_source.read(short(), hours(0, 1))
    shown = "".join(traceback.format_exception(caught.value)) + caplog.text
    assert "c4n4ry" not in shown
    assert str(caught.value).startswith("source shop: ")


@pytest.mark.parametrize("password", ["c4n4ry@c4n4rx", "a:c4n4ry@c4n4rx", "a/c4n4ry@c4n4rx", "a?c4n4ry", "a#c4n4ry"])
def test_passwords_with_raw_signs_are_not_shown(password: str) -> None:
    """A password that nobody quoted may be taken for a host, a port or an option: no error shows a part of it."""
    source = Source("shop", Secret(f"mysql://reader:{password}@127.0.0.1:1/db", "${URL}"), 2.0)
    with pytest.raises(SourceUnavailable) as caught, open_source(source) as opened_source:
        opened_source.read(short(), hours(0, 1))
    assert "c4n4r" not in "".join(traceback.format_exception(caught.value))


def test_a_password_of_any_letters() -> None:
    """Passwords are UTF-8, and a wrong one is told as such."""
    with MariadbServer(password="pa$$ łüß") as server:  # noqa: S106 - a test's own
        good = server.url().replace(":pa$$ łüß@", ":pa%24%24%20%C5%82%C3%BC%C3%9F@")
        with opened(good) as source, pytest.raises(QueryRejected, match=r"payments.*correct `table`"):
            source.read(short(), hours(0, 1))


@pytest.mark.parametrize("option", ["", "?charset=utf8mb4", "?ssl_disabled=true", "?connect_timeout=3&ssl_disabled=0"])
def test_options_of_the_url(mariadb_url: str, option: str) -> None:
    """What belongs to the driver is passed on; `mariadb://` and a driver's name are the same database."""
    fill(mariadb_url, MARIADB[0], ROWS)
    for scheme in ("mysql", "mariadb", "mysql+pymysql"):
        with opened(mariadb_url.replace("mysql", scheme, 1) + option) as source:
            assert source.read(short(), hours(0, 1)).values.tolist() == [1]


class Recorder:
    """A connection that keeps what it was told."""

    def __init__(self, *, is_mariadb: bool) -> None:
        self.info = {"is_mariadb": is_mariadb}
        self.told: list[str] = []

    def exec_driver_sql(self, statement: str) -> None:
        self.told.append(statement)


@pytest.mark.parametrize(
    ("is_mariadb", "limit"), [(True, "max_statement_time = 2.500"), (False, "max_execution_time = 2500")]
)
def test_each_server_has_its_own_limit(is_mariadb: bool, limit: str) -> None:
    """MariaDB counts seconds, MySQL milliseconds."""
    recorder = Recorder(is_mariadb=is_mariadb)
    fence_mysql(recorder, 2.5)  # type: ignore[arg-type]  # the two things of a connection that it uses
    assert limit in recorder.told[0]
    assert SQL_MODE in recorder.told[0]
    assert recorder.told[1] == "START TRANSACTION READ ONLY"
