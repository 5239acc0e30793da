"""What goes wrong around a tick: in a source's driver, on a channel, in a pipeline that has stopped."""

from dataclasses import replace
from pathlib import Path

from builders import a_deploy, a_metric
from detector.errors import BadRows, SourceUnavailable
from detector.model.metric import Kind, Metric, ShortForm, Witness
from detector.model.notification import SendResult
from detector.model.rows import BucketRows
from detector.model.span import Span
from detector.model.verdict import OutcomeKind
from worlds import FakeSource, a_scene, rhythm, utc

REVENUE = a_metric(timezone="UTC")
ORDERS = a_metric("checkout/orders", title="Orders", kind=Kind.COUNT, unit="", timezone="UTC")


def test_a_driver_that_breaks_on_one_metric_stops_no_other(tmp_path: Path) -> None:
    """An error that nobody foresaw is that metric's outcome, and the other one is judged."""

    class Broken(FakeSource):
        def read(self, metric: Metric, span: Span) -> BucketRows:
            if metric.name == ORDERS.name:
                raise ZeroDivisionError("in a driver")
            return super().read(metric, span)

    with a_scene(tmp_path, REVENUE, ORDERS) as scene:
        scene.world = replace(scene.world, sources={"shop": Broken()})
        report = scene.tick(utc(10, 10, 6))
        kinds = {outcome.metric: outcome.kind for outcome in report.outcomes}
        assert kinds == {ORDERS.name: OutcomeKind.ERROR, REVENUE.name: OutcomeKind.NORMAL}
        assert "ZeroDivisionError" in report.failures[ORDERS.name]


def test_two_messages_that_fail_on_one_channel_are_two(tmp_path: Path) -> None:
    """The first is tried again with the second one."""
    with a_scene(tmp_path, REVENUE) as scene:
        scene.source.sales[REVENUE.name] = lambda at: 0.0 if at >= utc(10, 9) else rhythm(at)
        scene.post.fail = [SendResult(ok=False, error="HTTP 500")] * 3
        scene.tick(utc(10, 10, 6))
        scene.world.store.add_deploy(a_deploy(live_at=utc(10, 8, 52), received_at=utc(10, 10, 20)))
        assert scene.tick(utc(10, 10, 21)).failed == 2


def test_late_data_is_told_once_a_day(tmp_path: Path) -> None:
    """The next silent hours are no news, and no tick says that it told them."""
    metric = replace(REVENUE, witness=Witness(table="events", time="at"))
    with a_scene(tmp_path, metric) as scene:
        scene.source.sales[metric.name] = lambda at: 0.0 if at >= utc(10, 9) else rhythm(at)
        scene.source.newest = utc(10, 8, 59)
        reports = scene.ticks(utc(10, 10, 6), 20)
        told = [(one.at.day, one.at.hour) for one in reports if one.notifications]
        assert told == [(10, 10), (11, 1)]


def test_looking_into_another_column_reads_no_history_again(tmp_path: Path) -> None:
    """The buckets hold what they held."""
    query = ShortForm("payments", "paid_at", "sum(amount)")
    with a_scene(tmp_path, replace(REVENUE, query=query)) as scene:
        scene.tick(utc(10, 8, 6))
        scene.source.asked.clear()
        split = replace(REVENUE, query=replace(query, split=("country",), limit=20))
        scene.book = replace(scene.book, metrics={REVENUE.name: split})
        scene.tick(utc(10, 9, 6))
        assert len(scene.source.asked) == 1


def test_a_replay_asks_a_failing_source_every_minute_until_the_owner_knows(tmp_path: Path) -> None:
    """Three failed ticks in a row are three minutes, in a replay as in a daemon."""
    with a_scene(tmp_path, REVENUE) as scene:
        scene.tick(utc(10, 8, 6))
        scene.source.down[REVENUE.name] = SourceUnavailable("shop: connection refused")
        scene.replay(utc(10, 9), utc(10, 9, 30))
        told = [(message.team, message.created_at) for _, message, _ in scene.post.got]
        assert told == [("platform", utc(10, 9, 5)), ("checkout", utc(10, 9, 7))]


def test_a_source_that_refuses_one_query_has_answered(tmp_path: Path) -> None:
    """From unreachable to refused: the source is back, and the query fails under its own name."""
    with a_scene(tmp_path, REVENUE) as scene:
        scene.source.down[REVENUE.name] = SourceUnavailable("shop: connection refused")
        scene.tick(utc(10, 9, 6))
        scene.source.down[REVENUE.name] = BadRows("value holds text")
        scene.tick(utc(10, 9, 7))
        assert [str(message.reason) for _, message, _ in scene.post.got] == ["source_failing", "source_back"]
        scene.tick(utc(10, 9, 8))
        scene.tick(utc(10, 9, 9))
        titles = [message.title for _, message, _ in scene.post.got[2:]]
        assert titles == ["The query of Checkout revenue has failed since 09:07"] * 2


def test_another_zone_of_the_source_reads_the_history_anew(tmp_path: Path) -> None:
    """Times without a zone mean other instants now."""
    with a_scene(tmp_path, REVENUE) as scene:
        scene.tick(utc(10, 8, 6))
        scene.source.asked.clear()
        moved = replace(scene.book.settings.sources["shop"], timezone="Europe/Berlin")
        scene.book = replace(scene.book, settings=replace(scene.book.settings, sources={"shop": moved}))
        scene.tick(utc(10, 9, 6))
        assert len(scene.source.asked) > 5
