"""What the metric did after a rollback: it is the recovery that is evidence, not the rollback."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import log

import numpy as np

from detector.linking.lag import CLOCK_SKEW_H
from detector.linking.question import Question
from detector.model.panel import Floats

__all__ = ["Recovery", "picked_ratio", "recovery_of"]

_PASSING, _PASSING_H = 0.2, 1.25
"""Of what has no deploy behind it: dips that pass by themselves within an hour or two; false alarms among them."""

_OTHER_H = 6.0
_DEPLOY_H = 10.0
"""Mean time until other causes end, and until a bad deploy that nobody rolled back is mended: a working day."""

_WORKS = 0.85
_BACK: tuple[tuple[float, float], ...] = ((0.6, 0.1), (0.4, 0.67))
"""A rollback of the guilty deploy helps this often; then the metric is back at once, in six minutes in the mean, or as
caches and queues drain, in forty. Shares and hours; guesses."""

_PICKED_RIGHT, _PICKED_IN_THE_DARK, _ROUTINE = 0.35, 0.12, 0.025
"""Chances that somebody rolls the guilty deploy back (half try, two in three of them see right), that somebody rolls
any back while none is guilty, and that one is rolled back for reasons of its own. Guesses; together they let a rollback
alone say at most fourteen to one, and of the deploy that everybody would pick two or three to one."""


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
    return log(_PICKED_RIGHT / (_PICKED_IN_THE_DARK * suspicion + _ROUTINE))


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
    wait_h = max((at - question.onset.likely).total_seconds() / 3600.0 - CLOCK_SKEW_H, 0.0)
    helps = _WORKS * float(np.exp(-wait_h / _DEPLOY_H))
    soon = [(helps * share, wait_h, mean_h) for share, mean_h in _BACK]
    return _Law(((1.0 - helps, 0.0, _DEPLOY_H), *soon))


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
