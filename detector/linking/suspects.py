"""Which deploy may have begun an anomaly: the posterior of competing causes, no deploy among them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from math import fsum

import numpy as np

from detector.linking.candidates import (
    Candidate,
    candidate_of,
    hours_after_onset,
    is_watched_environment,
    rejection,
)
from detector.linking.grounds import grounds_of
from detector.linking.prior import KIND_RISK, LOOK_BACK_H, background_per_hour, failure_rate
from detector.linking.question import Question
from detector.linking.reports import merge_reports
from detector.linking.services import Relation, reach, relations
from detector.model.deploy import Answer, Deploy, Ranking, Rejected, Suspect
from detector.model.panel import Floats
from detector.model.span import Span
from detector.model.verdict import Onset

__all__ = ["Question", "keep_named", "rank_suspects"]

NAME_AT = 0.80
"""One deploy is named, or two or three are, from this probability on; the rest is then less than half of one named."""

STAYS_NAMED_AT = 0.70
"""A deploy that was named stays so down to here: a tenth below `NAME_AT` is more than re-ranking on the same evidence
moves a probability, and less than one new fact does."""

_MOST_NAMED = 3

_REPLACED_FACTOR = 0.05
"""What is left of a version's hazard once another one has taken its place: damaged data, caches, a replacement that
failed. A guess; Gandalf (NSDI 2020) and Sentry's issue list tell how often a version is blamed that had gone."""

_SHORTEST = timedelta(minutes=1)


def rank_suspects(question: Question, deploys: Sequence[Deploy], last_heard_at: datetime | None) -> Ranking:
    """The probability of each deploy, and of none, that it began the anomaly; deterministic, whatever the order.

    Every deploy brings a hazard to the metric and the rest of the world a constant one; given that an anomaly began
    with distribution q, the weight of a deploy is

        failure rate x reach x risk of its kind x integral of q(t) lag density(t - exposure) dt

    and that of no deploy is the background per hour; probabilities are shares of the sum (competing risks).

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
    densities = [_density_per_hour(question, candidate) for candidate in candidates]
    weights = [_prior(question, one.deploy, found) * each for one, each in zip(candidates, densities, strict=True)]
    background = background_per_hour(_traffic(question, merged), found, question.record)
    total = fsum([*weights, background])
    suspects = [
        Suspect(one.deploy, weight / total, grounds_of(question, one, candidates, found, density))
        for one, weight, density in zip(candidates, weights, densities, strict=True)
    ]
    rejected = [Rejected(deploy, why) for deploy, why in zip(merged, reasons, strict=True) if why is not None]
    suspects += [Suspect(one.deploy, 0.0, (one.why,)) for one in rejected]
    ranked = tuple(sorted(suspects, key=lambda one: (-one.probability, one.deploy.id, one.deploy.source)))
    return Ranking(
        answer=_answer([suspect.probability for suspect in ranked]),
        suspects=ranked,
        no_deploy=background / total,
        rejected=tuple(rejected),
        last_heard_at=last_heard_at,
        looked_back_h=LOOK_BACK_H,
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


def _prior(question: Question, deploy: Deploy, found: Mapping[str, Relation]) -> float:
    rate = failure_rate(question.record.get(deploy.service))
    return rate * reach(found[deploy.service]) * KIND_RISK[deploy.kind]


def _density_per_hour(question: Question, candidate: Candidate) -> float:
    """Mean density of the lag over the onset's distribution, lower where the deploy had been replaced."""
    spans, shares = _pieces(question.onset)
    edges = np.array([[hours_after_onset(question, at) for at in (span.start_at, span.end_at)] for span in spans])
    kept = np.minimum(edges, candidate.replaced_at_h)
    while_live = candidate.exposure.distribution(kept)
    after = candidate.exposure.distribution(edges) - while_live
    mass = np.diff(while_live + _REPLACED_FACTOR * after, axis=1)[:, 0]
    return float(np.sum(shares * mass / np.diff(edges, axis=1)[:, 0]))


def _pieces(onset: Onset) -> tuple[list[Span], Floats]:
    """The onset's spans, none of them shorter than a minute, and their shares."""
    pieces = onset.pieces or ((Span(onset.earliest, onset.latest), 1.0),)
    spans = [span if span.length >= _SHORTEST else Span(span.start_at, span.start_at + _SHORTEST) for span, _ in pieces]
    shares = np.array([share for _, share in pieces], dtype=np.float64)
    return spans, shares / shares.sum()


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
