"""Which deploy may have begun an anomaly: the posterior of competing causes, no deploy among them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from math import exp, fsum, log

import numpy as np

from detector.linking.candidates import (
    Candidate,
    candidate_of,
    hours_after_onset,
    is_watched_environment,
    rejection,
)
from detector.linking.grounds import grounds_of
from detector.linking.lag import parts_distribution
from detector.linking.prior import (
    CALENDAR_RISK,
    FAILED_RISK,
    KIND_RISK,
    LOOK_BACK_H,
    background_per_hour,
    failure_rate,
    habits_of,
)
from detector.linking.question import Question
from detector.linking.recovery import recovery_of
from detector.linking.reports import merge_reports
from detector.linking.scope import damage_of
from detector.linking.services import Relation, reach, relations
from detector.model.deploy import Answer, Deploy, DeployKind, DeployStatus, Ranking, Rejected, Suspect, Term
from detector.model.panel import Floats
from detector.model.span import Span

__all__ = ["Question", "keep_named", "rank_suspects"]

NAME_AT = 0.80
"""One deploy is named, or two or three are, from this probability on; the rest is then less than half of one named."""

STAYS_NAMED_AT = 0.70
"""A deploy that was named stays so down to here: a tenth below `NAME_AT` is more than re-ranking on the same evidence
moves a probability, and less than one new fact does."""

_MOST_NAMED = 3
_LEAST_PER_HOUR = 1e-6

_FOLLOWED_FACTOR, _TAKEN_BACK_FACTOR = 0.4, 0.05
"""What is left of a version's hazard once another one has taken its place. A later version mostly carries the change
on, so that only what a restart heals is gone; a rollback takes it away but for damaged data and caches. Guesses;
Gandalf (NSDI 2020) and Sentry's issue list tell how often a version is blamed that had gone."""

_SHORTEST = timedelta(minutes=1)


def rank_suspects(question: Question, deploys: Sequence[Deploy], last_heard_at: datetime | None) -> Ranking:
    """The probability of each deploy, and of none, that it began the anomaly; deterministic, whatever the order.

    Every deploy brings a hazard to the metric and the rest of the world a constant one; given that an anomaly began
    with distribution q, the weight of a deploy is

        failure rate x reach x risk of its kind x integral of q(t) lag density(t - exposure) dt
            x likelihood of what was hit, of how much and of how it ended, against the same without a deploy

    and that of no deploy is the background per hour; probabilities are shares of the sum (competing risks). The terms
    of each product are kept in the ranking.

    Args:
        question: onset, services, graph and record.
        deploys: all known reports around the onset; several of one id are one deploy.
        last_heard_at: when the newest report of any deploy arrived; None: none ever did.
    """
    merged = merge_reports(deploys)
    reasons = [rejection(question, deploy) for deploy in merged]
    candidates = [
        candidate_of(question, deploy, merged) for deploy, why in zip(merged, reasons, strict=True) if why is None
    ]
    found = relations(question.services, question.graph, {deploy.service for deploy in merged})
    background = _background(question, merged, found)
    terms = _terms(question, candidates, found)
    weights = [fsum(one.log_ratio for one in several) for several in terms]
    nothing = fsum(one.log_ratio for one in background)
    top = max([nothing, *weights])
    shares = [exp(weight - top) for weight in weights]
    total = fsum([*shares, exp(nothing - top)])
    suspects = [
        Suspect(one.deploy, share / total, grounds_of(question, one, candidates, found, several), several)
        for one, share, several in zip(candidates, shares, terms, strict=True)
    ]
    rejected = [Rejected(deploy, why) for deploy, why in zip(merged, reasons, strict=True) if why is not None]
    suspects += [Suspect(one.deploy, 0.0, (one.why,)) for one in rejected]
    ranked = tuple(sorted(suspects, key=lambda one: (-one.probability, one.deploy.id, one.deploy.source)))
    return Ranking(
        answer=_answer([suspect.probability for suspect in ranked]),
        suspects=ranked,
        no_deploy=exp(nothing - top) / total,
        rejected=tuple(rejected),
        last_heard_at=last_heard_at,
        looked_back_h=LOOK_BACK_H,
        background=background,
    )


def keep_named(before: Ranking, after: Ranking) -> Ranking:
    """The new ranking, in which a deploy that was named stays so while it is first and not much less likely.

    Without it a posterior that wavers around the threshold would tell a team one thing in one hour and the opposite in
    the next.
    """
    if before.named is None or after.answer is Answer.NAMED or not after.suspects:
        return after
    then, now = before.named.deploy, after.suspects[0]
    is_same = (then.source, then.id) == (now.deploy.source, now.deploy.id)
    return replace(after, answer=Answer.NAMED) if is_same and now.probability >= STAYS_NAMED_AT else after


def _background(question: Question, deploys: Sequence[Deploy], found: Mapping[str, Relation]) -> tuple[Term, ...]:
    usual = background_per_hour(_traffic(question, deploys), found, question.record, question.experience)
    known = [CALENDAR_RISK[one] for one in sorted(set(question.calendar)) if one in CALENDAR_RISK]
    return (Term("background", log(usual)), *(Term("calendar", log(risk)) for risk in known))


def _terms(
    question: Question, candidates: Sequence[Candidate], found: Mapping[str, Relation]
) -> list[tuple[Term, ...]]:
    """What each candidate's weight is the product of."""
    habits = habits_of(question.record)
    damage, recovery = damage_of(question, [one.deploy.scope for one in candidates]), recovery_of(question)
    terms: list[tuple[Term, ...]] = []
    for one, (per_hour, kept) in zip(candidates, _densities(question, candidates), strict=True):
        deploy = one.deploy
        risk = KIND_RISK[deploy.kind] * (FAILED_RISK if deploy.status is DeployStatus.FAILURE else 1.0)
        terms.append(
            (
                Term("record", log(failure_rate(question.record.get(deploy.service), habits))),
                Term("reach", log(reach(found[deploy.service]))),
                Term("kind", log(risk)),
                Term("time", log(max(per_hour, _LEAST_PER_HOUR))),
                Term("replaced", log(kept)),
                Term("scope", damage.scope_ratio(deploy.scope)),
                Term("size", damage.size_ratio(deploy.scope)),
                Term("recovery", recovery.log_ratio(one.rolled_back_at)),
            )
        )
    return terms


def _densities(question: Question, candidates: Sequence[Candidate]) -> list[tuple[float, float]]:
    """Of each candidate: mean density of the lag over the onset's distribution, and how much being replaced leaves."""
    if not candidates:
        return []
    starts, ends, shares = _pieces(question)
    exposures = [one.exposure for one in candidates]
    replaced = np.array([one.replaced_at_h for one in candidates])[:, None]
    parts = np.array(question.experience.lag_shares)

    def mass(first: Floats, last: Floats) -> Floats:
        grown = parts_distribution(exposures, last) - parts_distribution(exposures, first)
        inside: Floats = np.tensordot(parts, grown, axes=1)
        return inside

    per_hour = shares / (ends - starts)
    whole = mass(np.broadcast_to(starts, (len(exposures), starts.size)), ends[None, :])
    kept = mass(np.minimum(starts[None, :], replaced), np.minimum(ends[None, :], replaced))
    left = np.array([_left_of(one) for one in candidates])[:, None]
    density, kept_density = whole @ per_hour, (kept + left * (whole - kept)) @ per_hour
    return [
        (each, min(part / each, 1.0) if each > 0 else 1.0)
        for each, part in zip(density.tolist(), kept_density.tolist(), strict=True)
    ]


def _left_of(candidate: Candidate) -> float:
    by = candidate.replaced_by
    return _TAKEN_BACK_FACTOR if by is not None and by.kind is DeployKind.ROLLBACK else _FOLLOWED_FACTOR


def _pieces(question: Question) -> tuple[Floats, Floats, Floats]:
    """The onset's spans, none of them shorter than a minute, in hours after the likeliest onset, and their shares."""
    onset = question.onset
    pieces = onset.pieces or ((Span(onset.earliest, onset.latest), 1.0),)
    starts = np.array([hours_after_onset(question, span.start_at) for span, _ in pieces])
    ends = np.array([hours_after_onset(question, max(span.end_at, span.start_at + _SHORTEST)) for span, _ in pieces])
    shares = np.array([share for _, share in pieces], dtype=np.float64)
    return starts, ends, shares / shares.sum()


def _traffic(question: Question, deploys: Sequence[Deploy]) -> list[str]:
    """The service of each production deploy that began or ended in the looked-back window."""
    start_at = question.onset.earliest - timedelta(hours=LOOK_BACK_H)
    return [
        deploy.service
        for deploy in deploys
        if is_watched_environment(question, deploy)
        and start_at <= (deploy.finished_at or deploy.started_at or deploy.received_at)
        and (deploy.started_at or deploy.finished_at or deploy.received_at) <= question.onset.latest
    ]


def _answer(probabilities: Sequence[float]) -> Answer:
    if probabilities and probabilities[0] >= NAME_AT:
        return Answer.NAMED
    return Answer.ONE_OF if fsum(probabilities[:_MOST_NAMED]) >= NAME_AT else Answer.NONE
