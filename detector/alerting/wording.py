"""What a team reads about an incident: a title that says it all, and a body that says what to do next.

The form is fixed: people and programs search for `Suspect:`, `One of`, `No deploy stands out` and `No deploy has been
reported yet`. The most important line comes first, since some channels cut. The zone of the times is said only where a
reader could take them for another: when it is not the detector's own, or when the team's metrics have several.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from detector.alerting.inert import inert
from detector.alerting.numbers import chance, duration
from detector.alerting.reasons import loss_per_hour
from detector.alerting.wording_sentences import Sentences
from detector.alerting.wording_sources import write_late, write_source, write_test
from detector.alerting.wording_suspects import name_of
from detector.model.incident import Incident, IncidentMetric
from detector.model.notification import Reason
from detector.model.rulebook import RuleBook

__all__ = ["write_incident", "write_late", "write_source", "write_test"]

Letter = tuple[str, list[str]]


def write_incident(incident: Incident, reason: Reason, book: RuleBook, now: datetime) -> tuple[str, str]:
    """Title and body for the incident's team.

    Args:
        incident: as it is now; `told` still says what the team heard last.
        reason: why we speak; a loud one that is about an incident.
        book: rules and addresses; a metric that is no longer among them is written by its name.
        now: decides which days are named.

    Raises:
        KeyError: a reason that is not about incidents.
    """
    part = incident.worst
    words = Sentences(incident, book, now)
    title, lines = _LETTERS[reason](words, part)
    return title, "\n".join(line for line in lines if line)


def _opened(words: Sentences, part: IncidentMetric) -> Letter:
    return f"{words.title(part)} is {words.state(part)}{words.more()}", [
        words.missing(part),
        *words.suspects().full(),
        words.where(part),
        *words.also(),
        words.runbook(part),
        words.address(with_ack=True),
    ]


def _heard(words: Sentences) -> float:
    """What was lost per hour when we last wrote; 0: of this metric the team hears for the first time."""
    return 0.0 if words.incident.told is None else words.incident.told.loss_per_hour


def _worse(words: Sentences, part: IncidentMetric) -> Letter:
    return _got_worse(words, part, words.suspects().brief())


def _got_worse(words: Sentences, part: IncidentMetric, suspects: list[str]) -> Letter:
    measure, heard = words.measure(part), _heard(words)
    rate = measure.about(abs(loss_per_hour(words.incident)))
    before = f", {measure.about(abs(heard))} when we last wrote" if heard else ""
    by = words.incident.acknowledged_by
    title = f"{words.title(part)} got worse:" if heard else f"It got worse: {words.title(part)} is"
    return f"{title} {words.state(part)}{words.more()}", [
        words.missing(part),
        f"Now {rate} an hour{before}" if measure.kind.adds_up else "",
        *suspects,
        *words.also(),
        words.runbook(part),
        f"Acknowledged by {inert(by, 60)}" if by else "",
        words.address(with_ack=words.incident.acknowledged_at is None),
    ]


def _named(words: Sentences, part: IncidentMetric) -> Letter:
    if part.loss.per_hour > 0 and not _heard(words):
        return _got_worse(words, part, words.suspects().full())
    first = words.incident.ranking.suspects[0]
    return f"{words.title(part)}: the suspect is now {name_of(first.deploy)} ({words.suspects().certainty(first)})", [
        *words.suspects().full(),
        words.missing(part),
        words.address(with_ack=False),
    ]


def _no_longer_named(words: Sentences, part: IncidentMetric) -> Letter:
    told = words.incident.told
    ids = (told.named,) if told is not None else ()
    was = [
        one
        for one in words.incident.ranking.suspects
        if one.deploy.id in ids or f"{one.deploy.source}/{one.deploy.id}" in ids
    ]
    subject = name_of(was[0].deploy) if was else "the deploy we named"
    odds = f" (now {chance(was[0].probability)})" if was and words.incident.confirmed is None else ""
    return f"{words.title(part)}: {subject} is no longer the suspect{odds}", [
        *words.suspects().full(),
        words.missing(part),
        words.address(with_ack=False),
    ]


def _no_reaction(words: Sentences, part: IncidentMetric) -> Letter:
    open_for = duration(words.now - words.incident.opened_at)
    return f"Nobody has reacted for {open_for}: {words.title(part)} is {words.state(part)}{words.more()}", [
        words.missing(part),
        *words.suspects().brief(),
        *words.also(),
        words.runbook(part),
        words.address(with_ack=True),
    ]


def _resolved(words: Sentences, part: IncidentMetric) -> Letter:
    if part.level_since is not None:
        return _new_level(words, part)
    measure, times = words.measure(part), words.times(part)
    amount, low, high = words.lost(part)
    over = f"{times.over(part.span, words.every_s(part))}{words.zone(part)}, {duration(part.span.length)}"
    range_ = f" ({measure.between(low, high, amount)})" if measure.kind.adds_up and low < high else ""
    return f"{words.title(part)} is back to usual - {words.outcome(part)}", [
        f"It lasted {over}: {words.outcome(part)}{range_}",
        words.came_back(part),
        *words.suspects().brief(),
        *words.also(),
        words.address(with_ack=False),
    ]


def _new_level(words: Sentences, part: IncidentMetric) -> Letter:
    """It is over, and not back: what it came to has become what is usual."""
    since = f"{words.times(part).at(part.level_since or part.span.start_at)}{words.zone(part)}"
    return f"{words.title(part)} stays at a new level - {words.outcome(part)}", [
        f"It has been steady since {since}: this is usual from now on, and what differs from it is told anew",
        *words.suspects().brief(),
        *words.also(),
        words.address(with_ack=False),
    ]


def _rule_removed(words: Sentences, part: IncidentMetric) -> Letter:
    return f"{words.title(part)} is no longer watched: its rule was removed", [
        f"When last seen it was {words.state(part)}",
        "The incident is closed; nothing more will be said about it",
        words.address(with_ack=False),
    ]


_LETTERS: Mapping[Reason, Callable[[Sentences, IncidentMetric], Letter]] = {
    Reason.OPENED: _opened,
    Reason.WORSE: _worse,
    Reason.NAMED: _named,
    Reason.NO_LONGER_NAMED: _no_longer_named,
    Reason.NO_REACTION: _no_reaction,
    Reason.RESOLVED: _resolved,
    Reason.RULE_REMOVED: _rule_removed,
}
