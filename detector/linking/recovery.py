"""What the metric did after a rollback: it is the recovery that is evidence, not the rollback."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import log

import numpy as np

from detector.linking.question import Question
from detector.model.panel import Floats

__all__ = ["Recovery", "picked_ratio", "recovery_of"]

_PASSING, _PASSING_H = 0.25, 1.25
"""Of what has no deploy behind it: dips that pass by themselves within an hour or two; false alarms among them."""

_OTHER_H = 6.0
_DEPLOY_H = 10.0
"""Mean time until other causes end, and until a bad deploy that nobody rolled back is mended: a working day."""

_WORKS, _BACK_H = 0.85, 1.0 / 3.0
"""A rollback of the guilty deploy helps this often, and the metric is back within so long in the mean."""

_PICKED_RIGHT, _PICKED_WRONG = 0.3, 0.35
"""Chances that somebody rolls the guilty deploy back, and that somebody rolls any back while none is guilty: half of
the guilty ones are rolled back, and of those who do it three in five see right; in the dark, one in three tries."""

_MOST_TOLD = 10.0
"""People roll back what they suspect, partly for reasons that we do not see: more than this is not taken from them."""


@dataclass(frozen=True, slots=True, eq=False)
class Recovery:
    """How well each cause explains when the metric came back, if it did; logs of likelihoods."""

    question: Question
    none: float
    deploy: float

    def log_ratio(self, rolled_back_at: datetime | None) -> float:
        """Log of how much better a deploy that was rolled back then (None: was not) explains the end than no deploy."""
        if rolled_back_at is None:
            return self.deploy - self.none
        return _log_likelihood(self.question, _after_rollback(self.question, rolled_back_at)) - self.none


def picked_ratio(suspicion: float) -> float:
    """Log of what it says about a deploy that people rolled it back.

    In the dark they pick by what all can see, the deploy's share of the suspicion without this term; for the guilty one
    they may know more. So it says much where the deploy does not look guilty, and little where anybody would pick it.
    """
    return log(min(max(_PICKED_RIGHT / (_PICKED_WRONG * max(suspicion, 1e-9)), 1.0), _MOST_TOLD))


def recovery_of(question: Question) -> Recovery:
    """The two causes without a rollback, weighed once."""
    none = _Law(((_PASSING, 0.0, _PASSING_H), (1.0 - _PASSING, 0.0, _OTHER_H)))
    return Recovery(
        question, _log_likelihood(question, none), _log_likelihood(question, _Law(((1.0, 0.0, _DEPLOY_H),)))
    )


@dataclass(frozen=True, slots=True)
class _Law:
    """When it ends, in hours since the onset: parts of (share, from when on, mean time from then)."""

    parts: Sequence[tuple[float, float, float]]

    def lasting(self, hours: Floats) -> Floats:
        total = np.zeros_like(hours)
        for share, from_h, mean_h in self.parts:
            total += share * np.exp(-np.maximum(hours - from_h, 0.0) / mean_h)
        return total


def _after_rollback(question: Question, at: datetime) -> _Law:
    wait_h = max((at - question.onset.likely).total_seconds() / 3600.0, 0.0)
    before = float(np.exp(-wait_h / _DEPLOY_H))
    return _Law(((1.0 - before * _WORKS, 0.0, _DEPLOY_H), (before * _WORKS, wait_h, _BACK_H)))


def _log_likelihood(question: Question, law: _Law) -> float:
    ends = question.ends
    if ends is None or ends.at_s.size == 0:
        return 0.0
    begun_s, now_s = question.onset.likely.timestamp(), question.as_of.timestamp()
    later = ends.at_s > begun_s
    first = (ends.at_s - ends.width_s / 2 - begun_s) / 3600.0
    last = (ends.at_s + ends.width_s / 2 - begun_s) / 3600.0
    chance = np.where(later, law.lasting(first) - law.lasting(last), 0.0)
    lasts = float(law.lasting(np.array([max((now_s - begun_s) / 3600.0, 0.0)]))[0])
    return log(max(float(np.sum(np.sort(chance * ends.odds))) + lasts, 1e-12))
