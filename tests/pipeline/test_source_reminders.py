"""A source that stays down for days."""

from pathlib import Path

from builders import a_metric
from detector.errors import SourceUnavailable
from worlds import a_scene, utc


def test_the_admins_hear_of_it_again_once_a_day(tmp_path: Path) -> None:
    """At the first failure, with each full day of it, and when it is over; the owners are not reminded."""
    metric = a_metric(timezone="UTC")
    with a_scene(tmp_path, metric) as scene:
        scene.tick(utc(8, 9, 6))
        scene.source.down = {metric.name: SourceUnavailable("connection refused")}
        scene.ticks(utc(8, 10, 6), 60)
        scene.source.down = {}
        scene.ticks(utc(10, 22, 6), 2)
        told = [one for one in scene.post.told if one[1].startswith("source")]
        assert told.count(("platform", "source_failing")) == 3
        assert told.count(("checkout", "source_failing")) == 1
        assert told[-2:] == [("checkout", "source_back"), ("platform", "source_back")]
        keys = [notification.key for _, notification, _ in scene.post.got]
        assert len(set(keys)) == len(keys)
