"""Metrics that are not hourly: days, minutes, and rules whose bucket length changes."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from builders import HOUR, a_metric
from detector.model.verdict import OutcomeKind
from worlds import a_scene, rhythm, utc

REVENUE = a_metric(timezone="UTC")


def test_a_day_without_sales_is_told_after_midnight(tmp_path: Path) -> None:
    """One message for the dead day, one for its end, and the source is asked for days only."""
    metric = replace(REVENUE, every_s=86400)
    first = utc(1, 0) - timedelta(days=80)
    days = 20000 * (1 + 0.03 * np.random.default_rng(1).standard_normal(100))
    with a_scene(tmp_path, metric) as scene:
        scene.source.sales[metric.name] = lambda at: 0.0 if at == utc(10, 0) else float(days[(at - first).days])
        for day in range(9, 15):
            scene.tick(utc(day, 0, 6))
        assert scene.post.told == [("checkout", "opened"), ("checkout", "resolved")]
        (incident,) = scene.world.store.incidents(only_live=False)
        assert (incident.worst.span.start_at, incident.worst.span.end_at) == (utc(10, 0), utc(11, 0))
        assert all(span.length >= timedelta(days=1) for _, span in scene.source.asked)


@pytest.mark.parametrize("every_s", [300, 1800])
def test_an_outage_within_an_hour_is_seen_in_short_buckets(tmp_path: Path, every_s: int) -> None:
    """It begins and ends where it did."""
    metric = replace(REVENUE, every_s=every_s)
    down_from, down_to = utc(10, 9), utc(10, 10)
    with a_scene(tmp_path, metric) as scene:
        scene.source.sales[metric.name] = lambda at: 0.0 if down_from <= at < down_to else rhythm(at)
        at = utc(10, 8, 5)
        while at < utc(10, 12):
            scene.tick(at)
            at += timedelta(seconds=every_s)
        (incident,) = scene.world.store.incidents(only_live=False)
        assert (incident.worst.span.start_at, incident.worst.ended_at) == (down_from, down_to)
        assert scene.post.told == [("checkout", "opened"), ("checkout", "resolved")]


@pytest.mark.parametrize("every_s", [1800, 7200, 86400])
def test_an_incident_outlives_a_change_of_the_bucket_length(tmp_path: Path, every_s: int) -> None:
    """It is neither declared over by the change nor opened again, and no hour counts twice."""
    outage_from, outage_to = utc(10, 9), utc(12, 0)
    with a_scene(tmp_path, REVENUE) as scene:

        def sales(at):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - as in worlds.Sales
            """An hour's sales, or those of a longer bucket."""
            hours = max(1, scene.book.metrics[REVENUE.name].every_s // 3600)
            each = [at + hour * HOUR for hour in range(hours)]
            return sum(0.0 if outage_from <= one < outage_to else rhythm(one) for one in each)

        scene.source.sales[REVENUE.name] = sales
        scene.ticks(utc(10, 10, 6), 3)
        scene.book = replace(scene.book, metrics={REVENUE.name: replace(REVENUE, every_s=every_s)})
        for hour in range(3, 24 * 5):
            scene.tick(utc(10, 10, 6) + hour * HOUR)
        told = [reason for _, reason in scene.post.told]
        assert (told.count("opened"), told.count("resolved")) == (1, 1)
        (incident,) = scene.world.store.incidents(only_live=False)
        lost = sum(rhythm(outage_from + hour * HOUR) for hour in range(39))
        assert incident.worst.loss.amount == pytest.approx(lost, rel=0.1)


def test_a_catch_up_finds_what_hourly_ticks_would_have_found(tmp_path: Path) -> None:
    """An outage that is over leaves no evidence for a second one behind."""
    found = []
    for mode in ("ticks", "catch-up"):
        folder = tmp_path / mode
        folder.mkdir()
        with a_scene(folder, REVENUE) as scene:
            scene.source.sales[REVENUE.name] = lambda at: rhythm(at) * (0.7 if utc(10, 8) <= at < utc(10, 11) else 1)
            scene.tick(utc(9, 23, 6))
            if mode == "ticks":
                scene.ticks(utc(10, 0, 6), 22)
            else:
                scene.tick(utc(10, 21, 6))
            found.append([incident.worst.span for incident in scene.world.store.incidents(only_live=False)])
    assert found[0] == found[1]
    assert len(found[0]) == 1


def test_an_anomaly_that_turns_out_to_be_unknown_is_not_over(tmp_path: Path) -> None:
    """The source takes back the empty hour and says nothing instead: no value, no resolution, until values come."""
    metric = replace(REVENUE, empty=type(REVENUE.empty)("missing"))
    with a_scene(tmp_path, metric) as scene:
        scene.source.sales[metric.name] = lambda at: 0.0 if at == utc(10, 9) else rhythm(at)
        scene.tick(utc(10, 10, 6))
        scene.source.sales[metric.name] = lambda at: None if utc(10, 9) <= at < utc(10, 12) else rhythm(at)
        reports = scene.ticks(utc(10, 11, 6), 2)
        assert {outcome.kind for report in reports for outcome in report.outcomes} == {OutcomeKind.MISSING}
        assert scene.post.told == [("checkout", "opened")]
        scene.ticks(utc(10, 13, 6), 2)
        assert scene.post.told == [("checkout", "opened"), ("checkout", "resolved")]
