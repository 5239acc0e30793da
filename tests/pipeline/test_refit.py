"""When the seasons of a metric are found anew, and what is done with them."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from builders import HOUR, a_metric
from detector.model.metric import Kind
from detector.model.panel import Panel
from detector.model.state import MetricState, Seasons
from detector.model.verdict import OutcomeKind
from detector.pipeline import refit as refitting
from detector.stats.seasons import ASSUMED
from worlds import Sales, Scene, a_scene, rhythm, utc

REVENUE = a_metric(timezone="UTC")
IN_BERLIN = a_metric("checkout/berlin", timezone="Europe/Berlin")


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """A shop whose days are all alike."""
    with a_scene(tmp_path, REVENUE) as made:
        yield made


def state(scene: Scene, metric: str = REVENUE.name) -> MetricState:
    return scene.world.store.metric_states()[metric]


def seasons(scene: Scene) -> Seasons:
    found = state(scene).seasons
    assert found is not None
    return found


def test_the_first_tick_finds_the_seasons(scene: Scene) -> None:
    """Quiet nights, and no day unlike another: hour of day, and not day of week."""
    scene.tick(utc(10, 10, 6))
    assert (seasons(scene).day, seasons(scene).week) == (True, False)
    assert seasons(scene).day_strength > 0.9
    assert state(scene).refitted_at == utc(10, 0)


def test_quiet_weekends_are_a_season(tmp_path: Path) -> None:
    """Half the sales on Saturday and Sunday."""
    weekend: Sales = lambda at: rhythm(at) * (0.5 if at.weekday() >= 5 else 1.0)  # noqa: E731 - named for its type
    with a_scene(tmp_path, REVENUE, sales={REVENUE.name: weekend}) as scene:
        assert scene.tick(utc(10, 10, 6)).is_clean
        assert (seasons(scene).day, seasons(scene).week) == (True, True)


def test_a_level_without_rhythm_has_no_season(tmp_path: Path) -> None:
    """Neither the hour nor the weekday matters."""
    level: Sales = lambda at: np.random.default_rng(int(at.timestamp())).normal(500.0, 20.0)  # noqa: E731 - named for its type
    gauge = replace(REVENUE, kind=Kind.GAUGE)
    with a_scene(tmp_path, gauge, sales={gauge.name: level}) as scene:
        scene.tick(utc(10, 10, 6))
        assert (seasons(scene).day, seasons(scene).week) == (False, False)


def test_a_refit_is_once_a_local_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tick that judges the first bucket after local midnight refits, and no other does."""
    refits: list[str] = []

    def counting(panel: Panel, kind: Kind) -> tuple[Seasons, ...]:
        assert kind is Kind.REVENUE
        refits.append(panel.series[0])
        return (ASSUMED,)

    monkeypatch.setattr(refitting, "find_seasons", counting)
    with a_scene(tmp_path, REVENUE, IN_BERLIN) as scene:
        scene.tick(utc(10, 10, 6))
        told = {}
        for hour in range(1, 25):
            refits.clear()
            scene.tick(utc(10, 10, 6) + hour * HOUR)
            if refits:
                told[hour] = list(refits)
    assert told == {14: [IN_BERLIN.name], 15: [REVENUE.name]}


def test_a_refit_knows_nothing_of_its_own_day(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is handed to it ends at the midnight before the first bucket that is judged."""
    ends: list[int] = []

    def looking(panel: Panel, kind: Kind) -> tuple[Seasons, ...]:
        del kind
        ends.append(int(panel.grid.ends[-1]))
        return (ASSUMED,)

    monkeypatch.setattr(refitting, "find_seasons", looking)
    for at in (utc(9, 20, 6), utc(10, 0, 6), utc(10, 20, 6), utc(12, 3, 6)):
        scene.tick(at)
    assert ends == [int(at.timestamp()) for at in (utc(9, 0), utc(10, 0), utc(11, 0))]


def test_seasons_are_those_of_a_replay(tmp_path: Path) -> None:
    """Hourly ticks over two midnights and one replay leave the same state and the same outcomes."""
    stories = []
    for name in ("ticks", "replay"):
        (tmp_path / name).mkdir()
        with a_scene(tmp_path / name, REVENUE) as scene:
            if name == "ticks":
                scene.ticks(utc(9, 12, 5), 40)
            else:
                scene.replay(utc(9, 12), utc(11, 3, 30))
            stories.append((state(scene), scene.world.store.outcomes(REVENUE.name, utc(9, 0))))
    assert stories[0] == stories[1]


def _breaking(panel: Panel, kind: Kind) -> tuple[Seasons, ...]:
    raise ZeroDivisionError(f"{panel.series} of {kind}")


def test_a_refit_that_fails_is_told_and_stops_no_judging(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """The old seasons stay, the bucket is judged, the report says so, and the next tick tries again."""
    scene.tick(utc(11, 0, 6))
    before = seasons(scene)
    with monkeypatch.context() as patched:
        patched.setattr(refitting, "find_seasons", _breaking)
        report = scene.tick(utc(11, 1, 6))
    assert "could not be found anew: ZeroDivisionError" in report.failures[REVENUE.name]
    assert {outcome.kind for outcome in report.outcomes} == {OutcomeKind.NORMAL}
    assert (seasons(scene), state(scene).refitted_at) == (before, utc(10, 0))
    assert scene.tick(utc(11, 2, 6)).is_clean
    assert state(scene).refitted_at == utc(11, 0)


def test_a_changed_query_is_refitted_at_once(scene: Scene) -> None:
    """Another table may have other seasons: those of the old one are forgotten with its history."""
    scene.tick(utc(10, 7, 6))
    scene.source.sales[REVENUE.name] = lambda at: rhythm(at) * (0.5 if at.weekday() >= 5 else 1.0)
    changed = replace(REVENUE, query=replace(REVENUE.query, table="charges"))
    scene.book = replace(scene.book, metrics={REVENUE.name: changed})
    scene.tick(utc(10, 8, 6))
    assert (seasons(scene).day, seasons(scene).week) == (True, True)


def test_a_young_metric_is_taken_to_follow_both(tmp_path: Path) -> None:
    """Two weeks of history cannot tell a weekend from chance."""
    young: Sales = lambda at: rhythm(at) if at >= utc(1, 0) else None  # noqa: E731 - named for its type
    with a_scene(tmp_path, REVENUE, sales={REVENUE.name: young}) as scene:
        scene.tick(utc(10, 10, 6))
        assert replace(seasons(scene), month=None) == ASSUMED


ONE_TICK = """
import sys
from pathlib import Path
from builders import a_metric
from worlds import a_scene, utc
with a_scene(Path(sys.argv[1]), a_metric(timezone="UTC")) as scene:
    assert scene.tick(utc(*map(int, sys.argv[2:]))).is_clean
print("heavy", *sorted({name.split(".")[0] for name in sys.modules} & {"pandas", "scipy", "statsmodels"}))
"""


@pytest.mark.parametrize(("hour", "heavy"), [(0, "heavy pandas scipy statsmodels"), (1, "heavy")])
def test_a_tick_that_refits_nothing_imports_little(tmp_path: Path, hour: int, heavy: str) -> None:
    """The libraries that take seconds to import are there at the first tick of a day alone."""
    with a_scene(tmp_path, REVENUE) as scene:
        scene.tick(utc(11, hour, 6))
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    call = [sys.executable, "-c", ONE_TICK, str(tmp_path), "11", str(hour + 1), "6"]
    ran = subprocess.run(call, check=False, capture_output=True, text=True, env=environment)
    assert (ran.stdout.strip(), ran.stderr) == (heavy, "")


def test_days_off_are_remembered(tmp_path: Path) -> None:
    """The night after a day off its takings are put down beside what was usual, and stay when the next night comes."""
    day = (utc(10, 0) - 3 * 24 * HOUR).date()
    closed: Sales = lambda at: 0.2 * rhythm(at) if at.date() == day else rhythm(at)  # noqa: E731 - named for its type
    metric = replace(REVENUE, calendar=(day,))
    with a_scene(tmp_path, metric, sales={metric.name: closed}) as scene:
        scene.tick(utc(10, 10, 6))
        (one,) = seasons(scene).days_off
        assert sum(part or 0.0 for part in one.held) == pytest.approx(0.2 * sum(one.weekday), rel=0.1)
        scene.tick(utc(11, 10, 6))
        assert seasons(scene).days_off == (one,)
