"""What is known before the clock is looked at: how often changes break things, and how often other things do."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from math import exp, fsum, lgamma, log, sqrt

from detector.model.deploy import DeployKind, ServiceRecord
from detector.model.span import Span

__all__ = [
    "CALENDAR_RISK",
    "FAILED_RISK",
    "KIND_RISK",
    "LOOK_BACK_H",
    "TYPICAL_FAILURE_RATE",
    "Habits",
    "Traffic",
    "background_per_hour",
    "failure_rate",
    "habits_of",
    "unheard_ratio",
    "worth_of",
]

LOOK_BACK_H = 48.0
"""Deploys that were live earlier than this before the onset are no suspects: the lag's longest part is a day."""

TYPICAL_FAILURE_RATE = 1.0 / 16.0
"""One deploy in sixteen does harm: DORA's surveys give 5 % (2023) to 15 % (2019) for the best group of teams."""

_WORTH = 16.0
_WORTHS = (4.0, 8.0, 16.0, 32.0, 64.0)
"""How many deploys of a service the habits of all are worth: one failure among them before anything was seen; and how
many are tried once records are known."""

KIND_RISK: Mapping[DeployKind, float] = {
    DeployKind.DEPLOY: 1.0,
    DeployKind.ROLLBACK: 0.3,
    DeployKind.FLAG: 1.5,
    DeployKind.CONFIG: 1.5,
    DeployKind.MIGRATION: 1.5,
}
"""Risk against a plain deploy, guesses to start from: a rollback returns to what has worked; flags, configuration and
migrations reach everybody at once and are tested less."""

FAILED_RISK = 0.3
"""Risk of a deploy that failed against one that did not: it was meant to leave everything as it was. A guess."""

CALENDAR_RISK: Mapping[str, float] = {"holiday": 3.0, "campaign": 2.0}
"""How much more often a metric strays by itself on such a day. Guesses: one day in thirty is a holiday, and of the
anomalies without a deploy perhaps one in ten falls on one; campaigns are more frequent than that."""

_TYPICAL_REACH = 0.18
"""Of a shop of twenty services: two that a rule names, four that these need, two that those need, twelve strangers."""

_LEAST_PER_HOUR = 1.0 / (365.0 * 24.0)
"""Something strays once a year where nobody deploys at all."""

_FRIDAY = 5
_DUMB = 0.01
"""Of all feeds of deploys one in a hundred has stopped without anybody noticing. A guess."""

_WEEKDAY, _WEEKEND = 1.3, 0.25
"""Deploys per hour against the mean of a week: teams ship on working days. A guess that gives a week its seven days."""

_USUAL_PER_DAY, _USUAL_WORTH_H = 5.0, 6.0
"""What is taken for usual before a deploy was seen, the low end of teams that deploy daily, and for how many hours of a
mean day it stands."""


@dataclass(frozen=True, slots=True)
class Habits:
    """How often deploys of any service do harm: a Beta distribution by its mean and by how many deploys it is worth."""

    rate: float = TYPICAL_FAILURE_RATE
    worth: float = _WORTH


def habits_of(record: Mapping[str, ServiceRecord]) -> Habits:
    """Fitted over the services: the mean by all their deploys, the spread by likelihood (beta-binomial)."""
    counts = [(_deploys(one), _guilty(one)) for _, one in sorted(record.items())]
    shipped, guilty = fsum(n for n, _ in counts), fsum(x for _, x in counts)
    rate = (1.0 + guilty) / (1.0 / TYPICAL_FAILURE_RATE + shipped)
    fits = [(_log_evidence(counts, rate, worth), worth) for worth in _WORTHS]
    return Habits(rate, max(fits)[1] if shipped else _WORTH)


def _log_evidence(counts: Iterable[tuple[float, float]], rate: float, worth: float) -> float:
    a, b = rate * worth, (1.0 - rate) * worth
    whole = lgamma(a + b) - lgamma(a) - lgamma(b)
    # A weak belief in the starting value keeps two or three services from looking all alike, or all unlike.
    return fsum(whole + lgamma(a + x) + lgamma(b + n - x) - lgamma(a + b + n) for n, x in counts) - abs(
        worth - _WORTH
    ) / (4.0 * _WORTH)


def failure_rate(record: ServiceRecord | None, habits: Habits | None = None) -> float:
    """Chance that a deploy of a service does harm: its record, shrunk towards the habits (conjugate posterior mean)."""
    known = habits or Habits()
    if record is None:
        return known.rate
    return (known.worth * known.rate + _guilty(record)) / (known.worth + _deploys(record))


@dataclass(frozen=True, slots=True)
class Traffic:
    """How much was deployed in the looked-back window, and how many hours of a mean day the window is worth."""

    deploys: int = 0
    worth_h: float = LOOK_BACK_H

    @property
    def per_hour(self) -> float:
        """Deploys in an hour of a mean day."""
        usual = _USUAL_PER_DAY * _USUAL_WORTH_H / 24.0
        return (self.deploys + usual) / (self.worth_h + _USUAL_WORTH_H)


def worth_of(span: Span) -> float:
    """Hours of a mean day that a stretch of time is worth to those who deploy; UTC days stand in for local ones."""
    hours, at = [], span.start_at
    while at < span.end_at:
        until = min(at.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1), span.end_at)
        part = _WEEKEND if at.isoweekday() > _FRIDAY else _WEEKDAY
        hours.append(part * (until - at).total_seconds() / 3600.0)
        at = until
    return fsum(hours)


def unheard_ratio(traffic: Traffic, silence: Span, log_odds: float) -> float:
    """Log of how much more a silent feed of deploys leaves to "no deploy": those that we were not told of.

    Where many deploys were due in the silence, the feed has more likely stopped than the teams (Bayes' rule on a
    Poisson count of none); then the share of all deploys goes to what nobody reported.

    Args:
        traffic: how much is usual.
        silence: since the newest report of any deploy.
        log_odds: against a deploy.
    """
    due = traffic.per_hour * worth_of(silence)
    stopped = _DUMB / (_DUMB + (1.0 - _DUMB) * exp(-due))
    return log(1.0 + stopped * exp(-log_odds))


def background_per_hour(traffic: Traffic, habits: Habits) -> float:
    """Anomalies per hour of one metric that no deploy is behind, at even odds; the rules' false alarms are among them.

    That is the hazard that so much traffic brings to a typical metric. The world does not stray less because few
    services of this company matter to the metric; that its deploys are safer than others may mean that it counts its
    failures more strictly, so of that half is believed (a geometric mean).

    Args:
        traffic: what was deployed in the looked-back window.
        habits: how often deploys of this company do harm.
    """
    return traffic.per_hour * _TYPICAL_REACH * sqrt(habits.rate * TYPICAL_FAILURE_RATE) + _LEAST_PER_HOUR


def _deploys(record: ServiceRecord | None) -> float:
    return max(record.deploys, 0.0) if record is not None else 0.0


def _guilty(record: ServiceRecord) -> float:
    return min(max(record.guilty, 0.0), _deploys(record))
