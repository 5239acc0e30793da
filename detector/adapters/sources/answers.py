"""Rows into numbers: what cannot be a series is an error, never a guess."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import isfinite, nan
from typing import Any

import numpy as np
import numpy.typing as npt

from detector.errors import BadRows
from detector.model.grid import Grid
from detector.model.metric import Metric
from detector.model.panel import Floats
from detector.model.rows import MemberRows, SegmentRows
from detector.model.span import Span

__all__ = ["Answer", "bucket_starts", "floats_of", "member_rows", "segment_rows", "values_and_weights", "volumes_of"]

SHOWN = 80
Seconds = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Answer:
    """The columns' names, the rows, and the types by the database's own numbers where it has any."""

    names: tuple[str, ...]
    rows: Sequence[Sequence[Any]]
    types: tuple[int, ...] = ()

    def column(self, name: str) -> list[Any]:
        """One column, whatever the case of its name.

        Raises:
            BadRows: there is none.
        """
        found = [place for place, known in enumerate(self.names) if known.lower() == name]
        if not found:
            raise BadRows(f"no column {name}; found {', '.join(self.names) or 'none'}; name two: bucket and value")
        return [row[found[0]] for row in self.rows]


def floats_of(values: Sequence[object], column: str) -> Floats:
    """Numbers; NULL is nan.

    Raises:
        BadRows: something that is no number, or none that a baseline can hold.
    """
    return np.array([_float(value, column) for value in values], dtype=np.float64)


def _float(value: object, column: str) -> float:
    if value is None:
        return nan
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        shown = repr(value)[:SHOWN]
        kind = type(value).__name__
        raise BadRows(f"column {column} holds {shown} ({kind}), not a number; write CAST({column} AS numeric)")
    try:
        number = float(value)
    except (OverflowError, ValueError):  # an integer beyond 1e308; a signalling NaN
        number = nan
    if not isfinite(number):
        raise BadRows(f"column {column} holds {str(value)[:SHOWN]}, which is not a number; filter or divide otherwise")
    return number


def values_and_weights(answer: Answer) -> tuple[Floats, Floats | None]:
    """Values of the short form, and for a ratio its denominators; nothing over zero is no value."""
    if "numerator" not in answer.names:
        return floats_of(answer.column("value"), "value"), None
    numerators = floats_of(answer.column("numerator"), "numerator")
    denominators = floats_of(answer.column("denominator"), "denominator")
    values = np.full(numerators.shape, nan)
    with np.errstate(over="ignore"):
        np.divide(numerators, denominators, out=values, where=denominators != 0)
    if np.isinf(values).any():
        raise BadRows("numerator / denominator is too large to be a number")
    return values, denominators


def bucket_starts(answer: Answer, grid: Grid) -> Seconds:
    """Where the numbered buckets of the short form start."""
    return grid.starts[np.array(answer.column("bucket"), dtype=np.int64)]


def segment_rows(answer: Answer | None, metric: Metric, column: str, grid: Grid, part: int = 0) -> SegmentRows:
    """A row of values for each segment of one part of an answer, largest first."""
    inside = np.array([] if answer is None else answer.column("part"), dtype=np.int64) == part
    if answer is None or not inside.any():
        return SegmentRows(column, (), grid.starts, np.empty((0, len(grid))))
    places = np.array(answer.column("place"), dtype=np.int64)[inside] - 1
    labels = [label for label, is_inside in zip(answer.column("segment"), inside.tolist(), strict=True) if is_inside]
    names = dict(zip(places.tolist(), labels, strict=True))
    values = np.full((len(names), len(grid)), 0.0 if metric.kind.adds_up else nan)
    bucket = np.array(answer.column("bucket"), dtype=np.int64)[inside]
    found, denominators = values_and_weights(answer)
    values[places, bucket] = found[inside]
    weights = None
    if denominators is not None:
        weights = np.full(values.shape, nan)
        weights[places, bucket] = denominators[inside]
    return SegmentRows(column, tuple(str(names[place]) for place in range(len(names))), grid.starts, values, weights)


def member_rows(answer: Answer | None, names: Sequence[str], grid: Grid, ambiguous: tuple[Span, ...]) -> MemberRows:
    """A row of values for each member that was asked for, in that order."""
    shape = (len(names), len(grid))
    values, seen = np.full(shape, nan), np.zeros(shape, dtype=bool)
    if answer is None or not answer.rows:
        return MemberRows(tuple(names), grid.starts, values, seen, ambiguous=ambiguous)
    places = {name: place for place, name in enumerate(names)}
    row = np.array([places[_label(name)] for name in answer.column("member")], dtype=np.int64)
    bucket = np.array(answer.column("bucket"), dtype=np.int64)
    found, denominators = values_and_weights(answer)
    values[row, bucket], seen[row, bucket] = found, True
    weights = None
    if denominators is not None:
        weights = np.full(shape, nan)
        weights[row, bucket] = denominators
    return MemberRows(tuple(names), grid.starts, values, seen, weights, ambiguous)


def volumes_of(answer: Answer) -> Mapping[str, float]:
    """How much each member brought."""
    volumes = floats_of(answer.column("volume"), "volume").tolist()
    return dict(zip(map(_label, answer.column("member")), volumes, strict=True))


def _label(name: str | bytes) -> str:
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else name
