"""What each segment of a metric held while it was anomalous, beside what was expected of it."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from detector.model.incident import Level, Noise
from detector.model.panel import Floats
from detector.model.rows import SegmentRows

__all__ = ["find_levels", "gathered", "kept_places", "on_one_level", "scatter_of", "spread_of", "summed"]

Places = npt.NDArray[np.intp]

MOST_LEVELS = 30
"""What is kept of a column: those that held most, and those that lost most; a mean company has fewer segments."""

_LARGEST = 20
_CHI2_MEDIAN = 0.4549  # of one degree of freedom: scales a median of squares to a variance


def find_levels(
    now: SegmentRows, reference: Sequence[SegmentRows], whole: float | None, noise: Noise | None
) -> tuple[Level, ...]:
    """Value and expectation of each segment over an anomaly's hours; the same whatever the order of segments and weeks.

    A segment is expected to hold its median share of earlier weeks. Its standard deviation is that of the metric's own
    chance and slow error, or that of the earlier weeks, whichever is larger.

    Args:
        now: the anomaly's hours; of a ratio with its denominators.
        reference: the same hours of earlier weeks; segments may come and go.
        whole: what all of them together are expected to hold (of a ratio: as one ratio); None: as the median week did.
        noise: of the metric.

    Returns:
        Largest first; nothing where earlier weeks hold nothing, or where nothing tells what is chance.
    """
    names = sorted({*now.segments, *(name for week in reference for name in week.segments)})
    trials = None if now.weights is None else _sums(names, now, now.weights)
    weeks = np.array([_held(names, week, trials) for week in reference]).reshape(len(reference), len(names))
    weeks = on_one_level(weeks)
    if not weeks.size:
        return ()
    expected = np.median(weeks, axis=0)
    scatter = scatter_of(weeks[:, expected > 0], expected[expected > 0])
    if float(expected.sum()) <= 0.0 or (noise is None and scatter <= 0.0):
        return ()
    if whole is not None:
        expected = expected * (whole * (1.0 if trials is None else float(trials.sum())) / float(expected.sum()))
    held = now.values if now.weights is None else np.nan_to_num(now.values) * now.weights
    chance = Noise(0.0, 0.0) if noise is None else noise
    more = 1.0 + 1.0 / len(weeks)  # the expectation's own error
    chance = Noise(max(chance.dispersion * more, scatter), chance.wander)
    rows = zip(names, _sums(names, now, held).tolist(), expected.tolist(), strict=True)
    levels = [Level(name, value, usual, spread_of(chance, usual, usual)) for name, value, usual in rows if usual > 0]
    return tuple(sorted(levels, key=lambda one: (-one.expected, one.name)))


def spread_of(noise: Noise, expected: float, of: float) -> float:
    """Standard deviation of a segment; `of`: what the baseline that it is taken from expects."""
    return float(np.sqrt(noise.dispersion * expected + 2.0 * (noise.wander * of) ** 2))


def gathered(levels: Sequence[Level], rest: Level | None) -> tuple[tuple[Level, ...], Level | None]:
    """The segments that held most or lost most, largest first, and all others as one rest."""
    ordered = sorted(levels, key=lambda one: (-one.expected, one.name))
    kept, others = kept_places(*(np.array([getattr(one, name) for one in ordered]) for name in ("expected", "value")))
    beyond = [ordered[place] for place in others.tolist()] + ([] if rest is None else [rest])
    return tuple(ordered[place] for place in kept.tolist()), summed(beyond)


def kept_places(expected: Floats, value: Floats) -> tuple[Places, Places]:
    """Which segments are told by themselves, largest first, and which are not; of equals the first."""
    order = np.argsort(-expected, kind="stable")
    small = order[_LARGEST:]
    hit = small[np.argsort(-np.abs(expected - value)[small], kind="stable")]
    kept = np.concatenate([order[:_LARGEST], hit[: MOST_LEVELS - _LARGEST]])
    is_kept = np.isin(order, kept)
    return order[is_kept], order[~is_kept]


def summed(levels: Sequence[Level]) -> Level | None:
    """Several as one; their errors are taken as independent."""
    if not levels:
        return None
    spread = sum(one.spread**2 for one in levels) ** 0.5
    return Level("", sum(one.value for one in levels), sum(one.expected for one in levels), spread)


def _sums(names: Sequence[str], rows: SegmentRows, values: Floats) -> Floats:
    """Of each name over all buckets; those without rows held nothing."""
    found = dict(zip(rows.segments, np.nansum(values, axis=1).tolist(), strict=True))
    return np.array([found.get(name, 0.0) for name in names], dtype=np.float64)


def _held(names: Sequence[str], week: SegmentRows, trials: Floats | None) -> Floats:
    """What a week's segments held; of a ratio, what its successes would be with the anomaly's trials."""
    if week.weights is None or trials is None:
        return _sums(names, week, week.values)
    told = _sums(names, week, week.weights)
    rate = np.divide(_sums(names, week, week.values * week.weights), told, out=np.zeros(told.shape), where=told > 0)
    return rate * trials


def on_one_level(weeks: Floats) -> Floats:
    """Each week, shape (weeks, segments), scaled to the median week's whole; empty weeks are left out."""
    whole = weeks.sum(axis=1)
    weeks, whole = weeks[whole > 0], whole[whole > 0]
    return weeks / whole[:, None] * np.median(whole) if whole.size else weeks


def scatter_of(weeks: Floats, expected: Floats) -> float:
    """Variance over expectation of a segment against its expectation; 0 where one week or one segment cannot tell.

    From the median of the squares, so that an odd week changes little, with the degrees of freedom that the medians and
    the common level take (n - 1 of n weeks, m - 1 of m segments), and with the expectation's own error (one in n).
    """
    count, segments = weeks.shape
    if count < 2 or segments < 2:  # noqa: PLR2004 - one of anything has no scatter
        return 0.0
    freedom = (count - 1) / count * (segments - 1) / segments
    square = float(np.nanmedian((weeks - expected) ** 2 / expected)) / _CHI2_MEDIAN
    return float(square / freedom * (1.0 + 1.0 / count))
