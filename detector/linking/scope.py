"""Whom the anomaly hit, against whom a deploy reached; the segments that it did not reach are its control group."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import fsum, log

import numpy as np

from detector.linking.cut import Cut, Part, mean_log, mixed, told_apart
from detector.linking.question import Depth, Question, SegmentChange
from detector.model.deploy import Scope
from detector.model.incident import Whereabouts

__all__ = ["Damage", "damage_of"]

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
            return mixed([(_EVERYWHERE_ALIKE, 0.0), (1.0 - _EVERYWHERE_ALIKE, partial)]) - self.none
        fits = [self._fit_of(name, values) for name, values in sorted(scope.by.items()) if self._cuts(name)]
        if not fits:
            return self.unknown - self.none
        parts = [(_FOLLOWS, fsum(fits)), (_SPREADS, 0.0), (1.0 - _FOLLOWS - _SPREADS, self.unknown)]
        return mixed(parts) - self.none

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
        return mixed([(_SPILLS, 0.0), (1.0 - _SPILLS, log(just_them / everybody))])

    def _cuts(self, dimension: str) -> bool:
        return any(name == dimension for name, _ in self.shares)

    def _fit_of(self, dimension: str, values: Sequence[str]) -> float:
        known = told_apart(values, {value for name, value in self.shares if name == dimension})
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
        reported = [scope.by[dimension] for scope in scopes if scope and dimension in scope.by]
        rows = Cut.of(dimension, several, question, reported)
        if len(rows.values) > 1:
            shares.update(
                {(dimension, value): share for value, share in zip(rows.values, rows.share.tolist(), strict=True)}
            )
            fits.update(rows.fits(reported))
            shifts.append(rows.shifted())
    for found in sorted(question.where, key=lambda one: one.column):
        if found.column not in table:
            known = _found_fits(
                found, [scope.by[found.column] for scope in scopes if scope and found.column in scope.by]
            )
            fits.update(known)
            shares.update({(found.column, value): 0.0 for _, values in known for value in values})
    unknown = mixed([(_ALIKE, 0.0), (1.0 - _ALIKE, _partial_fit(fits))]) if fits else 0.0
    shift = mean_log(shifts) if shifts else 0.0
    none = mixed([(1.0 - _SHIFTED, unknown), (_SHIFTED, shift)])
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


def _partial_fit(fits: Mapping[Part, float]) -> float:
    """Of a fault that hits one value or two of some dimension, before one knows which."""
    dimensions = sorted({dimension for dimension, _ in fits})
    means = []
    for dimension in dimensions:
        single = [fit for (name, values), fit in fits.items() if name == dimension and len(values) == 1]
        pairs = [fit for (name, values), fit in fits.items() if name == dimension and len(values) != 1]
        parts = [(1.0 - _PAIRS, single), (_PAIRS, pairs)]
        means.append(mixed([(weight, mean_log(several)) for weight, several in parts if several]))
    return mean_log(means) if means else 0.0


def _density(depth: Depth, reached: float) -> float:
    """Likelihood of the size of the loss where a fault can take at most `reached` of the whole."""
    inside = depth.chance[depth.size <= reached * 1.05]
    nearest = depth.chance[int(np.argmin(np.abs(depth.size - reached)))]
    even = float(inside.sum()) / (reached * depth.size.size)
    return max((1.0 - _TOTAL) * even + _TOTAL * float(nearest), 1e-6)
