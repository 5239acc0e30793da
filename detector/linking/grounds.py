"""Why a deploy is suspect, in words for somebody on call."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from math import log

from detector.linking.candidates import Candidate
from detector.linking.prior import FAILED_RISK, KIND_RISK, TYPICAL_FAILURE_RATE, failure_rate
from detector.linking.question import Question
from detector.linking.services import Relation, reach
from detector.linking.words import duration
from detector.model.deploy import DeployKind, DeployStatus, Term
from detector.model.grid import HOUR_S

__all__ = ["grounds_of"]

_ALONE = timedelta(hours=6)
_GRADUAL = timedelta(minutes=30)
_TYPICAL_REACH = 0.1  # between a service two hops away and a stranger nothing is gained by saying how they relate

_KIND_WORDS = {
    DeployKind.ROLLBACK: "a rollback, which seldom breaks anything",
    DeployKind.FLAG: "a feature flag, which reaches everybody at once",
    DeployKind.CONFIG: "a change of configuration, which reaches everybody at once",
    DeployKind.MIGRATION: "a database migration",
}


def grounds_of(
    question: Question,
    candidate: Candidate,
    others: Sequence[Candidate],
    found: Mapping[str, Relation],
    terms: Sequence[Term],
) -> tuple[str, ...]:
    """Grounds for one suspect, strongest first: by the log of what each one multiplies its weight with.

    Args:
        question: what was asked.
        candidate: the one to speak of.
        others: all that were in users' hands before the onset.
        found: where each service stands.
        terms: what its weight is the product of; a lag spread over a day is the yardstick of its time.
    """
    deploy, by_name = candidate.deploy, {one.name: one.log_ratio for one in terms}
    weighed = [
        (by_name["time"] + log(24.0), _when(question, candidate)),
        (log(reach(found[deploy.service]) / _TYPICAL_REACH), _whose(question, candidate, others, found)),
    ]
    known = question.record.get(deploy.service)
    if known is not None and (words := _record_words(known.deploys, known.guilty)):
        weighed.append((log(failure_rate(known) / TYPICAL_FAILURE_RATE), words))
    if deploy.kind in _KIND_WORDS:
        weighed.append((log(KIND_RISK[deploy.kind]), _KIND_WORDS[deploy.kind]))
    if deploy.status is DeployStatus.FAILURE:
        weighed.append((log(FAILED_RISK), "it failed, which mostly leaves everything as it was"))
    if candidate.replaced_by is not None and candidate.replaced_at_h < 0:
        weighed.append((-10.0, f"replaced by {_name(candidate)} before the {question.what} began"))
    return tuple(words for _, words in sorted(weighed, key=lambda pair: -pair[0]))


def _name(candidate: Candidate) -> str:
    successor = candidate.replaced_by
    return "a later version" if successor is None or not successor.version else successor.version


def _when(question: Question, candidate: Candidate) -> str:
    likely, begun, live = question.onset.likely, candidate.begun_at, candidate.live_at
    if candidate.deploy.status is DeployStatus.FAILURE:
        failed_at = candidate.deploy.finished_at
        verb, at = ("begun", begun) if failed_at is None else ("failed", failed_at)
        return f"{verb} {_beside(at, likely)} the {question.what} began"
    if live is None:
        return f"still rolling out, begun {_beside(begun, likely)} the {question.what} began"
    if question.is_empty and question.bucket_s == HOUR_S and live <= question.first_bucket_at:
        return f"live {duration(question.first_bucket_at - live)} before the first empty hour"
    if live <= likely:
        return f"live {duration(likely - live)} before the {question.what} began"
    if live - begun > _GRADUAL and begun < likely:
        return f"rolling out for {duration(likely - begun)} when the {question.what} began"
    return f"live {duration(live - likely)} after the likeliest beginning of the {question.what}"


def _beside(at: datetime, onset_at: datetime) -> str:
    side = "before" if at <= onset_at else "after"
    return f"{duration(onset_at - at)} {side}"


def _whose(question: Question, candidate: Candidate, others: Sequence[Candidate], found: Mapping[str, Relation]) -> str:
    service = candidate.deploy.service
    stands = found[service]
    if stands.is_caller:
        return f"of {service}, which depends on {stands.neighbour}"
    if stands.hops is None:
        return f"of {service}, which this metric is not known to depend on"
    if _is_alone(question, candidate, others, found):
        return f"the only deploy in {duration(_ALONE)} of a service that this metric depends on"
    if stands.hops == 0:
        return f"of {service}, which this metric depends on"
    if stands.hops == 1:
        return f"of {service}, which {stands.neighbour} depends on"
    return f"of {service}, {stands.hops} steps from what this metric depends on"


def _is_alone(
    question: Question, candidate: Candidate, others: Sequence[Candidate], found: Mapping[str, Relation]
) -> bool:
    """No other deploy of a service that the metric needs was live or on its way in the hours before the onset."""
    recent = [one for one in others if one.live_at is None or question.onset.likely - one.live_at <= _ALONE]
    return [one for one in recent if found[one.deploy.service].hops is not None] == [candidate]


def _record_words(deploys: float, guilty: float) -> str:
    shipped, blamed = round(deploys), round(guilty)
    if shipped < 1 or blamed < 1:
        return ""
    verb = "was" if blamed == 1 else "were"
    return f"{blamed} of {shipped} earlier deploys of this service {verb} followed by an incident"
