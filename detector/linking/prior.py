"""What is known before the clock is looked at: how often changes break things, and how often other things do."""

from collections import Counter
from collections.abc import Iterable, Mapping
from math import fsum

from detector.linking.services import Relation, reach
from detector.model.deploy import DeployKind, ServiceRecord

__all__ = ["KIND_RISK", "LOOK_BACK_H", "TYPICAL_FAILURE_RATE", "background_per_hour", "failure_rate"]

LOOK_BACK_H = 48.0
"""Deploys that were live earlier than this before the onset are no suspects: the lag's longest part is a day."""

_GUILTY_PRIOR, _INNOCENT_PRIOR = 1.0, 15.0
TYPICAL_FAILURE_RATE = _GUILTY_PRIOR / (_GUILTY_PRIOR + _INNOCENT_PRIOR)
"""One deploy in sixteen does harm: DORA's surveys give 5 % (2023) to 15 % (2019) for the best group of teams."""

KIND_RISK: Mapping[DeployKind, float] = {
    DeployKind.DEPLOY: 1.0,
    DeployKind.ROLLBACK: 0.3,
    DeployKind.FLAG: 1.5,
    DeployKind.CONFIG: 1.5,
    DeployKind.MIGRATION: 1.5,
}
"""Risk against a plain deploy, guesses to start from: a rollback returns to what has worked; flags, configuration and
migrations reach everybody at once and are tested less."""

_DEPLOY_SHARE = 0.45
"""Share of real incidents with a change behind them. Published: about 0.7 (Google's SRE book), 0.50 (SCWarn, FSE 2021),
0.33 (Kontrast, ISSRE 2022), mean 0.51; business numbers fall for campaigns and suppliers too, hence a little lower."""

_FALSE_ALARMS_PER_HOUR = 1.0 / (30.0 * 24.0)
"""What the rules' default `false_alarms: 1 per month` lets through: anomalies without any cause to find."""

_USUAL_PER_DAY, _USUAL_WORTH_H = 5.0, 24.0
"""A Monday morning looks back on a quiet weekend, and no background falls with it: where that is more, five deploys on
one more day are added to what was seen. Five a day is the low end of teams that deploy daily; more is taken as seen."""


def failure_rate(record: ServiceRecord | None) -> float:
    """Chance that a deploy of a service does harm: its record, shrunk by Beta(1, 15) (conjugate posterior mean)."""
    if record is None:
        return TYPICAL_FAILURE_RATE
    deploys = _deploys(record)
    guilty = min(max(record.guilty, 0.0), deploys)
    return (_GUILTY_PRIOR + guilty) / (_GUILTY_PRIOR + _INNOCENT_PRIOR + deploys)


def background_per_hour(
    seen: Iterable[str], found: Mapping[str, Relation], record: Mapping[str, ServiceRecord]
) -> float:
    """Anomalies per hour of one metric that no deploy is behind; never below the rules' own false alarms.

    The hazard of the metric's usual traffic, times the odds against a deploy, plus the false alarms. Usual traffic is
    deploys per hour times the mean hazard of a deploy, over all known services; a service's share of the traffic is
    its deploys in the record and in the window plus one (Laplace's rule), so that an hour in which only strangers
    deployed does not look like a world in which only they do. With few to dozens of deploys a day this makes deploys
    responsible for a third to nearly half of all anomalies in the long run.

    Args:
        seen: the service of each production deploy in the looked-back window.
        found: where each known service stands; holds every service of `seen`.
        record: what earlier deploys did.
    """
    shipped = Counter(seen)
    counts = {name: 1.0 + shipped[name] + _deploys(record.get(name)) for name in found}
    if not counts:
        return _FALSE_ALARMS_PER_HOUR
    harm = fsum(count * failure_rate(record.get(name)) * reach(found[name]) for name, count in counts.items())
    lifted = (shipped.total() + _USUAL_PER_DAY * _USUAL_WORTH_H / 24.0) / (LOOK_BACK_H + _USUAL_WORTH_H)
    per_hour = max(shipped.total() / LOOK_BACK_H, lifted)
    odds_against = (1.0 - _DEPLOY_SHARE) / _DEPLOY_SHARE
    return odds_against * per_hour * harm / fsum(counts.values()) + _FALSE_ALARMS_PER_HOUR


def _deploys(record: ServiceRecord | None) -> float:
    return max(record.deploys, 0.0) if record is not None else 0.0
