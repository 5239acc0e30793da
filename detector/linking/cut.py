"""How well the values of one dimension fit a fault that hits some of them, or all alike."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import exp, fsum, inf, log

import numpy as np

from detector.linking.question import REST, Question, SegmentChange
from detector.model.panel import Floats

__all__ = ["Cut", "Part", "mean_log", "mixed", "told_apart"]

Part = tuple[str, tuple[str, ...]]
"""A dimension, and values of it in order."""

_LOST: Floats = (np.arange(20, dtype=np.float64) + 0.5) / 20.0
"""Parts lost that are tried; all alike before the numbers are looked at."""

_GROWN: Floats = np.exp((np.arange(20, dtype=np.float64) + 0.5) / 20.0 * log(8.0))
"""Of a rise: how many times the usual, up to eight times."""

_MOST_VALUES, _LARGEST = 12, 6
"""Of a dimension; pairs of more would be many. Those that a scope names, the largest ones and those that lost most."""

_LEAST_LEFT = 0.02


def told_apart(values: Sequence[str], known: Collection[str]) -> tuple[str, ...]:
    """Those of the values that are measured each by itself; where none is, the rest stands for them, if there is one.

    A value of the rest that a deploy reached beside others is left out: it would drag in all that it did not reach.
    """
    found = tuple(sorted(value for value in values if value in known))
    return found if found or REST not in known else (REST,)


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """The values of one dimension, largest first, the rest last; `left` are the levels that are tried."""

    dimension: str
    values: tuple[str, ...]
    value: Floats
    expected: Floats
    dispersion: Floats
    left: Floats

    @classmethod
    def of(
        cls, dimension: str, several: Sequence[SegmentChange], question: Question, reported: Sequence[Sequence[str]]
    ) -> "Cut":
        """The measured values of a dimension; `reported`: which of them the scopes of deploys name."""
        told = _chosen(dimension, several, {value for values in reported for value in values})
        expected = np.array([one.expected for one in told])
        by_law = (question.dispersion + 2.0 * question.wander**2 * expected).tolist()
        spread = np.array(
            [law if one.spread is None else one.spread**2 / one.expected for one, law in zip(told, by_law, strict=True)]
        )
        return cls(
            dimension,
            tuple(one.by[dimension] for one in told),
            np.array([max(one.value, 0.0) for one in told]),
            expected,
            np.maximum(spread, 1e-6 * expected),
            1.0 - _LOST if question.is_drop else _GROWN,
        )

    @property
    def share(self) -> Floats:
        """Of the whole, as expected."""
        share: Floats = self.expected / self.expected.sum()
        return share

    def _gain(self) -> Floats:
        """Log likelihood of each row at each level, against nothing lost; quasi-Poisson; shape (rows, levels)."""
        kept = np.maximum(self.left, _LEAST_LEFT)[None, :]
        gain: Floats = (self.value[:, None] * np.log(kept) - self.expected[:, None] * (kept - 1.0)) / self.dispersion[
            :, None
        ]
        return gain

    def fits(self, reported: Sequence[Sequence[str]]) -> dict[Part, float]:
        """Log of each part's likelihood against that of all losing alike, the part lost integrated out."""
        gain = self._gain()
        (alike,) = _mean_logs(gain.sum(axis=0)[None, :])
        many = range(len(self.values))
        chosen: set[tuple[int, ...]] = {(i,) for i in many} | set(combinations(many, 2))
        for values in reported:
            reached = told_apart(values, self.values)
            chosen.add(tuple(i for i in many if self.values[i] in reached))
        parts = sorted(chosen - {(), tuple(many)})
        means = _mean_logs(np.array([gain[list(rows)].sum(axis=0) for rows in parts]))
        return {
            (self.dimension, tuple(sorted(self.values[i] for i in rows))): mean - alike
            for rows, mean in zip(parts, means, strict=True)
        }

    def shifted(self) -> float:
        """The same for one value that lost while another one gained as much; of a rise the other way round."""
        gain = self._gain()
        (alike,) = _mean_logs(gain.sum(axis=0)[None, :])
        one, other = np.nonzero(~np.eye(len(self.values), dtype=bool))
        went = 0.5 * (1.0 - self.left)[None, :] * (self.expected[one] / self.expected[other])[:, None]
        there = np.maximum(1.0 + went, _LEAST_LEFT)
        kept = self.value[other, None] * np.log(there) - self.expected[other, None] * (there - 1.0)
        fits = _mean_logs(gain[one] + kept / self.dispersion[other, None])
        return mean_log([fit - alike for fit in fits])


def _chosen(dimension: str, several: Sequence[SegmentChange], named: Collection[str]) -> list[SegmentChange]:
    """The values that are told apart, largest first, and all others as one: who they are does not matter then."""

    def largest(one: SegmentChange) -> tuple[float, str, float]:
        return -one.expected, one.by[dimension], one.value

    ordered = sorted((one for one in several if one.by[dimension] != REST), key=largest)
    rest = [one for one in several if one.by[dimension] == REST]
    if len(ordered) > _MOST_VALUES:
        first = [one for one in ordered if one.by[dimension] in named][:_MOST_VALUES]
        first += [one for one in ordered if one not in first][: max(min(_LARGEST, _MOST_VALUES - len(first)), 0)]
        lost = sorted(ordered, key=lambda one: (-abs(one.expected - one.value), *largest(one)))
        first += [one for one in lost if one not in first][: _MOST_VALUES - len(first)]
        rest += [one for one in ordered if one not in first]
        ordered = [one for one in ordered if one in first]
    return [*ordered, *([_together(dimension, rest)] if rest else [])]


def _together(dimension: str, several: Sequence[SegmentChange]) -> SegmentChange:
    squares = [one.spread**2 for one in several if one.spread is not None]
    return SegmentChange(
        {dimension: REST},
        fsum(one.value for one in several),
        fsum(one.expected for one in several),
        fsum(squares) ** 0.5 if len(squares) == len(several) else None,
    )


def _mean_logs(fits: Floats) -> list[float]:
    """Of each row, the log of the mean of what is given by its logs."""
    top = fits.max(axis=1)
    means: list[float] = (top + np.log(np.exp(fits - top[:, None]).mean(axis=1))).tolist()
    return means


def mixed(parts: Sequence[tuple[float, float]]) -> float:
    """Log of a weighted mean of likelihood ratios that are given by their logs."""
    top = max(fit for _, fit in parts)
    return top + log(fsum(weight * exp(fit - top) for weight, fit in parts)) if top > -inf else -inf


def mean_log(fits: Sequence[float]) -> float:
    """The same with equal weights."""
    return mixed([(1.0 / len(fits), fit) for fit in sorted(fits)])
