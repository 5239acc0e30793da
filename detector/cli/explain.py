"""detector explain."""

from collections.abc import Sequence
from dataclasses import asdict
from math import exp
from pathlib import Path

import click

from detector.alerting.inert import inert
from detector.cli.options import as_json, config_option, json_option, say, show_time
from detector.errors import UsageError
from detector.linking.levels import summed
from detector.model.deploy import Ranking, Scope, Suspect, Term
from detector.model.incident import Incident, IncidentMetric, Level, Whereabouts

__all__ = ["explain"]

_MOST_SHOWN = 5
_LITTLE = 0.05
_MOST_LEVELS, _NAME = 8, 40
_OUT_SDS = 2.5758
"""Of 99 in 100 normal values."""

_EVERYBODY = 100.0
_IN_FULL = 100.0

_WORDS = {
    "background": "what else happens per hour, by the traffic",
    "odds": "how often there is no deploy behind an incident",
    "calendar": "the day is a special one",
    "unheard": "deploys that nobody reported",
    "record": "what its service's earlier deploys did",
    "reach": "how near its service is to the metric",
    "kind": "what sort of change it is",
    "time": "how well its time fits the beginning",
    "replaced": "it had been replaced",
    "scope": "whom it reached, against who was hit",
    "size": "how many it reached, against how much is missing",
    "recovery": "when it ended, against when it was rolled back",
    "picked": "people rolled it back",
}


@click.command()
@click.argument("number", type=click.IntRange(1, 2**31 - 1))
@config_option
@json_option
def explain(number: int, config: Path, *, is_json: bool) -> int:
    """Show what each suspect of an incident was weighed by."""
    from detector.app import load_settings_of, open_store_of

    settings = load_settings_of(config)
    with open_store_of(settings) as store:
        one = store.incident(number)
    if one is None:
        raise UsageError(f"incident {number}: there is none; `detector incident list --all` lists them")
    if is_json:
        where = [asdict(found) for found in one.worst.where]
        as_json({"number": number, "onset": asdict(one.worst.onset), "where": where, "ranking": asdict(one.ranking)})
        return 0
    for line in explained(one, settings.timezone):
        say(line)
    return 0


def explained(one: Incident, timezone: str) -> list[str]:
    """The lines for a person: the onset, who was weighed and how, the control group, and who was ruled out."""
    ranking, part = one.ranking, one.worst
    onset = part.onset
    earliest, likely, latest = (show_time(at, timezone) for at in (onset.earliest, onset.likely, onset.latest))
    lines = [
        f"Incident {one.number}, {part.metric}: began {likely} (90 %: {earliest} to {latest})",
        "",
        f"No deploy: {ranking.no_deploy:.0%}, weight {_weight(ranking.background)}",
        *_terms(ranking.background),
    ]
    weighed = [suspect for suspect in ranking.suspects if suspect.terms]
    for suspect in weighed[:_MOST_SHOWN]:
        lines += ["", *_suspect(suspect, part)]
    if len(weighed) > _MOST_SHOWN:
        rest = sum(suspect.probability for suspect in weighed[_MOST_SHOWN:])
        lines += ["", f"And {len(weighed) - _MOST_SHOWN} more, {rest:.0%} together"]
    if not any(suspect.terms for suspect in ranking.suspects) and not ranking.background:
        lines += ["", "An older detector ranked it and did not keep the weights"]
    return [*lines, "", *_control_group(part, ranking), *_rejected(ranking)]


def _suspect(suspect: Suspect, part: IncidentMetric) -> list[str]:
    deploy = suspect.deploy
    named = f"{deploy.service} {deploy.version}".strip()
    return [
        f"{named} ({deploy.id}): {suspect.probability:.0%}, weight {_weight(suspect.terms)}",
        *_terms(suspect.terms, _reached(deploy.scope, part)),
    ]


def _terms(terms: Sequence[Term], reached: Sequence[str] = ()) -> list[str]:
    """One line each, but for those that change nothing; below the scope whom it reached, and what they lost."""
    lines = []
    for term in terms:
        if abs(term.log_ratio) > _LITTLE:
            lines.append(f"  x {exp(term.log_ratio):<9.3g} {_WORDS.get(term.name, term.name)}")
            lines += [f"{'':14}{words}" for words in reached if term.name == "scope"]
    return lines


def _reached(scope: Scope | None, part: IncidentMetric) -> list[str]:
    """What those lost whom a deploy reached, and what all others did, by each column that its scope names."""
    if scope is None:
        return ["whom it reached is not known"]
    if not scope.by:
        return [
            "it reached everybody" if scope.percent >= _EVERYBODY else f"it reached {scope.percent:g}% of everybody"
        ]
    told = [found for found in part.where if found.column in scope.by and found.levels]
    return [_reached_by(scope.by[found.column], found) for found in told]


def _reached_by(values: Sequence[str], found: Whereabouts) -> str:
    reached = [one for one in found.levels if one.name in values]
    others = [one for one in found.levels if one.name not in values]
    others += [] if found.rest is None else [found.rest]
    told = [("whom it reached", summed(reached)), ("all others", summed(others))]
    figures = [f"{who} {_change(level)}" for who, level in told if level is not None]
    return f"{inert(found.column, _NAME)} {', '.join(inert(one, _NAME) for one in values)}: {'; '.join(figures)}"


def _weight(terms: Sequence[Term]) -> str:
    return f"{exp(sum(term.log_ratio for term in terms)):.2g}"


def _control_group(part: IncidentMetric, ranking: Ranking) -> list[str]:
    """Who was hit and who was not: what the scopes of deploys are held against."""
    if not part.where:
        return ["Who was hit: not known, the rule has no `split`"]
    lines = []
    for found in part.where:
        hit = ", ".join(f"{name} ({share:.0%} of the loss)" for name, share in found.segments)
        lines.append(f"Who was hit, by {found.column}: {hit or ('all alike' if found.everywhere else 'unclear')}")
        lines += _levels(found)
    scoped = [one for one in ranking.suspects if one.terms and one.deploy.scope is not None and one.deploy.scope.by]
    if scoped:
        lines.append("Deploys with a scope: those that did not reach who was hit lose weight, the others gain")
    return lines


def _levels(found: Whereabouts) -> list[str]:
    """What each of the largest segments held, and those beyond them that strayed; the others as one."""
    strayed = [one for one in found.levels[_MOST_LEVELS:] if abs(one.value - one.expected) > _OUT_SDS * one.spread]
    told = [*found.levels[:_MOST_LEVELS], *strayed[:_MOST_LEVELS]]
    others = [one for one in found.levels if one not in told] + ([] if found.rest is None else [found.rest])
    lines = [f"  {inert(one.name, _NAME)}: {_level(one)}" for one in told]
    rest = summed(others)
    return lines if rest is None else [*lines, f"  all others: {_level(rest)}"]


def _level(one: Level) -> str:
    low, high = max(one.expected - _OUT_SDS * one.spread, 0.0), one.expected + _OUT_SDS * one.spread
    return f"{_number(one.value)}, usually {_number(one.expected)} ({_number(low)} to {_number(high)}), {_change(one)}"


def _change(one: Level) -> str:
    return f"{(one.value - one.expected) / one.expected:+.0%}" if one.expected > 0 else "none was expected"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= _IN_FULL else f"{value:.3g}"


def _rejected(ranking: Ranking) -> list[str]:
    if not ranking.rejected:
        return []
    shown = [f"  {one.deploy.service} {one.deploy.version}: {one.why}" for one in ranking.rejected[:_MOST_SHOWN]]
    more = len(ranking.rejected) - len(shown)
    return ["Ruled out:", *shown, *([f"  and {more} more"] if more else [])]
