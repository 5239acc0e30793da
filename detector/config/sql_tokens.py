"""What can be refused in a piece of SQL before any grammar is asked."""

import re
from collections.abc import Iterator

from sqlglot.tokenizer_core import TokenType

from detector.config.sql_functions import AGGREGATES, BARE_CLOCKS, CLOCKS, SCALARS, WORDS
from detector.config.sql_text import TEXTS, SqlText, SqlTrouble
from detector.config.words import nearest, shown

__all__ = ["troubles_of_tokens"]

# Clocks without brackets; MySQL has more of them, as words that no column can have without quotes.
_KEYWORDS = ("current_", "local")
_KEYWORDS_OF_MYSQL = (*_KEYWORDS, "utc_")
_MAX_DEPTH = 40  # brackets in brackets; no hand writes more, and a parser may run out of stack
_BIND = re.compile(r"(?<![:\w\\]):(\w+)")
_PARAMETERS = frozenset({TokenType.PARAMETER, TokenType.SESSION_PARAMETER})
_BRACES = frozenset({TokenType.L_BRACE, TokenType.R_BRACE, TokenType.BLOCK_START, TokenType.BLOCK_END})
# After these, a name before a bracket is one that the statement gives: `AS t(a, b)`, `f(x) t(a)`, `WITH t(a)`.
_BEFORE_ALIAS = frozenset({TokenType.ALIAS, TokenType.R_PAREN, TokenType.WITH, TokenType.RECURSIVE})
# Notations in which the databases and the parser may disagree where a text ends.
_ODD_TEXTS = frozenset({TokenType.HEREDOC_STRING, TokenType.UNICODE_STRING})


def troubles_of_tokens(sql: SqlText, binds: frozenset[str], *, is_fragment: bool) -> Iterator[SqlTrouble]:
    """Everything that the tokens alone show; `binds` are the parameters that may stand there."""
    yield from _comments(sql, is_fragment=is_fragment)
    yield from _parameters(sql, binds)
    yield from _templates(sql)
    yield from _functions(sql)
    yield from _clocks(sql, "compare with :start and :end" if binds else "the detector adds the times itself")
    yield from _brackets(sql)


def _brackets(sql: SqlText) -> Iterator[SqlTrouble]:
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
        written = sql.text[token.start : token.end + 1]
        if token.token_type is TokenType.HINT:
            yield SqlTrouble(token.start, f"comments of this kind can change settings: delete {shown(written)}")
        # MySQL can be set to take a backslash for what it is, and the text then ends at the quote behind it.
        is_escaped = sql.dialect == "mysql" and token.token_type in TEXTS and re.search(r"\\['\"]", written)
        if token.token_type in _ODD_TEXTS or is_escaped:
            yield SqlTrouble(token.start, "write text in plain quotes, and a quote in it twice: 'it''s'")


def _parameters(sql: SqlText, binds: frozenset[str]) -> Iterator[SqlTrouble]:
    for token in sql.tokens:
        is_mark = token.token_type is TokenType.PLACEHOLDER and sql.dialect != "postgres"
        if token.token_type in _PARAMETERS or is_mark:
            yield SqlTrouble(token.start, f"{shown(token.text)} is a variable of the session: write the value")
    for at, name, rest in sql.binds():
        if name not in binds:
            some = " and ".join(f":{bind}" for bind in sorted(binds, reverse=True))
            fix = f"only {some} are known" if binds else "there are none here; the detector adds the times itself"
            yield SqlTrouble(at, f"unknown parameter {shown(':' + name)}: {fix}")
        elif found := re.match(r"::(\w*)", rest):
            fix = f"write CAST(:{name} AS {found[1] or 'type'})"
            yield SqlTrouble(at, f"`:{name}{found[0]}` is read as another parameter: {fix}")


def _templates(sql: SqlText) -> Iterator[SqlTrouble]:
    for token in sql.tokens:
        if token.token_type in _BRACES:
            yield SqlTrouble(token.start, f"templates are not supported: write the value, without {shown(token.text)}")
            return


def _functions(sql: SqlText) -> Iterator[SqlTrouble]:
    for name, token, before in sql.calls():
        kind = before.token_type if before is not None else None
        is_quoted = token.token_type is TokenType.IDENTIFIER
        is_grammar = not is_quoted and (name.split()[-1] in WORDS or token.token_type is TokenType.NUMBER)
        if token.token_type in TEXTS or name == "operator":
            yield SqlTrouble(token.start, f"not SQL that can be checked: a bracket after {shown(token.text)}")
        elif kind is TokenType.DOT:
            yield SqlTrouble(token.start, f"function {shown(token.text)} of a schema is not allowed")
        elif kind in _BEFORE_ALIAS or is_grammar or name in CLOCKS:
            continue
        elif name not in AGGREGATES and name not in SCALARS:
            guess = nearest(name, AGGREGATES | SCALARS, likeness=0.75)
            hint = f"; did you mean {guess}?" if guess else ""
            yield SqlTrouble(token.start, f"function {shown(token.text)} is not allowed{hint}")


def _clocks(sql: SqlText, fix: str) -> Iterator[SqlTrouble]:
    for index, token in enumerate(sql.tokens):
        before = sql.tokens[index - 1].token_type if index else None
        is_called = index + 1 < len(sql.tokens) and sql.tokens[index + 1].token_type is TokenType.L_PAREN
        word = token.text.lower()
        is_word = token.token_type not in TEXTS and token.token_type is not TokenType.IDENTIFIER
        keyword_only = word.startswith(_KEYWORDS_OF_MYSQL if sql.dialect == "mysql" else _KEYWORDS)
        is_named = word in CLOCKS and (is_called or keyword_only)
        is_bare = word in BARE_CLOCKS and is_called and _closes(sql, index + 2)
        is_clock = is_word and before is not TokenType.DOT and (is_named or is_bare)
        is_now = token.token_type in TEXTS and word == "now" and before in {TokenType.L_PAREN, TokenType.COMMA}
        if is_clock or (is_now and sql.dialect == "sqlite"):
            yield SqlTrouble(token.start, f"{shown(token.text)} is the database's clock, and a tick has its own: {fix}")


def _closes(sql: SqlText, index: int) -> bool:
    return index < len(sql.tokens) and sql.tokens[index].token_type is TokenType.R_PAREN
