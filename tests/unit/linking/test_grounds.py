import pytest

from detector.linking.suspects import rank_suspects
from detector.linking.words import duration
from detector.model.deploy import DeployKind, DeployStatus, ServiceRecord
from unit.linking.morning import CHECKOUT, STRANGERS, ask, at, grounds, onset_between, shipped

ALONE = "the only deploy in 6 h of a service that this metric depends on"


def test_the_seed_case_is_told_as_on_call_people_would() -> None:
    """Time before the first empty hour, and that nothing else of what the metric needs had changed."""
    ranking = rank_suspects(ask(), [*STRANGERS, CHECKOUT], at(8, 20))
    assert grounds(ranking, CHECKOUT) == ("live 8 min before the first empty hour", ALONE)


def test_where_something_is_left_the_drop_is_what_began() -> None:
    """An hour that is not empty, or a bucket that is no hour, is not called an empty hour."""
    for question in (ask(is_empty=False), ask(bucket_s=300)):
        assert grounds(rank_suspects(question, [CHECKOUT], at(8)), CHECKOUT)[0] == "live 8 min before the drop began"


def test_relations_are_spelled_out() -> None:
    """Each place in the graph has its words."""
    expected = {
        "checkout-api": "of checkout-api, which this metric depends on",
        "payments": "of payments, which checkout-api depends on",
        "ledger": "of ledger, 2 steps from what this metric depends on",
        "shop-front": "of shop-front, which depends on checkout-api",
        "search": "of search, which this metric is not known to depend on",
    }
    deploys = [shipped(name, at(7, 52)) for name in expected]
    ranking = rank_suspects(ask(services=("checkout-api",)), deploys, at(8))
    assert {one.deploy.service: one.grounds[-1] for one in ranking.suspects} == expected | {
        "checkout-api": "of checkout-api, which this metric depends on"
    }


def test_an_older_deploy_of_a_needed_service_does_not_spoil_the_only_one() -> None:
    """Six hours are looked at; what is longer ago does not count, what is not does."""
    old, recent = shipped("payments", at(1, 30)), shipped("payments", at(3))
    assert ALONE in grounds(rank_suspects(ask(), [CHECKOUT, old], at(8)), CHECKOUT)
    assert ALONE not in grounds(rank_suspects(ask(), [CHECKOUT, recent], at(8)), CHECKOUT)


def test_an_old_deploy_is_not_the_only_one_of_hours_it_does_not_lie_in() -> None:
    """A deploy of ten hours ago is told by its relation."""
    old = shipped("checkout-api", at(22, 0, day=9))
    assert "of checkout-api, which this metric depends on" in grounds(rank_suspects(ask(), [old], at(8)), old)


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (ServiceRecord(9, 1), "1 of 9 earlier deploys of this service was followed by an incident"),
        (ServiceRecord(40, 2.6), "3 of 40 earlier deploys of this service were followed by an incident"),
    ],
)
def test_a_record_of_incidents_is_a_ground(record: ServiceRecord, words: str) -> None:
    """Deploys that did harm before are counted in whole numbers."""
    assert words in grounds(rank_suspects(ask(record={"checkout-api": record}), [CHECKOUT], at(8)), CHECKOUT)


def test_a_clean_record_is_no_ground() -> None:
    """What speaks for a deploy is not listed among what speaks against it."""
    ranking = rank_suspects(ask(record={"checkout-api": ServiceRecord(50, 0.2)}), [CHECKOUT], at(8))
    assert len(grounds(ranking, CHECKOUT)) == 2


def test_strongest_ground_first() -> None:
    """A long way back in time the relation says more than the clock."""
    old = shipped("checkout-api", at(23, 0, day=9))
    assert grounds(rank_suspects(ask(), [old], at(8)), old) == (
        "of checkout-api, which this metric depends on",
        "live 9 h before the first empty hour",
    )


def test_kinds_other_than_a_deploy_are_named() -> None:
    """A flag is a ground for suspicion, a rollback one against it, and so the last."""
    flag, undo = (
        shipped("checkout-api", at(7, 52), kind=DeployKind.FLAG),
        shipped("payments", at(7, 52), kind=DeployKind.ROLLBACK),
    )
    ranking = rank_suspects(ask(), [flag, undo], at(8))
    assert "a feature flag, which reaches everybody at once" in grounds(ranking, flag)
    assert grounds(ranking, undo)[-1] == "a rollback, which seldom breaks anything"


def test_a_replaced_version_says_by_what() -> None:
    """The ground against it stands last."""
    old, new = shipped("checkout-api", at(7)), shipped("checkout-api", at(7, 30), version="v413")
    ranking = rank_suspects(ask(), [old, new], at(8))
    assert grounds(ranking, old)[-1] == "replaced by v413 before the drop began"


def test_a_running_deploy_says_so() -> None:
    """Nobody is told that it was live."""
    running = shipped("payments", None, begun_at=at(7, 40), status=DeployStatus.IN_PROGRESS)
    assert "still rolling out, begun 20 min before the drop began" in grounds(
        rank_suspects(ask(), [running], at(8)), running
    )


def test_a_long_rollout_that_was_under_way_says_so() -> None:
    """Its end came after the onset, its beginning before."""
    gradual = shipped("payments", at(8, 30), begun_at=at(7))
    assert "rolling out for 1 h when the drop began" in grounds(rank_suspects(ask(), [gradual], at(9)), gradual)


def test_a_deploy_within_the_uncertainty_of_the_onset_says_on_which_side() -> None:
    """Live after the likeliest onset, but before the latest possible one."""
    question = ask(onset_between(at(8), at(9)))
    within = shipped("payments", at(8, 34))
    assert grounds(rank_suspects(question, [within], at(9)), within)[0] == (
        "live 4 min after the likeliest beginning of the drop"
    )


def test_no_ground_claims_a_cause_or_a_clock_time() -> None:
    """Only relative times, and never that a deploy was the cause."""
    deploys = [*STRANGERS, CHECKOUT, shipped("payments", None, begun_at=at(7, 40), status=DeployStatus.IN_PROGRESS)]
    ranking = rank_suspects(ask(record={"checkout-api": ServiceRecord(9, 1)}), deploys, at(8))
    words = " ".join(ground for one in ranking.suspects for ground in one.grounds)
    assert "cause" not in words
    assert ":" not in words


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (0.2, "less than a minute"),
        (1, "1 min"),
        (59.4, "59 min"),
        (60, "1 h"),
        (95, "1 h 35 min"),
        (361, "6 h"),
        (47 * 60, "47 h"),
        (72 * 60, "3 days"),
        (-8, "8 min"),
    ],
)
def test_durations_are_as_precise_as_it_helps(minutes: float, words: str) -> None:
    """Minutes up to six hours, hours up to two days, then days."""
    assert duration(minutes * (at(8, 1) - at(8))) == words
