"""Evidence in sums over the last buckets, and in silence."""

from dataclasses import dataclass

import numpy as np

from detector.model.metric import Kind
from detector.model.panel import Bools, Floats
from detector.stats.baseline import Baseline
from detector.stats.layout import Layout
from detector.stats.recent import Recent, come_true

__all__ = ["WINDOWS", "Evidence", "depression", "elevation", "silence", "window_sums"]

WINDOWS = (1, 2, 3, 6, 12, 24)
# The newest bucket must lack at least this part of what its window lacks on average: a sum says "now" only then.
_NOW = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """Sums over one window ending at each bucket, expectations as they were before the window began; (m, n) each."""

    expected: Floats
    actual: Floats
    noise: Floats


def window_sums(values: Floats, usable: Bools, base: Baseline, recent: Recent, layout: Layout) -> tuple[Evidence, ...]:
    """For each of WINDOWS the sums of expectation, value and variance over its usable buckets.

    The correction by the last hours is the one known before the window, so that an outage cannot explain itself away.
    """
    has = usable & np.isfinite(base.expected)
    parts = [
        np.where(has, base.expected, 0.0),
        np.where(has, values, 0.0),
        np.where(has, base.variance - base.shared**2, 0.0),
        np.where(has, base.shared, 0.0),
        *(np.where(has, recent.scale, 0.0) for _ in recent.decay),
    ]
    growth = [1.0, 1.0, 1.0, 1.0, *recent.decay]
    sums = [np.zeros(values.shape) for _ in parts]
    found: list[Evidence] = []
    for length in range(1, WINDOWS[-1] + 1):
        # The bucket that joins on the left is nearest to the memory; all others are one step further from it.
        for place, (part, factor) in enumerate(zip(parts, growth, strict=True)):
            sums[place] = (
                sums[place] * factor + _later(part, length - 1)
                if factor != 1.0
                else sums[place] + _later(part, length - 1)
            )
        if length in WINDOWS:
            noise = sums[2] + sums[3] ** 2
            fast, slow = (memory * reach for memory, reach in zip(recent.before(length), sums[4:], strict=True))
            drift = come_true((fast, slow), sums[1] - sums[0], noise, has, layout)
            found.append(Evidence(sums[0] + drift, sums[1], noise))
    return tuple(found)


def _later(values: Floats, by: int) -> Floats:
    moved = np.zeros(values.shape)
    if by < values.shape[1]:
        moved[:, by:] = values[:, : values.shape[1] - by]
    return moved


def depression(sums: tuple[Evidence, ...]) -> tuple[Floats, Bools]:
    """Missing sums in sd, and whether the newest bucket shares in them; (windows, m, n) each.

    Linear and bounded by what there was to lose, so that a storm cannot outrank an outage.
    """
    newest = _share(sums[0].expected - sums[0].actual, sums[0].expected)
    gaps = [window.expected - window.actual for window in sums]
    shares = [newest >= _NOW * _share(gap, window.expected) for gap, window in zip(gaps, sums, strict=True)]
    return _in_deviations(gaps, sums), np.stack(shares)


def elevation(sums: tuple[Evidence, ...], kind: Kind) -> tuple[Floats, Bools]:
    """Sums too high in sd, and whether the newest bucket shares in them; (windows, m, n) each.

    Amounts are compared by their square roots, or one giant basket would set the threshold of all.
    """
    newest = _share(sums[0].actual - sums[0].expected, sums[0].expected)
    gaps = [window.actual - window.expected for window in sums]
    shares = [newest >= _NOW * _share(gap, window.expected) for gap, window in zip(gaps, sums, strict=True)]
    if kind.adds_up:
        roots = [np.sqrt(np.maximum(window.expected, 0.0)) for window in sums]
        gaps = [
            2.0 * root * (np.sqrt(np.maximum(window.actual, 0.0)) - root)
            for root, window in zip(roots, sums, strict=True)
        ]
    return _in_deviations(gaps, sums), np.stack(shares)


def _in_deviations(gaps: list[Floats], sums: tuple[Evidence, ...]) -> Floats:
    return np.stack([_ratio(gap, np.sqrt(window.noise)) for gap, window in zip(gaps, sums, strict=True)])


def silence(base: Baseline, usable: Bools) -> Floats:
    """How unlikely the run of empty buckets up to each one is, in nats, (m, n); 0 where the bucket is not empty."""
    has = usable & np.isfinite(base.expected)
    quiet = has & base.is_empty
    speaks = has & ~base.is_empty  # a missing bucket neither goes on nor ends
    total = np.cumsum(-np.log(np.where(quiet, base.p_empty, 1.0)), axis=1)
    since = np.maximum.accumulate(np.where(speaks, total, 0.0), axis=1)
    return np.where(quiet, total - since, 0.0)


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.where(whole > 0, part / np.where(whole > 0, whole, 1.0), 0.0)


def _share(gap: Floats, expected: Floats) -> Floats:
    size = np.abs(expected)
    return _ratio(gap, size)
