"""Open, acknowledged, recovering, resolved."""

from dataclasses import replace

from builders import EIGHT, HOUR, a_deploy, a_part, a_ranking, an_incident, hours, told_at
from detector.alerting.incidents import (
    acknowledge,
    advance,
    blames_the_same,
    break_together,
    close,
    join,
    open_incident,
    remove_rules,
)
from detector.alerting.reasons import decide
from detector.model.deploy import Answer, Deploy, Ranking, Suspect
from detector.model.incident import IncidentState
from detector.model.notification import Reason
from detector.model.verdict import Loss

NINE = EIGHT + HOUR


def test_it_opens_with_the_metric_that_lost_the_larger_share_first() -> None:
    """The title belongs to the metric that is worst off."""
    half = a_part(metric="checkout/orders", value=500.0)
    incident = open_incident(1, "checkout", [half, a_part()], a_ranking(), NINE)
    assert [part.metric for part in incident.metrics] == ["checkout/revenue", "checkout/orders"]
    assert incident.state is IncidentState.OPEN


def test_it_recovers_with_the_first_normal_bucket_and_ends_when_all_parts_have() -> None:
    """Every metric has to be back, and each has a say."""
    other = a_part(metric="checkout/orders")
    incident = an_incident(metrics=(a_part(), other))
    half = advance(incident, {"checkout/revenue": a_part(ended_at=NINE)}, NINE)
    assert half.state is IncidentState.OPEN
    recovering = advance(half, {"checkout/orders": replace(other, normal_in_a_row=1)}, NINE)
    assert (recovering.state, recovering.recovering_at) == (IncidentState.RECOVERING, NINE)
    over = advance(recovering, {"checkout/orders": replace(other, ended_at=NINE)}, NINE + HOUR)
    assert (over.state, over.resolved_at, over.recovering_at) == (IncidentState.RESOLVED, NINE + HOUR, NINE)


def test_a_relapse_leads_back_to_where_it_was() -> None:
    """An acknowledged incident that recovers and relapses is still acknowledged."""
    incident, event = acknowledge(an_incident(), "alice", NINE)
    assert (incident.state, event.text) == (IncidentState.ACKNOWLEDGED, "acknowledged by alice")
    recovering = advance(incident, {"checkout/revenue": a_part(normal_in_a_row=1)}, NINE)
    relapsed = advance(recovering, {"checkout/revenue": a_part(0, 3)}, NINE)
    assert (relapsed.state, relapsed.recovering_at) == (IncidentState.ACKNOWLEDGED, None)


def test_what_breaks_through_the_same_suspect_is_one_incident() -> None:
    """Two rankings that point at one deploy belong together, at any time; those that point at two do not."""
    guilty, other = a_deploy(), a_deploy("d-9", "payments")
    later = a_part(4, 5, onset=replace(a_part().onset, earliest=EIGHT + 4 * HOUR, latest=EIGHT + 5 * HOUR))
    incident = an_incident(ranking=a_ranking(guilty))
    assert break_together(incident, later, a_ranking(guilty, [other]))
    assert not break_together(incident, a_part(), a_ranking(other))
    assert not break_together(incident, later, a_ranking())
    assert blames_the_same(incident, a_ranking(guilty, [other]))
    assert not any(blames_the_same(incident, ranking) for ranking in (a_ranking(other), a_ranking()))
    assert not blames_the_same(an_incident(), a_ranking())


def test_which_of_two_likely_deploys_stands_first_is_chance() -> None:
    """One outage through one of two deploys is one incident, whichever of them each metric puts first."""
    one, other, third = a_deploy(), a_deploy("d-9", "payments"), a_deploy("d-10", "search")
    incident = an_incident(ranking=torn_between(one, other))
    assert break_together(incident, a_part(), torn_between(other, one))
    assert break_together(incident, a_part(), a_ranking(other))
    assert not break_together(incident, a_part(), a_ranking(third))
    later = a_part(4, 5, onset=replace(a_part().onset, earliest=EIGHT + 4 * HOUR, latest=EIGHT + 5 * HOUR))
    assert not break_together(incident, later, torn_between(other, one))
    assert break_together(incident, later, torn_between(one, other))


def torn_between(first: Deploy, second: Deploy) -> Ranking:
    return Ranking(Answer.ONE_OF, (Suspect(first, 0.45), Suspect(second, 0.4)), 0.15, last_heard_at=EIGHT)


def test_without_a_suspect_only_what_began_together_is_one_incident() -> None:
    """One outage of one team is one page, and two hours later it is another one."""
    later = replace(a_part().onset, earliest=EIGHT + 2 * HOUR, latest=EIGHT + 3 * HOUR)
    assert break_together(an_incident(), a_part(metric="checkout/orders"), a_ranking())
    assert not break_together(an_incident(), a_part(2, 3, onset=later), a_ranking())


def test_a_metric_that_joins_stands_behind_the_first() -> None:
    """People know the incident by its title, and that stays."""
    joined = join(an_incident(), [a_part(metric="checkout/orders")], NINE)
    assert [part.metric for part in joined.metrics] == ["checkout/revenue", "checkout/orders"]


def test_closing_ends_it_with_who_and_why() -> None:
    """The person and the reason stay in its history."""
    closed, event = close(an_incident(), "alice", "campaign ended", NINE)
    assert (closed.is_over, closed.closed_by, closed.why) == (True, "alice", "campaign ended")
    assert event.text == "closed by alice: campaign ended"


def test_an_incident_without_rules_is_over() -> None:
    """As long as one of its rules is left it goes on."""
    incident = an_incident()
    assert remove_rules(incident, frozenset({"checkout/revenue"}), NINE) == incident
    assert remove_rules(incident, frozenset(), NINE).is_over


def test_a_part_without_its_rule_ends_and_the_others_go_on() -> None:
    """Nobody watches it any more, and it must not hold the incident open for ever."""
    both = an_incident(metrics=(a_part(), a_part(metric="checkout/orders")))
    left = remove_rules(both, frozenset({"checkout/orders"}), NINE)
    assert [(part.metric, part.ended_at is None) for part in left.metrics] == [
        ("checkout/orders", True),
        ("checkout/revenue", False),
    ]
    assert not left.is_over


def test_a_part_that_is_over_is_not_carried_on_by_another_incident() -> None:
    """The metric relapsed, and what it does now belongs elsewhere."""
    both = an_incident(metrics=(a_part(metric="checkout/orders"), a_part(ended_at=NINE)))
    assert advance(both, {"checkout/revenue": a_part(4, 5)}, NINE + 4 * HOUR) == both


def test_a_metric_that_relapses_into_its_incident_keeps_what_it_lost_before() -> None:
    """One part from the first empty hour to the last, with both losses."""
    over = an_incident(metrics=(a_part(metric="checkout/orders"), a_part(0, 1, ended_at=NINE)))
    joined = join(over, [a_part(3, 5)], NINE + 4 * HOUR)
    assert [part.metric for part in joined.metrics] == ["checkout/orders", "checkout/revenue"]
    again = joined.metrics[1]
    assert (again.span, again.loss.amount, again.ended_at) == (hours(0, 5), 3000.0, None)


def test_worse_is_measured_in_the_unit_of_the_metric_that_leads() -> None:
    """Orders end and revenue takes the title: its loss per hour is no doubling of theirs."""
    orders = a_part(metric="checkout/orders", loss=Loss(50.0, 40.0, 60.0, 50.0))
    known = an_incident(metrics=(orders, a_part()), told=told_at(NINE, loss_per_hour=50.0))
    led = advance(known, {"checkout/orders": replace(orders, ended_at=NINE)}, NINE + HOUR)
    assert led.worst.metric == "checkout/revenue"
    assert decide(led, {}, NINE + HOUR) is Reason.NOTHING_NEW
