"""Whom a deploy reached, in the words of its pipeline and in those of the table."""

from dataclasses import replace

import pytest

from detector.linking.question import SegmentChange
from detector.linking.scope_names import as_measured
from detector.linking.suspects import rank_suspects
from detector.model.deploy import Scope
from detector.model.incident import Whereabouts
from unit.linking.morning import ask, at, chance, shipped

SEGMENTS = tuple(
    SegmentChange({"country": name}, value, expected)
    for name, value, expected in (("DE", 0.0, 300.0), ("AT", 150.0, 150.0), ("us", 40.0, 40.0), ("US", 60.0, 60.0))
)


@pytest.mark.parametrize(
    ("told", "measured"),
    [
        ({"country": ("DE",)}, {"country": ("DE",)}),
        ({"Country ": (" de", "At")}, {"country": ("DE", "AT")}),
        ({"country": ("de", "DE", "Ch")}, {"country": ("DE", "Ch")}),
        ({"country": ("Us", "us")}, {"country": ("Us", "us")}),
        ({"shop": ("de",)}, {"shop": ("de",)}),
        ({"country": ("DE",), "COUNTRY": ("at",)}, {"country": ("DE", "AT")}),
    ],
)
def test_names_are_spelled_as_they_are_measured(told: dict[str, tuple[str, ...]], measured: object) -> None:
    """Case and spaces at the ends make no other country; what is not known, or like two names, stays."""
    (scope, nothing) = as_measured([Scope(told, 40.0), None], replace(ask(), segments=SEGMENTS))
    assert scope is not None
    assert (scope.by, scope.percent, nothing) == (measured, 40.0, None)


def test_a_verdict_on_a_column_tells_names_too() -> None:
    """Of a gauge only the segments that carry the change are known."""
    where = (Whereabouts("country", everywhere=False, segments=(("DE", 0.9),)),)
    (scope,) = as_measured([Scope({"country": ("de",)})], replace(ask(), where=where))
    assert scope == Scope({"country": ("DE",)})


def test_a_scope_in_lower_case_is_weighed_as_it_is_meant() -> None:
    """One deploy to the country that fell, one to another: which is which does not hang on how they were written."""
    answers = []
    for names in (("DE", "AT"), ("de", "at")):
        hit, spared = (
            shipped("checkout-api", at(7, 52), id_=id_, scope=Scope({"country": (name,)}))
            for id_, name in zip(("hit", "spared"), names, strict=True)
        )
        ranking = rank_suspects(replace(ask(), segments=SEGMENTS), [hit, spared], at(8))
        answers.append((chance(ranking, hit), chance(ranking, spared)))
    assert answers[0] == answers[1]
    assert answers[0][0] > 3 * answers[0][1]
