"""Open, acknowledged, recovering, resolved."""

from dataclasses import replace

from builders import EIGHT, HOUR, a_deploy, a_part, a_ranking, an_incident
from detector.alerting.incidents import acknowledge, advance, break_together, close, join, open_incident, remove_rules
from detector.model.incident import IncidentState

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
    assert not break_together(incident, a_part(), a_ranking())


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
