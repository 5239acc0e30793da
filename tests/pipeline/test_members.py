"""`each`: every country is a series of its own beside the whole, from tick to tick."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from builders import a_metric
from detector.alerting.incidents import close
from detector.errors import BadRows
from detector.model.grid import grid_of
from detector.model.incident import Incident, IncidentState
from detector.model.metric import EmptyMeans, Kind, Member, Metric, ShortForm
from detector.model.rows import MemberRows
from detector.model.span import Span, epoch_s
from detector.model.verdict import OutcomeKind
from worlds import Sales, Scene, a_scene, rhythm, utc

SHARES = {"DE": 0.05, "AT": 0.33, "FR": 0.27, "IT": 0.21, "ES": 0.14}
QUERY = ShortForm("payments", "paid_at", "sum(amount)", each="country")
REVENUE = a_metric(timezone="UTC", query=QUERY)


def due(day: int, hour: int) -> datetime:
    """Six minutes past: the hour before has closed."""
    return utc(day, hour, 6)


def country(name: str, *dead: tuple[datetime, datetime], left: float = 0.0) -> Sales:
    """Its share of the usual hour with noise of its own, but for stretches in which only a part is left."""

    @cache
    def sold(at: datetime) -> float | None:
        noise = rhythm(at.replace(year=2000 + sum(map(ord, name)) % 20)) / (1000.0 if 6 <= at.hour < 20 else 100.0)
        part = left if any(start <= at < end for start, end in dead) else 1.0
        return rhythm(at) * SHARES.get(name, 0.1) * noise * part if part else None

    return sold


def whole_of(countries: Mapping[str, Sales]) -> Sales:
    return lambda at: sum(sold(at) or 0.0 for sold in countries.values()) or None


def bodies(scene: Scene) -> list[str]:
    return [notification.body for _, notification, _ in scene.post.got]


@contextmanager
def a_shop(
    folder: Path, dead: Mapping[str, tuple[tuple[datetime, datetime], ...]], metric: Metric = REVENUE, **sold: Sales
) -> Iterator[Scene]:
    """A shop in five countries, of which some have hours without a sale."""
    countries = {name: country(name, *dead.get(name, ())) for name in SHARES} | sold
    with a_scene(folder, metric, sales={metric.name: whole_of(countries)}) as scene:
        scene.source.members[metric.name] = countries
        yield scene


def incidents(scene: Scene) -> tuple[Incident, ...]:
    return scene.world.store.incidents(only_live=False)


def titles(scene: Scene) -> list[str]:
    return [notification.title for _, notification, _ in scene.post.got]


def test_a_country_that_dies_alone_is_told(tmp_path: Path) -> None:
    """Five of a hundred stop: the whole hardly moves, the country opens an incident, and ends it."""
    with a_shop(tmp_path, {"DE": ((utc(10, 9), utc(10, 13)),)}) as scene:
        scene.ticks(due(10, 8), 10)
        (incident,) = incidents(scene)
        assert [(part.metric, part.member) for part in incident.metrics] == [(REVENUE.name, Member("country", "DE"))]
        assert incident.state is IncidentState.RESOLVED
        opened, over = titles(scene)
    assert opened.startswith("Checkout revenue for country=DE is 0 € - usually about ")
    assert opened.endswith(" from 09:00 to 10:00 (-100 %)")
    assert over.startswith("Checkout revenue for country=DE is back to usual - about ")


def test_all_countries_fall_with_the_whole(tmp_path: Path) -> None:
    """One incident and one message, about the whole, which says that all fell alike; it ends once, with the last."""
    gone = {name: ((utc(10, 9), utc(10, 12)),) for name in SHARES}
    with a_shop(tmp_path, gone) as scene:
        scene.ticks(due(10, 8), 8)
        (incident,) = incidents(scene)
        assert {part.member and part.member.name for part in incident.metrics} == {None, *SHARES}
        opened, over = titles(scene)
        assert opened.startswith("Checkout revenue is 0 € - usually about 1,0")
        assert over.startswith("Checkout revenue is back to usual")
        body = bodies(scene)[0]
        assert "Where: everywhere alike (country)" in body
        assert "Also" not in body + bodies(scene)[1]


def test_where_names_the_country_that_drags_the_whole_down(tmp_path: Path) -> None:
    """A third of the whole is gone with one country: the message is about the whole, and says where."""
    with a_shop(tmp_path, {"AT": ((utc(10, 9), utc(10, 12)),)}) as scene:
        scene.ticks(due(10, 8), 3)
        (incident,) = incidents(scene)
        assert [part.member and part.member.name for part in incident.metrics] == [None, "AT"]
        (opened,) = titles(scene)
        assert opened.startswith("Checkout revenue is ")
        assert "Where: country AT (" in bodies(scene)[0]


def test_countries_that_break_together_are_one_message(tmp_path: Path) -> None:
    """The one that lost most leads, the others have a line each, and what is missing is that of all."""
    gone = dict.fromkeys(("DE", "X1", "X2"), ((utc(10, 9), utc(10, 13)),))
    small = {name: country(name, *gone.get(name, ())) for name in ("X1", "X2")}
    small |= {f"N{number}": country(f"N{number}") for number in range(12)}
    thin = {name: sold_in(sold, 0.2) for name, sold in small.items()}
    with a_shop(tmp_path, gone, REVENUE, **thin) as scene:
        scene.ticks(due(10, 8), 4)
        (incident,) = incidents(scene)
        assert [part.member and part.member.name for part in incident.metrics] == ["DE", "X1", "X2"]
        (opened,) = titles(scene)
        assert opened.startswith("Checkout revenue for country=DE is 0 € - usually about ")
        assert opened.endswith("(-100 %); 2 more with it")
        lost = sum(part.loss.amount for part in scene.tick(due(10, 12)).incidents[0].metrics)
        first, *rest = bodies(scene)[0].splitlines()
        assert first.startswith("Missing so far: about ")
        assert 85 <= lost / 3 <= 95
        assert [line.partition(" is ")[0] for line in rest if line.startswith("Also")] == [
            "Also: Checkout revenue for country=X1",
            "Also: Checkout revenue for country=X2",
        ]


def sold_in(sold: Sales, share: float) -> Sales:
    def part(at: datetime) -> float | None:
        value = sold(at)
        return None if value is None else share * value

    return part


def test_the_whole_joins_the_incident_of_its_members(tmp_path: Path) -> None:
    """First one small country, two hours later all: one incident, which the whole leads from then on."""
    gone = {name: ((utc(10, 11), utc(10, 13)),) for name in SHARES} | {"DE": ((utc(10, 9), utc(10, 13)),)}
    with a_shop(tmp_path, gone) as scene:
        scene.ticks(due(10, 8), 10)
        (incident,) = incidents(scene)
        assert incident.worst.member is None
        assert incident.state is IncidentState.RESOLVED
        assert [reason for _, reason in scene.post.told] == ["opened", "worse", "resolved"]
        opened, worse, _ = titles(scene)
    assert opened.startswith("Checkout revenue for country=DE is 0 €")
    assert worse.startswith("Checkout revenue got worse: 0 €")


def test_a_country_that_stays_away_keeps_the_incident_open(tmp_path: Path) -> None:
    """The whole is back but for one country: it is not over, and nobody is told that it was."""
    gone = {name: ((utc(10, 9), utc(10, 11)),) for name in SHARES} | {"DE": ((utc(10, 9), utc(10, 16)),)}
    with a_shop(tmp_path, gone) as scene:
        scene.ticks(due(10, 8), 7)
        (incident,) = incidents(scene)
        assert not incident.is_over
        assert incident.worst.member == Member("country", "DE")
        assert "resolved" not in [reason for _, reason in scene.post.told]
        scene.ticks(due(10, 15), 4)
        (incident,) = incidents(scene)
        assert incident.is_over
        assert [reason for _, reason in scene.post.told].count("opened") == 1
        assert titles(scene)[-1].startswith("Checkout revenue for country=DE is back to usual")


def test_at_least_counts_what_the_members_miss(tmp_path: Path) -> None:
    """While less than that is missing the team is left in peace; the incident is there."""
    metric = replace(REVENUE, alert=replace(REVENUE.alert, at_least=120.0))
    with a_shop(tmp_path, {"DE": ((utc(10, 9), utc(10, 14)),)}, metric) as scene:
        scene.ticks(due(10, 8), 4)
        assert len(incidents(scene)) == 1
        assert titles(scene) == []
        scene.ticks(due(10, 12), 2)
        (opened,) = titles(scene)
    assert opened.startswith("Checkout revenue for country=DE is 0 €")


def test_a_tick_repeated_changes_nothing(tmp_path: Path) -> None:
    """Neither messages nor incidents nor outcomes are doubled."""
    with a_shop(tmp_path, {"DE": ((utc(10, 9), utc(10, 13)),)}) as scene:
        scene.ticks(due(10, 8), 3)
        before = incidents(scene), titles(scene), scene.world.store.members()
        report = scene.tick(due(10, 10))
        assert report.outcomes == ()
        assert (incidents(scene), titles(scene), scene.world.store.members()) == before


def test_only_members_in_trouble_leave_outcomes(tmp_path: Path) -> None:
    """A row for each bucket of a country in an incident, until it is over, and none for the others."""
    with a_shop(tmp_path, {"DE": ((utc(10, 9), utc(10, 12)),)}) as scene:
        scene.ticks(due(10, 8), 9)
        found = {name: scene.world.store.outcomes(f"{REVENUE.name} country={name}", utc(9, 0)) for name in SHARES}
        assert {name for name, outcomes in found.items() if outcomes} == {"DE"}
        kinds = [outcome.kind for outcome in found["DE"]]
        assert kinds == [OutcomeKind.ANOMALOUS] * 3 + [OutcomeKind.NORMAL] * 2


def test_a_country_that_vanishes_is_zero_for_days(tmp_path: Path) -> None:
    """No row of it comes any more: it stays a member beyond the next midnights, and its incident goes on."""
    with a_shop(tmp_path, {"DE": ((utc(10, 9), utc(20, 0)),)}) as scene:
        scene.replay(due(10, 8), due(12, 12))
        (incident,) = incidents(scene)
        assert not incident.is_over
        assert incident.worst.span.end_at == utc(12, 12)
        assert "DE" in scene.world.store.members()[REVENUE.name].names


def test_members_are_chosen_once_a_day(tmp_path: Path) -> None:
    """The largest of ten weeks stay the same from hour to hour; a new one comes in after midnight, with its history."""
    newcomer = sold_in(country("GB"), 9.0)
    metric = replace(REVENUE, query=replace(QUERY, limit=5))
    with a_shop(tmp_path, {}, metric, GB=lambda at: newcomer(at) if at >= utc(8, 0) else None) as scene:
        scene.source.members[metric.name]["LU"] = sold_in(country("LU"), 0.01)
        scene.ticks(due(8, 8), 3)
        store = scene.world.store
        assert store.members()[metric.name].names == ("AT", "FR", "IT", "ES", "DE")
        assert len([name for name, _ in scene.source.asked if name.endswith(" sizes")]) == 10
        scene.replay(due(8, 11), due(13, 1))
        names = store.members()[metric.name].names
        assert set(names) == {"AT", "FR", "IT", "ES", "GB"}
        block = store.member_history(metric.name, utc(8, 0))
        assert block is not None
        row = dict(zip(names, block.values.tolist(), strict=True))["GB"]
        assert row[12] == pytest.approx(newcomer(utc(8, 12)))


def test_late_rows_take_a_member_back(tmp_path: Path) -> None:
    """The country had sold after all: its incident ends without two more hours of waiting."""
    with a_shop(tmp_path, {"DE": ((utc(10, 9), utc(10, 10)),)}) as scene:
        scene.ticks(due(10, 8), 3)
        assert len(incidents(scene)) == 1
        scene.source.members[REVENUE.name]["DE"] = country("DE")
        scene.tick(due(10, 11))
        (incident,) = incidents(scene)
        assert incident.is_over
        outcomes = scene.world.store.outcomes(f"{REVENUE.name} country=DE", utc(10, 9))
        assert (outcomes[0].kind, outcomes[0].revision) == (OutcomeKind.NORMAL, 1)


def test_members_that_cannot_be_read_cost_the_whole_nothing(tmp_path: Path) -> None:
    """The whole is judged on, the admins hear after three ticks, and what fell into the gap is judged then."""
    with a_shop(tmp_path, {"DE": ((utc(10, 9), utc(10, 20)),)}) as scene:
        scene.tick(due(10, 8))
        scene.source.down[f"{REVENUE.name} members"] = BadRows("no such column: country")
        reports = scene.ticks(due(10, 9), 4)
        assert all(len(report.outcomes) == 1 for report in reports)
        assert all("no such column" in report.failures[f"{REVENUE.name} each country"] for report in reports)
        assert ("platform", "source_failing") in scene.post.told
        assert "The query of Checkout revenue for each country has failed" in titles(scene)[0]
        scene.source.down.clear()
        scene.tick(due(10, 13))
        (incident,) = incidents(scene)
        assert incident.worst.span.start_at == utc(10, 9)
        assert ("platform", "source_back") in scene.post.told


def test_closed_by_hand_means_its_members_too(tmp_path: Path) -> None:
    """Who has closed the incident of the whole hears nothing of the countries it is made of."""
    gone = {name: ((utc(10, 9), utc(10, 16)),) for name in SHARES}
    with a_shop(tmp_path, gone) as scene:
        scene.ticks(due(10, 8), 3)
        (incident,) = incidents(scene)
        scene.world.store.set_incident(*close(incident, "eva", "we know", due(10, 10)))
        scene.ticks(due(10, 11), 8)
        assert len(incidents(scene)) == 1
        assert [reason for _, reason in scene.post.told] == ["opened"]


def test_a_member_closed_by_hand_stays_closed(tmp_path: Path) -> None:
    """And another country that breaks later is told of."""
    gone = {"DE": ((utc(10, 9), utc(10, 16)),), "ES": ((utc(10, 14), utc(10, 18)),)}
    with a_shop(tmp_path, gone) as scene:
        scene.source.sales[REVENUE.name] = rhythm
        scene.ticks(due(10, 8), 3)
        (incident,) = incidents(scene)
        scene.world.store.set_incident(*close(incident, "eva", "we know", due(10, 10)))
        scene.ticks(due(10, 11), 5)
        assert [reason for _, reason in scene.post.told] == ["opened", "opened"]
        assert titles(scene)[1].startswith("Checkout revenue for country=ES is 0 €")


def test_without_each_its_members_are_over(tmp_path: Path) -> None:
    """The owner judges by country no more: the incident ends, and what was kept of countries goes."""
    with a_shop(tmp_path, {"DE": ((utc(10, 9), utc(10, 16)),)}) as scene:
        scene.ticks(due(10, 8), 3)
        alone = replace(REVENUE, query=replace(QUERY, each=None))
        scene.book = replace(scene.book, metrics={alone.name: alone})
        scene.tick(due(10, 11))
        (incident,) = incidents(scene)
        assert incident.is_over
        assert scene.world.store.members() == {}
        assert scene.world.store.member_history(REVENUE.name, utc(1, 0)) is None
        assert len(scene.world.store.history([REVENUE.name], utc(1, 0))) == 1


def test_the_history_of_the_whole_survives_each(tmp_path: Path) -> None:
    """To judge by country from now on costs no second reading of ten weeks of the whole."""
    alone = replace(REVENUE, query=replace(QUERY, each=None))
    with a_shop(tmp_path, {}, alone) as scene:
        scene.tick(due(10, 8))
        scene.source.asked.clear()
        scene.book = replace(scene.book, metrics={REVENUE.name: REVENUE})
        scene.tick(due(10, 9))
        assert [name for name, _ in scene.source.asked].count(REVENUE.name) == 1
        assert [name for name, _ in scene.source.asked].count(f"{REVENUE.name} members") == 10


def test_a_steady_tick_asks_once_for_all_members(tmp_path: Path) -> None:
    """One question for the whole and one for its members, of two days."""
    with a_shop(tmp_path, {}) as scene:
        scene.tick(due(10, 8))
        scene.source.asked.clear()
        scene.tick(due(10, 9))
        assert [name for name, _ in scene.source.asked] == [REVENUE.name, f"{REVENUE.name} members"]
        assert all(span.length == timedelta(days=2) for _, span in scene.source.asked)


def test_hostile_names_are_told_as_text(tmp_path: Path) -> None:
    """A country that calls people, breaks lines and quotes is one of many; it is shown, and does nothing."""
    name = "<!channel> 'x' \"y\"\n@everyone [a](http://b)\u202e"
    sold = country("DE", (utc(10, 9), utc(10, 13)))
    with a_shop(tmp_path, {}, REVENUE, **{name: sold}) as scene:
        scene.ticks(due(10, 8), 3)
        (incident,) = incidents(scene)
        assert incident.worst.member == Member("country", name)
        (opened,) = titles(scene)
    assert "\n" not in opened
    assert "\u202e" not in opened
    assert "<!channel>" not in opened
    assert "@everyone" not in opened
    assert " 'x' \"y\" @ everyone (a)(http: //b) is 0 € - usually about " in opened


def test_a_hard_bound_is_one_on_the_whole(tmp_path: Path) -> None:
    """No country is anomalous for being smaller than what the owner wants of all of them."""
    metric = replace(REVENUE, alert=replace(REVENUE.alert, below=50.0))
    with a_shop(tmp_path, {}, metric) as scene:
        scene.ticks(due(10, 8), 3)
        assert incidents(scene) == ()


def test_of_many_members_the_largest_are_listed(tmp_path: Path) -> None:
    """Thirty break at once: twenty are listed, and how many more there are stands in the title."""
    dead = ((utc(10, 9), utc(10, 13)),)
    shops = {f"S{number:02}": sold_in(country(f"S{number:02}", *dead), 0.2) for number in range(30)}
    metric = replace(REVENUE, query=replace(QUERY, limit=100))
    with a_shop(tmp_path, {}, metric, **shops) as scene:
        scene.source.sales[metric.name] = rhythm  # the whole does not move
        scene.ticks(due(10, 8), 3)
        (incident,) = incidents(scene)
        assert len(incident.metrics) == 20
        assert incident.more_members == 10
        (opened,) = titles(scene)
        assert opened.endswith("; 29 more with it")
        assert bodies(scene)[0].count("Also: Checkout revenue for") == 5
        assert "Also: 24 more" in bodies(scene)[0]
        scene.ticks(due(10, 11), 5)
        (incident,) = incidents(scene)
        assert incident.is_over
        assert [reason for _, reason in scene.post.told] == ["opened", "resolved"]


def test_after_a_gap_members_are_judged_in_order(tmp_path: Path) -> None:
    """What broke and was mended while nobody looked opens nothing that anybody is told; what goes on is told once."""
    dead = {"DE": ((utc(10, 9), utc(10, 12)),), "ES": ((utc(10, 20), utc(11, 20)),)}
    with a_shop(tmp_path, dead) as scene:
        scene.source.sales[REVENUE.name] = rhythm
        scene.tick(due(10, 8))
        scene.tick(due(11, 6))
        assert [(one.is_over, one.worst.member and one.worst.member.name) for one in incidents(scene)] == [
            (False, "ES"),
            (True, "DE"),
        ]
        (opened,) = titles(scene)
    assert opened.startswith("Checkout revenue for country=ES is 0 €")


def test_nobody_is_left_behind_by_the_listed(tmp_path: Path) -> None:
    """Those that were counted only go on when all that were listed are back: still one incident, and one end."""
    short, long = ((utc(10, 9), utc(10, 12)),), ((utc(10, 9), utc(10, 16)),)
    large = {f"S{number:02}": sold_in(country(f"S{number:02}", *short), 0.2) for number in range(20)}
    small = {f"T{number:02}": sold_in(country(f"T{number:02}", *long), 0.1) for number in range(5)}
    metric = replace(REVENUE, query=replace(QUERY, limit=100))
    with a_shop(tmp_path, {}, metric, **large, **small) as scene:
        scene.source.sales[metric.name] = rhythm
        scene.ticks(due(10, 8), 13)
        (incident,) = incidents(scene)
        assert incident.is_over
        assert [reason for _, reason in scene.post.told if reason != "no_reaction"] == ["opened", "resolved"]


def until(end_at: datetime, sold: Sales) -> Sales:
    return lambda at: sold(at) if at < end_at else None


def test_the_members_of_a_daily_rule_in_another_zone(tmp_path: Path) -> None:
    """Days of Berlin, with a clock change in between: chosen at their midnight, judged once a day."""
    metric = replace(REVENUE, every_s=86_400, timezone="Europe/Berlin", revise_s=3 * 86_400)
    with a_shop(tmp_path, {}, metric) as scene:
        scene.source.sales[metric.name] = lambda at: 24 * rhythm(at)
        flat = {name: sold_in(rhythm, 24 * share) for name, share in SHARES.items()}
        scene.source.members[metric.name] = {**flat, "DE": until(utc(29, 0), flat["DE"])}
        scene.replay(utc(27, 12), utc(31, 12))
        (incident,) = incidents(scene)
        assert incident.worst.member == Member("country", "DE")
        assert incident.worst.span.start_at >= utc(28, 23)
        state = scene.world.store.members()[metric.name]
        assert (state.chosen_at, state.judged_until) == (utc(29, 22), utc(30, 22))


def test_the_members_of_a_ratio(tmp_path: Path) -> None:
    """A country whose payments fail, by numerator and denominator, while the whole hardly moves."""
    query = ShortForm("payments", "paid_at", None, "count(paid)", "count(*)", each="country")
    metric = replace(REVENUE, kind=Kind.RATIO, unit="%", empty=EmptyMeans.MISSING, query=query)

    def read_members(asked: Metric, names: Sequence[str], span: Span) -> MemberRows:
        starts = grid_of(asked.timezone, asked.every_s, span).starts
        rng = np.random.default_rng(int(starts[0]) if starts.size else 0)
        weights = np.tile(np.array([[60.0 if name == "DE" else 400.0] for name in names]), starts.size)
        paid = rng.binomial(weights.astype(int), 0.9) / weights
        is_broken = (starts >= epoch_s(utc(10, 9))) & (starts < epoch_s(utc(10, 13)))
        paid[names.index("DE"), is_broken] = 0.2
        return MemberRows(tuple(names), starts, paid, np.ones(paid.shape, dtype=bool), weights)

    with a_shop(tmp_path, {}, metric) as scene:
        rng = np.random.default_rng(1)
        scene.source.sales[metric.name] = lambda at: 0.9 + 0.01 * float(rng.standard_normal()) * (at is not None)
        scene.source.read_members = read_members  # type: ignore[assignment,method-assign]  # what this test says
        scene.ticks(due(10, 8), 3)
        (incident,) = incidents(scene)
        assert incident.worst.member == Member("country", "DE")
        block = scene.world.store.member_history(metric.name, utc(9, 0))
        assert block is not None
        assert block.weights is not None
        (opened,) = titles(scene)
    assert opened.startswith("Checkout revenue for country=DE is 20 % - usually about ")


def test_a_member_comes_to_a_new_level(tmp_path: Path) -> None:
    """Half of a country is gone for good, says a person: it teaches at once, is usual, and breaks anew when it dies."""
    half, dead = (utc(10, 9), utc(20, 0)), (utc(12, 9), utc(12, 12))
    at = country("AT", half, left=0.4)
    countries = {"AT": lambda now: None if dead[0] <= now < dead[1] else at(now)}
    with a_shop(tmp_path, {}, replace(REVENUE, revise_s=6 * 3600), **countries) as scene:
        scene.ticks(due(10, 9), 27)
        (one,) = incidents(scene)
        assert "AT" in {part.member.name for part in one.metrics if part.member is not None}

        def masked() -> int:
            block = scene.world.store.member_history(REVENUE.name, utc(10, 0))
            return 0 if block is None else int((~block.teaches).sum())

        assert masked() > 0
        scene.world.store.set_incident(*close(one, "bob", "a customer left", utc(11, 11, 30), is_new_level=True))
        scene.ticks(due(11, 12), 20)
        assert masked() == 0
        assert [part.ended_at is not None for part in incidents(scene)[-1].metrics] == [True] * len(one.metrics)
        told = len(scene.post.got)
        scene.ticks(due(12, 8), 4)
        assert any("AT" in str(notification) for _, notification, _ in scene.post.got[told:])
