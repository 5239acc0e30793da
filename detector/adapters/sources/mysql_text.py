"""An owner's SQL for MySQL and MariaDB: where its texts end, as a session with our sql_mode sees it.

A subquery keeps a SELECT from writing, as long as the SELECT cannot close it: `SELECT 1) AS x INTO OUTFILE '/a' -- `
would write a file, even in a transaction that is read-only.
"""

import re
from collections.abc import Iterator

from detector.errors import QueryRejected

__all__ = ["MYSQL_PIECES", "closed"]

# https://dev.mysql.com/doc/refman/8.4/en/string-literals.html and comments.html; two dashes need a blank behind them
MYSQL_PIECES = re.compile(
    r"(?P<kept>'(?:[^'\\]|\\.|'')*'|\"(?:[^\"\\]|\\.|\"\")*\"|`(?:[^`]|``)*`)"
    r"|(?P<comment>--(?=[\x00-\x20\x7f]|$)[^\n]*|#[^\n]*|/\*.*?\*/)"
    r"|(?<![:\w]):(?P<name>start|end)\b",
    re.DOTALL,
)
OPENERS = re.compile(r"['\"`]|/\*")


def closed(sql: str) -> str:
    """The SQL without its comments, for the server runs what stands in some of them.

    Raises:
        QueryRejected: a bracket closes what the SQL did not open; a quote or comment never ends.
    """
    depth = 0
    pieces: list[str] = []
    for text, is_kept in _pieces(sql):
        pieces.append(text)
        if is_kept:
            continue
        if OPENERS.search(text):
            raise QueryRejected("a quote or a comment never ends; correct the metric's SQL")
        for bracket in re.findall(r"[()]", text):
            depth += 1 if bracket == "(" else -1
            if depth < 0:
                raise QueryRejected("a bracket closes nothing; correct the metric's SQL")
    if depth:
        raise QueryRejected("a bracket is never closed; correct the metric's SQL")
    return "".join(pieces)


def _pieces(sql: str) -> Iterator[tuple[str, bool]]:
    done = 0
    for piece in MYSQL_PIECES.finditer(sql):
        if piece["name"]:
            continue
        yield sql[done : piece.start()], False
        yield piece["kept"] or " ", True
        done = piece.end()
    yield sql[done:], False
