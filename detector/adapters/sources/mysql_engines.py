"""Connections to MySQL and MariaDB that cannot write, with their limits."""

import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from math import ceil
from typing import Any

import pymysql
import sqlalchemy as sa
from pymysql.constants import CR, FIELD_TYPE
from pymysql.converters import conversions, convert_datetime
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from detector.config.authority import STRAY_AT, has_stray_at
from detector.errors import SourceUnavailable
from detector.model.rulebook import Source

__all__ = ["CONNECT_S", "fence_mysql", "kill_query", "mysql_engine"]

CONNECTIONS = 2  # a source is asked two things at a time at most
CONNECT_S = 10
KILL_S = 0.5
READ_SLACK_S = 1.0  # beyond the deadline, which has its own means: this is for a server that is silent at its greeting
LOCK_S = 5.0
RECYCLE_S = 60  # idle connections are dropped by firewalls without a word
# The same on every server: strict, `"` quotes text, `\` escapes, `||` is OR - as the check of rule files reads them.
SQL_MODE = "STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION,ONLY_FULL_GROUP_BY"

# https://pymysql.readthedocs.io/en/latest/modules/connections.html
SWITCHES = frozenset({"ssl_disabled", "ssl_verify_cert", "ssl_verify_identity"})
TEXTS = frozenset(
    {"bind_address", "read_default_file", "read_default_group", "ssl_ca", "ssl_cert", "ssl_key", "ssl_key_password"}
    | {"unix_socket"}
)
YES, NO = frozenset({"1", "true", "yes", "on"}), frozenset({"0", "false", "no", "off"})


def mysql_engine(source: Source, url: sa.URL) -> sa.Engine:
    """An engine that has not connected yet.

    Raises:
        SourceUnavailable: an option that the driver does not have, or that would let a source do more than read.
    """
    if has_stray_at(source.url.hidden):
        raise SourceUnavailable(f"{source.url} {STRAY_AT}")
    arguments = _arguments(source, url)

    def connect(**limits: float) -> "pymysql.Connection[Any]":
        return _connect({**arguments, **limits})

    try:
        engine = sa.create_engine(
            "mysql+pymysql://",
            creator=connect,
            pool_size=CONNECTIONS,
            max_overflow=0,
            pool_timeout=source.timeout_s,
            pool_recycle=RECYCLE_S,
            hide_parameters=True,
        )
    except SQLAlchemyError:
        raise SourceUnavailable(f"{source.url} is no MySQL URL") from None

    def prepare(connection: "pymysql.Connection[Any]", record: ConnectionPoolEntry) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET SESSION TRANSACTION READ ONLY")
            cursor.execute("SELECT VERSION()")  # what a server says in its greeting may be a proxy's
            row = cursor.fetchone()
        record.info.update(is_mariadb="mariadb" in str(row).lower(), connect=connect)

    sa.event.listen(engine, "connect", prepare, insert=True)
    return engine


def _arguments(source: Source, url: sa.URL) -> dict[str, Any]:
    options: dict[str, Any] = {"connect_timeout": CONNECT_S}
    for name, value in url.query.items():
        options.update(_option(source, name, value if isinstance(value, str) else value[-1]))
    # Bytes, for the driver would take a text for Latin-1.
    return {
        **options,
        "host": url.host or "localhost",
        "port": url.port or 3306,
        "user": url.username,
        "password": (str(url.password) if url.password else "").encode(),
        "database": url.database or None,
        "charset": "utf8mb4",
        "conv": {**conversions, FIELD_TYPE.TIMESTAMP: _instant},
        "sql_mode": SQL_MODE,
        "program_name": "detector",
        "local_infile": False,
        "client_flag": 0,  # and so no second statement
        "autocommit": False,
        "read_timeout": source.timeout_s + READ_SLACK_S,
        "write_timeout": source.timeout_s + READ_SLACK_S,
    }


def _instant(text: str) -> object:
    """A TIMESTAMP as the session sees it, in UTC; zeros in place of a date stay text."""
    at: object = convert_datetime(text)
    return at.replace(tzinfo=UTC) if isinstance(at, datetime) else at


def _option(source: Source, name: str, value: str) -> dict[str, Any]:
    if name in TEXTS:
        return {name: value}
    if name in SWITCHES and value.lower() in YES | NO:
        return {name: value.lower() in YES}
    if name == "connect_timeout" and value.isdecimal() and 0 < int(value) < CONNECT_S:
        return {name: int(value)}
    if name == "connect_timeout" and value.isdecimal():
        return {}
    if name == "charset" and value.lower().startswith("utf8"):
        return {}
    known = ", ".join(sorted(TEXTS | SWITCHES | {"connect_timeout"}))
    wrong = "must be true or false" if name in SWITCHES else "is not supported"
    raise SourceUnavailable(f"option {name} {wrong} in {source.url}; the options are {known}")


def _connect(arguments: dict[str, Any]) -> "pymysql.Connection[Any]":
    try:
        return pymysql.connect(**arguments)
    except ssl.SSLError as error:
        raise pymysql.OperationalError(CR.CR_SSL_CONNECTION_ERROR, f"TLS: {error.reason or error}") from None
    except (OSError, ValueError, OverflowError, TypeError, RuntimeError) as error:
        # Whatever the driver trips over before it speaks with the server: a port, a certificate's file, a login that
        # needs more libraries. SQLAlchemy only knows the driver's own errors.
        raise pymysql.OperationalError(CR.CR_CONN_HOST_ERROR, f"connection failed: {error}") from None


def fence_mysql(connection: sa.Connection, timeout_s: float) -> None:
    """Zone, mode and limits of the session, and a transaction that cannot write.

    The zone is UTC as an offset: many servers do not have the tables of named ones.
    """
    lock_s = max(1, ceil(min(LOCK_S, timeout_s)))
    is_mariadb = connection.info["is_mariadb"]
    limit = f"max_statement_time = {max(timeout_s, 0.001):.3f}"
    limit = limit if is_mariadb else f"max_execution_time = {max(1, round(timeout_s * 1000))}"
    connection.exec_driver_sql(
        f"SET SESSION time_zone = '+00:00', sql_mode = '{SQL_MODE}', {limit}, "
        f"lock_wait_timeout = {lock_s}, innodb_lock_wait_timeout = {lock_s}"
    )
    connection.exec_driver_sql("START TRANSACTION READ ONLY")


def kill_query(connect: Callable[..., "pymysql.Connection[Any]"], thread_id: int) -> None:
    """End what a session runs, from another one.

    Raises:
        pymysql.MySQLError: no connection, or no such session.
    """
    other = connect(connect_timeout=KILL_S, read_timeout=KILL_S, write_timeout=KILL_S)
    try:
        other.cursor().execute(f"KILL QUERY {thread_id:d}")
    finally:
        other.close()
