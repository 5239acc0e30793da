"""Where a metric fell: everywhere alike, or in a few segments of a column."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from detector.linking.levels import on_one_level, scatter_of
from detector.model.incident import Whereabouts
from detector.model.panel import Floats
from detector.model.rows import SegmentRows

__all__ = ["find_whereabouts"]

_MATTERS = 0.01  # of what was expected: below it a segment's own ups and downs are most of what one sees

_BETTER_BY = 0.10
"""How much better than `everywhere alike` a few segments must explain the change, as a share of it: naming segments
says more, so it needs more. A tenth of the metric that was spared adds about twice as much."""

_ALIKE_AT = 0.5  # below it, more of the change is scatter than one rate for all; then nothing is said
_SURE_AT = 3.0  # standard errors between the segments named and the rest; one in 700 by chance
_REST_AT_MOST = 0.5  # of the named segments' rate of loss; where the rest lost more than that it is no exception
_LISTED_AT = 2.0  # standard errors of its own; one in twenty by chance


@dataclass(frozen=True, slots=True)
class _Table:
    """Segments that matter: lost is positive in the watched direction; all shape (m,), by rate of loss, highest first.

    `dispersion` is what scatter alone does: variance of a segment's loss over its expectation, 0 where unknown.
    """

    names: tuple[str, ...]
    expected: Floats
    lost: Floats
    dispersion: float


def find_whereabouts(
    now: SegmentRows,
    reference: Sequence[SegmentRows],
    is_drop: bool,  # noqa: FBT001 - reads as the third thing asked for, and callers name it
    *,
    adds_up: bool = True,
) -> Whereabouts:
    """Which segments carry a drop or rise; the same answer whatever the order of segments and weeks.

    Each segment's expectation is its median share in earlier weeks times the median week's whole, so that one odd week
    and growth change little. Candidates are the segments of highest rate of loss, k at a time, and all of them. Each is
    scored by the generalised potential score of Squeeze (ISSRE 2019), with sums instead of means, so that small
    segments weigh little: 1 - (sum|v - a| inside + sum|v - f| outside) / sum|v - f|, where f is expected, v seen, and a
    is f scaled by the candidate's own loss (the ripple effect: a fault takes the same share of everything it hits). The
    best candidate holds if it is clearly better than `all`, and its rate of loss clearly above the rest's, by the
    scatter of earlier weeks.

    Args:
        now: the anomaly's hours.
        reference: the same hours of earlier weeks; segments may come and go.
        is_drop: looks for what is missing; else for what is too much.
        adds_up: values are sums, and a segment without rows is 0; False for ratios and gauges, where it is unknown.

    Returns:
        `everywhere` with no segments; or the segments with their shares of the whole loss, which sum to 1 at most; or
        neither, where nothing can be said: no earlier week, nothing missing, or noise that hides where.
    """
    table = _table(now, reference, is_drop=is_drop, adds_up=adds_up)
    if table is None or float(table.lost.sum()) <= 0.0:
        return Whereabouts(now.column, everywhere=False)
    count = _best_count(table)
    if count == len(table.names):
        return Whereabouts(now.column, everywhere=_potential(table, count) >= _ALIKE_AT)
    return Whereabouts(now.column, everywhere=False, segments=_carriers(table, count))


def _table(now: SegmentRows, reference: Sequence[SegmentRows], *, is_drop: bool, adds_up: bool) -> _Table | None:
    names = sorted({*now.segments, *(name for week in reference for name in week.segments)})
    seen = _means(now, names, adds_up=adds_up)
    weeks = np.array([_means(week, names, adds_up=adds_up) for week in reference]).reshape(len(reference), len(names))
    weeks = on_one_level(weeks) if adds_up else weeks
    known = ~np.isnan(seen) & ~np.isnan(weeks).all(axis=0)
    seen, weeks = seen[known], weeks[:, known]
    if not seen.size:
        return None
    expected = np.nanmedian(weeks, axis=0)
    if float(expected.sum()) <= 0.0:
        return None
    expected = np.maximum(expected, 1e-9 * float(expected.sum()))  # what is new has no rate of its own
    size = expected if is_drop else np.maximum(expected, seen)
    lost = expected - seen if is_drop else seen - expected
    found = zip(np.array(names)[known].tolist(), expected, lost, size, weeks.T, strict=True)
    rows = [row for row in found if row[3] >= _MATTERS * float(size.sum())]
    rows.sort(key=lambda row: (-row[2] / row[1], row[0]))
    return _Table(
        tuple(row[0] for row in rows),
        np.array([row[1] for row in rows]),
        np.array([row[2] for row in rows]),
        scatter_of(np.array([row[4] for row in rows]).T, np.array([row[1] for row in rows])),
    )


def _means(rows: SegmentRows, names: Sequence[str], *, adds_up: bool) -> Floats:
    """Mean value per bucket of each name, shape (m,); what is unknown is nan."""
    found = dict.fromkeys(names, 0.0 if adds_up else np.nan)
    for name, values in zip(rows.segments, rows.values, strict=True):
        known = values[~np.isnan(values)]
        if known.size:
            found[name] = float(known.mean())
    return np.array([found[name] for name in names], dtype=np.float64)


def _best_count(table: _Table) -> int:
    """How many of the segments, from the top, carry the change; all of them for everywhere alike."""
    everything = len(table.names)
    scores = [_potential(table, count) for count in range(1, everything + 1)]
    best = int(np.argmax(scores)) + 1  # the first of equals: the fewest segments
    if scores[best - 1] < scores[-1] + _BETTER_BY or not _stands_out(table, best):
        return everything
    return best


def _potential(table: _Table, count: int) -> float:
    """Generalised potential score of the first `count` segments; lost is f - v, and a is f less the common rate."""
    inside, outside = table.lost[:count], table.lost[count:]
    rate = float(inside.sum() / table.expected[:count].sum())
    misfit = np.abs(inside - rate * table.expected[:count]).sum() + np.abs(outside).sum()
    return 1.0 - float(misfit / np.abs(table.lost).sum())


def _stands_out(table: _Table, count: int) -> bool:
    """The named segments lost a clearly larger share than the rest, given how earlier weeks scatter."""
    inside, outside = float(table.expected[:count].sum()), float(table.expected[count:].sum())
    rate, rest = float(table.lost[:count].sum()) / inside, float(table.lost[count:].sum()) / outside
    error = float(np.sqrt(table.dispersion * (1.0 / inside + 1.0 / outside)))
    return rest <= _REST_AT_MOST * rate and rate - rest >= _SURE_AT * error


def _carriers(table: _Table, count: int) -> tuple[tuple[str, float], ...]:
    """Names and shares of the whole loss, largest first; what is within its own scatter is left out."""
    whole = float(np.maximum(table.lost, 0.0).sum())
    error = np.sqrt(table.dispersion * table.expected[:count])
    rows = list(zip(table.names, table.lost[:count].tolist(), error.tolist(), strict=False))
    sure = [row for row in rows if row[1] > _LISTED_AT * row[2]] or [max(rows, key=lambda row: row[1])]
    shares = [(name, lost / whole) for name, lost, _ in sure]
    return tuple(sorted(shares, key=lambda pair: (-pair[1], pair[0])))
