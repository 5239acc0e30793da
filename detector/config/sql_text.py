"""SQL as a row of tokens with their places."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from sqlglot import tokenize
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

__all__ = ["TEXTS", "SqlText", "SqlTrouble", "cut"]

TEXTS = frozenset({TokenType.STRING, TokenType.NATIONAL_STRING, TokenType.RAW_STRING, TokenType.BYTE_STRING})
_NAMES = TEXTS | {TokenType.IDENTIFIER}


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
            if token.token_type not in TEXTS and token.token_type is not TokenType.IDENTIFIER:
                yield token.text.lower(), token

    def calls(self) -> Iterator[tuple[str, Token, Token | None]]:
        """Whatever stands right before an opening bracket, with the token before it."""
        for index in range(1, len(self.tokens)):
            token = self.tokens[index - 1]
            is_name = token.token_type in _NAMES or re.fullmatch(r"[\w$ ]+", token.text)
            if self.tokens[index].token_type is TokenType.L_PAREN and is_name:
                yield token.text.lower(), token, self.tokens[index - 2] if index > 1 else None

    def binds(self) -> Iterator[tuple[int, str, str]]:
        """Parameters: where they stand, their names, and the text behind; `a[1:2]` is a slice and has none."""
        for token, after in pairwise(self.tokens):
            before = self.text[token.start - 1 : token.start]
            is_near = after.start == token.end + 1 and after.text[:1].isidentifier()
            if token.token_type is TokenType.COLON and is_near and not re.fullmatch(r"[\w:\\]", before):
                yield token.start, after.text, self.text[after.end + 1 : after.end + 41]

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
