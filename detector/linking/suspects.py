"""Which deploy may have begun an anomaly: the posterior of competing causes, no deploy among them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from math import exp, fsum, log

from detector.linking.candidates import (
    Candidate,
    is_watched_environment,
    sort_out,
)
from detector.linking.grounds import grounds_of
from detector.linking.prior import (
    CALENDAR_RISK,
    FAILED_RISK,
    KIND_RISK,
    LOOK_BACK_H,
    Traffic,
    background_per_hour,
    chance_ratio,
    failure_rate,
    habits_of,
    unheard_ratio,
    worth_of,
)
from detector.linking.question import Question
from detector.linking.recovery import picked_ratio, recovery_of
from detector.linking.reports import merge_reports
from detector.linking.scope import damage_of
from detector.linking.scope_names import as_measured
from detector.linking.services import Relation, reach, relations
from detector.linking.timing import Timing, timing_of
from detector.model.deploy import Answer, Deploy, DeployStatus, Ranking, Suspect, Term
from detector.model.span import Span

__all__ = ["Question", "keep_named", "rank_suspects", "rank_with_onset"]

NAME_AT = 0.80
"""One deploy is named, or two or three are, from this probability on; the rest is then less than half of one named."""

STAYS_NAMED_AT = 0.70
"""A deploy that was named stays so down to here: a tenth below `NAME_AT` is more than re-ranking on the same evidence
moves a probability, and less than one new fact does."""

_MOST_NAMED = 3


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
    return rank_with_onset(question, deploys, last_heard_at)[0]


def rank_with_onset(
    question: Question, deploys: Sequence[Deploy], last_heard_at: datetime | None
) -> tuple[Ranking, tuple[tuple[Span, float], ...]]:
    """The same, and the onset's pieces in the light of the deploys: damage mostly begins soon after one.

    The chance of each piece grows with the hazard of all causes in it.
    """
    merged = merge_reports(deploys)
    candidates, rejected = sort_out(question, merged)
    found = relations(question.services, question.graph, {deploy.service for deploy in merged})
    background = _background(question, merged, last_heard_at)
    timing = timing_of(question, candidates)
    terms = _terms(question, candidates, found, timing)
    sharpness = question.experience.sharpness
    weights = [sharpness * fsum(one.log_ratio for one in several) for several in terms]
    nothing = sharpness * fsum(one.log_ratio for one in background)
    top = max([nothing, *weights])
    shares = [exp(weight - top) for weight in weights]
    total = fsum([*shares, exp(nothing - top)])
    suspects = [
        Suspect(one.deploy, share / total, grounds_of(question, one, candidates, found, several), several)
        for one, share, several in zip(candidates, shares, terms, strict=True)
    ]
    suspects += [Suspect(one.deploy, 0.0, (one.why,)) for one in rejected]
    ranked = tuple(sorted(suspects, key=lambda one: (-one.probability, one.deploy.id, one.deploy.source)))
    ranking = Ranking(
        answer=_answer([suspect.probability for suspect in ranked]),
        suspects=ranked,
        no_deploy=exp(nothing - top) / total,
        rejected=tuple(rejected),
        last_heard_at=last_heard_at,
        looked_back_h=LOOK_BACK_H,
        background=background,
    )
    return ranking, timing.pieces_given([share / total for share in shares], ranking.no_deploy)


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


def _background(question: Question, deploys: Sequence[Deploy], last_heard_at: datetime | None) -> tuple[Term, ...]:
    traffic, odds = _traffic(question, deploys), question.experience.log_odds
    background = background_per_hour(traffic, habits_of(question.record))
    terms = [Term("background", log(background)), Term("odds", odds)]
    if question.chance_per_h > 0.0:
        terms.append(Term("chance", chance_ratio(question.chance_per_h, background)))
    known = [CALENDAR_RISK[one] for one in sorted(set(question.calendar)) if one in CALENDAR_RISK]
    terms += [Term("calendar", log(risk)) for risk in known]
    if last_heard_at is not None and last_heard_at < question.as_of:
        terms.append(Term("unheard", unheard_ratio(traffic, Span(last_heard_at, question.as_of), odds)))
    return tuple(terms)


def _terms(
    question: Question, candidates: Sequence[Candidate], found: Mapping[str, Relation], timing: Timing
) -> list[tuple[Term, ...]]:
    """What each candidate's weight is the product of."""
    habits = habits_of(question.record)
    scopes = as_measured([one.deploy.scope for one in candidates], question)
    damage, recovery = damage_of(question, scopes), recovery_of(question)
    terms: list[tuple[Term, ...]] = []
    for one, scope, per_hour, kept in zip(candidates, scopes, timing.per_hour, timing.kept, strict=True):
        deploy = one.deploy
        risk = KIND_RISK[deploy.kind] * (FAILED_RISK if deploy.status is DeployStatus.FAILURE else 1.0)
        terms.append(
            (
                Term("record", log(failure_rate(question.record.get(deploy.service), habits))),
                Term("reach", log(reach(found[deploy.service]))),
                Term("kind", log(risk)),
                Term("time", log(per_hour)),
                Term("replaced", log(kept)),
                Term("scope", damage.scope_ratio(scope)),
                Term("size", damage.size_ratio(scope)),
                Term("recovery", recovery.log_ratio(one.rolled_back_at)),
            )
        )
    return _with_picks(candidates, terms)


def _with_picks(candidates: Sequence[Candidate], terms: Sequence[tuple[Term, ...]]) -> list[tuple[Term, ...]]:
    """The terms with what people's choice of a rollback says; the recovery after it is another matter."""
    if not any(one.rolled_back_at is not None for one in candidates):
        return list(terms)
    logs = [fsum(term.log_ratio for term in several if term.name != "recovery") for several in terms]
    top = max(logs)
    total = fsum(exp(each - top) for each in logs)
    return [
        several if one.rolled_back_at is None else (*several, Term("picked", picked_ratio(exp(each - top) / total)))
        for one, several, each in zip(candidates, terms, logs, strict=True)
    ]


def _traffic(question: Question, deploys: Sequence[Deploy]) -> Traffic:
    """How many production deploys began or ended in the looked-back window."""
    span = Span(question.onset.earliest - timedelta(hours=LOOK_BACK_H), question.onset.latest)
    shipped = [
        deploy
        for deploy in deploys
        if is_watched_environment(question, deploy)
        and span.start_at <= (deploy.finished_at or deploy.started_at or deploy.received_at)
        and (deploy.started_at or deploy.finished_at or deploy.received_at) <= span.end_at
    ]
    return Traffic(len(shipped), worth_of(span))


def _answer(probabilities: Sequence[float]) -> Answer:
    if probabilities and probabilities[0] >= NAME_AT:
        return Answer.NAMED
    return Answer.ONE_OF if fsum(probabilities[:_MOST_NAMED]) >= NAME_AT else Answer.NONE
