"""What loads, and is hardly what was meant: worth a warning."""

import re
from collections.abc import Iterator

from detector.config.rule_schema import MetricEntry
from detector.config.words import shown
from detector.config.yaml_strict import Path
from detector.model.metric import Kind

__all__ = ["doubts_of"]

_NO_SUM = re.compile(r"\s*(avg|mean|median|min|max|percentile_\w+|stddev\w*)\s*\(", re.IGNORECASE)
_QUOTIENT = re.compile(r"/\s*(nullif\s*\(\s*)?(count|sum)\s*\(", re.IGNORECASE)


def doubts_of(entry: MetricEntry) -> Iterator[tuple[Path, str]]:
    """Paths below the metric, and what is doubtful about their values.

    Revenue and counts are added up over hours and segments; shares and levels cannot be. A ratio is shown in percent,
    and its bounds are shares.
    """
    if entry.kind.adds_up and entry.value is not None and (fix := _fix_of(entry.value)):
        yield ("value",), f"value: {shown(entry.value)} does not add up from hour to hour as {entry.kind} does: {fix}"
    if entry.kind is Kind.RATIO:
        for key in ("below", "above"):
            number = getattr(entry.alert, key)
            if number is not None and number > 1:
                said = f"alert.{key}: {number:g} is compared with numerator over denominator"
                yield ("alert", key), f"{said}: write {number / 100:g} for {number:g} %"


def _fix_of(value: str) -> str:
    if _QUOTIENT.search(value):
        return "take `kind: ratio` with `numerator` and `denominator`, or `kind: gauge`"
    return "take `kind: gauge`, or sum(…)" if _NO_SUM.match(value) else ""
