"""Judging the buckets of a day by what was known at its local midnight."""

from dataclasses import dataclass

import numpy as np

from detector.model.metric import Kind
from detector.model.panel import Bools, Floats, Panel
from detector.stats.band import quantile_of
from detector.stats.days import Day
from detector.stats.emptiness import is_nearly_empty
from detector.stats.evidence import Sums, Trail, depression, elevation, silence
from detector.stats.expected import Expected, Told
from detector.stats.magnitude import cut
from detector.stats.recent import Block
from detector.stats.scoring import Scale

__all__ = ["Buckets", "Found", "Outlook", "Side", "Weighed", "buckets_of"]

# Between closed and open a bucket is thin: below this part of a busy one, and lost in its own noise.
_THIN, _THIN_DEVIATIONS = 0.25, 1.5
_OFTEN_EMPTY = 0.5  # a bucket that is empty more often than not is in range when it is, and that proves nothing


@dataclass(frozen=True, slots=True, eq=False)
class Buckets:
    """What came in the buckets of one local day, (b, m) each; as in `Panel`, time first."""

    values: Floats
    known: Bools
    teaches: Bools
    weights: Floats | None
    begins_level: Bools | None = None

    def told(self, day: Day, kind: Kind) -> Told:
        """The same by slot and per nominal length."""
        values = day.in_slots(self.values / day.length if kind.adds_up and day.has_odd_lengths else self.values)
        teaches = self.known & self.teaches
        if not day.is_whole:  # both halves of a repeated hour must teach
            teaches = np.nan_to_num(day.in_slots(teaches.astype(np.float64))) > 0.99  # noqa: PLR2004
        known = np.isfinite(values)
        weights = None if self.weights is None else day.in_slots(self.weights)
        begins = self.begins_level
        if begins is not None and not day.is_whole:
            begins = np.nan_to_num(day.in_slots(begins.astype(np.float64))) > 0
        return Told(values, known, teaches & known, weights, begins)


def buckets_of(panel: Panel, part: slice) -> Buckets:
    """Time first, so that all series of one bucket lie side by side; what is no number of a business is cut."""
    values, known = np.ascontiguousarray(panel.values[:, part].T), np.ascontiguousarray(panel.known[:, part].T)
    return Buckets(
        values=cut(values),
        known=known & np.isfinite(values),
        teaches=np.ascontiguousarray(panel.teaches[:, part].T),
        weights=None if panel.weights is None else np.ascontiguousarray(panel.weights[:, part].T),
        begins_level=None if panel.begins_level is None else panel.begins_level[:, part].T,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """What evidence of one direction means on one day.

    Attributes:
        is_drop: of too little, or too much.
        factors: what deviations are multiplied with by window and slot, (windows, slots, m).
        scale: how rare they are.
    """

    is_drop: bool
    factors: Floats
    scale: Scale


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Evidence of one direction: deviations in sd (windows, k, m), and what of it counts (channels, k, m)."""

    deviations: Floats
    evidence: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Weighed:
    """The newest `k` buckets of a day against what was expected; (k, m) where nothing else is said.

    Attributes:
        block: all buckets of the day, (b, m).
        sums: sums that end at the newest ones.
        trail: what sums that end later begin with.
        sides: evidence of each direction that is watched.
        run: nats of silence up to each bucket.
        expected: mean of a normal bucket, what the last hours said included; 0 where nothing is expected.
        variance: of a normal bucket around it.
        low, high: between them lie 99 of 100 normal buckets.
        ready: something is expected, and enough was seen before for that to be said.
        active: the bucket can say anything.
        ranged: buckets that tell how wide the range must be; `outside`: which of them lie below and above it.
        p_empty: chance that a normal bucket is (nearly) empty; `is_empty`: it is.
        is_closed: nothing is sold at that hour.
    """

    block: Block
    sums: Sums
    trail: Trail
    sides: tuple[Found, ...]
    run: Floats
    expected: Floats
    variance: Floats
    low: Floats
    high: Floats
    ready: Bools
    active: Bools
    ranged: Bools
    outside: tuple[Bools, Bools]
    p_empty: Floats
    is_empty: Bools
    is_closed: Bools


@dataclass(frozen=True, slots=True, eq=False)
class Outlook:
    """What a day is judged by; m series.

    Attributes:
        day: the day, as far as it was known when it began.
        kind: of the series.
        expected: by slot.
        has_learned: enough days lie before, (m,).
        trail: of the buckets before.
        trust: weights of the memories by window.
        run: nats of silence up to midnight, (m,).
        sides: the directions that are watched.
        reach: deviations down to the low and up to the high end of the range, (m,) each.
        lowest, highest: value so far, or 0, (m,).
    """

    day: Day
    kind: Kind
    expected: Expected
    has_learned: Bools
    trail: Trail
    trust: tuple[Floats, Floats]
    run: Floats
    sides: tuple[Side, ...]
    reach: tuple[Floats, Floats]
    lowest: Floats
    highest: Floats

    def _possible(self, values: Floats) -> Floats:
        """Nothing is expected below 0 where no value ever was, and no share beyond the whole."""
        values = np.where(self.lowest >= 0, np.maximum(values, 0.0), values)
        if self.kind is not Kind.RATIO:
            return values
        return np.where((self.lowest >= 0) & (self.highest <= 1), np.minimum(values, 1.0), values)

    def weigh(self, day: Day, buckets: Buckets, newest: int) -> Weighed:
        """Set the newest buckets of the day against what was expected.

        Args:
            day: as much of it as there is by now.
            buckets: all `b` of that.
            newest: how many at their end, k.
        """
        count, adds_up = buckets.values.shape[0], self.kind.adds_up
        expected = self.expected
        block = self._block(day, buckets)
        k = slice(count - newest, count)
        sums, trail = self.trail.sums(block, self.kind, self.trust, newest)
        mean = self._possible(np.where(block.has[k], sums.expected[0], block.expected[k]))
        variance, has = block.variance[k], day.in_buckets(expected.has)
        active = block.has[k] & (variance > 0)
        is_small = np.zeros(active.shape, dtype=bool)
        if adds_up:
            is_small = block.expected[k] < _THIN * expected.busy
            active &= (block.expected[k] > 0) & ~(is_small & (block.expected[k] < _THIN_DEVIATIONS * np.sqrt(variance)))
        p_empty, nearly = day.in_buckets(expected.p_empty), is_nearly_empty(buckets.values, block.expected, self.kind)
        run = silence(self.run, block.has & nearly, block.has & ~nearly, p_empty)
        quiet = np.where(block.has & nearly, run, 0.0)[k]
        ready = has[k] & self.has_learned
        ends = (quantile_of(mean, variance, self.kind, reach) for reach in (-self.reach[0], self.reach[1]))
        low, high = (self._possible(end) for end in ends)
        values = block.actual[k]
        ranged = block.has[k] & ready
        if adds_up:  # that the night is empty, or most hours of a small shop, says nothing of the others
            ranged &= (values != 0) | ((mean >= _THIN * expected.busy) & (p_empty[k] < _OFTEN_EMPTY))
        varies = ranged & (variance > 0) & ((mean > 0) | (not adds_up))
        return Weighed(
            block=block,
            sums=sums,
            trail=trail,
            sides=tuple(_found(side, day, sums, self.kind, (active, quiet)) for side in self.sides),
            run=run,
            expected=mean,
            variance=variance,
            low=low,
            high=high,
            ready=ready,
            active=active,
            ranged=ranged,
            outside=(varies & (values < low), varies & (values > high)),
            p_empty=p_empty[k],
            is_empty=nearly[k] & buckets.known[k],
            is_closed=block.expected[k] <= 0,
        )

    def _block(self, day: Day, buckets: Buckets) -> Block:
        expected, adds_up = self.expected, self.kind.adds_up
        mean, variance, shared = (day.in_buckets(part) for part in (expected.mean, expected.variance, expected.shared))
        if adds_up and day.has_odd_lengths:
            mean, variance, shared = (part * day.length for part in (mean, variance, shared))
        something = day.in_buckets(expected.has)
        if buckets.weights is not None:
            weeks = np.maximum(day.in_buckets(expected.weeks), 1.0)
            variance = expected.law.variance(mean, buckets.weights) * (1.0 + 1.0 / weeks) + shared * shared
        return Block(
            has=buckets.known & something,
            teaches=buckets.teaches,
            expected=mean,
            actual=np.where(buckets.known, buckets.values, 0.0),
            variance=variance,
            shared=shared,
            scale=np.maximum(mean, 0.0) if adds_up else something.astype(np.float64),
        )


def _found(side: Side, day: Day, sums: Sums, kind: Kind, heard: tuple[Bools, Floats]) -> Found:
    active, quiet = heard
    deviations, has_part = depression(sums) if side.is_drop else elevation(sums, kind)
    windows, newest, series = deviations.shape
    channels = side.scale.each.location.shape[0]
    evidence = np.empty((channels, newest, series))
    factors = day.in_buckets(side.factors)
    np.multiply(deviations, factors[:, factors.shape[1] - newest :], out=evidence[:windows])
    np.copyto(evidence[:windows], 0.0, where=~has_part)
    if channels > windows:
        evidence[windows] = quiet
    np.copyto(evidence, -np.inf, where=~active)
    return Found(deviations, evidence)
