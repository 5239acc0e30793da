"""What past incidents teach."""

from dataclasses import replace
from datetime import timedelta

import pytest

from detector.linking.experience import Experience
from detector.linking.learning import NO_DEPLOY, Lesson, chances_of, held_to, learn
from detector.linking.suspects import rank_suspects
from detector.model.deploy import Answer, ServiceRecord
from unit.linking.morning import CHECKOUT, STRANGERS, ask, at, chance, onset_between, shipped

PAYMENTS = shipped("payments", at(7, 40))


def lesson(*, hours_before: float = 0.2, verdict: str | None = None, lonely: bool = False) -> Lesson:
    """An outage at eight; a deploy of the metric's own service came so long before, or strangers only."""
    live_at = at(8) - timedelta(hours=hours_before)
    deploys = STRANGERS if lonely else (shipped("checkout-api", live_at, id_="guilty"), *STRANGERS)
    return Lesson(rank_suspects(ask(), deploys, at(8)), at(8), verdict)


def test_without_lessons_the_start_comes_back() -> None:
    """Nothing has been seen, nothing is known."""
    assert learn([]) == Experience()
    assert learn([], Experience(0.3)) == Experience(0.3)


def test_incidents_with_deploys_behind_them_raise_the_share_and_the_others_lower_it() -> None:
    """Without a single label; a few change little, many change more."""
    more, most = learn([lesson()] * 5).deploy_share, learn([lesson()] * 200).deploy_share
    less = learn([Lesson(rank_suspects(ask(), [], None), at(8))] * 200).deploy_share
    assert 0.5 < more < 0.6
    assert more < most
    assert less < 0.1


def test_the_lag_follows_what_was_seen() -> None:
    """Deploys that showed hours later raise the share of the slow part."""
    quick = learn([lesson(hours_before=0.2)] * 60)
    slow = learn([lesson(hours_before=4.0, verdict="guilty")] * 60)
    assert slow.lag_shares[1] > 0.5 > quick.lag_shares[1]
    assert sum(slow.lag_shares) == pytest.approx(1.0)


def test_a_verdict_holds() -> None:
    """What a person confirmed counts whole, whatever the ranking said."""
    told = lesson(verdict=NO_DEPLOY)
    assert chances_of(told)[-1] == 1.0
    assert chances_of(lesson(verdict="guilty"))[0] == 1.0
    assert learn([told] * 50).deploy_share < learn([lesson()] * 50).deploy_share


def test_the_order_of_lessons_changes_nothing() -> None:
    """To the last digit."""
    several = [lesson(hours_before=0.1 * k + 0.1, verdict=(None, "guilty", NO_DEPLOY)[k % 3]) for k in range(30)]
    assert learn(several) == learn(several[::-1])


def test_rankings_without_terms_teach_nothing() -> None:
    """A detector that did not keep them wrote these."""
    old = lesson()
    bare = replace(old, ranking=replace(old.ranking, background=()))
    assert learn([bare] * 10) == Experience()


def test_too_bold_probabilities_are_softened_once_there_are_enough_verdicts() -> None:
    """Forty verdicts do not tell; with sixty of which a third contradicts, weights count less."""
    bold = [lesson(verdict="guilty")] * 40 + [lesson(verdict=NO_DEPLOY)] * 20
    assert learn(bold[20:]).sharpness == 1.0
    assert learn(bold).sharpness < 1.0
    assert learn([lesson(verdict="guilty")] * 60).sharpness > 1.0


def test_what_was_learned_moves_the_next_ranking() -> None:
    """A small share of deploys makes each less suspect; so does less sharpness for the first."""
    plain, wary = ask(), ask()
    usual = chance(rank_suspects(plain, [CHECKOUT], at(8)), CHECKOUT)
    for experience in (Experience(0.1), Experience(sharpness=0.5)):
        wary = type(plain)(**{f: getattr(plain, f) for f in plain.__slots__} | {"experience": experience})
        assert chance(rank_suspects(wary, [CHECKOUT], at(8)), CHECKOUT) < usual


def test_a_person_s_word_settles_a_ranking() -> None:
    """The deploy is named with certainty, or none is; a deploy that nobody reported settles nothing."""
    ranking = rank_suspects(ask(), [CHECKOUT, PAYMENTS], at(8))
    settled = held_to(ranking, PAYMENTS.id)
    assert settled.named is not None
    assert (settled.named.deploy, settled.named.probability, settled.no_deploy) == (PAYMENTS, 1.0, 0.0)
    assert (held_to(ranking, NO_DEPLOY).answer, held_to(ranking, NO_DEPLOY).no_deploy) == (Answer.NONE, 1.0)
    assert held_to(ranking, "unheard of") == ranking


def test_a_verdict_on_an_id_of_two_feeds_means_the_likelier_deploy() -> None:
    """It settles the ranking and teaches as one word: all the probability goes to one deploy."""
    ours, theirs = shipped("checkout-api", at(7, 52), id_="412"), shipped("search", at(7, 50), id_="412")
    ranking = rank_suspects(ask(), [replace(theirs, source="another"), ours], at(8))
    settled = held_to(ranking, "412")
    assert [one.probability for one in settled.suspects] == [1.0, 0.0]
    assert settled.suspects[0].deploy == ours
    assert chances_of(Lesson(ranking, at(8), "412")) == (1.0, 0.0, 0.0)


@pytest.mark.parametrize("guilty", [0, 1, 5, 20])
def test_more_failures_never_make_a_deploy_less_suspect(guilty: int) -> None:
    """One more failed deploy in the record, nothing else changed."""
    several = [CHECKOUT, PAYMENTS, *STRANGERS]
    less, more = (
        chance(rank_suspects(ask(record={"checkout-api": ServiceRecord(40, x)}), several, at(8)), CHECKOUT)
        for x in (guilty, guilty + 1)
    )
    assert more >= less


def test_a_deploy_after_the_latest_onset_has_hardly_any_probability() -> None:
    """The later it was, the less; beyond the onset's end nothing is left."""
    onset = onset_between(at(7, 50), at(8, 10))
    late = [shipped("checkout-api", at(8, m), id_="late") for m in (0, 5, 11, 15, 40)]
    chances = [chance(rank_suspects(ask(onset), [PAYMENTS, one], at(9)), one) for one in late]
    assert chances == sorted(chances, reverse=True)
    assert chances[-2:] == [0.0, 0.0]
