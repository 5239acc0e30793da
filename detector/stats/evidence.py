"""Evidence in sums over the last buckets, and in silence."""

from dataclasses import dataclass

import numpy as np

from detector.model.metric import Kind
from detector.model.panel import Bools, Floats
from detector.stats.recent import DECAYS, Block, Memory
from detector.stats.running import running_maximum, running_sum

__all__ = ["WINDOWS", "Sums", "Trail", "depression", "elevation", "silence"]

WINDOWS = (1, 2, 3, 6, 12, 24)
_BACK = WINDOWS[-1]
# The newest bucket must lack at least this part of what its window lacks on average: a sum says "now" only then.
_NOW = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """Sums over each of WINDOWS ending at each bucket, (windows, b, m).

    Attributes:
        expected: as it was before the window began, what the last hours said included.
        actual: what came.
        noise: variance of the sum.
        said: what each of the two memories said that it would be off by.
        drift: what was believed of that.
    """

    expected: Floats
    actual: Floats
    noise: Floats
    said: tuple[Floats, Floats]
    drift: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Trail:
    """The last buckets before a midnight: what sums that end after it begin with.

    Attributes:
        parts: expected, actual, variance without what is shared, shared sd and scale, (5, 23, m).
        memories: what was remembered after each of the last 24 buckets, (2, 24, m).
        memory: what is remembered now.
    """

    parts: Floats
    memories: Floats
    memory: Memory

    @classmethod
    def empty(cls, series: int) -> "Trail":
        """Nothing lies before."""
        return cls(np.zeros((5, _BACK - 1, series)), np.zeros((2, _BACK, series)), Memory.empty(series))

    def sums(self, block: Block, kind: Kind, trust: tuple[Floats, Floats], newest: int) -> "tuple[Sums, Trail]":
        """The sums that end at the newest buckets of a block, and the trail at its end.

        The correction by the last hours is the one known before the window, so that an outage cannot explain itself
        away; the bucket next to it is told by it in full, each further one by a decay less.

        Args:
            block: what came after the midnight.
            kind: of the series.
            trust: weights of the two memories by window.
            newest: how many buckets at the end of the block.
        """
        before = block.has.shape[0] - newest
        parts = _last(self.parts, _parts_of(block), _BACK - 1 + newest)
        remembered, memory = self.memory.after(block, kind)
        memories = _last(self.memories, remembered, _BACK + before + newest)[:, before:]
        expected, actual, variance, shared = np.moveaxis(_windowed(parts[:4], newest), 1, 0)
        said = tuple(
            _decaying(parts[4], decay, newest) * _earlier(memory, newest)
            for decay, memory in zip(DECAYS, memories, strict=True)
        )
        drift = said[0] * trust[0][:, None] + said[1] * trust[1][:, None]
        after = Trail(parts[:, newest:], memories[:, newest:], memory)
        return Sums(expected + drift, actual, variance + shared * shared, (said[0], said[1]), drift), after


def _parts_of(block: Block) -> Floats:
    own = block.variance - block.shared * block.shared
    parts = np.stack([block.expected, block.actual, own, block.shared, block.scale])
    return parts if block.has.all() else np.where(block.has, parts, 0.0)


def _last(old: Floats, new: Floats, rows: int) -> Floats:
    """The last rows of two arrays (k, rows, m) one after the other, as a copy."""
    lacking = rows - new.shape[1]
    if lacking <= 0:
        return new[:, new.shape[1] - rows :].copy()
    return np.concatenate([old[:, old.shape[1] - lacking :], new], axis=1)


def _windowed(values: Floats, newest: int) -> Floats:
    """Sums over each of WINDOWS ending at the newest rows of (k, 23 + newest, m); (windows, k, newest, m)."""
    found = np.empty((len(WINDOWS), values.shape[0], newest, values.shape[2]))
    total, length = values, 1
    for place, window in enumerate(WINDOWS):
        if window > length:
            added = total if window == 2 * length else values
            step = window - length
            total = total[:, step:] + added[:, : added.shape[1] - length][:, -(total.shape[1] - step) :]
            length = window
        found[place] = total[:, total.shape[1] - newest :]
    return found


def _decaying(values: Floats, decay: float, newest: int) -> Floats:
    """The same over (23 + newest, m) with weights decay^k, k from 0 at the beginning of the window."""
    found = np.empty((len(WINDOWS), newest, values.shape[1]))
    total, length = values, 1
    for place, window in enumerate(WINDOWS):
        if window > length:
            step = window - length
            right = total if step == length else values
            left = total[: total.shape[0] - step]
            total = left + decay**length * right[right.shape[0] - left.shape[0] :]
            length = window
        found[place] = total[total.shape[0] - newest :]
    return found


def _earlier(memory: Floats, newest: int) -> Floats:
    """What was remembered before each window that ends at the newest rows; from (24 + newest, m)."""
    rows = memory.shape[0]
    return np.stack([memory[rows - newest - window : rows - window] for window in WINDOWS])


def depression(sums: Sums) -> tuple[Floats, Bools]:
    """Missing sums in sd, and whether the newest bucket shares in them; (windows, b, m) each.

    Linear and bounded by what there was to lose, so that a storm cannot outrank an outage.
    """
    gap = sums.expected - sums.actual
    return _in_deviations(gap, sums.noise), _has_part(gap, sums.expected)


def elevation(sums: Sums, kind: Kind) -> tuple[Floats, Bools]:
    """Sums too high in sd, and whether the newest bucket shares in them; (windows, b, m) each.

    Amounts are compared by their square roots, or one giant basket would set the threshold of all.
    """
    gap = sums.actual - sums.expected
    has_part = _has_part(gap, sums.expected)
    if kind.adds_up:
        root = np.sqrt(np.maximum(sums.expected, 0.0))
        gap = 2.0 * root * (np.sqrt(np.maximum(sums.actual, 0.0)) - root)
    return _in_deviations(gap, sums.noise), has_part


def _in_deviations(gap: Floats, noise: Floats) -> Floats:
    return gap / np.sqrt(np.where(noise > 0, noise, np.inf))


def _has_part(gap: Floats, expected: Floats) -> Bools:
    size = np.abs(expected)
    share = gap / np.where(size > 0, size, np.inf)
    has_part: Bools = share[0] >= _NOW * share
    return has_part


def silence(before: Floats, quiet: Bools, speaks: Bools, p_empty: Floats) -> Floats:
    """How unlikely the run of empty buckets up to each one is, in nats, (b, m).

    A missing bucket neither goes on nor ends.

    Args:
        before: nats of the run that reaches up to the first one, (m,).
        quiet: buckets that are (nearly) empty where something was expected.
        speaks: buckets that are not.
        p_empty: chance that a normal bucket is.
    """
    total = before - running_sum(np.log(np.where(quiet, p_empty, 1.0)))
    return total - running_maximum(np.where(speaks, total, 0.0))
