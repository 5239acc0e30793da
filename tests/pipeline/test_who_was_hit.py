"""Deploys that reached some segments only, and what the segments held: from the source to the ranking."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from math import log
from pathlib import Path

import pytest

from builders import a_deploy, a_metric
from detector.adapters.store import open_store
from detector.cli.explain import explained
from detector.errors import SourceError
from detector.model.deploy import Deploy, Ranking, Scope
from detector.model.incident import Incident, Whereabouts
from detector.model.metric import EmptyMeans, Kind, Metric, ShortForm
from worlds import Sales, Scene, a_scene, rhythm, utc

SHARES = {"DE": 0.3, "FR": 0.3, "AT": 0.2, "IT": 0.15, "LI": 0.05}
PLAIN = ShortForm("payments", "paid_at", "sum(amount)")
SPLIT = a_metric(timezone="UTC", query=replace(PLAIN, split=("country",)))
EACH = a_metric(timezone="UTC", query=replace(PLAIN, each="country"))
BOTH = a_metric(timezone="UTC", query=replace(PLAIN, split=("country",), each="country"))
ALL = pytest.mark.parametrize("metric", [SPLIT, EACH, BOTH], ids=["split", "each", "both"])

Parts = Mapping[str, float]
LIVE = utc(10, 8, 52)


def due(day: int, hour: int) -> datetime:
    """Six minutes past: the hour before has closed."""
    return utc(day, hour, 6)


def country(name: str, left: float, since: datetime, until: datetime) -> Sales:
    """Its share of the usual hour with noise of its own; a part of that while something is wrong."""

    @cache
    def sold(at: datetime) -> float:
        noise = rhythm(at.replace(year=2000 + ord(name[0]) % 20)) / (1000.0 if 6 <= at.hour < 20 else 100.0)
        return rhythm(at) * SHARES[name] * noise * (left if since <= at < until else 1.0)

    return sold


@contextmanager
def a_shop(folder: Path, metric: Metric, left: Parts, hours: int = 6) -> Iterator[Scene]:
    """A shop in five countries, of some of which only a part is left from nine o'clock on."""
    span = utc(10, 9), utc(10, 9) + timedelta(hours=hours)
    countries = {name: country(name, left.get(name, 1.0), *span) for name in SHARES}
    sales: dict[str, Sales] = {metric.name: lambda at: sum(sold(at) or 0.0 for sold in countries.values())}
    folder.mkdir(exist_ok=True)
    with a_scene(folder, metric, sales=sales) as scene:
        scene.source.members[metric.name] = countries
        scene.source.segments[metric.name] = {"country": countries}
        yield scene


def shipped(name: str, *countries: str, heard: datetime = LIVE) -> Deploy:
    """Both services of the rule alike, live at the same minute: only whom it reached tells two of them apart."""
    scope = Scope({"country": countries}) if countries else None
    return a_deploy(name, live_at=LIVE, received_at=heard, version=name, scope=scope)


def incident_of(scene: Scene) -> Incident:
    found = scene.world.store.incident(1)
    assert found is not None
    return found


def told(ranking: Ranking) -> dict[str, tuple[float, tuple[float, ...]]]:
    """Probability and terms of every suspect, to the last digit."""
    return {
        one.deploy.id: (one.probability, tuple(term.log_ratio for term in one.terms)) for one in ranking.suspects
    } | {"none": (ranking.no_deploy, tuple(term.log_ratio for term in ranking.background))}


def odds(scene: Scene, one: str, other: str) -> float:
    chances = told(incident_of(scene).ranking)
    return chances[one][0] / chances[other][0]


def by_country(scene: Scene) -> Whereabouts:
    (found,) = incident_of(scene).worst.where
    return found


@ALL
def test_of_two_deploys_the_one_to_the_country_that_fell_is_named(tmp_path: Path, metric: Metric) -> None:
    """Germany is gone, France is not: the German one is named, the French one is all but out of the question."""
    for fell, stayed in (("DE", "FR"), ("FR", "DE")):
        with a_shop(tmp_path / fell, metric, {fell: 0.0}) as scene:
            scene.world.store.add_deploys([shipped("d-1", "DE"), shipped("d-2", "FR")])
            scene.ticks(due(10, 8), 3)
            ranking = incident_of(scene).ranking
            guilty = "d-1" if fell == "DE" else "d-2"
            assert ranking.named is not None
            assert ranking.named.deploy.id == guilty
            assert odds(scene, guilty, "d-2" if guilty == "d-1" else "d-1") > 30
            held = {one.name: one.value / one.expected for one in by_country(scene).levels}
            assert held[fell] == pytest.approx(0.0, abs=0.01)
            assert held[stayed] == pytest.approx(1.0, abs=0.2)


def test_a_small_country_that_dies_alone_has_all_others_as_its_control_group(tmp_path: Path) -> None:
    """The whole hardly moves; of the deploys of that minute the one that reached just this country is named."""
    with a_shop(tmp_path, EACH, {"LI": 0.0}) as scene:
        scene.world.store.add_deploys([shipped("d-1", "LI"), shipped("d-2", "FR"), shipped("d-3", "DE", "AT")])
        scene.ticks(due(10, 8), 3)
        incident = incident_of(scene)
        assert incident.worst.series.endswith(" country=LI")
        assert {one.name for one in by_country(scene).levels} == set(SHARES)
        assert incident.ranking.named is not None
        assert incident.ranking.named.deploy.id == "d-1"
        assert min(odds(scene, "d-1", "d-2"), odds(scene, "d-1", "d-3")) > 30


@ALL
def test_all_fell_alike(tmp_path: Path, metric: Metric) -> None:
    """A deploy to one country is less suspect than one of which nobody said whom it reached."""
    with a_shop(tmp_path, metric, dict.fromkeys(SHARES, 0.3)) as scene:
        scene.world.store.add_deploys([shipped("d-1", "DE"), shipped("d-2")])
        scene.ticks(due(10, 8), 3)
        assert odds(scene, "d-2", "d-1") > 2


def test_numbers_tell_where_no_segment_stands_out(tmp_path: Path) -> None:
    """All lost something, two of them most: nobody can be told where, and yet a deploy to the others is less likely."""
    left = {"DE": 0.55, "FR": 0.45, "AT": 0.75, "IT": 0.8, "LI": 0.8}
    with a_shop(tmp_path, SPLIT, left) as scene:
        scene.world.store.add_deploys([shipped("d-1", "DE", "FR"), shipped("d-2", "AT", "IT")])
        scene.ticks(due(10, 8), 3)
        assert not by_country(scene).segments
        assert odds(scene, "d-1", "d-2") > 3


@ALL
def test_a_late_report_is_weighed_as_if_it_had_been_known_from_the_start(tmp_path: Path, metric: Metric) -> None:
    """Neither when it comes nor a new start in between changes a digit; nor does a rollback that follows."""
    found = []
    for heard in (LIVE, utc(10, 11, 30)):
        folder = tmp_path / str(heard.hour)
        with a_shop(folder, metric, {"DE": 0.0}) as scene:
            scene.world.store.add_deploy(shipped("d-2", "FR"))
            if heard == LIVE:
                scene.world.store.add_deploy(shipped("d-1", "DE"))
            scene.ticks(due(10, 8), 4)
            with closing(open_store(f"sqlite:///{folder / 'detector.db'}")) as again:
                scene.world = replace(scene.world, store=again)
                if heard != LIVE:
                    again.add_deploy(shipped("d-1", "DE", heard=heard))
                again.add_deploy(a_deploy("d-9", "search", utc(10, 11, 30), version="v98"))
                late = told(scene.tick(due(10, 12)).incidents[0].ranking)
                again.add_deploy(undone())
                found.append((late, told(scene.tick(due(10, 13)).incidents[0].ranking)))
    assert found[0] == found[1]
    assert found[0][0]["d-1"][0] > 0.8


def undone() -> Deploy:
    return replace(shipped("d-3", heard=utc(10, 12, 30)), finished_at=utc(10, 12, 30), rollback_of="d-1")


@ALL
def test_an_incident_of_an_older_detector_goes_on(tmp_path: Path, metric: Metric) -> None:
    """It kept shares only, or nothing at all: the next ticks carry it on, and learn what the countries held."""
    with a_shop(tmp_path, metric, {"DE": 0.0}) as scene:
        scene.world.store.add_deploys([shipped("d-1", "DE"), shipped("d-2", "FR")])
        scene.ticks(due(10, 8), 3)
        old = incident_of(scene)
        parts = tuple(replace(part, noise=None, where=tuple(map(bare, part.where))) for part in old.metrics)
        (event, *_) = scene.world.store.incident_events(1)
        scene.world.store.set_incident(replace(old, metrics=parts), event)
        scene.tick(due(10, 11))
        assert by_country(scene).levels
        assert by_country(scene).segments == old.worst.where[0].segments
        assert odds(scene, "d-1", "d-2") > 30


def bare(found: Whereabouts) -> Whereabouts:
    return Whereabouts(found.column, found.everywhere, found.segments)


def test_a_split_is_read_again_each_time_the_anomaly_has_doubled(tmp_path: Path) -> None:
    """Five questions then, and none in between; members are judged anyway, and nobody is asked for them."""
    asked = {}
    for metric in (SPLIT, BOTH):
        with a_shop(tmp_path / str(metric.each), metric, {"DE": 0.0, "FR": 0.0}, hours=9) as scene:
            for hour in range(8, 19):
                scene.source.asked.clear()
                scene.tick(due(10, hour))
                times = sum(name.endswith(" by country") for name, _ in scene.source.asked)
                asked[metric.each, hour] = times
            span = by_country(scene).span
            assert span is not None
            assert span.length == timedelta(hours=8 if metric is SPLIT else 9)
    assert {hour for (each, hour), times in asked.items() if each is None and times} == {10, 11, 13, 17}
    assert {times for (each, _), times in asked.items() if each is None} == {0, 1}
    assert not any(times for (each, _), times in asked.items() if each is not None)


def test_a_column_that_cannot_be_read_is_tried_again(tmp_path: Path) -> None:
    """The message went out without it; once it answers, the ranking knows."""
    with a_shop(tmp_path, SPLIT, {"DE": 0.0}) as scene:
        scene.world.store.add_deploys([shipped("d-1", "DE"), shipped("d-2", "FR")])
        scene.source.down[f"{SPLIT.name} by country"] = SourceError("too slow")
        scene.ticks(due(10, 8), 3)
        assert scene.post.told == [("checkout", "opened")]
        assert odds(scene, "d-1", "d-2") == pytest.approx(1.0)
        scene.source.down.clear()
        scene.tick(due(10, 11))
        assert [name for name, _ in by_country(scene).segments] == ["DE"]
        assert odds(scene, "d-1", "d-2") > 30


@pytest.mark.parametrize("metric", [SPLIT, EACH], ids=["split", "each"])
def test_a_ratio_is_weighed_by_what_adds_up(tmp_path: Path, metric: Metric) -> None:
    """Half of the visitors buy; in Germany only a tenth do from nine o'clock on."""

    def rate(name: str) -> Sales:
        left = {"DE": 0.2}.get(name, 1.0)

        def bought(at: datetime) -> float:
            usual = 0.5 * rhythm(at.replace(year=2000 + ord(name[0]) % 20)) / (1000.0 if 6 <= at.hour < 20 else 100.0)
            return usual * (left if at >= utc(10, 9) else 1.0)

        return cache(bought)

    ratio = replace(metric, kind=Kind.RATIO, empty=EmptyMeans.MISSING)
    with a_shop(tmp_path, ratio, {}) as scene:
        rates = {name: rate(name) for name in SHARES}
        scene.source.trials = 200.0
        scene.source.sales[ratio.name] = lambda at: sum(sold(at) or 0.0 for sold in rates.values()) / len(rates)
        scene.source.members[ratio.name], scene.source.segments[ratio.name] = rates, {"country": rates}
        scene.world.store.add_deploys([shipped("d-1", "DE"), shipped("d-2", "FR")])
        scene.ticks(due(10, 8), 3)
        (germany,) = [one for one in by_country(scene).levels if one.name == "DE"]
        assert germany.expected == pytest.approx(100.0, rel=0.1)
        assert germany.value == pytest.approx(20.0, rel=0.2)
        assert odds(scene, "d-1", "d-2") > 30


@pytest.mark.parametrize("query", [SPLIT.query, EACH.query], ids=["split", "each"])
def test_what_is_beyond_the_limit_is_one_rest(tmp_path: Path, query: ShortForm) -> None:
    """Two countries are looked at, and others fall: they are in the rest, as is the deploy that went there."""
    with a_shop(tmp_path, replace(SPLIT, query=replace(query, limit=2)), dict.fromkeys(("AT", "IT"), 0.0)) as scene:
        largest = {name: sold for name, sold in scene.source.members[SPLIT.name].items() if SHARES[name] == 0.3}
        scene.source.segments[SPLIT.name] = {"country": largest}
        scene.world.store.add_deploys([shipped("d-1", "IT"), shipped("d-2", "FR")])
        scene.ticks(due(10, 8), 3)
        rest = by_country(scene).rest
        assert rest is not None
        assert rest.value / rest.expected < 0.3
        assert odds(scene, "d-1", "d-2") > 10


def test_only_who_leads_keeps_what_the_others_held(tmp_path: Path) -> None:
    """Two small countries die; once the one that leads is back, the other one leads, and knows it all."""
    with a_shop(tmp_path, EACH, {"LI": 0.0, "IT": 0.0}) as scene:
        back = country("IT", 0.0, utc(10, 9), utc(10, 11))
        scene.source.members[EACH.name]["IT"] = back
        scene.source.sales[EACH.name] = lambda at: 1000.0 if 6 <= at.hour < 20 else 100.0
        scene.world.store.add_deploys([shipped("d-1", "LI"), shipped("d-2", "FR")])
        scene.ticks(due(10, 8), 3)
        first, second = incident_of(scene).metrics
        assert [part.member and part.member.name for part in (first, second)] == ["IT", "LI"]
        assert [bool(part.where[0].levels) for part in (first, second)] == [True, False]
        scene.ticks(due(10, 11), 4)
        first, second = incident_of(scene).metrics
        assert [part.member and part.member.name for part in (first, second)] == ["LI", "IT"]
        assert [bool(part.where[0].levels) for part in (first, second)] == [True, False]
        assert odds(scene, "d-1", "d-2") > 30


def test_the_scope_is_explained_with_its_figures(tmp_path: Path) -> None:
    """What every country held, and below each suspect what those lost whom it reached, and all others."""
    with a_shop(tmp_path, EACH, {"DE": 0.0}) as scene:
        scene.world.store.add_deploys([shipped("d-1", "DE"), shipped("d-2", "FR", "AT"), shipped("d-3")])
        scene.ticks(due(10, 8), 3)
        text = "\n".join(explained(incident_of(scene), "UTC"))
        factor = next(term.log_ratio for term in incident_of(scene).ranking.suspects[0].terms if term.name == "scope")
    assert factor > log(3)
    assert "country DE: whom it reached -100 %; all others " in text
    assert "country AT, FR: whom it reached " in text or "country FR, AT: whom it reached " in text
    assert "whom it reached is not known" in text
    assert "Who was hit, by country: DE (" in text
    assert "\n  DE: 0, usually 299 (" in text
