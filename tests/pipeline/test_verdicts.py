"""What people say of the suspects, from the word to the next tick."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from builders import a_deploy, a_metric
from detector.alerting.incidents import confirm
from detector.linking.learning import Lesson, chances_of
from detector.model.deploy import Answer
from detector.model.incident import Confirmed, Incident
from detector.pipeline.confirming import held
from worlds import Sales, Scene, a_scene, rhythm, utc

REVENUE = a_metric(timezone="UTC")


def dead(since: datetime, until: datetime) -> dict[str, Sales]:
    """The usual rhythm, and nothing in between."""
    return {REVENUE.name: lambda at: 0.0 if since <= at < until else rhythm(at)}


def say(scene: Scene, deploy: str | None, at: datetime, number: int = 1, why: str = "") -> None:
    """As the command does."""
    one = scene.world.store.incident(number)
    assert one is not None
    said = Confirmed(deploy, "bob", at, why)
    scene.world.store.set_incident(*confirm(one, said, held(replace(one, confirmed=said), one.ranking)))


def incident_of(scene: Scene, number: int = 1) -> Incident:
    """As it is now."""
    found = scene.world.store.incident(number)
    assert found is not None
    return found


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Four dead hours, one deploy that everybody would pick, and one that nobody would."""
    with a_scene(tmp_path, REVENUE, sales=dead(utc(10, 9), utc(10, 13))) as made:
        made.world.store.add_deploy(a_deploy(live_at=utc(10, 8, 52), received_at=utc(10, 8, 52)))
        made.world.store.add_deploy(a_deploy("d-9", "search", utc(10, 3), version="v98", received_at=utc(10, 3)))
        made.tick(utc(10, 10, 6))
        yield made


def test_the_named_deploy_confirmed_is_no_news(scene: Scene) -> None:
    """The team has heard of it: the next ticks say nothing, and the probability is one until the end."""
    say(scene, "d-412", utc(10, 10, 30))
    scene.ticks(utc(10, 11, 6), 6)
    assert [reason for _, reason in scene.post.told] == ["opened", "resolved"]
    ranking = incident_of(scene).ranking
    assert [(one.deploy.id, one.probability) for one in ranking.suspects] == [("d-412", 1.0), ("d-9", 0.0)]
    assert ranking.no_deploy == 0.0
    (suspect,) = [line for line in scene.post.got[-1][1].body.split("\n") if line.startswith("Suspect:")]
    assert suspect.startswith("Suspect: checkout-api v412, live 08:52")
    assert suspect.endswith("- confirmed by bob")


def test_no_deploy_takes_the_name_back_once(scene: Scene) -> None:
    """A deploy stops being named: that is told, with what the person said, and no later tick names it again."""
    say(scene, None, utc(10, 10, 30), why="the payment provider was down")
    scene.ticks(utc(10, 11, 6), 3)
    assert [reason for _, reason in scene.post.told] == ["opened", "no_longer_named"]
    told = scene.post.got[-1][1]
    assert told.title.endswith(": checkout-api v412 is no longer the suspect")
    assert "No deploy stands out: confirmed by bob\n  the payment provider was down" in told.body
    assert incident_of(scene).ranking.answer is Answer.NONE


def test_another_deploy_confirmed_is_named(scene: Scene) -> None:
    """The verdict stands against the evidence, may be changed, and is in the history each time."""
    say(scene, "d-9", utc(10, 10, 30))
    scene.tick(utc(10, 11, 6))
    assert scene.post.told[-1] == ("checkout", "named")
    assert scene.post.got[-1][1].title.endswith(": the suspect is now search v98 (confirmed by bob)")
    say(scene, "d-412", utc(10, 11, 30))
    scene.tick(utc(10, 12, 6))
    assert scene.post.told[-1] == ("checkout", "named")
    said = [event.text for event in scene.world.store.incident_events(1) if event.what == "verdict"]
    assert said == ["search v98, confirmed by bob", "checkout-api v412, confirmed by bob"]


def test_a_late_report_does_not_outdo_a_person(scene: Scene) -> None:
    """Another deploy, live a minute before the first empty hour, is heard of after the verdict."""
    say(scene, "d-412", utc(10, 10, 30))
    scene.world.store.add_deploy(a_deploy("d-77", live_at=utc(10, 8, 59), received_at=utc(10, 10, 40)))
    scene.tick(utc(10, 11, 6))
    assert incident_of(scene).ranking.suspects[0].deploy.id == "d-412"
    assert {one.deploy.id for one in incident_of(scene).ranking.suspects} == {"d-412", "d-9", "d-77"}
    assert scene.post.told == [("checkout", "opened")]


def test_an_incident_that_is_over_can_be_spoken_of(scene: Scene) -> None:
    """Nobody is told any more, and what is learned from it holds the verdict."""
    scene.ticks(utc(10, 11, 6), 6)
    before = len(scene.post.got)
    say(scene, "d-9", utc(10, 20))
    scene.ticks(utc(10, 21, 6), 2)
    one = incident_of(scene)
    assert (one.is_over, one.verdict, len(scene.post.got)) == (True, "d-9", before)
    assert chances_of(Lesson(one.ranking, one.worst.onset.likely, one.verdict)) == (1.0, 0.0, 0.0)


def test_what_was_ruled_out_may_be_confirmed(scene: Scene) -> None:
    """A person knows better than a rule: it is the suspect, and not ruled out beside that."""
    scene.world.store.add_deploy(a_deploy("d-50", live_at=utc(10, 10, 58), received_at=utc(10, 10, 58)))
    scene.tick(utc(10, 11, 6))
    assert [one.deploy.id for one in incident_of(scene).ranking.rejected] == ["d-50"]
    say(scene, "d-50", utc(10, 11, 30))
    scene.tick(utc(10, 12, 6))
    ranking = incident_of(scene).ranking
    assert (ranking.suspects[0].deploy.id, ranking.rejected) == ("d-50", ())
