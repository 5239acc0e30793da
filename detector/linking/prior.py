"""What is known before the clock is looked at: how often changes break things, and how often other things do."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import fsum, lgamma, sqrt

from detector.linking.experience import Experience
from detector.linking.services import Relation, reach
from detector.model.deploy import DeployKind, ServiceRecord

__all__ = [
    "CALENDAR_RISK",
    "FAILED_RISK",
    "KIND_RISK",
    "LOOK_BACK_H",
    "TYPICAL_FAILURE_RATE",
    "Habits",
    "background_per_hour",
    "failure_rate",
    "habits_of",
]

LOOK_BACK_H = 48.0
"""Deploys that were live earlier than this before the onset are no suspects: the lag's longest part is a day."""

TYPICAL_FAILURE_RATE = 1.0 / 16.0
"""One deploy in sixteen does harm: DORA's surveys give 5 % (2023) to 15 % (2019) for the best group of teams."""

_WORTH = 16.0
_WORTHS = (4.0, 8.0, 16.0, 32.0, 64.0)

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

CALENDAR_RISK: Mapping[str, float] = {"holiday": 4.0, "campaign": 2.5}
"""How much more often a metric strays by itself on such a day. Guesses: one day in thirty is a holiday, and of the
anomalies without a deploy perhaps one in eight falls on one; campaigns are more frequent than that."""

_TYPICAL_REACH = 0.24
"""Of a shop of twenty services: three that a rule names, five behind them, and twelve strangers."""

_LEAST_PER_HOUR = 1.0 / (365.0 * 24.0)
"""Something strays once a year where nobody deploys at all."""

_USUAL_PER_DAY, _USUAL_WORTH_H = 5.0, 24.0
"""A Monday morning looks back on a quiet weekend, and no background falls with it: where that is more, five deploys on
one more day are added to what was seen. Five a day is the low end of teams that deploy daily; more is taken as seen."""


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
    # One service more, as typical as can be, keeps few services from looking all alike.
    return fsum(whole + lgamma(a + x) + lgamma(b + n - x) - lgamma(a + b + n) for n, x in counts) - abs(
        worth - _WORTH
    ) / (4.0 * _WORTH)


def failure_rate(record: ServiceRecord | None, habits: Habits | None = None) -> float:
    """Chance that a deploy of a service does harm: its record, shrunk towards the habits (conjugate posterior mean)."""
    known = habits or Habits()
    if record is None:
        return known.rate
    return (known.worth * known.rate + _guilty(record)) / (known.worth + _deploys(record))


def background_per_hour(
    seen: Iterable[str],
    found: Mapping[str, Relation],
    record: Mapping[str, ServiceRecord],
    experience: Experience | None = None,
) -> float:
    """Anomalies per hour of one metric that no deploy is behind, the rules' own false alarms among them.

    The hazard of the metric's usual traffic, times the odds against a deploy. Usual traffic is
    deploys per hour times the mean hazard of a deploy, over all known services; a service's share of the traffic is
    its deploys in the record and in the window plus one (Laplace's rule), so that an hour in which only strangers
    deployed does not look like a world in which only they do. The world does not stray less because this company's
    deploys are safer than others: the geometric mean with a typical company's hazard is taken.

    Args:
        seen: the service of each production deploy in the looked-back window.
        found: where each known service stands; holds every service of `seen`.
        record: what earlier deploys did.
        experience: holds the share of incidents with a deploy behind them.
    """
    shipped, habits = Counter(seen), habits_of(record)
    counts = {name: 1.0 + shipped[name] + _deploys(record.get(name)) for name in found}
    if not counts:
        return _LEAST_PER_HOUR
    harm = fsum(count * failure_rate(record.get(name), habits) * reach(found[name]) for name, count in counts.items())
    own = harm / fsum(counts.values())
    typical = TYPICAL_FAILURE_RATE * _TYPICAL_REACH
    lifted = (shipped.total() + _USUAL_PER_DAY * _USUAL_WORTH_H / 24.0) / (LOOK_BACK_H + _USUAL_WORTH_H)
    per_hour = max(shipped.total() / LOOK_BACK_H, lifted)
    share = (experience or Experience()).deploy_share
    return (1.0 - share) / share * per_hour * sqrt(own * typical) + _LEAST_PER_HOUR


def _deploys(record: ServiceRecord | None) -> float:
    return max(record.deploys, 0.0) if record is not None else 0.0


def _guilty(record: ServiceRecord) -> float:
    return min(max(record.guilty, 0.0), _deploys(record))
