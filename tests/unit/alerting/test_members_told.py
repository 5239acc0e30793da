"""Members in incidents: who leads, what is missing, and when a team hears."""

from dataclasses import replace
from datetime import datetime

import pytest

from builders import EIGHT, HOUR, a_metric, a_part, a_ranking, an_incident, told_at
from detector.alerting.incidents import advance, join, leading_loss, led_by, open_incident, remove_rules
from detector.alerting.reasons import decide, told
from detector.alerting.wording import write_incident
from detector.model.incident import IncidentMetric
from detector.model.metric import Member, ShortForm
from detector.model.notification import Reason
from detector.model.verdict import Loss
from worlds import a_book

NINE = EIGHT + HOUR
METRIC = a_metric(query=ShortForm("payments", "paid_at", "sum(amount)", each="country"))
BOOK = a_book(METRIC)


def of(name: str, lost: float = 900.0, ended_at: datetime | None = None) -> IncidentMetric:
    """A country without a sale since eight."""
    loss = Loss(lost, lost - 30.0, lost + 40.0, lost)
    member = Member("country", name)
    return a_part(value=0.0, expected=lost, loss=loss, member=member, ended_at=ended_at)


def names(parts: tuple[IncidentMetric, ...]) -> list[str | None]:
    return [None if part.member is None else part.member.name for part in parts]


def test_the_member_that_lost_most_leads() -> None:
    """A small one that lost everything stands behind a large one that lost half."""
    large = replace(of("DE", 900.0), value=900.0, expected=1800.0)
    incident = open_incident(1, "checkout", [of("LU", 5.0), large, of("FR", 100.0)], a_ranking(), NINE)
    assert names(incident.metrics) == ["DE", "FR", "LU"]


def test_the_whole_stands_before_its_members() -> None:
    """However small its share of loss is beside theirs."""
    whole = a_part(value=4000.0, expected=5000.0)
    incident = open_incident(1, "checkout", [of("DE"), whole, of("FR", 100.0)], a_ranking(), NINE)
    assert names(incident.metrics) == [None, "DE", "FR"]


def test_missing_is_what_all_members_miss() -> None:
    """Amounts add up, and half-widths in squares; per hour only those count that go on."""
    over = of("IT", 100.0, ended_at=NINE)
    loss = leading_loss(an_incident(metrics=(of("DE"), of("FR", 300.0), over)))
    assert (loss.amount, loss.per_hour) == (1300.0, 1200.0)
    assert loss.amount - loss.low == pytest.approx(30.0 * 3**0.5)
    assert loss.high - loss.amount == pytest.approx(40.0 * 3**0.5)


def test_at_least_is_compared_with_the_sum() -> None:
    """Three small ones together are worth a message."""
    some = an_incident(metrics=(of("DE", 80.0), of("FR", 70.0)))
    more = an_incident(metrics=(of("DE", 80.0), of("FR", 70.0), of("IT", 60.0)))
    assert decide(some, {METRIC.name: 200.0}, NINE) is Reason.TOO_SMALL
    assert decide(more, {METRIC.name: 200.0}, NINE) is Reason.OPENED


def test_more_members_make_it_worse() -> None:
    """The team hears again when, with those that joined, twice as much goes missing."""
    opened = told(an_incident(metrics=(of("DE"),)), Reason.OPENED, NINE)
    little = join(opened, [of("LU", 10.0)], NINE)
    much = join(opened, [of("FR", 1000.0)], NINE)
    assert decide(little, {}, NINE + HOUR) is Reason.NOTHING_NEW
    assert decide(much, {}, NINE + HOUR) is Reason.WORSE


def test_the_whole_that_takes_the_lead_is_compared_with_what_was_told() -> None:
    """What was told of its members was told of it: the same loss is no news, twice as much is."""
    opened = an_incident(metrics=(of("DE"),), told=told_at(NINE, 900.0))
    same = led_by(join(opened, [a_part(loss=Loss(950.0, 0.0, 2000.0, 950.0))], NINE), METRIC.name)
    more = led_by(join(opened, [a_part(loss=Loss(5000.0, 0.0, 9000.0, 5000.0))], NINE), METRIC.name)
    assert names(same.metrics) == [None, "DE"]
    assert decide(same, {}, NINE + HOUR) is Reason.NOTHING_NEW
    assert decide(more, {}, NINE + HOUR) is Reason.WORSE


def test_a_member_leads_when_the_whole_is_back() -> None:
    """And what the team knows is its loss from then on."""
    incident = an_incident(metrics=(a_part(), of("DE")), told=told_at(NINE, 4000.0))
    after = advance(incident, {METRIC.name: a_part(ended_at=NINE)}, NINE + HOUR)
    assert names(after.metrics) == ["DE", None]
    assert after.told is not None
    assert after.told.loss_per_hour == 900.0


def test_members_advance_by_their_series() -> None:
    """What is known of one country says nothing of another, nor of the whole."""
    incident = an_incident(metrics=(a_part(), of("DE"), of("FR")))
    after = advance(incident, {f"{METRIC.name} country=FR": of("FR", ended_at=NINE)}, NINE)
    assert [part.ended_at for part in after.metrics] == [None, None, NINE]


def test_a_member_nobody_judges_any_more_ends() -> None:
    """The rule is there, the column is not: the others go on."""
    incident = an_incident(metrics=(a_part(), of("DE")))
    after = remove_rules(incident, frozenset({METRIC.name}), NINE)
    assert [part.ended_at is None for part in after.metrics] == [True, False]


def test_the_title_names_the_member() -> None:
    """With its column, its value and what is usual for it."""
    title, body = write_incident(an_incident(metrics=(of("DE"),)), Reason.OPENED, BOOK, NINE)
    assert title == "Checkout revenue for country=DE is 0 € - usually about 900 € from 08:00 to 09:00 (-100 %)"
    assert body.startswith("Missing so far: about 900 € (870 to 940 €) since 08:00")
    assert "Where" not in body


def test_of_several_five_have_a_line() -> None:
    """The worst is in the title with how many there are; what is missing is that of all."""
    parts = tuple(of(f"C{number}", 900.0 - number) for number in range(9))
    title, body = write_incident(an_incident(metrics=parts, more_members=31), Reason.OPENED, BOOK, NINE)
    assert title.endswith("(-100 %); 39 more with it")
    assert "Missing so far: about 8,100 € (" in body
    lines = [line for line in body.splitlines() if line.startswith("Also")]
    assert lines[0] == "Also: Checkout revenue for country=C1 is 0 € - usually about 900 € from 08:00 to 09:00 (-100 %)"
    assert lines[5:] == ["Also: 34 more"]


def test_members_of_the_whole_in_the_title_have_no_line() -> None:
    """`Where` says it; other metrics have their lines all the same."""
    orders = a_part(metric="checkout/orders")
    incident = an_incident(metrics=(a_part(), of("DE"), of("FR"), orders))
    _, body = write_incident(incident, Reason.OPENED, BOOK, NINE)
    assert [line.partition(" is ")[0] for line in body.splitlines() if line.startswith("Also")] == [
        "Also: checkout/orders"
    ]


def test_the_end_tells_what_all_members_missed() -> None:
    """One sum for the whole incident."""
    parts = (of("DE", ended_at=NINE), of("FR", 300.0, ended_at=NINE))
    title, _ = write_incident(an_incident(metrics=parts), Reason.RESOLVED, BOOK, NINE + HOUR)
    assert title == "Checkout revenue for country=DE is back to usual - about 1,200 € missing in all"
