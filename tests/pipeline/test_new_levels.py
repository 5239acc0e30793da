"""A level that stays: said by a person, or shown by time; what teaches, and what is judged then."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from builders import a_metric
from detector.alerting.incidents import close
from detector.model.incident import Incident, IncidentState
from detector.model.metric import Kind, ShortForm
from detector.model.verdict import OutcomeKind
from worlds import Sales, Scene, a_scene, rhythm, utc

REVENUE = a_metric(timezone="UTC")
DAY = timedelta(days=1)


def since(at: datetime, left: float, until: datetime | None = None) -> Sales:
    """The usual rhythm with some noise, of which from an instant on only a part is left."""

    def sales(now: datetime) -> float:
        noise = 1.0 + 0.05 * np.sin(now.timestamp() / 3600.0 * 2.3)
        is_down = at <= now and (until is None or now < until)
        return float(rhythm(now) * noise * (left if is_down else 1.0))

    return sales


def incident_of(scene: Scene, number: int = 1) -> Incident:
    """As it is now."""
    found = scene.world.store.incident(number)
    assert found is not None
    return found


def close_at(scene: Scene, at: datetime, *, is_new_level: bool = True, number: int = 1) -> None:
    """As the command does."""
    scene.world.store.set_incident(*close(incident_of(scene, number), "bob", "", at, is_new_level=is_new_level))


def due(day: int, hour: int) -> datetime:
    """Six minutes past: the hour before has closed."""
    return utc(1, hour, 6) + (day - 1) * DAY


def news(scene: Scene) -> list[str]:
    """Why the team heard of something, but for reminders."""
    return [reason for _, reason in scene.post.told if reason != "no_reaction"]


def kinds(scene: Scene, first: datetime, last: datetime) -> set[str]:
    """Outcomes of the buckets that begin in a span."""
    found = scene.world.store.outcomes(REVENUE.name, first)
    return {str(one.kind) for one in found if one.span.start_at < last}


@pytest.mark.parametrize("left", [0.4, 0.7])
def test_a_confirmed_level_is_usual_within_a_day(tmp_path: Path, left: float) -> None:
    """Confirmed the same afternoon: from midnight on its hours are normal, and an outage of it is found."""
    half = since(utc(10, 9), left)
    down = (utc(12, 14), utc(12, 17))
    sales = {REVENUE.name: lambda at: 0.0 if down[0] <= at < down[1] else half(at)}
    with a_scene(tmp_path, REVENUE, sales=sales) as scene:
        scene.ticks(due(10, 8), 8)
        assert incident_of(scene).state is IncidentState.OPEN
        close_at(scene, utc(10, 15, 30))
        scene.ticks(due(10, 16), 46)
        assert kinds(scene, utc(11, 0), down[0]) == {"normal"}
        scene.ticks(due(12, 15), 12)
        assert news(scene) == ["opened", "opened", "resolved"]
        (told,) = [one for one in scene.world.store.incidents(only_live=False) if one.number == 2]
        assert (told.worst.span.start_at, told.worst.ended_at) == down


def test_confirmed_on_a_later_day_it_holds_at_once(tmp_path: Path) -> None:
    """A day of it is known already: the very next hour is judged by it, and nothing is heard for nine days."""
    with a_scene(tmp_path, REVENUE, sales={REVENUE.name: since(utc(10, 9), 0.5)}) as scene:
        scene.ticks(due(10, 8), 27)
        close_at(scene, utc(11, 10, 30))
        scene.replay(utc(11, 11), utc(20, 23))
        assert kinds(scene, utc(11, 10), utc(20, 22)) == {"normal"}
        assert news(scene) == ["opened"]
        assert incident_of(scene).worst.ended_at is not None


def test_it_teaches_also_after_a_restart_and_a_new_reading(tmp_path: Path) -> None:
    """The store's history is unmasked from the onset on, once; read anew after a change of the rule, it is so again."""
    metric = replace(REVENUE, revise_s=6 * 3600)
    with a_scene(tmp_path, metric, sales={metric.name: since(utc(10, 9), 0.5)}) as scene:
        scene.ticks(due(10, 8), 48)

        def masked() -> int:
            block = scene.world.store.history([metric.name], utc(10, 0))[metric.name]
            return int((~block.teaches).sum())

        assert masked() > 30
        close_at(scene, utc(12, 8, 30))
        scene.tick(due(12, 9))
        assert masked() == 0
        other = replace(metric, query=ShortForm("payments", "paid_at", "sum(net)"))
        scene.book = replace(scene.book, metrics={metric.name: other})
        scene.ticks(due(12, 10), 30)
        assert masked() == 0
        assert news(scene) == ["opened"]


def test_ticks_in_other_numbers_teach_the_same(tmp_path: Path) -> None:
    """A tick an hour, or one every five: the same buckets teach, and the same is usual in the end."""
    found = []
    for name, step in (("often", 1), ("seldom", 5)):
        (tmp_path / name).mkdir()
        with a_scene(tmp_path / name, REVENUE, sales={REVENUE.name: since(utc(10, 9), 0.5)}) as scene:
            for hour in range(0, 121, step):
                scene.tick(due(10, 8) + timedelta(hours=hour))
                if hour == 25:
                    close_at(scene, due(11, 9))
            block = scene.world.store.history([REVENUE.name], utc(1, 0))[REVENUE.name]
            newest = scene.world.store.last_outcomes()[REVENUE.name]
            found.append((block.teaches.tolist(), newest.expected, newest.kind))
    assert found[0] == found[1]


def test_what_was_closed_by_hand_can_still_be_called_a_level(tmp_path: Path) -> None:
    """The person learns only later that it stays so."""
    with a_scene(tmp_path, REVENUE, sales={REVENUE.name: since(utc(10, 9), 0.5)}) as scene:
        scene.ticks(due(10, 8), 4)
        close_at(scene, utc(10, 11, 30), is_new_level=False)
        scene.ticks(due(10, 12), 26)
        close_at(scene, utc(11, 13, 30))
        scene.ticks(due(11, 14), 20)
        assert kinds(scene, utc(11, 14), utc(12, 9)) == {"normal"}
        assert incident_of(scene).resolved_at == utc(10, 11, 30)


def test_what_a_person_closed_is_not_unlearned_when_it_is_usual(tmp_path: Path) -> None:
    """Closed without a word on the level: after days it is taken by itself, and stays so when the run is over."""
    with a_scene(tmp_path, REVENUE, sales={REVENUE.name: since(utc(10, 9), 0.5)}) as scene:
        scene.ticks(due(10, 8), 4)
        close_at(scene, utc(10, 11, 30), is_new_level=False)
        scene.replay(utc(10, 12), utc(20, 12))
        assert kinds(scene, utc(14, 0), utc(20, 11)) == {"normal"}
        assert news(scene) == ["opened"]
        part = incident_of(scene).worst
        assert (part.level_since, part.ended_at is not None) == (utc(10, 11, 30), True)


def test_a_short_outage_that_a_person_closed_teaches_nothing(tmp_path: Path) -> None:
    """It was over after a day: nobody said that it stays so, and it did not."""
    with a_scene(tmp_path, REVENUE, sales={REVENUE.name: since(utc(10, 9), 0.5, utc(11, 9))}) as scene:
        scene.ticks(due(10, 8), 4)
        close_at(scene, utc(10, 11, 30), is_new_level=False)
        scene.replay(utc(10, 12), utc(13, 12))
        part = incident_of(scene).worst
        assert (part.level_since, part.ended_at) == (None, utc(11, 9))
        assert kinds(scene, utc(11, 12), utc(13, 11)) == {"normal"}


def test_after_a_steady_week_it_is_usual(tmp_path: Path) -> None:
    """Nobody has said anything: it is told once as a new level, with what was missing until then, and then silence."""
    with a_scene(tmp_path, REVENUE, sales={REVENUE.name: since(utc(10, 9), 0.5)}) as scene:
        scene.replay(utc(10, 8), utc(21, 12))
        assert news(scene) == ["opened", "resolved"]
        told = scene.post.got[-1][1]
        assert "stays at a new level - about" in told.title
        assert "It has been steady since" in told.body
        part = incident_of(scene).worst
        assert part.level_since == utc(11, 0)
        assert part.ended_at is not None
        assert utc(18, 0) <= part.ended_at <= utc(18, 3)
        assert kinds(scene, utc(18, 3), utc(21, 11)) == {"normal"}
        (event,) = [one.text for one in scene.world.store.incident_events(1) if one.what.startswith("level ")]
        assert event == "checkout/revenue has stayed so for long: this is usual now"


@pytest.mark.parametrize(
    "left",
    [
        lambda at: 0.0,  # noqa: ARG005  an outage is no level
        lambda at: 0.9 - 0.06 * ((at - utc(10, 9)) / DAY),  # a leak that grows
    ],
    ids=["dead", "leaking"],
)
def test_what_is_not_steady_stays_an_incident(tmp_path: Path, left: Callable[[datetime], float]) -> None:
    """Nothing that goes on teaches."""
    usual = since(utc(10, 9), 1.0)
    sales = {REVENUE.name: lambda at: (usual(at) or 0.0) * (max(left(at), 0.0) if at >= utc(10, 9) else 1.0)}
    with a_scene(tmp_path, REVENUE, sales=sales) as scene:
        scene.replay(utc(10, 8), utc(19, 12))
        assert incident_of(scene).worst.level_since is None
        assert incident_of(scene).state is IncidentState.OPEN


def test_a_rate_comes_to_a_new_level(tmp_path: Path) -> None:
    """A share has a level, too: confirmed, it is usual the next day."""
    metric = replace(REVENUE, kind=Kind.GAUGE, unit="")
    noisy = since(utc(10, 9), 1.0)
    sales = {metric.name: lambda at: 200.0 + 0.02 * (noisy(at) or 0.0) - (60.0 if at >= utc(10, 9) else 0.0)}
    with a_scene(tmp_path, metric, sales=sales) as scene:
        scene.ticks(due(10, 8), 8)
        close_at(scene, utc(10, 15, 30))
        scene.ticks(due(10, 16), 40)
        newest = scene.world.store.last_outcomes()[metric.name]
        assert newest.kind is OutcomeKind.NORMAL
        assert newest.expected == pytest.approx(newest.value, rel=0.1)
