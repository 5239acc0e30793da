"""What each database spells in its own way: arithmetic on times, and any column as text."""

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

__all__ = ["EpochSecond", "LabelText", "WholeQuotient"]


class EpochSecond(FunctionElement[int]):
    """Whole seconds from 1970 to a timestamp or date, by UTC where it is an instant and by the wall clock elsewhere."""

    inherit_cache = True
    type = sa.BigInteger()
    name = "epoch_second"


class WholeQuotient(FunctionElement[int]):
    """One whole number over another, without what is left."""

    inherit_cache = True
    type = sa.BigInteger()
    name = "whole_quotient"


class LabelText(FunctionElement[str]):
    """A column of any type as text that is told apart letter by letter; NULL is `(none)`."""

    inherit_cache = True
    type = sa.Text()
    name = "label_text"


@compiles(EpochSecond)
def _epoch_second(element: EpochSecond, compiler: SQLCompiler, **kw: object) -> str:
    (column,) = element.clauses
    return str(compiler.process(sa.cast(sa.func.floor(sa.func.date_part("epoch", column)), sa.BigInteger), **kw))


@compiles(EpochSecond, "mysql")
def _epoch_second_of_mysql(element: EpochSecond, compiler: SQLCompiler, **kw: object) -> str:
    # The session is in UTC, and so is what it sees of a TIMESTAMP.
    return f"timestampdiff(SECOND, '1970-01-01 00:00:00', {compiler.process(element.clauses, **kw)})"


@compiles(WholeQuotient)
def _whole_quotient(element: WholeQuotient, compiler: SQLCompiler, **kw: object) -> str:
    number, divisor = element.clauses
    return str(compiler.process((number // divisor).self_group(), **kw))


@compiles(WholeQuotient, "mysql")
def _whole_quotient_of_mysql(element: WholeQuotient, compiler: SQLCompiler, **kw: object) -> str:
    # `/` rounds to four digits there: 86399 / 86400 is 1.0000.
    number, divisor = element.clauses
    return f"(({compiler.process(number, **kw)}) DIV {compiler.process(divisor, **kw)})"


@compiles(LabelText)
def _label_text(element: LabelText, compiler: SQLCompiler, **kw: object) -> str:
    (column,) = element.clauses
    return str(compiler.process(sa.func.coalesce(sa.cast(column, sa.Text), sa.literal_column("'(none)'")), **kw))


@compiles(LabelText, "mysql")
def _label_text_of_mysql(element: LabelText, compiler: SQLCompiler, **kw: object) -> str:
    # As bytes: its collations take DE for de, and pad with blanks, so that one group would have several names.
    text = f"CAST({compiler.process(element.clauses, **kw)} AS CHAR CHARACTER SET utf8mb4)"
    return f"CAST(coalesce({text}, '(none)') AS BINARY)"
