"""Whether a team hears of an incident, and why."""

from dataclasses import replace

from builders import EIGHT, HOUR, a_deploy, a_part, a_ranking, an_incident, told_at
from detector.alerting.reasons import decide, told
from detector.model.incident import IncidentState
from detector.model.notification import Reason
from detector.model.verdict import Loss

NINE = EIGHT + HOUR
REVENUE, ORDERS = "checkout/revenue", "checkout/orders"


def test_an_incident_is_told_once() -> None:
    """The opening message, and then nothing while nothing changes."""
    fresh = an_incident()
    assert decide(fresh, {}, NINE) is Reason.OPENED
    known = told(fresh, Reason.OPENED, NINE)
    assert decide(known, {}, NINE + HOUR) is Reason.NOTHING_NEW


def test_a_small_loss_waits_until_it_is_worth_a_message() -> None:
    """Below at_least nobody hears; once reached, the team hears of an opening."""
    assert decide(an_incident(), {REVENUE: 1500.0}, NINE) is Reason.TOO_SMALL
    grown = an_incident(metrics=(a_part(0, 2),))
    assert decide(grown, {REVENUE: 1500.0}, NINE + HOUR) is Reason.OPENED


def test_one_metric_that_is_worth_a_message_is_enough() -> None:
    """The metric in the title has lost too little for its owner; the other one has not."""
    both = an_incident(metrics=(a_part(), a_part(metric=ORDERS)))
    assert decide(both, {REVENUE: 1500.0}, NINE) is Reason.OPENED
    assert decide(both, {REVENUE: 1500.0, ORDERS: 1500.0}, NINE) is Reason.TOO_SMALL


def test_the_four_hours_begin_when_the_team_was_told() -> None:
    """An incident that was too small for hours is nothing that anybody could have reacted to."""
    known = told(an_incident(), Reason.OPENED, NINE + 5 * HOUR)
    assert decide(known, {}, NINE + 6 * HOUR) is Reason.NOTHING_NEW
    assert decide(known, {}, NINE + 9 * HOUR) is Reason.NO_REACTION


def test_worse_is_twice_the_loss_per_hour_and_at_least_so_much() -> None:
    """Neither a doubling of little nor a little more of much is news."""
    known = an_incident(told=told_at(NINE, loss_per_hour=600.0))
    assert decide(known, {}, NINE + HOUR) is Reason.NOTHING_NEW
    known = an_incident(told=told_at(NINE, loss_per_hour=500.0))
    assert decide(known, {}, NINE + HOUR) is Reason.WORSE
    assert decide(known, {REVENUE: 800.0}, NINE + HOUR) is Reason.NOTHING_NEW


def test_a_deploy_that_becomes_named_or_stops_being_so_is_news() -> None:
    """Naming, un-naming and naming another one are told; the same name is not told twice."""
    named = an_incident(told=told_at(NINE), ranking=a_ranking(a_deploy()))
    assert decide(named, {}, NINE + HOUR) is Reason.NAMED
    known = told(named, Reason.NAMED, NINE)
    assert decide(known, {}, NINE + HOUR) is Reason.NOTHING_NEW
    assert decide(replace(known, ranking=a_ranking()), {}, NINE + HOUR) is Reason.NO_LONGER_NAMED
    other = a_ranking(a_deploy("d-9", "payments"))
    assert decide(replace(known, ranking=other), {}, NINE + HOUR) is Reason.NAMED


def test_four_hours_without_a_reaction_are_told_once() -> None:
    """One reminder, and none after it."""
    known = an_incident(told=told_at(NINE))
    assert decide(known, {}, NINE + 3.9 * HOUR) is Reason.NOTHING_NEW
    assert decide(known, {}, NINE + 4 * HOUR) is Reason.NO_REACTION
    reminded = told(known, Reason.NO_REACTION, NINE + 4 * HOUR)
    assert decide(reminded, {}, NINE + 9 * HOUR) is Reason.NOTHING_NEW


def test_no_reminder_after_a_reaction_or_while_it_recovers() -> None:
    """Somebody is on it, or it passes by itself."""
    acknowledged = an_incident(told=told_at(NINE), state=IncidentState.ACKNOWLEDGED, acknowledged_at=NINE)
    assert decide(acknowledged, {}, NINE + 5 * HOUR) is Reason.NOTHING_NEW
    recovering = an_incident(told=told_at(NINE), state=IncidentState.RECOVERING)
    assert decide(recovering, {}, NINE + 5 * HOUR) is Reason.NOTHING_NEW


def test_the_end_is_told_to_those_who_heard_of_the_beginning() -> None:
    """A team that was told hears that it is over; one that was not hears nothing at all."""
    over = an_incident(state=IncidentState.RESOLVED, told=told_at(NINE))
    assert decide(over, {}, NINE + HOUR) is Reason.RESOLVED
    assert decide(replace(over, told=None), {}, NINE + HOUR) is Reason.NOTHING_NEW


def test_closing_by_hand_is_silent() -> None:
    """Who closes an incident knows that it is closed."""
    closed = an_incident(state=IncidentState.RESOLVED, told=told_at(NINE), closed_by="alice")
    assert decide(closed, {}, NINE + HOUR) is Reason.CLOSED_BY_HAND


def test_recovering_is_not_worse() -> None:
    """The last bad hour of a recovering incident is no news."""
    part = a_part(loss=Loss(9000.0, 8000.0, 10000.0, 9000.0))
    recovering = an_incident(metrics=(part,), told=told_at(NINE), state=IncidentState.RECOVERING)
    assert decide(recovering, {}, NINE + HOUR) is Reason.NOTHING_NEW
