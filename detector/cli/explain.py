"""detector explain."""

from collections.abc import Sequence
from dataclasses import asdict
from math import exp
from pathlib import Path

import click

from detector.alerting.numbers import chance
from detector.cli.explain_where import levels_of, reached_by
from detector.cli.options import as_json, config_option, json_option, say, show_time
from detector.errors import UsageError
from detector.model.deploy import Deploy, DeployStatus, Ranking, Suspect, Term
from detector.model.incident import Incident, IncidentMetric

__all__ = ["explain"]

_MOST_SHOWN = 5
_LITTLE, _HARDLY = 0.05, 0.005  # logs of factors: below the first a line of its own is not worth it
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
    "recovery": "how it ended or went on, with its rollback or without",
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
        *_confirmed(one),
        f"No deploy: {chance(ranking.no_deploy)}, weight {_weight(ranking.background)}",
        *_terms(ranking.background),
    ]
    weighed = [suspect for suspect in ranking.suspects if suspect.terms]
    for suspect in weighed[:_MOST_SHOWN]:
        lines += ["", *_suspect(suspect, part, timezone)]
    if len(weighed) > _MOST_SHOWN:
        rest = sum(suspect.probability for suspect in weighed[_MOST_SHOWN:])
        lines += ["", f"And {len(weighed) - _MOST_SHOWN} more, {chance(rest)} together"]
    if not any(suspect.terms for suspect in ranking.suspects) and not ranking.background:
        lines += ["", "An older detector ranked it and did not keep the weights"]
    return [*lines, "", *_control_group(part, ranking), *_rejected(ranking)]


def _confirmed(one: Incident) -> list[str]:
    """What a person said holds, whatever the weights below it say."""
    said = one.confirmed
    if said is None:
        return []
    what = "no deploy" if said.deploy is None else said.deploy
    why = f": {said.why}" if said.why else ""
    return [f"Confirmed by {said.by}: {what}{why}; the weights are those of before", ""]


def _suspect(suspect: Suspect, part: IncidentMetric, timezone: str) -> list[str]:
    deploy = suspect.deploy
    named = f"{f'{deploy.service} {deploy.version}'.strip()} ({deploy.id}), {_since(deploy, timezone)}"
    terms = _terms(suspect.terms, reached_by(deploy.scope, part))
    return [f"{named}: {chance(suspect.probability)}, weight {_weight(suspect.terms)}", *terms]


def _since(deploy: Deploy, timezone: str) -> str:
    if deploy.finished_at is not None:
        verb = "failed" if deploy.status is DeployStatus.FAILURE else "live"
        return f"{verb} {show_time(deploy.finished_at, timezone)}"
    if deploy.started_at is not None:
        return f"begun {show_time(deploy.started_at, timezone)}"
    return f"heard of {show_time(deploy.received_at, timezone)}"


def _terms(terms: Sequence[Term], reached: Sequence[str] = ()) -> list[str]:
    """One line each, but for those that change nothing; below the scope what those lost whom it reached."""
    lines = []
    for term in terms:
        if abs(term.log_ratio) > _LITTLE:
            lines.append(f"  x {exp(term.log_ratio):<9.3g} {_WORDS.get(term.name, term.name)}")
            lines += [f"{'':14}{words}" for words in reached if term.name == "scope"]
    rest = sum(term.log_ratio for term in terms if abs(term.log_ratio) <= _LITTLE)
    return [*lines, f"  x {exp(rest):<9.3g} all else"] if abs(rest) > _HARDLY else lines


def _weight(terms: Sequence[Term]) -> str:
    return f"{exp(sum(term.log_ratio for term in terms)):.2g}"


def _control_group(part: IncidentMetric, ranking: Ranking) -> list[str]:
    """Who was hit and who was not: what the scopes of deploys are held against."""
    if not part.where:
        return ["Who was hit: not known, the rule has neither `split` nor `each`"]
    lines = []
    for found in part.where:
        hit = ", ".join(f"{name} ({chance(share)} of the loss)" for name, share in found.segments)
        lines.append(f"Who was hit, by {found.column}: {hit or ('all alike' if found.everywhere else 'unclear')}")
        lines += levels_of(found)
    scoped = [one for one in ranking.suspects if one.terms and one.deploy.scope is not None and one.deploy.scope.by]
    if scoped:
        lines.append("Deploys with a scope: those that did not reach who was hit lose weight, the others gain")
    return lines


def _rejected(ranking: Ranking) -> list[str]:
    if not ranking.rejected:
        return []
    shown = [f"  {one.deploy.service} {one.deploy.version}: {one.why}" for one in ranking.rejected[:_MOST_SHOWN]]
    more = len(ranking.rejected) - len(shown)
    return ["Ruled out:", *shown, *([f"  and {more} more"] if more else [])]
