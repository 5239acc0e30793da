"""Which column of which table the owner's SELECT compares with `:start`."""

from functools import lru_cache

from sqlglot import exp

from detector.config.sql_gate import TEXTS_KEPT, parse_select

__all__ = ["time_column"]


@lru_cache(maxsize=TEXTS_KEPT)
def time_column(sql: str, dialect: str) -> tuple[str | None, str | None]:
    """Table and column, each None where the SQL does not tell."""
    tree = parse_select(sql, dialect)
    if tree is None:
        return None, None
    for node in tree.find_all(exp.GTE, exp.GT, exp.LTE, exp.LT, exp.EQ, exp.Between):
        column = _compared(node)
        if column is not None:
            return _table_of(column, tree), column.name
    return None, None


def _compared(node: exp.Expr) -> exp.Column | None:
    if isinstance(node, exp.Between):
        sides = (node.this, node.args.get("low"))
    else:
        sides = (node.this, node.args.get("expression"))
    for one, other in (sides, sides[::-1]):
        bound = other.this if isinstance(other, exp.Cast) else other
        if isinstance(one, exp.Column) and isinstance(bound, exp.Placeholder) and bound.name == "start":
            return one
    return None


def _table_of(column: exp.Column, tree: exp.Expr) -> str | None:
    """The real table that a column belongs to, in the SELECT around it."""
    select = column.find_ancestor(exp.Select)
    if select is None:
        return None
    origin = select.args.get("from_") or select.args.get("from")
    joins = select.args.get("joins") or []
    sources = [part.this for part in [origin, *joins] if part is not None]
    if column.table:
        sources = [source for source in sources if source.alias_or_name == column.table]
    if len(sources) != 1 or not isinstance(sources[0], exp.Table):
        return None
    table = sources[0]
    made_here = {named.alias for named in tree.find_all(exp.CTE)}
    parts = [part.name for part in table.parts]
    if not all(parts) or (len(parts) == 1 and parts[0] in made_here):
        return None
    return ".".join(parts)
