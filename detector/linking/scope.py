"""Whom the anomaly hit, against whom a deploy reached; the segments that it did not reach are its control group."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import exp, fsum, inf, log

import numpy as np

from detector.linking.question import Depth, Question, SegmentChange
from detector.model.deploy import Scope
from detector.model.incident import Whereabouts
from detector.model.panel import Floats

__all__ = ["Damage", "damage_of"]

_LOST: Floats = (np.arange(20, dtype=np.float64) + 0.5) / 20.0
"""Parts lost that are tried; all alike before the numbers are looked at."""

_MOST_VALUES = 12
"""Of a dimension; smaller ones than the largest twelve say little, and pairs of them would be many."""

_LEAST_LEFT = 0.02

_ALIKE = 0.6
"""Causes of unknown reach hit everybody this often, else one value of a dimension or two: an even guess, a bit above
half, because deploys without a scope mostly go everywhere."""

_PAIRS = 0.3
_SHIFTED = 0.1
"""Of what has no deploy behind it: visitors who went from one segment to another (Lumos, KDD 2020, calls a shifted mix
the main reason of false alarms)."""

_FOLLOWS, _SPREADS = 0.75, 0.15
"""A fault of a partial deploy hits just whom it reached, three times in four, or everybody; or the report is wrong."""

_EVERYWHERE_ALIKE = 0.7
"""A deploy that reached everybody breaks something for all of them this often, else for some."""

_SPILLS = 0.5
"""A canary that breaks what all share (a table, a queue, a cache) hits more than its percentage. An even guess."""

_TOTAL = 0.15
"""Of faults: nothing is left where they hit; the others take any part alike."""

_READ_RIGHT, _READ_ALMOST, _MISREAD = 0.8, 0.2, 0.05
"""How often the search for segments names just those that were hit, some of them, or others; PSqueeze (2023) reports
F1 scores of 0.9 for such searches on clear drops."""

_EVERYBODY = 100.0
_UNKNOWN_SHARE = 0.3

Part = tuple[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class Damage:
    """How well each reach explains the segments that fell, against a fault that hits everybody alike.

    Attributes:
        log_fit: (dimension, values) -> log of the likelihood ratio of a fault that hits just these.
        unknown: log likelihood ratio of a fault whose reach is unknown.
        none: the same for no deploy, a shifted mix included.
        shares: (dimension, value) -> its share of the whole.
        depth: how much was lost in all; None: unknown.
    """

    log_fit: Mapping[Part, float]
    unknown: float
    none: float
    shares: Mapping[tuple[str, str], float]
    depth: Depth | None

    def scope_ratio(self, scope: Scope | None) -> float:
        """Log of how much better a reported scope explains who was hit than no deploy does."""
        if scope is None:
            return self.unknown - self.none
        if not scope.by:
            partial = _partial_fit(self.log_fit)
            return _mixed([(_EVERYWHERE_ALIKE, 0.0), (1.0 - _EVERYWHERE_ALIKE, partial)]) - self.none
        fits = [self._fit_of(name, values) for name, values in sorted(scope.by.items()) if self._cuts(name)]
        if not fits:
            return self.unknown - self.none
        parts = [(_FOLLOWS, fsum(fits)), (_SPREADS, 0.0), (1.0 - _FOLLOWS - _SPREADS, self.unknown)]
        return _mixed(parts) - self.none

    def size_ratio(self, scope: Scope | None) -> float:
        """Log of how likely a loss of that size is for whom the deploy reached, against one that reached everybody."""
        if scope is None or self.depth is None:
            return 0.0
        reached = scope.percent / _EVERYBODY
        if scope.by and not any(self._cuts(name) for name in scope.by):
            reached *= _UNKNOWN_SHARE
        if reached >= 1.0:
            return 0.0
        everybody = _density(self.depth, 1.0)
        just_them = _density(self.depth, max(reached, 0.01))
        return _mixed([(_SPILLS, 0.0), (1.0 - _SPILLS, log(just_them / everybody))])

    def _cuts(self, dimension: str) -> bool:
        return any(name == dimension for name, _ in self.shares)

    def _fit_of(self, dimension: str, values: Sequence[str]) -> float:
        known = tuple(sorted(value for value in values if (dimension, value) in self.shares))
        return self.log_fit.get((dimension, known), self.unknown)


def damage_of(question: Question, scopes: Sequence[Scope | None]) -> Damage:
    """Weigh every reach that a fault of these scopes may have, and every single value and pair."""
    table: dict[str, list[SegmentChange]] = {}
    for segment in question.segments:
        if len(segment.by) == 1 and segment.expected > 0:
            table.setdefault(next(iter(segment.by)), []).append(segment)
    fits: dict[Part, float] = {}
    shares: dict[tuple[str, str], float] = {}
    shifts: list[float] = []
    for dimension, several in sorted(table.items()):
        rows = _Rows.of(dimension, several, question)
        if len(rows.values) > 1:
            shares.update(
                {(dimension, value): share for value, share in zip(rows.values, rows.share.tolist(), strict=True)}
            )
            fits.update(rows.fits([scope.by[dimension] for scope in scopes if scope and dimension in scope.by]))
            shifts.append(rows.shifted())
    for found in sorted(question.where, key=lambda one: one.column):
        if found.column not in table:
            known = _found_fits(
                found, [scope.by[found.column] for scope in scopes if scope and found.column in scope.by]
            )
            fits.update(known)
            shares.update({(found.column, value): 0.0 for _, values in known for value in values})
    unknown = _mixed([(_ALIKE, 0.0), (1.0 - _ALIKE, _partial_fit(fits))]) if fits else 0.0
    shift = _mean_log(shifts) if shifts else 0.0
    none = _mixed([(1.0 - _SHIFTED, unknown), (_SHIFTED, shift)])
    return Damage(fits, unknown, none, shares, question.depth if question.is_drop else None)


def _found_fits(found: Whereabouts, reported: Sequence[Sequence[str]]) -> dict[Part, float]:
    """Fits of a column of which only the verdict is known: who was hit, or everybody; neither says nothing."""
    hit = {name for name, _ in found.segments}
    if not found.everywhere and not hit:
        return {}
    fits: dict[Part, float] = {}
    for values in [sorted(hit), *reported]:
        reached = set(values)
        if not reached:
            continue
        if found.everywhere:
            told = _MISREAD
        elif reached == hit:
            told = _READ_RIGHT
        else:
            told = _READ_ALMOST if reached & hit else _MISREAD
        fits[found.column, tuple(sorted(reached))] = log(told / (_READ_RIGHT if found.everywhere else _MISREAD))
    if found.everywhere:
        fits[found.column, ("another",)] = log(_MISREAD / _READ_RIGHT)
    return fits


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """The values of one dimension, largest first."""

    dimension: str
    values: tuple[str, ...]
    value: Floats
    expected: Floats
    dispersion: Floats

    @classmethod
    def of(cls, dimension: str, several: Sequence[SegmentChange], question: Question) -> "_Rows":
        ordered = sorted(several, key=lambda one: (-one.expected, one.by[dimension], one.value))[:_MOST_VALUES]
        expected = np.array([one.expected for one in ordered])
        spread = question.dispersion + 2.0 * question.wander**2 * expected
        return cls(
            dimension,
            tuple(one.by[dimension] for one in ordered),
            np.array([max(one.value, 0.0) for one in ordered]),
            expected,
            np.maximum(spread, 1e-6 * expected),
        )

    @property
    def share(self) -> Floats:
        share: Floats = self.expected / self.expected.sum()
        return share

    def _gain(self, left: Floats) -> Floats:
        """Log likelihood of each row at each level, against nothing lost; quasi-Poisson; shape (rows, levels)."""
        kept = np.maximum(left, _LEAST_LEFT)[None, :]
        gain: Floats = (self.value[:, None] * np.log(kept) - self.expected[:, None] * (kept - 1.0)) / self.dispersion[
            :, None
        ]
        return gain

    def fits(self, reported: Sequence[Sequence[str]]) -> dict[Part, float]:
        """Log of each part's likelihood against that of all losing alike, the part lost integrated out."""
        gain = self._gain(1.0 - _LOST)
        alike = _mean_log(gain.sum(axis=0).tolist())
        many = range(len(self.values))
        chosen: set[tuple[int, ...]] = {(i,) for i in many} | set(combinations(many, 2))
        for values in reported:
            chosen.add(tuple(i for i in many if self.values[i] in values))
        found = {}
        for rows in sorted(chosen - {(), tuple(many)}):
            name = self.dimension, tuple(sorted(self.values[i] for i in rows))
            found[name] = _mean_log(gain[list(rows)].sum(axis=0).tolist()) - alike
        return found

    def shifted(self) -> float:
        """The same for one value that lost while another one gained as much."""
        lost, alike = self._gain(1.0 - _LOST), _mean_log(self._gain(1.0 - _LOST).sum(axis=0).tolist())
        fits = []
        for down in range(len(self.values)):
            for up in range(len(self.values)):
                if up == down:
                    continue
                grown = 1.0 + 0.5 * _LOST * self.expected[down] / self.expected[up]
                kept = self.value[up] * np.log(grown) - self.expected[up] * (grown - 1.0)
                fits.append(_mean_log((lost[down] + kept / self.dispersion[up]).tolist()) - alike)
        return _mean_log(fits)


def _partial_fit(fits: Mapping[Part, float]) -> float:
    """Of a fault that hits one value or two of some dimension, before one knows which."""
    dimensions = sorted({dimension for dimension, _ in fits})
    means = []
    for dimension in dimensions:
        single = [fit for (name, values), fit in fits.items() if name == dimension and len(values) == 1]
        pairs = [fit for (name, values), fit in fits.items() if name == dimension and len(values) != 1]
        parts = [(1.0 - _PAIRS, single), (_PAIRS, pairs)]
        means.append(_mixed([(weight, _mean_log(several)) for weight, several in parts if several]))
    return _mean_log(means) if means else 0.0


def _density(depth: Depth, reached: float) -> float:
    """Likelihood of the size of the loss where a fault can take at most `reached` of the whole."""
    inside = depth.chance[depth.size <= reached * 1.05]
    nearest = depth.chance[int(np.argmin(np.abs(depth.size - reached)))]
    even = float(inside.sum()) / (reached * depth.size.size)
    return max((1.0 - _TOTAL) * even + _TOTAL * float(nearest), 1e-6)


def _mixed(parts: Sequence[tuple[float, float]]) -> float:
    """Log of a weighted mean of likelihood ratios that are given by their logs."""
    top = max(fit for _, fit in parts)
    return top + log(fsum(weight * exp(fit - top) for weight, fit in parts)) if top > -inf else -inf


def _mean_log(fits: Sequence[float]) -> float:
    return _mixed([(1.0 / len(fits), fit) for fit in sorted(fits)])
