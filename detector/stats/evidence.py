"""Evidence in sums over the last buckets, and in silence."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from detector.model.metric import Kind
from detector.model.panel import Bools, Floats
from detector.stats.recent import DECAYS, Block, Memory
from detector.stats.running import running_maximum, running_sum

__all__ = ["Sums", "Trail", "depression", "elevation", "silence", "windows_of"]

_WINDOWS = (1, 2, 3, 6, 12, 24)
_OF_A_DAY = (12, 4)  # shorter buckets are added up to these parts of a day, too: a slow leak shows in hours
# The newest bucket must lack at least this part of what its window lacks on average: a sum says "now" only then.
_NOW = 0.5


def windows_of(slots: int) -> tuple[int, ...]:
    """Over how many buckets sums are taken, where a day has so many."""
    return (*_WINDOWS, *(slots // part for part in _OF_A_DAY if slots // part > _WINDOWS[-1]))


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """Sums over each of the windows ending at each bucket, (windows, b, m).

    Attributes:
        windows: how many buckets each holds.
        expected: as it was before the window began, what the last hours said included.
        actual: what came.
        noise: variance of the sum.
        said: what each of the two memories said that it would be off by.
        drift: what was believed of that.
    """

    windows: tuple[int, ...]
    expected: Floats
    actual: Floats
    noise: Floats
    said: tuple[Floats, Floats]
    drift: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Trail:
    """The last buckets before a midnight: what sums that end after it begin with.

    Attributes:
        windows: over how many buckets sums are taken, from 1 to w.
        parts: expected, actual, variance without what is shared, shared sd and scale, (5, w - 1, m).
        memories: what was remembered after each of the last w buckets, (2, w, m).
        memory: what is remembered now.
    """

    windows: tuple[int, ...]
    parts: Floats
    memories: Floats
    memory: Memory

    @classmethod
    def empty(cls, windows: tuple[int, ...], series: int) -> "Trail":
        """Nothing lies before."""
        back = windows[-1]
        return cls(windows, np.zeros((5, back - 1, series)), np.zeros((2, back, series)), Memory.empty(series))

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
        before, back = block.has.shape[0] - newest, self.windows[-1]
        parts = _last(self.parts, _parts_of(block), back - 1 + newest)
        remembered, memory = self.memory.after(block, kind)
        memories = _last(self.memories, remembered, back + before + newest)[:, before:]
        told = 4 if parts[3].any() else 3  # on most days nothing is shared
        expected, actual, variance, *shared = np.moveaxis(_windowed(parts[:told], self.windows, newest), 1, 0)
        noise = variance + shared[0] * shared[0] if shared else variance
        said = tuple(
            _decaying(parts[4], decay, self.windows, newest) * _earlier(memory, self.windows, newest)
            for decay, memory in zip(DECAYS, memories, strict=True)
        )
        drift = said[0] * trust[0][:, None] + said[1] * trust[1][:, None]
        after = Trail(self.windows, parts[:, newest:], memories[:, newest:], memory)
        return Sums(self.windows, expected + drift, actual, noise, (said[0], said[1]), drift), after


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


def _windowed(values: Floats, windows: tuple[int, ...], newest: int) -> Floats:
    """Sums over each window ending at the newest rows of (k, w - 1 + newest, m); (windows, k, newest, m)."""
    found = np.empty((len(windows), values.shape[0], newest, values.shape[2]))
    for place, (_, total) in enumerate(_grown(values, windows, 1.0)):
        found[place] = total[:, total.shape[1] - newest :]
    return found


def _decaying(values: Floats, decay: float, windows: tuple[int, ...], newest: int) -> Floats:
    """The same over (w - 1 + newest, m) with weights decay^k, k from 0 at the beginning of the window."""
    found = np.empty((len(windows), newest, values.shape[1]))
    for place, (_, total) in enumerate(_grown(values[None], windows, decay)):
        found[place] = total[0, total.shape[1] - newest :]
    return found


def _grown(values: Floats, windows: tuple[int, ...], decay: float) -> Iterator[tuple[int, Floats]]:
    """Sums over each window, (k, rows, m) with a row less for each bucket more; by doubling and by what is there."""
    known = {1: values}
    total, length = values, 1
    for window in windows:
        while length < window:
            step = length if 2 * length <= window else window - length
            left, right = total[:, : total.shape[1] - step], known[step] if step != length else total
            right = right[:, right.shape[1] - left.shape[1] :]
            total, length = left + (right if decay == 1.0 else decay**length * right), length + step
        known[window] = total
        yield window, total


def _earlier(memory: Floats, windows: tuple[int, ...], newest: int) -> Floats:
    """What was remembered before each window that ends at the newest rows; from (w + newest, m)."""
    rows = memory.shape[0]
    return np.stack([memory[rows - newest - window : rows - window] for window in windows])


def depression(sums: Sums) -> tuple[Floats, Bools]:
    """Missing sums in sd, and whether the newest bucket shares in them; (windows, b, m) each.

    Linear and bounded by what there was to lose, so that a storm cannot outrank an outage.
    """
    gap = sums.expected - sums.actual
    return _in_deviations(gap, sums.noise), _has_part(gap, sums)


def elevation(sums: Sums, kind: Kind) -> tuple[Floats, Bools]:
    """Sums too high in sd, and whether the newest bucket shares in them; (windows, b, m) each.

    Amounts are compared by their square roots, or one giant basket would set the threshold of all.
    """
    gap = sums.actual - sums.expected
    has_part = _has_part(gap, sums)
    if kind.adds_up:
        root = np.sqrt(np.maximum(sums.expected, 0.0))
        gap = 2.0 * root * (np.sqrt(np.maximum(sums.actual, 0.0)) - root)
    return _in_deviations(gap, sums.noise), has_part


def _in_deviations(gap: Floats, noise: Floats) -> Floats:
    return gap / np.sqrt(np.where(noise > 0, noise, np.inf))


def _has_part(gap: Floats, sums: Sums) -> Bools:
    """The newest bucket, or the newest hour of a day of short ones, lacks its part of what the window lacks."""
    size = np.abs(sums.expected)
    share = gap / np.where(size > 0, size, np.inf)
    newest = [bisect_right(sums.windows, max(window // _WINDOWS[-1], 1)) - 1 for window in sums.windows]
    has_part: Bools = share[newest] >= _NOW * share
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
