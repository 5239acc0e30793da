"""What the errors of MySQL and MariaDB mean here, and what a person does about them."""

import re

import pymysql

from detector.adapters.sources.advice import AGAIN, NO_COLUMN, NO_TABLE, READ_ONLY, SERVER_AWAY, TOO_SLOW
from detector.errors import QueryRejected, SourceError, SourceTimeout, SourceUnavailable

__all__ = ["mysql_kind", "mysql_words"]

CREDENTIALS = "check user and password in the source's `url`, and from which hosts the server lets the user in"
DATABASE = "check the database's name in the source's `url`, and the user's rights on it"
FULL = "raise the server's limit on connections, or stop who holds them; the next tick tries again"
GRANT = "let the role read it: GRANT SELECT ON the table TO the role"
SQL = "correct the metric's SQL"
TLS = "check `ssl_ca` and the other options of TLS in the source's `url`"
TOO_OLD = "the detector reads MariaDB from 10.5 and MySQL from 8.0 on"

# https://mariadb.com/kb/en/mariadb-error-code-reference/ and
# https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html; from 2000 on the driver's own
KINDS: dict[int, tuple[type[SourceError], str]] = {
    1040: (SourceUnavailable, FULL),
    1044: (SourceUnavailable, DATABASE),
    1045: (SourceUnavailable, CREDENTIALS),
    1049: (SourceUnavailable, DATABASE),
    1052: (QueryRejected, NO_COLUMN),
    1054: (QueryRejected, NO_COLUMN),
    1055: (QueryRejected, "name every column of the SELECT that is no aggregate in GROUP BY"),
    1060: (QueryRejected, "give each column of the SELECT a name of its own"),
    1064: (QueryRejected, SQL),
    1109: (QueryRejected, NO_TABLE),
    1129: (SourceUnavailable, "unblock the detector's host: FLUSH HOSTS on the server"),
    1130: (SourceUnavailable, CREDENTIALS),
    1140: (QueryRejected, "name every column of the SELECT that is no aggregate in GROUP BY"),
    1142: (QueryRejected, GRANT),
    1143: (QueryRejected, GRANT),
    1146: (QueryRejected, NO_TABLE),
    1193: (SourceUnavailable, TOO_OLD),
    1203: (SourceUnavailable, FULL),
    1205: (SourceUnavailable, "another session holds a lock on the table; the next tick tries again"),
    1213: (SourceUnavailable, AGAIN),
    1226: (SourceUnavailable, FULL),
    1227: (QueryRejected, READ_ONLY),
    1290: (QueryRejected, READ_ONLY),
    1317: (SourceTimeout, TOO_SLOW),
    1345: (QueryRejected, READ_ONLY),
    1370: (QueryRejected, "use functions of the database itself"),
    1412: (SourceUnavailable, AGAIN),  # the table was changed since the transaction began
    1698: (SourceUnavailable, CREDENTIALS),
    1792: (QueryRejected, READ_ONLY),
    1836: (QueryRejected, READ_ONLY),
    1969: (SourceTimeout, TOO_SLOW),
    2002: (SourceUnavailable, SERVER_AWAY),
    2003: (SourceUnavailable, SERVER_AWAY),
    2005: (SourceUnavailable, SERVER_AWAY),
    2006: (SourceUnavailable, SERVER_AWAY),
    2013: (SourceUnavailable, SERVER_AWAY),
    2026: (SourceUnavailable, TLS),
    3024: (SourceTimeout, TOO_SLOW),
    3118: (SourceUnavailable, "unlock the user on the server"),
    3159: (SourceUnavailable, TLS),
}
REFUSED = range(1000, 2000)  # and 3000 to 5000: the server's own
ADDRESS = re.compile(r"Can't connect to MySQL server on '.*' \((.*)\)$", re.DOTALL)


def mysql_kind(error: pymysql.MySQLError) -> tuple[type[SourceError], str]:
    code = _code(error)
    if code in KINDS:
        return KINDS[code]
    if "cryptography" in str(error):  # the driver's word for a login that it cannot encrypt without TLS
        return SourceUnavailable, f"let the server speak TLS; {TLS}"
    is_statement = isinstance(error, pymysql.ProgrammingError | pymysql.DataError | pymysql.NotSupportedError)
    if is_statement or (isinstance(error, pymysql.OperationalError) and (code in REFUSED or code > max(KINDS))):
        return QueryRejected, SQL
    return SourceUnavailable, SERVER_AWAY


def mysql_words(error: pymysql.MySQLError) -> str:
    """The server's own words, without the number before them and the address in them."""
    text = str(error.args[-1]) if error.args else type(error).__name__
    return ADDRESS.sub(r"connection failed: \1", text)


def _code(error: pymysql.MySQLError) -> int:
    return error.args[0] if error.args and isinstance(error.args[0], int) else 0
