"""What was hit, how much, and how it ended."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from detector.linking.question import REST, Depth, Ends, Question, SegmentChange
from detector.linking.suspects import rank_suspects, rank_with_onset
from detector.model.deploy import Deploy, DeployKind, Ranking, Scope
from detector.model.incident import Whereabouts
from unit.linking.morning import STRANGERS, ask, at, chance, shipped

EVERYWHERE, GERMANY, FRANCE = Scope(), Scope({"country": ("DE",)}), Scope({"country": ("FR",)})


def pair(scope: Scope | None, other: Scope | None = None) -> tuple[Deploy, Deploy]:
    """Two deploys of one moment and one distance, with different scopes."""
    return (
        shipped("checkout-api", at(7, 52), id_="mine", scope=scope),
        shipped("payments", at(7, 52), id_="other", scope=other),
    )


def odds(question: Question, scope: Scope | None, other: Scope | None = None) -> float:
    mine, theirs = pair(scope, other)
    ranking = rank_suspects(question, [mine, theirs], at(8))
    return chance(ranking, mine) / chance(ranking, theirs)


def fell(**left: float) -> Question:
    """Countries of a thousand each, with what is left of them."""
    segments = [SegmentChange({"country": name}, 1000.0 * part, 1000.0) for name, part in left.items()]
    return replace(ask(), segments=segments, dispersion=1.0, wander=0.03)


def term(ranking: Ranking, deploy: Deploy, name: str) -> float:
    terms = next(one.terms for one in ranking.suspects if one.deploy.id == deploy.id)
    return sum(one.log_ratio for one in terms if one.name == name)


def test_a_deploy_to_the_country_that_fell_is_more_suspect() -> None:
    """Only Germany fell: a German deploy stands above one of unknown reach, and far above a French one."""
    question = fell(DE=0.1, FR=1.0, AT=1.0, CH=1.0)
    assert odds(question, GERMANY) > 3
    assert odds(question, GERMANY, FRANCE) > 10


def test_countries_that_a_deploy_did_not_reach_are_its_control_group() -> None:
    """All fell alike: a deploy that went to one of them only is less suspect than one that went everywhere."""
    question = fell(DE=0.1, FR=0.1, AT=0.1, CH=0.1)
    assert odds(question, GERMANY, EVERYWHERE) < 0.5


def test_an_unknown_scope_is_neutral_never_positive() -> None:
    """Without a scope nothing is known: what fell says nothing for it beyond what it says for no deploy."""
    for question in (fell(DE=0.1, FR=1.0), fell(DE=0.1, FR=0.1), fell(DE=0.1, FR=1.4)):
        mine, _ = pair(None)
        assert term(rank_suspects(question, [mine], at(8)), mine, "scope") < 0.2


def test_visitors_who_went_elsewhere_speak_for_no_deploy() -> None:
    """What Germany lost France gained: the mix shifted."""
    mine, _ = pair(None)
    assert term(rank_suspects(fell(DE=0.5, FR=1.5), [mine], at(8)), mine, "scope") < -1.0


def test_a_scope_in_a_dimension_that_was_not_measured_says_nothing() -> None:
    """As if it were unknown."""
    assert odds(fell(DE=0.1, FR=1.0), Scope({"platform": ("ios",)})) == pytest.approx(1.0)


def many(reached: str, *, left: float = 0.0) -> Question:
    """Fifty countries, each a bit smaller than the one before; one of the small ones keeps that part."""
    names = [f"c{number:02}" for number in range(50)]
    segments = [
        SegmentChange({"country": name}, (left if name == reached else 1.0) * (1000.0 - 19.0 * n), 1000.0 - 19.0 * n)
        for n, name in enumerate(names)
    ]
    return replace(ask(), segments=segments, dispersion=1.0, wander=0.03)


def test_of_fifty_countries_the_small_one_that_died_is_told_apart() -> None:
    """Whoever went there stands far above whoever went to another small one, or to the largest."""
    question = many("c43")
    for other in ("c41", "c00"):
        assert odds(question, Scope({"country": ("c43",)}), Scope({"country": (other,)})) > 10
    assert odds(question, Scope({"country": ("c43",)}), EVERYWHERE) > 3


def test_a_value_that_is_not_told_apart_stands_for_the_rest() -> None:
    """The rest fell: a deploy to a country in it is more suspect than one to a country that did not fall."""
    segments = [*fell(DE=1.0, FR=1.0).segments, SegmentChange({"country": REST}, 300.0, 1000.0)]
    question = replace(fell(DE=1.0), segments=segments)
    assert odds(question, Scope({"country": ("LI",)}), GERMANY) > 10
    assert odds(fell(DE=0.1, FR=1.0, AT=1.0), Scope({"country": ("LI",)})) == pytest.approx(1.0, abs=0.2)


def test_of_a_rise_those_who_rose_were_hit() -> None:
    """Germany came twice as often: a German deploy stands above one to a country where nothing happened."""
    question = replace(fell(DE=2.0, FR=1.0, AT=1.0, CH=1.0), is_drop=False)
    assert odds(question, GERMANY, FRANCE) > 10
    alike = replace(fell(DE=2.0, FR=2.0, AT=2.0), is_drop=False)
    assert odds(alike, GERMANY, EVERYWHERE) < 0.5
    mine, _ = pair(None)
    shifted = replace(fell(DE=2.0, FR=0.5, AT=1.0), is_drop=False)
    assert term(rank_suspects(shifted, [mine], at(8)), mine, "scope") < -1.0


def test_a_segment_may_have_a_spread_of_its_own() -> None:
    """What strays by so much anyway says little."""
    sure, unsure = (
        replace(ask(), segments=[replace(one, spread=spread) for one in fell(DE=0.5, FR=1.0, AT=1.0).segments])
        for spread in (30.0, 500.0)
    )
    assert odds(sure, GERMANY, FRANCE) > 10
    assert 1 < odds(unsure, GERMANY, FRANCE) < 3


def test_a_tenth_of_the_traffic_seldom_loses_half_of_the_sales() -> None:
    """A canary that reached a tenth is less suspect of a loss of half; of a loss of five in a hundred it is not."""
    sizes = np.linspace(0.05, 1.0, 20)

    def of(size: float) -> Question:
        likely = np.exp(-0.5 * ((sizes - size) / 0.05) ** 2)
        return replace(ask(), depth=Depth(sizes, likely / likely.sum()))

    assert odds(of(0.5), Scope(percent=10.0), EVERYWHERE) < 0.6
    assert odds(of(0.05), Scope(percent=10.0), EVERYWHERE) > 1.0
    assert odds(replace(of(0.5), is_drop=False), Scope(percent=10.0), EVERYWHERE) == pytest.approx(1.0)


def test_what_the_search_for_segments_found_is_evidence_as_well() -> None:
    """The daemon knows who was hit, not every value."""
    germany = replace(ask(), where=[Whereabouts("country", everywhere=False, segments=(("DE", 0.97),))])
    assert odds(germany, GERMANY, FRANCE) > 3
    alike = replace(ask(), where=[Whereabouts("country", everywhere=True)])
    assert odds(alike, GERMANY, EVERYWHERE) < 0.5
    unclear = replace(ask(), where=[Whereabouts("country", everywhere=False)])
    assert odds(unclear, GERMANY) == pytest.approx(1.0)


def ended(minutes: float | None) -> Question:
    """Judged at ten; the metric came back so many minutes after half past eight, or not yet."""
    now, back = at(10).timestamp(), at(8, 30).timestamp() + 60 * (minutes or 0)
    places = np.arange(at(8).timestamp() + 150, now, 300.0)
    odds = np.where(np.abs(places - back) < 300, 1e6, 1e-6) if minutes is not None else np.full(places.size, 1e-6)
    return replace(ask(), as_of=at(10), ends=Ends(places, odds, np.full(places.size, 300.0)))


ROLLBACK = shipped("checkout-api", at(8, 30), id_="undo", kind=DeployKind.ROLLBACK, rollback_of="mine")


def test_a_recovery_right_after_its_rollback_incriminates() -> None:
    """More than a rollback without an effect, and more than a recovery two hours later."""
    mine, other = pair(None)
    found = {}
    for minutes in (5.0, 80.0, None):
        ranking = rank_suspects(ended(minutes), [mine, other, ROLLBACK], at(9))
        found[minutes] = (term(ranking, mine, "recovery"), chance(ranking, mine))
    assert found[5.0] > found[80.0]
    assert found[5.0] > found[None]
    assert found[5.0][0] > 1.0
    assert found[None][0] < -1.0


def test_a_rollback_of_another_deploy_says_nothing_about_the_recovery_of_this_one() -> None:
    """Its recovery term is that of any deploy that nobody touched."""
    mine, other = pair(None)
    with_it = rank_suspects(ended(5.0), [mine, other, ROLLBACK], at(9))
    without = rank_suspects(ended(5.0), [mine, other], at(9))
    assert term(with_it, other, "recovery") == pytest.approx(term(without, other, "recovery"))


def test_people_who_roll_back_an_unlikely_deploy_may_know_more() -> None:
    """It says more of a stranger than of the one that everybody would pick, and never more than fifteen to one."""
    mine, other = pair(None)
    stranger = shipped("search", at(7, 52), id_="mine")
    obvious = rank_suspects(ended(None), [mine, ROLLBACK], at(9))
    told = rank_suspects(ended(None), [stranger, other, replace(ROLLBACK, service="search")], at(9))
    assert 0 < term(obvious, mine, "picked") < term(told, stranger, "picked") < np.log(15)


def test_a_rollback_that_names_nothing_undoes_the_newest_version_before_it() -> None:
    """Most tools do not say what they roll back."""
    old = shipped("checkout-api", at(6), id_="old")
    mine, other = pair(None)
    ranking = rank_suspects(ended(5.0), [old, mine, other, replace(ROLLBACK, rollback_of=None)], at(9))
    assert term(ranking, mine, "picked") != 0
    assert term(ranking, old, "picked") == 0


def test_holidays_and_campaigns_speak_for_no_deploy() -> None:
    """Each of them raises it; what nobody has heard of does not."""
    mine, _ = pair(None)
    plain, holiday, both, odd = (
        rank_suspects(replace(ask(), calendar=days), [mine], at(8)).no_deploy
        for days in ((), ("holiday",), ("campaign", "holiday"), ("full moon",))
    )
    assert plain == odd
    assert plain < holiday < both


def test_a_silent_feed_leaves_more_to_what_nobody_reported() -> None:
    """Six deploys a day, and none heard of for two days: the feed has stopped, or nearly surely so."""
    mine, _ = pair(None)
    several = [mine, *(shipped("search", at(8) - timedelta(hours=4 * k), id_=f"s{k}") for k in range(1, 12))]
    late = replace(ask(), as_of=at(8) + timedelta(days=2))
    assert rank_suspects(late, several, at(8)).no_deploy > 1.3 * rank_suspects(late, several, None).no_deploy
    heard = rank_suspects(ask(), several, at(9)).no_deploy
    assert heard == pytest.approx(rank_suspects(ask(), several, None).no_deploy, rel=0.02)


def test_terms_multiply_to_the_probabilities() -> None:
    """What is kept of each suspect and of no deploy explains the whole answer."""
    question = replace(ended(5.0), segments=fell(DE=0.2, FR=1.0).segments, dispersion=1.0)
    ranking = rank_suspects(question, [*pair(GERMANY, FRANCE), *STRANGERS, ROLLBACK], at(8))
    nothing = sum(one.log_ratio for one in ranking.background)
    for one in ranking.suspects:
        if one.terms:
            weight = sum(term.log_ratio for term in one.terms)
            assert np.log(one.probability / ranking.no_deploy) == pytest.approx(weight - nothing)


def test_the_onset_in_the_light_of_the_deploys_moves_to_where_damage_begins() -> None:
    """An hour is all that the numbers tell; a deploy in its middle makes the half after it likelier."""
    hour = [one for one in ask().onset.pieces if one[0].start_at >= at(7)]
    question = replace(ask(), onset=replace(ask().onset, pieces=tuple(hour)))
    _, plain = rank_with_onset(question, [], at(8))
    _, pieces = rank_with_onset(question, [shipped("checkout-api", at(7, 50))], at(8))
    assert sum(share for _, share in pieces) == pytest.approx(1.0)
    assert pieces[0][1] < plain[0][1]
