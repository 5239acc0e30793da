"""What a source answers."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from detector.model.panel import Bools, Floats
from detector.model.span import Span

__all__ = ["BucketRows", "MemberRows", "SegmentRows"]


@dataclass(frozen=True, slots=True, eq=False)
class BucketRows:
    """The buckets that have rows, in order of time.

    Attributes:
        starts: epoch seconds, shape (n,), rising, each the start of a bucket of the metric's grid.
        values: shape (n,); nan where the source said NULL.
        weights: shape (n,) or None; the denominators of a ratio in short form.
        ambiguous: stretches of repeated wall time in which rows cannot be told apart (time columns without zone).
        warnings: worth telling, such as rows out of range that were left out.
    """

    starts: npt.NDArray[np.int64]
    values: Floats
    weights: Floats | None = None
    ambiguous: tuple[Span, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class SegmentRows:
    """Values of one split column's segments, in buckets.

    Attributes:
        column: the split column.
        segments: their names as text (NULL is `(none)`), length m, largest first.
        starts: epoch seconds, shape (n,): the buckets of the span that was asked for.
        values: shape (m, n); 0 where there are no rows for kinds that add up, nan for others.
        weights: shape (m, n) or None; the denominators of a ratio, nan where there are no rows.
    """

    column: str
    segments: tuple[str, ...]
    starts: npt.NDArray[np.int64]
    values: Floats
    weights: Floats | None = None


@dataclass(frozen=True, slots=True, eq=False)
class MemberRows:
    """Values of a rule's members, in buckets.

    Attributes:
        names: of the members that were asked for, length m.
        starts: epoch seconds, shape (n,): the buckets of the span that was asked for.
        values: shape (m, n); nan where there are no rows, and where the source said NULL.
        seen: shape (m, n); there are rows.
        weights: shape (m, n) or None; the denominators of a ratio.
        ambiguous: as in `BucketRows`.
    """

    names: tuple[str, ...]
    starts: npt.NDArray[np.int64]
    values: Floats
    seen: Bools
    weights: Floats | None = None
    ambiguous: tuple[Span, ...] = ()
