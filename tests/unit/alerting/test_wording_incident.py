"""Rules that hold for every message about an incident."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.alerting.wording import write_incident
from detector.model.deploy import Ranking, Rejected, Suspect
from detector.model.incident import Confirmed, IncidentState, Whereabouts
from detector.model.notification import Reason
from golden.situations import (
    NAMED,
    NEVER,
    NOBODY,
    NOW,
    OPEN,
    REVENUE,
    SIGNUPS,
    SPLIT,
    STALE,
    SUCCESS,
    TOLD,
    V412,
    ZERO,
    at,
    book,
    deploy,
)

REASONS = [
    Reason.OPENED,
    Reason.WORSE,
    Reason.NAMED,
    Reason.NO_LONGER_NAMED,
    Reason.NO_REACTION,
    Reason.RESOLVED,
    Reason.RULE_REMOVED,
]
LIVE = re.compile(r"[<>\[\]*~`|\\]|@\w|www\.\S|\{\{|[\x00-\x09\x0b-\x1f\u200b-\u200f\u202a-\u202e\u2066-\u2069]")
NASTY = st.one_of(
    st.sampled_from(["<!channel>", "@everyone", "[x](https://e.example)", "a\nb", "\u202ex", "**", "# x", "__x__", ""]),
    st.text(max_size=300),
)


@pytest.mark.parametrize(
    ("ranking", "phrase"),
    [
        (NAMED, "Suspect: checkout-api v412"),
        (SPLIT, "One of"),
        (NOBODY, "No deploy stands out"),
        (STALE, "No deploy stands out"),
        (NEVER, "No deploy has been reported yet"),
    ],
)
@pytest.mark.parametrize("reason", [Reason.OPENED, Reason.WORSE, Reason.NO_REACTION, Reason.RESOLVED])
def test_says_exactly_one_of_the_fixed_phrases(ranking: Ranking, phrase: str, reason: Reason) -> None:
    """What people and programs search for is in every message, and never beside another."""
    _, body = write_incident(replace(OPEN, ranking=ranking, told=TOLD), reason, book(REVENUE), NOW)
    begins = ("Suspect:", "One of", "No deploy stands out", "No deploy has been reported yet")
    said = [line for line in body.split("\n") if line.startswith(begins)]
    assert len(said) == 1
    assert said[0].startswith(phrase)


def test_one_likely_deploy_stands_without_those_that_hardly_could() -> None:
    """79 % is not enough to name a deploy, and one with 1 % is no second suspect."""
    suspects = (
        Suspect(deploy("412", "alice", "07:52"), 0.79),
        Suspect(replace(deploy("98", "erin", "07:31"), id="2"), 0.01),
    )
    ranking = replace(SPLIT, suspects=suspects, rejected=())
    for reason in (Reason.OPENED, Reason.RESOLVED):
        _, body = write_incident(replace(OPEN, ranking=ranking, told=TOLD), reason, book(REVENUE), NOW)
        (line,) = [line for line in body.split("\n") if line.startswith("One of")]
        assert line.startswith("One of 2 deploys or none, most likely:")
        assert "erin" not in line


@given(NASTY, NASTY, NASTY, st.sampled_from(REASONS))
def test_whatever_stands_in_the_data_the_message_is_inert(one: str, two: str, three: str, reason: Reason) -> None:
    """Titles, versions, actors, segments, grounds and names of people can call nobody and break no line."""
    bad = replace(deploy(one, two, "07:52"), actor=three, environment=two, url=one)
    suspects = (Suspect(bad, 0.9, (one, two)), Suspect(replace(bad, id="2"), 0.02))
    ranking = replace(NAMED, suspects=suspects, rejected=(Rejected(replace(bad, id="3"), three),))
    where = (Whereabouts(one, everywhere=False, segments=((two, 1.0),)), Whereabouts(three, everywhere=True))
    incident = replace(OPEN, metrics=(replace(ZERO, where=where),), ranking=ranking, told=TOLD, acknowledged_by=three)
    title, body = write_incident(incident, reason, book(replace(REVENUE, title=two, runbook=one, unit=three)), NOW)
    assert "\n" not in title
    assert not LIVE.search(title)
    assert not LIVE.search(body)
    assert len(body.split("\n")) <= 15
    assert len(body) < 4000


@given(NASTY, NASTY, st.sampled_from(REASONS), st.sampled_from(["d-412", None]))
def test_what_a_person_says_of_the_suspects_is_inert(who: str, why: str, reason: Reason, deploy_id: str | None) -> None:
    """A name and a remark can call nobody, break no line, and add no phrase that is searched for."""
    said = Confirmed(deploy_id, who, NOW, why)
    incident = replace(OPEN, ranking=NAMED, told=TOLD, confirmed=said)
    title, body = write_incident(incident, reason, book(REVENUE), NOW)
    assert not LIVE.search(title)
    assert not LIVE.search(body)
    if reason is not Reason.RULE_REMOVED:
        begins = ("Suspect:", "One of", "No deploy stands out", "No deploy has been reported yet")
        (line,) = [line for line in body.split("\n") if line.startswith(begins)]
        assert line.startswith("Suspect:" if deploy_id else "No deploy stands out: confirmed by")


@pytest.mark.parametrize("reason", [reason for reason in Reason if reason not in REASONS])
def test_other_reasons_are_not_about_incidents(reason: Reason) -> None:
    """Asking for words that do not exist is a mistake of ours, and loud."""
    with pytest.raises(KeyError):
        write_incident(OPEN, reason, book(REVENUE), NOW)


def test_the_zone_is_said_only_where_it_could_be_taken_for_another() -> None:
    """Silent while all of the team's times are the detector's own; said as soon as one is not."""
    lisbon = replace(SIGNUPS, timezone="Europe/Lisbon")
    elsewhere = replace(lisbon, team="others")
    bodies = [
        write_incident(OPEN, Reason.OPENED, rules, NOW)[1]
        for rules in (
            book(REVENUE),
            book(REVENUE, elsewhere),
            book(REVENUE, lisbon),
            book(REVENUE, timezone="UTC"),
        )
    ]
    assert ["(Europe/Berlin)" in body for body in bodies] == [False, False, True, True]


def test_acknowledging_is_offered_until_somebody_has() -> None:
    """The command stands in the first message, and no longer after somebody reacted."""
    taken = replace(
        OPEN, told=TOLD, state=IncidentState.ACKNOWLEDGED, acknowledged_at=at("09:20"), acknowledged_by="bob"
    )
    assert "acknowledge: detector incident ack 12" in write_incident(OPEN, Reason.OPENED, book(REVENUE), NOW)[1]
    later = write_incident(taken, Reason.WORSE, book(REVENUE), NOW)[1]
    assert "detector incident ack" not in later
    assert "Acknowledged by bob" in later


def test_many_metrics_and_suspects_are_summed_up() -> None:
    """A storm is one readable message: five further metrics and three deploys, and how many more."""
    many = tuple(replace(ZERO, metric=f"checkout/m{number}") for number in range(30))
    suspects = tuple(Suspect(replace(V412, id=str(n), version=f"v{n}"), 0.01) for n in range(30))
    incident = replace(OPEN, metrics=many, ranking=replace(NOBODY, suspects=suspects, rejected=()))
    _, body = write_incident(incident, Reason.OPENED, book(REVENUE, SUCCESS), NOW)
    assert body.count("Also: checkout/m") == 5
    assert "Also: 24 more metrics" in body
    assert "v0 (1 %), checkout-api v1 (1 %), checkout-api v2 (1 %), 27 more, no deploy (71 %)" in body


def test_what_has_become_usual_is_not_said_to_be_back() -> None:
    """After a week on one level nothing has come back: the title says so, and what was missing until then."""
    part = replace(ZERO, ended_at=ZERO.span.end_at, level_since=ZERO.span.start_at)
    title, body = write_incident(replace(OPEN, metrics=(part,), told=TOLD), Reason.RESOLVED, book(REVENUE), NOW)
    assert "stays at a new level - about 4,000 € missing in all" in title
    assert "back to usual" not in f"{title} {body}"
    assert "this is usual from now on" in body
