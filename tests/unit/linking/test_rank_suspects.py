from datetime import timedelta

import pytest

from detector.linking.suspects import rank_suspects
from detector.model.deploy import Answer, DeployKind, DeployStatus, Scope, ServiceRecord
from detector.model.verdict import Onset
from unit.linking.morning import (
    CHECKOUT,
    SHARP,
    STRANGERS,
    ask,
    at,
    chance,
    grounds,
    onset_between,
    shipped,
    why,
)

WHOLE_HOUR = onset_between(at(7, 50), at(9))
RUNNING = DeployStatus.IN_PROGRESS


@pytest.mark.parametrize("onset", [SHARP, WHOLE_HOUR], ids=["sharp", "somewhere in the hour"])
def test_the_only_deploy_of_a_needed_service_before_an_outage_is_named(onset: Onset) -> None:
    """Five services deployed that morning; the one that the metric depends on stands out, at 0.80 or more."""
    ranking = rank_suspects(ask(onset), [*STRANGERS, CHECKOUT], at(8, 20))
    assert ranking.answer is Answer.NAMED
    assert ranking.named is not None
    assert ranking.named.deploy == CHECKOUT
    assert ranking.named.probability >= 0.80
    assert ranking.last_heard_at == at(8, 20)


@pytest.mark.parametrize("onset", [SHARP, WHOLE_HOUR], ids=["sharp", "somewhere in the hour"])
def test_deploys_of_strangers_alone_do_not_stand_out(onset: Onset) -> None:
    """Where only services without a known way to the metric deployed, most likely no deploy did it."""
    ranking = rank_suspects(ask(onset), STRANGERS, at(8, 20))
    assert ranking.answer is Answer.NONE
    assert ranking.no_deploy > 0.3
    assert ranking.suspects[0].probability < 0.5
    assert ranking.named is None


def test_two_needed_services_shortly_before_are_one_of() -> None:
    """Two deploys of the rule's services within minutes of each other cannot be told apart by the clock."""
    payments = shipped("payments", at(7, 40))
    ranking = rank_suspects(ask(), [*STRANGERS, CHECKOUT, payments], at(8, 20))
    assert ranking.answer is Answer.ONE_OF
    assert {one.deploy.service for one in ranking.suspects[:2]} == {"checkout-api", "payments"}


def test_without_deploys_no_deploy_is_certain() -> None:
    """No deploy was heard of: probability 1 that none did it, and nothing to list."""
    ranking = rank_suspects(ask(), [], None)
    assert (ranking.answer, ranking.no_deploy, ranking.suspects) == (Answer.NONE, 1.0, ())
    assert ranking.last_heard_at is None


def test_without_any_known_service_the_question_can_still_be_asked() -> None:
    """A rule without services and an empty graph leave strangers only."""
    ranking = rank_suspects(ask(services=(), graph={}), [CHECKOUT], at(8))
    assert ranking.answer is Answer.NONE
    assert rank_suspects(ask(services=(), graph={}), [], None).no_deploy == 1.0


def test_a_nearer_service_is_more_suspect() -> None:
    """At the same time, suspicion falls with the distance; a caller lies between one hop and two."""
    names = ("checkout-api", "payments", "shop-front", "ledger", "vault", "search")
    deploys = [shipped(name, at(7, 52)) for name in names]
    ranking = rank_suspects(ask(services=("checkout-api",)), deploys, at(8))
    assert [one.deploy.service for one in ranking.suspects] == list(names)


def test_a_newer_deploy_of_a_stranger_does_not_beat_an_older_one_of_a_needed_service() -> None:
    """Neither time nor distance decides alone."""
    ranking = rank_suspects(ask(), [shipped("search", at(7, 58)), shipped("payments", at(7))], at(8))
    assert ranking.suspects[0].deploy.service == "payments"


def test_a_service_that_often_broke_things_is_more_suspect() -> None:
    """The record of a service raises it above another one at the same place and time."""
    pair = [shipped("checkout-api", at(7, 52)), shipped("payments", at(7, 52))]
    record = {"checkout-api": ServiceRecord(100, 1), "payments": ServiceRecord(40, 12)}
    ranking = rank_suspects(ask(record=record), pair, at(8))
    assert chance(ranking, pair[1]) > 5 * chance(ranking, pair[0])


@pytest.mark.parametrize("record", [ServiceRecord(0, 5), ServiceRecord(-3, -1), ServiceRecord(2, 900)])
def test_a_record_that_cannot_be_is_bounded(record: ServiceRecord) -> None:
    """More guilty deploys than deploys, or negative ones, give a probability all the same."""
    ranking = rank_suspects(ask(record={"checkout-api": record}), [CHECKOUT], at(8))
    assert 0 < chance(ranking, CHECKOUT) < 1


@pytest.mark.parametrize(
    ("kind", "factor"), [(DeployKind.ROLLBACK, 0.3), (DeployKind.FLAG, 1.5), (DeployKind.CONFIG, 1.5)]
)
def test_kinds_of_change_differ_in_risk(kind: DeployKind, factor: float) -> None:
    """Odds against a plain deploy of the same moment are the kind's risk."""
    plain, other = shipped("checkout-api", at(7, 52)), shipped("payments", at(7, 52), kind=kind)
    ranking = rank_suspects(ask(), [plain, other], at(8))
    assert chance(ranking, other) / chance(ranking, plain) == pytest.approx(factor)


def test_a_superseded_version_keeps_seven_tenths() -> None:
    """A version that a later one replaced before the onset is less suspect: most of it went on in the later one."""
    old, new = shipped("checkout-api", at(7)), shipped("checkout-api", at(7, 30))
    ledger = shipped("payments", at(7))
    ranking = rank_suspects(ask(onset_between(at(7, 50), at(8, 10))), [old, new, ledger], at(8))
    assert chance(ranking, old) / chance(ranking, ledger) == pytest.approx(0.7)
    assert chance(ranking, new) > chance(ranking, old)


def test_a_rollback_after_the_onset_does_not_acquit() -> None:
    """Only what was replaced before the onset is superseded."""
    undo = shipped("checkout-api", at(8, 40), kind=DeployKind.ROLLBACK, rollback_of="d-412")
    ranking = rank_suspects(ask(), [CHECKOUT, undo], at(8, 45))
    assert ranking.named is not None
    assert ranking.named.deploy == CHECKOUT
    assert why(ranking, undo) == "live 40 min after the drop began"


@pytest.mark.parametrize(
    ("kind", "scope"), [(DeployKind.FLAG, None), (DeployKind.DEPLOY, Scope({"country": ("DE",)})),
                        (DeployKind.DEPLOY, Scope(percent=10))],
    ids=["a flag", "one country", "a tenth of the traffic"],
)  # fmt: skip
def test_only_a_whole_version_supersedes(kind: DeployKind, scope: Scope | None) -> None:
    """A flag leaves the version live, a partial release leaves it live for the others."""
    old, twin = shipped("checkout-api", at(7)), shipped("payments", at(7))
    later = shipped("checkout-api", at(7, 30), kind=kind, scope=scope)
    ranking = rank_suspects(ask(), [old, twin, later], at(8))
    assert chance(ranking, old) == pytest.approx(chance(ranking, twin))


def test_a_rollback_supersedes_the_flag_that_it_names() -> None:
    """A change of any kind is over once a rollback of it is live."""
    flag = shipped("checkout-api", at(7), kind=DeployKind.FLAG, id_="flag")
    twin = shipped("payments", at(7), kind=DeployKind.FLAG)
    undo = shipped("checkout-api", at(7, 20), kind=DeployKind.ROLLBACK, rollback_of="flag")
    ranking = rank_suspects(ask(onset_between(at(7, 50), at(8, 10))), [flag, twin, undo], at(8))
    assert chance(ranking, flag) / chance(ranking, twin) == pytest.approx(0.05)


def test_what_cannot_have_done_it_is_rejected_in_words() -> None:
    """Each guard rail gives its reason, a probability of zero and the reason as its ground."""
    cases = {
        "live 40 min after the drop began": shipped("checkout-api", at(8, 40)),
        "begun 30 min after the drop began": shipped("payments", None, begun_at=at(8, 30), status=RUNNING),
        "cancelled": shipped("checkout-api", at(7, 49), status=DeployStatus.CANCELLED),
        "staging, not production": shipped("checkout-api", at(7, 51), environment="staging"),
        "live 3 days before the drop began": shipped("payments", at(8, 0, day=7)),
    }
    ranking = rank_suspects(ask(), list(cases.values()), at(9))
    assert {one.why: one.deploy for one in ranking.rejected} == cases
    assert {one.deploy.id: one.grounds for one in ranking.suspects} == {d.id: (why,) for why, d in cases.items()}
    assert {one.probability for one in ranking.suspects} == {0.0}
    assert ranking.no_deploy == 1.0


def test_a_failed_deploy_is_less_suspect_than_one_that_went_well() -> None:
    """It was meant to leave everything as it was, and mostly does."""
    failed = shipped("payments", at(7, 52), status=DeployStatus.FAILURE)
    ranking = rank_suspects(ask(), [CHECKOUT, failed], at(8))
    assert chance(ranking, failed) / chance(ranking, CHECKOUT) == pytest.approx(0.3)
    assert "it failed, which mostly leaves everything as it was" in grounds(ranking, failed)


def test_the_environment_is_compared_without_regard_to_case() -> None:
    """`Production` is what some hosts write."""
    assert rank_suspects(ask(), [shipped("payments", at(7, 52), environment="Production")], at(8)).rejected == ()


def test_a_deploy_that_still_runs_is_a_candidate_but_less_than_a_finished_one() -> None:
    """Exposure may have begun at its start; it reached fewer users by then."""
    running = shipped("payments", None, begun_at=at(7, 50), status=RUNNING)
    ranking = rank_suspects(ask(), [CHECKOUT, running], at(8))
    assert 0 < chance(ranking, running) < chance(ranking, CHECKOUT)


def test_a_deploy_that_still_runs_counts_from_its_first_report_when_its_start_is_unknown() -> None:
    """What was heard of before the onset may have begun by then; what was heard of later is taken at its word."""
    early = shipped("payments", None, begun_at=at(7, 50), status=RUNNING)
    blind = type(early)(id="blind", service="payments", version="", received_at=at(7, 50), status=RUNNING)
    ranking = rank_suspects(ask(), [early, blind], at(8))
    assert chance(ranking, early) == pytest.approx(chance(ranking, blind))


def test_a_gradual_rollout_is_suspect_while_it_goes_on() -> None:
    """A rollout that ends after the onset had reached some users before it."""
    gradual = shipped("payments", at(9, 0), begun_at=at(7))
    ranking = rank_suspects(ask(), [gradual], at(9))
    assert chance(ranking, gradual) > 0.3
    assert why(ranking, gradual) == "not rejected"


def test_two_minutes_of_clock_skew_are_allowed() -> None:
    """A deploy stamped one minute after the latest onset is a candidate, five minutes after it is not."""
    near, far = shipped("payments", at(8, 4), minutes=0), shipped("checkout-api", at(8, 8), minutes=0)
    ranking = rank_suspects(ask(), [near, far], at(9))
    assert [one.deploy for one in ranking.rejected] == [far]
    assert chance(ranking, near) > 0


def test_a_success_that_does_not_say_when_it_finished_was_live_when_heard_of() -> None:
    """The time of arrival stands in for a missing finish."""
    full = shipped("payments", at(7, 52), minutes=10)
    bare = type(full)(id="bare", service="payments", version="v2", received_at=at(7, 52))
    assert chance(rank_suspects(ask(), [full], at(8)), full) == pytest.approx(
        chance(rank_suspects(ask(), [bare], at(8)), bare)
    )


def test_a_start_after_the_finish_is_read_as_the_finish() -> None:
    """Two clocks of one pipeline may disagree."""
    odd = shipped("payments", at(7, 52), begun_at=at(7, 53))
    assert chance(rank_suspects(ask(), [odd], at(8)), odd) > 0.5


def test_busy_hours_dilute_blame() -> None:
    """The same deploy is less suspect where dozens of the metric's services deploy all day."""
    busy = [
        shipped("payments", at(7) - timedelta(minutes=35 * back), id_=f"busy-{back}", version=f"v{back}")
        for back in range(60)
    ]
    alone = rank_suspects(ask(), [CHECKOUT], at(8))
    crowded = rank_suspects(ask(), [CHECKOUT, *busy], at(8))
    assert chance(crowded, CHECKOUT) < chance(alone, CHECKOUT)
    assert crowded.no_deploy > alone.no_deploy


def test_a_deploy_of_a_day_ago_is_less_suspect_than_no_deploy() -> None:
    """A lone deploy 20 hours before an anomaly does not stand out."""
    old = shipped("checkout-api", at(12, 0, day=9))
    ranking = rank_suspects(ask(), [old], at(8))
    assert ranking.answer is Answer.NONE
    assert chance(ranking, old) < ranking.no_deploy


def test_an_onset_known_to_the_instant_needs_no_pieces() -> None:
    """A point in time without a distribution is judged as the minute that begins with it."""
    ranking = rank_suspects(ask(Onset(at(8), at(8), at(8))), [CHECKOUT], at(8))
    assert ranking.named is not None


def test_a_deploy_told_of_in_several_reports_is_ranked_once() -> None:
    """In progress and then success of one id is one suspect."""
    begun = shipped("checkout-api", None, begun_at=at(7, 50), status=RUNNING, id_="d-412", version="v412")
    ranking = rank_suspects(ask(), [begun, CHECKOUT], at(8))
    assert [one.deploy.status for one in ranking.suspects] == [DeployStatus.SUCCESS]


def test_one_id_of_two_feeds_is_two_deploys() -> None:
    """An id is unique within its source only."""
    other = type(CHECKOUT)(**{f: getattr(CHECKOUT, f) for f in CHECKOUT.__slots__} | {"source": "github"})
    assert len(rank_suspects(ask(), [CHECKOUT, other], at(8)).suspects) == 2


def test_with_rises_the_words_say_rise() -> None:
    """The direction changes words, nothing else."""
    late = shipped("payments", at(8, 40))
    question = ask()
    rise = type(question)(**{f: getattr(question, f) for f in question.__slots__} | {"is_drop": False})
    assert why(rank_suspects(rise, [late], at(9)), late) == "live 40 min after the rise began"


def test_a_failure_counts_from_its_end_where_its_start_is_unknown() -> None:
    """What was heard of late is not taken to have begun late."""
    full = shipped("payments", at(7, 52), minutes=10, status=DeployStatus.FAILURE)
    late = type(full)(
        id="late",
        service="payments",
        version="v2",
        received_at=at(9),
        finished_at=at(7, 52),
        status=DeployStatus.FAILURE,
    )
    ranking = rank_suspects(ask(), [late], at(9))
    assert ranking.rejected == ()
    assert grounds(ranking, late)[0] == "failed 8 min before the drop began"
    assert chance(ranking, late) == pytest.approx(chance(rank_suspects(ask(), [full], at(9)), full))
