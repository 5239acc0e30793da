"""SQL of rule files: one harmless SELECT, or expressions that can only become part of one.

This is a seat belt and a source of good messages; what protects the database is a role that may only SELECT.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, SqlglotError
from sqlglot.tokenizer_core import TokenType

from detector.config.single_values import is_catalog
from detector.config.sql_functions import AGGREGATES
from detector.config.sql_text import SqlText, SqlTrouble, cut
from detector.config.sql_tokens import troubles_of_tokens
from detector.config.words import listed, shown

__all__ = ["TEXTS_KEPT", "SqlFlaw", "fragment_flaws", "long_form_flaws", "parse_select"]

TEXTS_KEPT = 16_384
"""Of each kind, for the next reload: more than 3,000 rules have, since what is gone through in turn is found again only
where all of it is kept."""

_BARE_NAME = re.compile(r"[^\W\d][\w$]*")
_BINDS = frozenset({"start", "end"})
_COLUMNS = ("bucket", "value")
_WRITES = (
    exp.DML,
    exp.DDL,
    exp.Command,
    exp.Copy,
    exp.Drop,
    exp.Alter,
    exp.Set,
    exp.Transaction,
    exp.Commit,
    exp.Rollback,
    exp.Merge,
    exp.TruncateTable,
    exp.Use,
    exp.Pragma,
    exp.Attach,
    exp.Detach,
)


@dataclass(frozen=True, slots=True)
class SqlFlaw:
    """A mistake in a text, at its line and column (from 1)."""

    line: int
    column: int
    message: str


def _flaws(text: str, troubles: Iterator[SqlTrouble]) -> tuple[SqlFlaw, ...]:
    found: list[SqlTrouble] = []
    try:
        found.extend(troubles)
    except SqlTrouble as trouble:
        found.append(trouble)
    ends = [text[: max(trouble.at, 0)] for trouble in found]
    return tuple(
        SqlFlaw(before.count("\n") + 1, len(before) - before.rfind("\n"), trouble.message)
        for before, trouble in zip(ends, found, strict=True)
    )


@lru_cache(maxsize=TEXTS_KEPT)
def fragment_flaws(text: str, dialect: str, *, is_aggregate: bool) -> tuple[SqlFlaw, ...]:
    """What is wrong with an expression of the short form.

    Args:
        text: the expression.
        dialect: the parser's name of the source's dialect.
        is_aggregate: it must contain an aggregate (`value`); otherwise none may be there (`where`).
    """
    return _flaws(text, _fragment(text, dialect, is_aggregate=is_aggregate))


def _fragment(text: str, dialect: str, *, is_aggregate: bool) -> Iterator[SqlTrouble]:
    sql = cut(text, dialect)
    _refuse_statements(sql)
    yield from _known_good(troubles_of_tokens(sql, frozenset(), is_fragment=True))
    tree = _parsed(f"SELECT ({text}\n)", dialect, shift=len("SELECT ("))
    inside = tree.expressions[0].this if isinstance(tree, exp.Select) and tree.expressions else None
    if not isinstance(inside, exp.Expr) or isinstance(inside, exp.Tuple | exp.Alias | exp.Aliases | exp.Query):
        raise SqlTrouble(0, f"{shown(text)} must be one expression, without AS and without a comma outside of brackets")
    aggregates = [token for name, token, _ in sql.calls() if name in AGGREGATES]
    if is_aggregate and not aggregates:
        own = f"sum({text.strip()})" if _BARE_NAME.fullmatch(text.strip()) else "sum(…)"
        raise SqlTrouble(0, f"{shown(text)} is no aggregate: write {own}, count(*), avg(…), …")
    if not is_aggregate and aggregates:
        raise SqlTrouble(aggregates[0].start, f"{shown(aggregates[0].text)} counts over rows: it cannot stand here")


def _refuse_statements(sql: SqlText) -> None:
    for word, token in sql.words():
        if token.token_type is TokenType.SEMICOLON:
            raise SqlTrouble(token.start, "`;` would end the statement: delete it")
        if word == "where" and token is sql.tokens[0]:
            raise SqlTrouble(token.start, f"{shown(token.text)} is the key's own word: write the condition alone")
        if word in {"select", "with"}:
            raise SqlTrouble(token.start, "a query in an expression needs the long form: use `sql:`")
        if word == "over":
            raise SqlTrouble(token.start, "a window over rows needs the long form: use `sql:`")


def _known_good(troubles: Iterator[SqlTrouble]) -> Iterator[SqlTrouble]:
    """All troubles of a layer; the next layer is only asked about a text that has none."""
    found = list(troubles)
    yield from found[:-1]
    if found:
        raise found[-1]


def _parsed(text: str, dialect: str, *, shift: int = 0) -> exp.Expr:
    try:
        trees = sqlglot.parse(text, read=dialect)
    except ParseError as error:
        first = error.errors[0] if error.errors else {}
        start = text.find(str(first.get("highlight") or ""), max(_offset(text, first), 0))
        near = f" at {shown(first['highlight'])}" if first.get("highlight") else ""
        raise SqlTrouble(max(start - shift, 0), f"not SQL{near}") from None
    except RecursionError:
        raise SqlTrouble(0, "nested too deeply") from None
    except SqlglotError as error:
        raise SqlTrouble(0, f"not SQL: {error}") from None
    except Exception as error:  # noqa: BLE001 - a parser on text of strangers: whatever it stumbles over is refused
        raise SqlTrouble(0, f"not SQL ({type(error).__name__})") from None
    statements = [tree for tree in trees if tree is not None]
    if len(statements) != 1:
        raise SqlTrouble(0, f"{len(statements)} statements: write one SELECT")
    return statements[0]


def _offset(text: str, error: dict[str, object]) -> int:
    """Where the parser stopped: it names the line, and the column of the word's last character."""
    line, column = error.get("line"), error.get("col")
    if not isinstance(line, int) or not isinstance(column, int):
        return 0
    before = sum(len(row) + 1 for row in text.split("\n")[: line - 1])
    return before + column - len(str(error.get("highlight") or ""))


@lru_cache(maxsize=TEXTS_KEPT)
def long_form_flaws(text: str, dialect: str) -> tuple[SqlFlaw, ...]:
    """What is wrong with a whole SELECT."""
    return _flaws(text, _long_form(text, dialect))


def _long_form(text: str, dialect: str) -> Iterator[SqlTrouble]:
    sql = cut(text, dialect)
    yield from _known_good(_one_select(sql))
    yield from troubles_of_tokens(sql, _BINDS, is_fragment=False)
    tree = _parsed(text, dialect)
    yield from _harmful(tree, sql)
    yield from _missing(tree)


def _one_select(sql: SqlText) -> Iterator[SqlTrouble]:
    if not sql.tokens:
        yield SqlTrouble(0, "no statement: write one SELECT")
        return
    first = sql.tokens[0]
    if first.token_type not in {TokenType.SELECT, TokenType.WITH}:
        yield SqlTrouble(first.start, f"{first.text.upper()[:40]} is not allowed: write one SELECT")
    for index, token in enumerate(sql.tokens[:-1]):
        if token.token_type is TokenType.SEMICOLON:
            after = sql.tokens[index + 1]
            yield SqlTrouble(after.start, f"a second statement ({after.text.upper()[:40]}): write one SELECT")
            return


def _harmful(tree: exp.Expr, sql: SqlText) -> Iterator[SqlTrouble]:
    if not isinstance(tree, exp.Query):
        yield SqlTrouble(0, f"{tree.key.upper()} is not allowed: write one SELECT")
    for node in tree.walk():
        if isinstance(node, _WRITES) and not isinstance(node, exp.Query):
            yield SqlTrouble(_word_at(sql, node.key), f"{node.key.upper()} is not allowed: write one SELECT")
        elif isinstance(node, exp.Into):
            yield SqlTrouble(_word_at(sql, "into"), "SELECT INTO writes a table: delete INTO")
        elif isinstance(node, exp.Lock):
            at = _word_at(sql, "for") or _word_at(sql, "lock")
            yield SqlTrouble(at, "this locks rows: delete FOR UPDATE or FOR SHARE")
        elif isinstance(node, exp.Table) and node.name and is_catalog(*_parts(node)):
            name = ".".join(_parts(node))
            yield SqlTrouble(_word_at(sql, node.name.lower()), f"{shown(name)} belongs to the database itself")


def _parts(table: exp.Table) -> list[str]:
    return [part.name for part in table.parts if part.name]


def _word_at(sql: SqlText, word: str) -> int:
    return next((token.start for token in sql.tokens if token.text.lower().split()[:1] == [word]), 0)


def _missing(tree: exp.Expr) -> Iterator[SqlTrouble]:
    bound = {node.name for node in tree.find_all(exp.Placeholder)}
    if absent := [f":{name}" for name in ("start", "end") if name not in bound]:
        yield SqlTrouble(0, f"{listed(absent)} must stand in it: the detector asks for one stretch of time at a time")
    names = tree.named_selects if isinstance(tree, exp.Query) else []
    if "*" in names or not names:
        return
    lower = [name.lower() for name in names]
    if wanted := [name for name in _COLUMNS if name not in lower]:
        returned = listed(shown(name or "(no name)") for name in names[:8])
        yield SqlTrouble(0, f"it returns {returned}, and needs {listed(wanted)}: write AS {wanted[0]}")


def parse_select(text: str, dialect: str) -> exp.Expr | None:
    """The tree of a SELECT that has no flaws."""
    try:
        return _parsed(text, dialect)
    except SqlTrouble:
        return None
