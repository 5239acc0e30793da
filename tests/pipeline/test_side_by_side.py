"""Metrics that are made ready for their day side by side: each as if it were alone, whatever befalls another."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from builders import a_metric
from detector.errors import TickAbandoned
from detector.model.metric import Kind, Metric
from detector.model.tick import TickReport
from detector.model.verdict import Outcome, OutcomeKind
from detector.pipeline import look
from detector.pipeline.anomalies import Found
from detector.pipeline.in_order import Case, judge_in_order
from detector.pipeline.judging import Judged
from detector.pipeline.lanes import InTurn
from detector.pipeline.pulled import Failed, Pulled
from detector.pipeline.recall import Memory
from detector.stats.memory import kept
from worlds import Scene, a_scene, rhythm, utc

NAMES = [f"checkout/part{number}" for number in range(5)]
METRICS = [a_metric(name, title=name, timezone="UTC") for name in NAMES]
METRICS[3] = replace(METRICS[3], kind=Kind.COUNT, unit="")


@pytest.fixture(autouse=True)
def nothing_is_kept_from_other_tests() -> Iterator[None]:
    kept.clear()
    yield
    kept.clear()


def a_drop(scene: Scene, name: str) -> None:
    scene.source.sales[name] = lambda at: 0.0 if at >= utc(10, 22) else rhythm(at)


def told(report: TickReport, name: str) -> tuple[Outcome, ...]:
    return tuple(outcome for outcome in report.outcomes if outcome.metric == name)


def days(folder: Path, metrics: list[Metric]) -> list[TickReport]:
    """A start, some hours, a midnight, and the hours after it; one metric falls in the evening."""
    kept.clear()
    folder.mkdir(parents=True)
    with a_scene(folder, *metrics) as scene:
        a_drop(scene, NAMES[1])
        return [scene.tick(utc(10, 20, 6) + timedelta(hours=hour)) for hour in range(9)]


def test_each_is_told_what_it_is_told_alone(tmp_path: Path) -> None:
    """Five metrics in one tick after the other, and each of them in ticks of its own: the same outcomes."""
    together = days(tmp_path / "all", METRICS)
    for metric in METRICS:
        alone = days(tmp_path / metric.name, [metric])
        assert [told(one, metric.name) for one in together] == [told(one, metric.name) for one in alone]
    assert {o.kind for one in together for o in told(one, NAMES[1])} == {OutcomeKind.NORMAL, OutcomeKind.ANOMALOUS}


def test_a_fault_among_many_stops_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are judged one by one then, and the fault is told."""

    def broken(_: object) -> None:
        raise MemoryError("no room")

    whole = days(tmp_path / "whole", METRICS)
    monkeypatch.setattr(look, "make_ready", broken)
    found = days(tmp_path / "broken", METRICS)
    assert [one.outcomes for one in found] == [one.outcomes for one in whole]
    assert "MemoryError: no room" in found[0].failures["making metrics ready side by side"]


def test_one_that_cannot_be_judged_stops_none_that_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its buckets stay due, and those of the others are judged."""

    def broken(case: Case, memory: Memory, now: datetime) -> tuple[Judged, Found]:
        if case.one.metric.name == NAMES[2]:
            raise ZeroDivisionError("in a law")
        return judge_in_order(case, memory, now)

    monkeypatch.setattr(look, "judge_in_order", broken)
    with a_scene(tmp_path, *METRICS) as scene:
        report = scene.tick(utc(10, 20, 6))
        kinds = {outcome.metric: outcome.kind for outcome in report.outcomes}
        assert kinds.pop(NAMES[2]) is OutcomeKind.ERROR
        assert set(kinds.values()) == {OutcomeKind.NORMAL}
        assert "ZeroDivisionError" in report.failures[NAMES[2]]


def test_more_than_wait_for_each_other_are_judged_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more arrays are held than was said, and nothing else changes."""
    whole = days(tmp_path / "whole", METRICS)
    monkeypatch.setattr(look, "MOST_WAITING", 2)
    assert [one.outcomes for one in days(tmp_path / "parts", METRICS)] == [one.outcomes for one in whole]


def test_a_tick_that_is_told_to_end_leaves_those_that_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is recorded, and the next tick judges them."""

    class Lanes(InTurn[Pulled | Failed]):
        is_hurried = False

    lanes = Lanes()

    def hurry(_: object) -> None:
        lanes.is_hurried = True

    with a_scene(tmp_path, *METRICS) as scene:
        scene.world = replace(scene.world, reading=lanes)
        with monkeypatch.context() as patched:
            patched.setattr(look, "make_ready", hurry)
            with pytest.raises(TickAbandoned):
                scene.tick(utc(10, 20, 6))
        lanes.is_hurried = False
        assert {outcome.metric for outcome in scene.tick(utc(10, 20, 7)).outcomes} == set(NAMES)
