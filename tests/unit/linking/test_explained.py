"""The weights of an incident in words."""

from dataclasses import replace
from datetime import UTC, datetime
from math import prod

import pytest

from detector.cli.explain import explained
from detector.linking.suspects import rank_suspects
from detector.model.deploy import Scope
from detector.model.incident import Confirmed, Incident, IncidentMetric, IncidentState, Whereabouts
from detector.model.span import Span
from detector.model.verdict import Loss
from unit.linking.morning import CHECKOUT, SHARP, STRANGERS, ask, at, shipped

PART = IncidentMetric("checkout/revenue", Span(at(8), at(9)), 0.0, 4000.0, Loss(4000, 3200, 4900, 4000), SHARP)


def incident(part: IncidentMetric = PART) -> Incident:
    german = replace(CHECKOUT, scope=Scope({"country": ("DE",)}))
    late = shipped("payments", at(8, 40), version="v7")
    many = [shipped("search", at(1, m), id_=f"s{m}") for m in range(0, 50, 10)]
    question = replace(ask(), where=part.where)
    ranking = rank_suspects(question, [german, late, *STRANGERS, *many], at(8, 50))
    return Incident(7, "checkout", IncidentState.OPEN, datetime(2026, 3, 10, 9, 6, tzinfo=UTC), (part,), ranking)


def test_terms_stand_below_their_suspect() -> None:
    """Onset, no deploy, the first five suspects with the factors of their weight, and who was ruled out."""
    text = "\n".join(explained(incident(), "Europe/Berlin"))
    assert text.startswith(
        "Incident 7, checkout/revenue: began 2026-03-10T09:00+01:00 (90 %: 2026-03-10T08:50+01:00 to"
    )
    assert "checkout-api v412 (d-412), live 2026-03-10T08:52+01:00: 9" in text
    assert "how well its time fits the beginning" in text
    assert "what else happens per hour, by the traffic" in text
    assert "And 4 more, " in text
    assert "Who was hit: not known, the rule has neither `split` nor `each`" in text
    assert "  payments v7: live 40 min after the drop began" in text


def test_the_control_group_is_told() -> None:
    """Who was hit, column by column."""
    found = (
        Whereabouts("country", everywhere=False, segments=(("DE", 0.97),)),
        Whereabouts("method", everywhere=True),
        Whereabouts("device", everywhere=False),
    )
    lines = explained(incident(replace(PART, where=found)), "UTC")
    assert "Who was hit, by country: DE (97 % of the loss)" in lines
    assert "Who was hit, by method: all alike" in lines
    assert "Who was hit, by device: unclear" in lines
    assert "Deploys with a scope: those that did not reach who was hit lose weight, the others gain" in lines


def test_rankings_of_older_detectors_are_told_as_such() -> None:
    """They kept no weights."""
    old = incident()
    bare = tuple(replace(one, terms=()) for one in old.ranking.suspects)
    lines = explained(replace(old, ranking=replace(old.ranking, suspects=bare, background=())), "UTC")
    assert "An older detector ranked it and did not keep the weights" in lines


def test_the_factors_of_a_weight_multiply_to_it() -> None:
    """Who follows the reasoning with a calculator arrives at the weight."""
    lines = explained(incident(), "UTC")
    for start, line in enumerate(lines):
        if ", weight " in line:
            factors = []
            for below in lines[start + 1 :]:
                if not below.startswith("  x "):
                    break
                factors.append(float(below.split()[1]))
            assert prod(factors) == pytest.approx(float(line.rpartition(" ")[2]), rel=0.06)


def test_a_verdict_stands_above_the_weights() -> None:
    """A probability that does not follow from the weights says where it comes from."""
    said = Confirmed("d-412", "alice", at(9), "reproduced")
    lines = explained(replace(incident(), confirmed=said), "UTC")
    assert "Confirmed by alice: d-412: reproduced; the weights are those of before" in lines
    none = explained(replace(incident(), confirmed=Confirmed(None, "bob", at(9))), "UTC")
    assert "Confirmed by bob: no deploy; the weights are those of before" in none
    assert "weights are those of before" not in "".join(explained(incident(), "UTC"))
