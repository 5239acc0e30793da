import pytest

from detector.linking.record import service_records
from detector.linking.suspects import rank_suspects
from detector.model.deploy import Answer, Ranking, ServiceRecord, Suspect
from unit.linking.morning import CHECKOUT, STRANGERS, ask, at, shipped

PAYMENTS = shipped("payments", at(7, 40))


def ranking(*suspects: Suspect) -> Ranking:
    return Ranking(Answer.NONE, suspects, 1.0 - sum(one.probability for one in suspects))


def test_guilt_is_the_sum_of_probabilities() -> None:
    """Each incident adds what it gave to the service's deploys."""
    past = [ranking(Suspect(CHECKOUT, 0.8)), ranking(Suspect(shipped("checkout-api", at(6)), 0.3))]
    records = service_records({"checkout-api": 120, "search": 7}, past)
    assert records["checkout-api"].guilty == pytest.approx(1.1)
    assert records["checkout-api"].deploys == 120
    assert records["search"] == ServiceRecord(7, 0)


def test_a_deploy_in_several_incidents_counts_once() -> None:
    """Its highest probability holds, so that nobody is guilty twice of one deploy."""
    past = [ranking(Suspect(CHECKOUT, 0.8), Suspect(PAYMENTS, 0.1)), ranking(Suspect(CHECKOUT, 0.6))]
    for order in (past, past[::-1]):
        assert service_records({"checkout-api": 10}, order) == {
            "checkout-api": ServiceRecord(10, 0.8),
            "payments": ServiceRecord(1, 0.1),
        }


def test_a_service_has_at_least_the_deploys_that_were_suspects() -> None:
    """Counts kept for a shorter time than incidents cannot make a rate above one."""
    past = [ranking(Suspect(CHECKOUT, 0.9)), ranking(Suspect(shipped("checkout-api", at(6)), 0.9))]
    assert service_records({"checkout-api": 1}, past)["checkout-api"].deploys == 2


def test_what_was_learned_raises_the_next_suspicion() -> None:
    """Records made from rankings can be asked with again."""
    past = [rank_suspects(ask(), [*STRANGERS, CHECKOUT], at(8))]
    again = ask(record=service_records({"checkout-api": 10}, past))
    later = rank_suspects(again, [CHECKOUT, PAYMENTS], at(8))
    plain = rank_suspects(ask(), [CHECKOUT, PAYMENTS], at(8))
    assert later.suspects[0].deploy == CHECKOUT
    assert later.suspects[0].probability > plain.suspects[0].probability
