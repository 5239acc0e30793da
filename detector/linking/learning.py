"""What earlier incidents teach: expectation and maximisation over their rankings; what people confirmed holds.

The model is a branching process (a background and a kernel per deploy), which expectation-maximisation fits without
labels; every share starts as if a few dozen typical incidents had been seen, so that none are needed to begin with.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import exp, fsum, log

import numpy as np

from detector.linking.experience import Experience
from detector.linking.lag import Exposure, parts_distribution
from detector.linking.reports import live_at
from detector.model.deploy import Answer, Ranking, Suspect
from detector.model.panel import Floats

__all__ = ["NO_DEPLOY", "Lesson", "chances_of", "held_to", "learn"]

NO_DEPLOY = ""
"""What a person says where no deploy was to blame."""

_SHARE_WORTH, _LAG_WORTH = 20.0, 30.0
"""How many incidents the starting values are worth."""

_ROUNDS = 25  # of expectation and maximisation: more of them move no share by a millionth

_ENOUGH_VERDICTS = 50
"""With fewer verdicts the sharpness stays 1. A guess."""

_SHARPNESS = np.exp(np.linspace(log(0.4), log(1.6), 29))
_SHARPNESS_SD = 0.3
"""Powers that are tried, and how far their logs lie from 0 before a verdict was heard. A guess."""

_WINDOW_H = 0.5
"""The onset is known to about that: the lag's density is a mean over so much on both sides."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """One incident that is over.

    Attributes:
        ranking: the last word on it, with its terms.
        onset_at: when it began most likely.
        verdict: the id of the deploy that a person confirmed, NO_DEPLOY, or None where nobody said.
    """

    ranking: Ranking
    onset_at: datetime
    verdict: str | None = None


def learn(lessons: Sequence[Lesson], start: Experience | None = None) -> Experience:
    """The share of incidents with a deploy behind them, the lag's shares, and, from enough verdicts, how sharp to be.

    Without lessons the start comes back. The order of the lessons changes nothing.
    """
    begun = start or Experience()
    told = sorted((one for one in lessons if _has_terms(one.ranking)), key=_key)
    found = begun
    lags = [_lag_parts(one) for one in told]
    for _ in range(_ROUNDS if told else 0):
        found = _improved(begun, found, told, lags)
    return replace(found, sharpness=_sharpness(told, found))


def chances_of(lesson: Lesson) -> tuple[float, ...]:
    """Probability of each suspect of a lesson and then of no deploy; a verdict leaves no doubt."""
    ranking = lesson.ranking
    if lesson.verdict is None:
        return (*(one.probability for one in ranking.suspects), ranking.no_deploy)
    guilty = _meant(ranking, lesson.verdict)
    return (*(float(one is guilty) for one in ranking.suspects), float(guilty is None))


def held_to(ranking: Ranking, verdict: str) -> Ranking:
    """The ranking once a person has said which deploy it was, or NO_DEPLOY; one nobody reported changes nothing."""
    guilty = _meant(ranking, verdict)
    if guilty is None and verdict != NO_DEPLOY:
        return ranking
    suspects = (replace(one, probability=float(one is guilty)) for one in ranking.suspects)
    return replace(
        ranking,
        suspects=tuple(sorted(suspects, key=lambda one: (-one.probability, one.deploy.id, one.deploy.source))),
        no_deploy=float(guilty is None),
        answer=Answer.NONE if guilty is None else Answer.NAMED,
    )


def _meant(ranking: Ranking, verdict: str) -> Suspect | None:
    """Whom a verdict means: two feeds may use one id for different deploys, and people mean the likelier one."""
    if verdict == NO_DEPLOY:
        return None
    same = [one for one in ranking.suspects if one.deploy.id == verdict]
    return min(same, key=lambda one: (-one.probability, one.deploy.source), default=None)


def _has_terms(ranking: Ranking) -> bool:
    return bool(ranking.background)


def _key(lesson: Lesson) -> tuple[datetime, float, str]:
    return lesson.onset_at, lesson.ranking.no_deploy, lesson.verdict or ""


def _lag_parts(lesson: Lesson) -> Floats:
    """Density per hour of each part of the lag for each suspect, shape (parts, suspects)."""
    at = np.array([-_WINDOW_H, _WINDOW_H])
    exposures = [_exposure(one, lesson.onset_at) for one in lesson.ranking.suspects]
    if not exposures:
        return np.zeros((3, 0))
    density: Floats = np.diff(parts_distribution(exposures, at[None, :]))[:, :, 0] / (2.0 * _WINDOW_H)
    return density


def _exposure(suspect: Suspect, onset_at: datetime) -> Exposure:
    deploy = suspect.deploy
    end = live_at(deploy) or deploy.finished_at or deploy.started_at or deploy.received_at
    begin = min(deploy.started_at or end, end)
    return Exposure((begin - onset_at).total_seconds() / 3600.0, (end - onset_at).total_seconds() / 3600.0)


def _improved(begun: Experience, now: Experience, lessons: Sequence[Lesson], lags: Sequence[Floats]) -> Experience:
    guilty: list[float] = []
    parts: list[Floats] = []
    for lesson, lag in zip(lessons, lags, strict=True):
        chances = chances_of(lesson) if lesson.verdict is not None else _shares(lesson.ranking, now, lag)
        guilty.append(1.0 - chances[-1])
        weighed = lag * np.array(now.lag_shares)[:, None]
        parts.append((weighed / np.maximum(weighed.sum(axis=0), 1e-12)) @ np.array(chances[:-1]))
    share = (_SHARE_WORTH * begun.deploy_share + fsum(guilty)) / (_SHARE_WORTH + len(lessons))
    counts = np.array(begun.lag_shares) * _LAG_WORTH + np.array(
        [fsum(one[part] for one in parts) for part in range(len(begun.lag_shares))]
    )
    first, second, third = (counts / counts.sum()).tolist()
    return replace(now, deploy_share=share, lag_shares=(first, second, third))


def _shares(ranking: Ranking, experience: Experience, lag: Floats) -> tuple[float, ...]:
    """Probabilities by the terms, with the odds and the lag of an experience in place of those that were in force."""
    fits = np.log(np.maximum(np.array(experience.lag_shares) @ lag, 1e-6)).tolist()
    logs = [
        fsum([fit, *(term.log_ratio for term in one.terms if term.name != "time")]) if one.terms else -np.inf
        for one, fit in zip(ranking.suspects, fits, strict=True)
    ]
    logs.append(fsum([experience.log_odds, *(term.log_ratio for term in ranking.background if term.name != "odds")]))
    top = max(logs)
    weights = [exp(each - top) for each in logs]
    total = fsum(weights)
    return tuple(each / total for each in weights)


def _sharpness(lessons: Sequence[Lesson], experience: Experience) -> float:
    """The power of all weights that makes the verdicts likeliest (temperature scaling, Guo et al., ICML 2017)."""
    told = [one for one in lessons if one.verdict is not None and _knows(one)]
    if len(told) < _ENOUGH_VERDICTS:
        return experience.sharpness
    fits = []
    for power in _SHARPNESS.tolist():
        logs = [_log_right(one, experience, power) for one in told]
        fits.append((fsum(logs) - 0.5 * (log(power) / _SHARPNESS_SD) ** 2, power))
    return float(max(fits)[1])


def _knows(lesson: Lesson) -> bool:
    return lesson.verdict == NO_DEPLOY or any(one.deploy.id == lesson.verdict for one in lesson.ranking.suspects)


def _log_right(lesson: Lesson, experience: Experience, power: float) -> float:
    shares = _shares(lesson.ranking, experience, _lag_parts(lesson))
    powered = [each**power for each in shares]
    return log(max(powered[chances_of(lesson).index(1.0)] / fsum(powered), 1e-6))
