"""SQL as a row of tokens with their places; what can be refused before any grammar is asked."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sqlglot import tokenize
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from detector.config.sql_functions import AGGREGATES, CLOCKS, SCALARS, WORDS
from detector.config.words import nearest, shown

__all__ = ["SqlText", "SqlTrouble", "cut", "troubles_of_text"]

_MAX_DEPTH = 40  # brackets in brackets; no hand writes more, and a parser may run out of stack
_BIND = re.compile(r"(?<![:\w\\]):(\w+)")
_PARAMETERS = frozenset({TokenType.PARAMETER, TokenType.SESSION_PARAMETER})
_TEXTS = frozenset({TokenType.STRING, TokenType.NATIONAL_STRING, TokenType.RAW_STRING, TokenType.BYTE_STRING})
# Notations in which the databases and the parser may disagree where a text ends.
_ODD_TEXTS = frozenset({TokenType.HEREDOC_STRING, TokenType.UNICODE_STRING})


class SqlTrouble(Exception):
    """Why a piece of SQL is refused, and at which character."""

    def __init__(self, at: int, message: str) -> None:
        """Keep both."""
        super().__init__(message)
        self.at = at
        self.message = message


@dataclass(frozen=True, slots=True)
class SqlText:
    """A piece of SQL.

    Attributes:
        text: as written.
        dialect: the parser's name of it.
        tokens: in order; comments are the gaps between them.
    """

    text: str
    dialect: str
    tokens: tuple[Token, ...]

    def words(self) -> Iterator[tuple[str, Token]]:
        """Unquoted words and the grammar's own, in lower case."""
        for token in self.tokens:
            if token.token_type not in _TEXTS and token.token_type is not TokenType.IDENTIFIER:
                yield token.text.lower(), token

    def calls(self) -> Iterator[tuple[str, Token, Token | None]]:
        """Whatever stands right before an opening bracket, with the token before it."""
        for index in range(1, len(self.tokens)):
            token = self.tokens[index - 1]
            is_name = token.token_type is TokenType.IDENTIFIER or re.fullmatch(r"[\w$ ]+", token.text)
            if self.tokens[index].token_type is TokenType.L_PAREN and is_name:
                yield token.text.lower(), token, self.tokens[index - 2] if index > 1 else None

    def comments(self) -> Iterator[tuple[int, str]]:
        """Start and text of everything between two tokens that is not blank."""
        start = 0
        for begin, end in [*((token.start, token.end + 1) for token in self.tokens), (len(self.text), 0)]:
            gap = self.text[start:begin]
            if gap.strip():
                yield start + len(gap) - len(gap.lstrip()), gap.strip()
            start = end


def cut(text: str, dialect: str) -> SqlText:
    """Cut a text into tokens.

    Raises:
        SqlTrouble: a quote or comment that never ends.
    """
    try:
        return SqlText(text, dialect, tuple(tokenize(text, read=dialect)))
    except SqlglotError:
        raise SqlTrouble(0, "not SQL: a quote or a comment that never ends") from None


def troubles_of_text(sql: SqlText, binds: frozenset[str], *, is_fragment: bool) -> Iterator[SqlTrouble]:
    """Everything that the tokens alone show; `binds` are the parameters that may stand there."""
    yield from _comments(sql, is_fragment=is_fragment)
    yield from _parameters(sql, binds)
    yield from _functions(sql)
    yield from _clocks(sql)
    depth = 0
    for token in sql.tokens:
        depth += {TokenType.L_PAREN: 1, TokenType.R_PAREN: -1}.get(token.token_type, 0)
        if depth < 0:
            yield SqlTrouble(token.start, "this bracket closes nothing")
            return
        if depth > _MAX_DEPTH:
            yield SqlTrouble(token.start, f"nested too deeply: at most {_MAX_DEPTH} brackets in brackets")
            return
    if depth:
        yield SqlTrouble(len(sql.text.rstrip()) - 1, f"{depth} bracket{'s are' if depth > 1 else ' is'} never closed")


def _comments(sql: SqlText, *, is_fragment: bool) -> Iterator[SqlTrouble]:
    for at, text in sql.comments():
        if is_fragment:
            yield SqlTrouble(at, f"a comment cannot stand inside an expression: {shown(text)}; use a YAML comment")
        elif sql.dialect == "mysql" or text.startswith(("/*!", "/*+", "/*M!")) or "/*" in text[2:]:
            # MySQL runs what stands in /*! … */, and databases disagree on comments in comments.
            yield SqlTrouble(at, f"comments of this kind can hide a statement: delete {shown(text)}")
        elif found := _BIND.search(text):
            yield SqlTrouble(at + found.start(), f"{shown(found.group())} in a comment: write it without the colon")
    for token in sql.tokens:
        if token.token_type in _ODD_TEXTS:
            yield SqlTrouble(token.start, "write text in plain quotes: 'like this'")


def _parameters(sql: SqlText, binds: frozenset[str]) -> Iterator[SqlTrouble]:
    for index, token in enumerate(sql.tokens):
        after = sql.tokens[index + 1] if index + 1 < len(sql.tokens) else None
        if token.token_type in _PARAMETERS:
            yield SqlTrouble(token.start, f"{shown(token.text)} is a variable of the session: write the value")
        elif token.token_type is TokenType.COLON and after is not None and after.start == token.end + 1:
            name = after.text
            if name not in binds:
                some = " and ".join(f":{bind}" for bind in sorted(binds, reverse=True))
                fix = f"only {some} are known" if binds else "there are none here; the detector adds the times itself"
                yield SqlTrouble(token.start, f"unknown parameter {shown(':' + name)}: {fix}")
            elif sql.text.startswith("::", after.end + 1):
                kind = re.match(r"\w*", sql.text[after.end + 3 :])
                word = kind.group() if kind is not None and kind.group() else "type"
                yield SqlTrouble(
                    token.start, f"`:{name}::{word}` is read as another name: write CAST(:{name} AS {word})"
                )


def _functions(sql: SqlText) -> Iterator[SqlTrouble]:
    for name, token, before in sql.calls():
        is_quoted = token.token_type is TokenType.IDENTIFIER
        if before is not None and before.token_type is TokenType.DOT:
            yield SqlTrouble(token.start, f"function {shown(token.text)} of a schema is not allowed")
        elif name in CLOCKS:
            continue
        elif name not in AGGREGATES and name not in SCALARS and (is_quoted or name.split()[-1] not in WORDS):
            if token.token_type in _TEXTS or token.token_type is TokenType.NUMBER:
                continue
            guess = nearest(name, AGGREGATES | SCALARS)
            hint = f"; did you mean {guess}?" if guess else ""
            yield SqlTrouble(token.start, f"function {shown(token.text)} is not allowed{hint}")


def _clocks(sql: SqlText) -> Iterator[SqlTrouble]:
    for index, token in enumerate(sql.tokens):
        before = sql.tokens[index - 1].token_type if index else None
        is_called = index + 1 < len(sql.tokens) and sql.tokens[index + 1].token_type is TokenType.L_PAREN
        word = token.text.lower()
        is_word = token.token_type not in _TEXTS and token.token_type is not TokenType.IDENTIFIER
        keyword_only = word.startswith(("current_", "local"))
        is_clock = is_word and word in CLOCKS and before is not TokenType.DOT and (is_called or keyword_only)
        is_now = token.token_type in _TEXTS and word == "now" and before in {TokenType.L_PAREN, TokenType.COMMA}
        if is_clock or (is_now and sql.dialect == "sqlite"):
            yield SqlTrouble(
                token.start, f"{shown(token.text)} is the database's clock: a tick has its own, use :start and :end"
            )
