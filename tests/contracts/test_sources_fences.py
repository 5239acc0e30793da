"""Nothing an owner writes changes a database, holds it up or shows a secret."""

import hashlib
import os
import signal
import sqlite3
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from itertools import count
from pathlib import Path
from threading import Event, Thread
from unittest.mock import patch
from urllib.parse import quote

import psycopg
import pytest

from builders import EIGHT, HOUR, a_metric, hours
from detector.adapters.sources import SqlSource, open_source
from detector.adapters.sources.deadline import Deadline, cut_off_sqlite
from detector.adapters.sources.faults import Scrub
from detector.errors import QueryRejected, SourceError, SourceTimeout, SourceUnavailable
from detector.model.metric import LongForm, Metric, ShortForm
from detector.model.rulebook import Source
from detector.model.secret import Secret
from servers.attacks import ANY_ATTACKS
from servers.postgres import PostgresServer
from servers.tcp_proxy import tcp_proxy
from servers.time_styles import POSTGRES, SQLITE, Row, execute, fill, opened, sqlite_url

ROWS = [Row(EIGHT, 5.0), Row(EIGHT + HOUR, 7.0)]


def long(sql: str) -> Metric:
    return a_metric(query=LongForm(sql))


def short(**said: str) -> Metric:
    return a_metric(query=ShortForm(**{"table": "payments", "time": "paid_at", "value": "count(*)", **said}))  # type: ignore[arg-type]  # all text


SQLITE_ATTACKS = [
    "ATTACH DATABASE '{file}.evil' AS evil",
    "ATTACH DATABASE 'file:{file}.evil?mode=rwc' AS evil",
    "VACUUM INTO '{file}.evil'",
    "PRAGMA user_version = 7",
    "PRAGMA writable_schema = on",
    "PRAGMA journal_mode = DELETE",
    "SELECT 1 FROM pragma_journal_mode('delete')",
    "SELECT load_extension('{file}')",
    "SELECT writefile('{file}.evil', 'x')",
    "SELECT readfile('{file}')",
    "SELECT fts3_tokenizer('simple')",
    "REPLACE INTO payments VALUES (1, 2, 3)",
    "SELECT zeroblob(100000000) AS bucket, 1 AS value",
    "DETACH DATABASE main",
    "CREATE TEMP TABLE evil (x)",
    "CREATE VIRTUAL TABLE evil USING fts5(x)",
]
POSTGRES_ATTACKS = [
    "SELECT 1 INTO evil",
    "SELECT * INTO evil FROM payments",
    "COPY payments TO PROGRAM 'cat > {file}.evil'",
    "COPY payments TO '{file}.evil'",
    "COPY payments FROM PROGRAM 'echo'",
    "COPY (SELECT 1) TO '{file}.evil'",
    "DO $$ BEGIN DELETE FROM payments; END $$",
    "CALL evil()",
    "SET TRANSACTION READ WRITE",
    "SET SESSION statement_timeout = 0",
    "SET default_transaction_read_only = off",
    "RESET ALL",
    "DISCARD ALL",
    "SELECT * FROM payments FOR UPDATE",
    "SELECT * FROM payments FOR SHARE",
    "LOCK TABLE payments",
    "TRUNCATE payments",
    "GRANT ALL ON payments TO PUBLIC",
    "CREATE ROLE evil SUPERUSER",
    "ALTER SYSTEM SET work_mem = '1MB'",
    "SELECT nextval('numbers') AS bucket, 1 AS value",
    "SELECT setval('numbers', 99) AS bucket, 1 AS value",
    "SELECT erase() AS bucket, 1 AS value",
    "SELECT set_config('transaction_read_only', 'off', false) AS bucket, erase() AS value",
    "SELECT set_config('default_transaction_read_only', 'off', false) AS bucket, 1 AS value",
    "SELECT set_config('statement_timeout', '0', false) AS bucket, 1 AS value",
    "SELECT lo_create(4711) AS bucket, 1 AS value",
    "SELECT pg_notify('a', 'b') AS bucket, 1 AS value",
    "PREPARE evil AS DELETE FROM payments",
    "EXECUTE evil",
    "DECLARE evil CURSOR FOR SELECT 1",
    "LISTEN evil",
    "REFRESH MATERIALIZED VIEW evil",
    "MERGE INTO payments USING payments AS p ON true WHEN MATCHED THEN DELETE",
    "VALUES (1); DELETE FROM payments",
    "TABLE payments; DELETE FROM payments",
]
STATE = """SELECT md5(string_agg(line, ' ' ORDER BY line)) FROM (
    SELECT p::text AS line FROM payments p UNION ALL
    SELECT 'class ' || relname FROM pg_class WHERE relnamespace = 'public'::regnamespace UNION ALL
    SELECT 'column ' || attname FROM pg_attribute WHERE attrelid = 'payments'::regclass UNION ALL
    SELECT 'role ' || rolname FROM pg_roles UNION ALL
    SELECT 'large ' || oid FROM pg_largeobject_metadata UNION ALL
    SELECT 'acl ' || coalesce(relacl::text, '') FROM pg_class WHERE relname = 'payments' UNION ALL
    SELECT 'number ' || last_value || is_called FROM numbers) AS lines"""


def postgres_state(url: str) -> object:
    with psycopg.connect(url) as connection:
        return connection.execute(STATE.encode()).fetchone()


@pytest.fixture(scope="module")
def attacked(postgres_server: PostgresServer) -> Iterator[tuple[str, SqlSource]]:
    with postgres_server.database() as url:
        fill(url, POSTGRES[0], ROWS)
        execute(url, "CREATE SEQUENCE numbers; CREATE PROCEDURE evil() LANGUAGE sql AS 'DELETE FROM payments'")
        execute(url, "CREATE FUNCTION erase() RETURNS int LANGUAGE sql AS 'DELETE FROM payments; SELECT 1'")
        with opened(url) as source:
            yield url, source


@pytest.mark.parametrize("attack", [*ANY_ATTACKS, *POSTGRES_ATTACKS])
def test_postgres_is_left_as_it_was(attacked: tuple[str, SqlSource], attack: str, tmp_path: Path) -> None:
    """Even as a superuser no statement changes rows, tables, roles, files or the session of the next one."""
    url, source = attacked
    before = postgres_state(url)
    with suppress(SourceError):
        source.read(long(attack.format(file=tmp_path / "file")), hours(0, 24))
    assert postgres_state(url) == before
    assert list(tmp_path.iterdir()) == []
    assert source.read(short(), hours(0, 24)).values.tolist() == [1, 1]
    settings = ("transaction_read_only", "default_transaction_read_only", "statement_timeout", "lock_timeout")
    row = ", ".join(f"current_setting('{name}')" for name in settings)
    with pytest.raises(SourceError, match="'on,off,30s,5s'"):
        source.read(long(f"SELECT 1 AS bucket, concat_ws(',', {row}) AS value"), hours(0, 1))


@pytest.mark.parametrize("attack", [*ANY_ATTACKS, *SQLITE_ATTACKS])
def test_sqlite_is_left_as_it_was(attack: str, tmp_path: Path) -> None:
    """No statement changes the file or makes another one."""
    url = sqlite_url(tmp_path)
    fill(url, SQLITE[0], ROWS)
    file = tmp_path / "shop.db"
    before = hashlib.sha256(file.read_bytes()).digest()
    with opened(url) as source:
        with suppress(SourceError):
            source.read(long(attack.format(file=file)), hours(0, 24))
        assert source.read(short(), hours(0, 24)).values.tolist() == [1, 1]
    assert hashlib.sha256(file.read_bytes()).digest() == before
    assert list(tmp_path.iterdir()) == [file]


SHORT_ATTACKS = [
    {"value": "1 FROM payments; DELETE FROM payments; --"},
    {"value": "count(*)) FROM payments; DELETE FROM payments; --"},
    {"value": "(DELETE FROM payments RETURNING 1)"},
    {"where": "1 = 1; DELETE FROM payments"},
    {"where": "1 = 1) GROUP BY 1; DELETE FROM payments; --"},
    {"where": "erase() = 1"},
    {"table": "payments; DELETE FROM payments"},
    {"table": 'payments"; DELETE FROM payments; --'},
    {"time": 'paid_at"; DELETE FROM payments; --'},
    {"value": "count(*)) INTO evil --"},
]


@pytest.mark.parametrize("said", SHORT_ATTACKS, ids=str)
def test_short_form_is_fenced_too(attacked: tuple[str, SqlSource], said: dict[str, str]) -> None:
    """The pieces of a short form are an owner's text as well."""
    url, source = attacked
    before = postgres_state(url)
    with pytest.raises(QueryRejected):
        source.read(short(**said), hours(0, 24))
    assert postgres_state(url) == before


def test_a_column_of_segments_is_a_name(attacked: tuple[str, SqlSource]) -> None:
    """A split column cannot be more than a column."""
    _, source = attacked
    with pytest.raises(QueryRejected, match="does not exist"):
        source.read_segments(short(), 'country"); DELETE FROM payments; --', [hours(0, 1)])


def test_slow_statement_is_cut_off_by_postgres(postgres_url: str) -> None:
    """A sleep ends at the deadline, on the server too."""
    with opened(postgres_url, timeout_s=0.3) as source:
        with pytest.raises(SourceTimeout, match=r"reading checkout/revenue: cancelled after 0\.3 s; narrow the query"):
            source.read(long("SELECT now() AS bucket, 1 AS value, pg_sleep(60)"), hours(0, 1))
        with psycopg.connect(postgres_url) as connection:
            asked = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'detector' AND state = 'active'"
            assert connection.execute(asked).fetchone() == (0,)


def test_slow_statement_is_cut_off_by_the_client(postgres_url: str) -> None:
    """Where the statement lifts the server's limit, the client's own deadline ends it, and the source works on."""
    lift = "SELECT set_config('statement_timeout', '0', false) AS bucket, pg_sleep(60) AS value"
    execute(postgres_url, "CREATE TABLE payments (paid_at timestamptz)")
    with opened(postgres_url, timeout_s=0.3) as source:
        for _ in range(3):
            with pytest.raises(SourceTimeout, match=r"cancelled after 0\.3 s"):
                source.read(long(lift), hours(0, 1))
        assert source.read(short(), hours(0, 1)).starts.size == 0


def test_silent_network_is_cut_off(postgres_server: PostgresServer, postgres_url: str) -> None:
    """Where no cancellation gets through, the connection itself is cut; the next read connects anew."""
    fill(postgres_url, POSTGRES[0], ROWS)
    with tcp_proxy(postgres_server.port) as proxy:
        url = postgres_url.replace(f":{postgres_server.port}/", f":{proxy.port}/")
        with opened(url, timeout_s=0.3) as source:
            source.read(short(), hours(0, 1))
            proxy.black_hole.set()
            with pytest.raises(SourceTimeout, match=r"cancelled after 0\.3 s"):
                source.read(short(), hours(0, 1))
            proxy.black_hole.clear()
            assert source.read(short(), hours(0, 1)).values.tolist() == [1]


def test_slow_statement_is_cut_off_in_sqlite(tmp_path: Path) -> None:
    """A runaway query ends at the deadline."""
    endless = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) AS bucket, 1 AS value FROM n"
    )
    with opened(sqlite_url(tmp_path), timeout_s=0.2) as source, pytest.raises(SourceTimeout, match=r"after 0\.2 s"):
        source.read(long(endless), hours(0, 1))


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """As in a terminal: whoever is started in the background is born deaf to it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_ends_a_read_of_sqlite(tmp_path: Path) -> None:
    """A signal during a statement ends the program: it is no timeout, nor any other trouble of the source."""
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    with closing(sqlite3.connect(tmp_path / "shop.db")) as connection:
        deadline, calls = Deadline(30.0), count()

        def clock() -> float:
            if next(calls) == 2:  # the second look of the progress callback
                signal.raise_signal(signal.SIGINT)
            return 0.0

        with (
            patch("detector.adapters.sources.deadline.monotonic", clock),
            pytest.raises(KeyboardInterrupt),
            cut_off_sqlite(connection, deadline),
        ):
            connection.execute(endless)
    assert not deadline.passed


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_reaches_the_reader(tmp_path: Path) -> None:
    """The source passes on a signal from outside, and works for whoever goes on all the same."""
    url = sqlite_url(tmp_path)
    fill(url, SQLITE[0], ROWS)
    endless = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) AS bucket, 1 AS value FROM n"
    )
    is_running = Event()

    looks = count()

    def clock() -> float:
        if next(looks) >= 2:  # the statement was prepared, and runs
            is_running.set()
        return 0.0

    def press() -> None:
        is_running.wait()
        os.kill(os.getpid(), signal.SIGINT)

    thread = Thread(target=press)
    with opened(url) as source:
        source.read(short(), hours(0, 1))
        with patch("detector.adapters.sources.deadline.monotonic", clock):
            thread.start()
            with pytest.raises(KeyboardInterrupt):
                source.read(long(endless), hours(0, 1))
            thread.join()
        assert source.read(short(), hours(0, 1)).values.tolist() == [1]


def test_locked_table(postgres_url: str) -> None:
    """Somebody's lock is waited for, but not for long."""
    fill(postgres_url, POSTGRES[0], ROWS)
    with opened(postgres_url, timeout_s=0.4) as source, psycopg.connect(postgres_url) as other:
        source.read(short(), hours(0, 1))
        other.execute("LOCK TABLE payments")
        with pytest.raises((SourceUnavailable, SourceTimeout)):
            source.read(short(), hours(0, 1))


def test_locked_file(tmp_path: Path) -> None:
    """A writer that holds the file is waited for, but not for long."""
    url = sqlite_url(tmp_path)
    fill(url, SQLITE[0], ROWS)
    other = sqlite3.connect(tmp_path / "shop.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with opened(url, timeout_s=0.1) as source, pytest.raises(SourceUnavailable, match="locked; another program"):
        source.read(short(), hours(0, 1))
    other.close()


def test_missing_file(tmp_path: Path) -> None:
    """A file that is not there is named, and not made."""
    file = tmp_path / "shop.db"
    with (
        opened(f"sqlite:///{file}") as source,
        pytest.raises(SourceUnavailable, match=r"shop\.db: No such file") as caught,
    ):
        source.read(short(), hours(0, 1))
    assert str(file) in str(caught.value)
    assert not file.exists()


def test_strange_files(tmp_path: Path) -> None:
    """Folders, pipes and other people's files are told from databases."""
    (tmp_path / "text").write_text("not a database, but long enough to look into" * 9)
    os.mkfifo(tmp_path / "pipe")
    for name, words in (("text", "not a database"), ("pipe", "no regular file"), ("", "no regular file")):
        with opened(f"sqlite:///{tmp_path / name}") as source, pytest.raises(SourceUnavailable, match=words):
            source.read(short(), hours(0, 1))


def test_names_with_odd_letters(tmp_path: Path) -> None:
    """A file's name, quoted as URLs are, is a name: nothing in it opens the file in another way."""
    folder = tmp_path / "a%3Fmode=rwc&#b"
    folder.mkdir()
    url = sqlite_url(folder)
    fill(url, SQLITE[0], ROWS)
    with opened(f"sqlite:///{quote(url.removeprefix('sqlite:///'))}") as source:
        assert source.read(short(), hours(0, 1)).values.tolist() == [1]


def test_the_store_is_no_source(tmp_path: Path) -> None:
    """A source may not be the detector's own store, by whatever name."""
    url = sqlite_url(tmp_path)
    (tmp_path / "link.db").symlink_to(tmp_path / "shop.db")
    os.link(tmp_path / "shop.db", tmp_path / "hard.db")
    for name in ("shop.db", "link.db", "hard.db"):
        source = open_source(Source("shop", Secret(f"sqlite:///{tmp_path / name}")), [tmp_path / "shop.db"])
        with source, pytest.raises(SourceUnavailable, match="own store"):
            source.read(short(), hours(0, 1))
    assert url.endswith("shop.db")


def test_a_replaced_file_is_read_anew(tmp_path: Path) -> None:
    """A copy moved over the file is seen by the next read."""
    url = sqlite_url(tmp_path)
    fill(url, SQLITE[0], ROWS)
    (tmp_path / "next").mkdir()
    fill(sqlite_url(tmp_path / "next"), SQLITE[0], [ROWS[0]] * 3)
    with opened(url) as source:
        assert source.read(short(), hours(0, 1)).values.tolist() == [1]
        (tmp_path / "next" / "shop.db").replace(tmp_path / "shop.db")
        assert source.read(short(), hours(0, 1)).values.tolist() == [3]


def test_restart_of_the_server() -> None:
    """A source that lost its server is unavailable, and works again once the server does."""
    with PostgresServer() as server, server.database() as url:
        fill(url, POSTGRES[0], ROWS)
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


def test_two_questions_at_a_time(postgres_url: str) -> None:
    """Threads share a source; no more than two connections are ever open."""
    fill(postgres_url, POSTGRES[0], ROWS)
    found: list[list[float]] = []
    with opened(postgres_url) as source:
        threads = [
            Thread(target=lambda: found.append(source.read(short(), hours(0, 24)).values.tolist())) for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with psycopg.connect(postgres_url) as connection:
            count = connection.execute(
                "SELECT count(*) FROM pg_stat_activity "
                "WHERE application_name = 'detector' AND datname = current_database()"
            ).fetchone()
    assert found == [[1, 1]] * 8
    assert count is not None
    assert count[0] <= 2


ROLES = [
    ("CREATE ROLE canary_reader LOGIN; GRANT SELECT ON payments TO canary_reader", None),
    ("CREATE ROLE canary_reader LOGIN; GRANT SELECT, UPDATE ON payments TO canary_reader", "may write"),
    ("CREATE ROLE canary_reader LOGIN SUPERUSER", "is a superuser"),
]


@pytest.mark.parametrize(("grants", "words"), ROLES)
def test_a_role_that_may_write_is_told(postgres_url: str, grants: str, words: str | None) -> None:
    """It is a warning with advice, never a refusal."""
    fill(postgres_url, POSTGRES[0], ROWS)
    execute(postgres_url, grants)
    try:
        with opened(postgres_url.replace("detector@", "canary_reader@")) as source:
            warnings = source.probe(short())
    finally:
        execute(postgres_url, "DROP OWNED BY canary_reader; DROP ROLE canary_reader")
    assert len(warnings) == (words is not None)
    assert words is None or (words in warnings[0] and "SELECT only" in warnings[0])


def test_missing_permission_names_the_grant(postgres_url: str) -> None:
    """A role without rights learns which one it needs."""
    fill(postgres_url, POSTGRES[0], ROWS)
    execute(postgres_url, "CREATE ROLE nobody_special LOGIN")
    try:
        with (
            opened(postgres_url.replace("detector@", "nobody_special@")) as source,
            pytest.raises(QueryRejected, match=r"permission denied for table payments; .*GRANT SELECT"),
        ):
            source.read(short(), hours(0, 1))
    finally:
        execute(postgres_url, "DROP ROLE nobody_special")


CANARY = "c4n4ry/@:% secret"
QUOTED = "c4n4ry%2F%40%3A%25%20secret"


SECRETS: list[Callable[[str], str]] = [
    lambda url: url.replace("detector@", f"canary_user:{QUOTED}@"),
    lambda url: url.replace("detector@", f"detector:{QUOTED}@") + "_missing",
    lambda _: f"postgresql://detector:{QUOTED}@127.0.0.1:1/db",
    lambda _: f"postgresql://detector:{QUOTED}@127.0.0.1:99999/db",
    lambda _: f"postgresql://detector:{QUOTED}@no-such-host.invalid/db?connect_timeout=2",
    lambda url: url.replace("detector@", f"detector:{QUOTED}@") + f"?sslpassword={QUOTED}&sslmode=require",
    lambda url: url.replace("detector@", f"detector:{QUOTED}@") + f"?options=-c%20{QUOTED}%3D1",
    lambda url: url.replace("postgresql:", "oracle:").replace("detector@", f"detector:{QUOTED}@"),
    lambda _: f"{QUOTED}",
    lambda _: f"postgresql+{QUOTED}://a@b/c",
]


@pytest.mark.parametrize("change", range(len(SECRETS)))
def test_errors_hold_no_secret(postgres_url: str, change: int, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever goes wrong with a connection, neither the error, its trace nor the log shows what is hidden."""
    source = Source("shop", Secret(SECRETS[change](postgres_url), "${SHOP_DATABASE_URL}"), 2.0)
    with pytest.raises(SourceUnavailable) as caught, open_source(source) as opened_source:
        opened_source.read(short(), hours(0, 1))
    shown = "".join(traceback.format_exception(caught.value)) + caplog.text
    assert "c4n4ry" not in shown
    assert str(caught.value).startswith("source shop: ")


RAW_PASSWORDS = [
    "c4n4ry@c4n4rx",
    "a:c4n4ry@c4n4rx",
    "a/c4n4ry@c4n4rx",
    "a?c4n4ry",
    "a#c4n4ry",
    "a%c4n4ry",
    "@@c4n4ry:1",
]


@pytest.mark.parametrize("password", RAW_PASSWORDS)
def test_passwords_with_raw_signs_are_not_shown(password: str) -> None:
    """A password that nobody quoted may be taken for a host, a port or a database: no error shows a part of it."""
    source = Source("shop", Secret(f"postgresql://reader:{password}@127.0.0.1:1/db", "${URL}"), 2.0)
    with pytest.raises(SourceUnavailable) as caught, open_source(source) as opened_source:
        opened_source.read(short(), hours(0, 1))
    assert "c4n4r" not in "".join(traceback.format_exception(caught.value))
    driver = f"failed to resolve host '{password.rpartition('@')[2]}@127.0.0.1'; near {password}, 'c4n4ry'"
    assert "c4n4r" not in Scrub(source)(driver)


def test_short_pieces_of_a_secret_leave_other_words_alone() -> None:
    """A password of one letter is masked where it stands alone."""
    assert Scrub(Source("shop", Secret("postgresql://reader:a@db/x")))("a table 'a'") == "*** table '***'"


def test_errors_of_sqlite_hold_no_url(tmp_path: Path) -> None:
    """A file may be named, the URL's other parts may not."""
    source = Source("shop", Secret(f"sqlite:///{tmp_path}/shop.db?key={QUOTED}"), 2.0)
    with pytest.raises(SourceUnavailable) as caught, open_source(source) as opened_source:
        opened_source.read(short(), hours(0, 1))
    assert "c4n4ry" not in "".join(traceback.format_exception(caught.value))


def test_a_wrong_password() -> None:
    """The admin learns that it is the password, not what it was."""
    with PostgresServer(password="right") as server:  # noqa: S106 - a test's own
        url = server.url().replace(":right@", f":{QUOTED}@")
        with (
            opened(url) as source,
            pytest.raises(
                SourceUnavailable,
                match=r"revenue: connection failed: FATAL: *password authentication failed.*check user and password",
            ) as caught,
        ):
            source.read(short(), hours(0, 1))
        with opened(server.url()) as source, pytest.raises(QueryRejected, match="payments"):
            source.read(short(), hours(0, 1))
    assert "c4n4ry" not in str(caught.value)
