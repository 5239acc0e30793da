"""One tick after the other: what is judged, recorded, decided and sent."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from builders import HOUR, a_deploy, a_metric
from detector.alerting.incidents import acknowledge, close
from detector.errors import BadRows, SourceUnavailable
from detector.model.incident import IncidentState
from detector.model.metric import EmptyMeans, Kind, Witness
from detector.model.notification import SendResult
from detector.model.verdict import OutcomeKind
from worlds import FakeSource, Sales, Scene, a_scene, rhythm, utc

REVENUE = a_metric(timezone="UTC")
ORDERS = a_metric("checkout/orders", title="Orders", kind=Kind.COUNT, unit="", timezone="UTC")


def outage(start_at: datetime, end_at: datetime, left: float = 0.0) -> Sales:
    """The usual rhythm, but for a stretch in which only a share is left."""
    return lambda at: rhythm(at) * (left if start_at <= at < end_at else 1.0)


def due(day: int, hour: int) -> datetime:
    """Six minutes past: the hour before has closed."""
    return utc(day, hour, 6)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """A shop that is down from nine to twelve on Tuesday the 10th."""
    with a_scene(tmp_path, REVENUE, sales={REVENUE.name: outage(utc(10, 9), utc(10, 12))}) as made:
        yield made


def test_a_story_from_opening_to_resolution(scene: Scene) -> None:
    """One message at the first empty hour, silence while it lasts, one message after two normal hours."""
    scene.ticks(due(10, 8), 2)
    assert scene.post.told == []
    scene.tick(due(10, 10))
    assert scene.post.told == [("checkout", "opened")]
    scene.ticks(due(10, 11), 3)
    assert scene.post.told == [("checkout", "opened")]
    (incident,) = scene.world.store.incidents(only_live=True)
    assert incident.state is IncidentState.RECOVERING
    scene.tick(due(10, 14))
    assert scene.post.told == [("checkout", "opened"), ("checkout", "resolved")]
    (incident,) = scene.world.store.incidents(only_live=False)
    assert incident.worst.span.start_at == utc(10, 9)
    assert incident.worst.span.end_at == utc(10, 12)
    assert incident.worst.loss.amount == pytest.approx(3000, rel=0.15)


def test_the_same_instant_twice_changes_nothing(scene: Scene) -> None:
    """What has been judged is not judged again, and nobody hears it twice."""
    scene.tick(due(10, 10))
    again = scene.tick(due(10, 10))
    assert (again.outcomes, again.notifications, again.sent) == ((), (), 0)
    assert len(scene.post.got) == 1


def test_a_replay_is_what_the_ticks_would_have_been(tmp_path: Path) -> None:
    """Hourly ticks and one replay over the same span give the same outcomes, incidents and messages."""
    stories = []
    for name in ("ticks", "replay"):
        (tmp_path / name).mkdir()
        with a_scene(tmp_path / name, REVENUE, sales={REVENUE.name: outage(utc(10, 9), utc(10, 12))}) as scene:
            if name == "ticks":
                for hour in range(30):
                    scene.tick(utc(9, 12, 5) + hour * HOUR)
            else:
                scene.replay(utc(9, 12), utc(10, 17, 30))
            stories.append(
                (
                    scene.world.store.outcomes(REVENUE.name, utc(9, 0)),
                    scene.world.store.incidents(only_live=False),
                    [(told.title, told.body) for _, told, _ in scene.post.got],
                )
            )
    assert stories[0] == stories[1]


def test_a_steady_tick_asks_for_new_and_revisable_buckets_only(scene: Scene) -> None:
    """After the first history, one statement a tick, for two days and the new hour."""
    scene.tick(due(10, 7))
    assert len(scene.source.asked) > 5
    scene.source.asked.clear()
    scene.tick(due(10, 8))
    ((_, span),) = scene.source.asked
    assert span.end_at == utc(10, 8)
    assert span.length == timedelta(days=2)


def test_metrics_that_break_through_one_suspect_are_one_incident(tmp_path: Path) -> None:
    """Revenue and orders fall after one deploy: one message, which names both."""
    sales = dict.fromkeys((REVENUE.name, ORDERS.name), outage(utc(10, 9), utc(10, 12)))
    with a_scene(tmp_path, REVENUE, ORDERS, sales=sales) as scene:
        scene.world.store.add_deploy(a_deploy(live_at=utc(10, 8, 52)))
        scene.tick(due(10, 10))
        (incident,) = scene.world.store.incidents(only_live=True)
        assert {part.metric for part in incident.metrics} == {REVENUE.name, ORDERS.name}
        assert len(scene.post.got) == 1


def test_a_deploy_reported_late_is_news_once_it_is_named(scene: Scene) -> None:
    """The report arrives after the alert: one message that names it, at the next tick."""
    scene.tick(due(10, 10))
    scene.world.store.add_deploy(a_deploy(live_at=utc(10, 8, 52), received_at=utc(10, 10, 20)))
    scene.tick(utc(10, 10, 21))
    assert scene.post.told == [("checkout", "opened"), ("checkout", "named")]


def test_a_deploy_that_was_not_heard_of_yet_does_not_exist(scene: Scene) -> None:
    """A tick at ten past ten knows nothing of a report that arrives at twenty past."""
    scene.world.store.add_deploy(a_deploy(live_at=utc(10, 8, 52), received_at=utc(10, 10, 20)))
    scene.tick(due(10, 10))
    (_, told, _) = scene.post.got[0]
    assert "No deploy has been reported yet" in told.body


def test_four_hours_without_reaction_bring_one_reminder(tmp_path: Path) -> None:
    """Not a second one; and none at all once somebody has acknowledged."""
    for reacts in (False, True):
        folder = tmp_path / str(reacts)
        folder.mkdir()
        with a_scene(folder, REVENUE, sales={REVENUE.name: outage(utc(10, 9), utc(10, 18))}) as scene:
            scene.tick(due(10, 10))
            if reacts:
                (incident,) = scene.world.store.incidents(only_live=True)
                scene.world.store.set_incident(*acknowledge(incident, "alice", utc(10, 10, 30)))
            scene.ticks(due(10, 11), 6)
            reminders = [reason for _, reason in scene.post.told if reason == "no_reaction"]
            assert len(reminders) == (0 if reacts else 1)


def test_an_incident_closed_by_hand_stays_closed_while_it_goes_on(scene: Scene) -> None:
    """The same outage opens no second incident, and a later one does."""
    scene.tick(due(10, 10))
    (incident,) = scene.world.store.incidents(only_live=True)
    scene.world.store.set_incident(*close(incident, "alice", "known", utc(10, 10, 10)))
    scene.ticks(due(10, 11), 6)
    assert scene.post.told == [("checkout", "opened")]
    scene.source.sales[REVENUE.name] = outage(utc(11, 9), utc(11, 12))
    scene.ticks(due(10, 17), 18)
    assert scene.post.told == [("checkout", "opened"), ("checkout", "opened")]


def test_a_source_that_is_down_is_the_admins_business_and_no_outage(scene: Scene) -> None:
    """Admins at once, owners after three ticks, all when it is back; no incident, and the hours are judged late."""
    scene.tick(due(10, 6))
    scene.source.down[REVENUE.name] = SourceUnavailable("shop: connection refused")
    report = scene.tick(due(10, 7))
    assert not report.is_clean
    assert [outcome.kind for outcome in report.outcomes] == [OutcomeKind.ERROR]
    assert scene.post.told == [("platform", "source_failing")]
    scene.ticks(due(10, 8), 2)
    assert scene.post.told == [("platform", "source_failing"), ("checkout", "source_failing")]
    scene.source.down.clear()
    back = scene.tick(due(10, 9))
    assert [outcome.kind for outcome in back.outcomes] == [OutcomeKind.NORMAL] * 3
    assert scene.post.told[2:] == [("checkout", "source_back"), ("platform", "source_back")]
    assert scene.world.store.incidents(only_live=False) == ()


def test_a_failing_metric_stops_no_other(tmp_path: Path) -> None:
    """Orders cannot be read; revenue is judged, and its outage told."""
    with a_scene(tmp_path, REVENUE, ORDERS, sales={REVENUE.name: outage(utc(10, 9), utc(10, 12))}) as scene:
        scene.source.down[ORDERS.name] = BadRows("value holds text")
        report = scene.tick(due(10, 10))
        assert dict(report.failures) == {ORDERS.name: "value holds text (rule: rules/checkout.yml:5)"}
        assert scene.post.told == [("checkout", "opened")]


def test_an_error_resolves_nothing(scene: Scene) -> None:
    """While the source fails an open incident stays open."""
    scene.tick(due(10, 10))
    scene.source.down[REVENUE.name] = SourceUnavailable("shop: connection refused")
    scene.ticks(due(10, 11), 4)
    (incident,) = scene.world.store.incidents(only_live=True)
    assert incident.state is IncidentState.OPEN


def test_missing_is_not_zero(tmp_path: Path) -> None:
    """A metric whose empty buckets are missing is not anomalous without rows, and nothing resolves by it."""
    metric = replace(REVENUE, empty=EmptyMeans.MISSING)
    gap: Sales = lambda at: None if utc(10, 9) <= at < utc(10, 12) else rhythm(at)  # noqa: E731 - named for its type
    with a_scene(tmp_path, metric, sales={metric.name: gap}) as scene:
        reports = scene.ticks(due(10, 9), 3)
        assert [report.outcomes[0].kind for report in reports][1:] == [OutcomeKind.MISSING] * 2
        assert scene.post.told == []


def test_a_witness_tells_a_dead_pipeline_from_a_dead_shop(tmp_path: Path) -> None:
    """The newest row of the witness is old: the hour is late, the admins hear, the owner does not."""
    metric = replace(REVENUE, witness=Witness(table="events", time="at"))
    with a_scene(tmp_path, metric, sales={metric.name: outage(utc(10, 9), utc(10, 12))}) as scene:
        scene.source.newest = utc(10, 8, 59)
        report = scene.tick(due(10, 10))
        assert [outcome.kind for outcome in report.outcomes] == [OutcomeKind.LATE]
        assert scene.post.told == [("platform", "data_late")]
        scene.source.newest = utc(10, 10, 59)
        scene.tick(due(10, 11))
        assert ("checkout", "opened") in scene.post.told


def test_a_new_metric_learns_first(tmp_path: Path) -> None:
    """Three days of history say nothing about what is usual."""
    young: Sales = lambda at: rhythm(at) if at >= utc(7, 9) else None  # noqa: E731 - named for its type
    with a_scene(tmp_path, REVENUE, sales={REVENUE.name: young}) as scene:
        report = scene.tick(due(10, 10))
        assert [outcome.kind for outcome in report.outcomes] == [OutcomeKind.LEARNING]


def test_after_a_gap_only_the_present_is_told(tmp_path: Path) -> None:
    """The outage came and went while the detector was off: recorded, judged in order, and nobody is paged."""
    with a_scene(tmp_path, REVENUE, sales={REVENUE.name: outage(utc(10, 9), utc(10, 12))}) as scene:
        scene.tick(due(10, 7))
        report = scene.tick(due(10, 20))
        assert len(report.outcomes) == 13
        assert scene.post.told == []
        (incident,) = scene.world.store.incidents(only_live=False)
        assert incident.is_over


def test_after_days_off_only_the_newest_day_is_judged(tmp_path: Path) -> None:
    """What is older than a day is skipped, with the reason."""
    with a_scene(tmp_path, REVENUE) as scene:
        scene.tick(due(7, 7))
        report = scene.tick(due(9, 7))
        kinds = [outcome.kind for outcome in report.outcomes]
        assert kinds.count(OutcomeKind.SKIPPED) == 24
        assert kinds.count(OutcomeKind.NORMAL) == 24


def test_late_rows_correct_an_outcome(tmp_path: Path) -> None:
    """An hour that looked empty fills up later: its outcome is revised, and the incident ends."""
    with a_scene(tmp_path, REVENUE, sales={REVENUE.name: outage(utc(10, 9), utc(10, 10))}) as scene:
        scene.tick(due(10, 10))
        assert scene.post.told == [("checkout", "opened")]
        scene.source.sales[REVENUE.name] = rhythm
        scene.tick(due(10, 11))
        recorded = {outcome.span.start_at: outcome for outcome in scene.world.store.outcomes(REVENUE.name, utc(10, 9))}
        assert recorded[utc(10, 9)].kind is OutcomeKind.NORMAL
        assert recorded[utc(10, 9)].revision == 1
        assert scene.post.told[-1] == ("checkout", "resolved")


def test_a_message_that_fails_is_sent_again(scene: Scene) -> None:
    """The outbox keeps it; the next try waits for its time, and is no repeat where the fate is known."""
    scene.post.fail = [SendResult(ok=False, error="HTTP 500")]
    report = scene.tick(due(10, 10))
    assert (report.sent, report.failed) == (0, 1)
    assert scene.tick(utc(10, 10, 6)).sent == 0
    retry_at = scene.world.store.next_attempt_at()
    assert retry_at is not None
    assert scene.tick(retry_at).sent == 1
    ((_, _, may_repeat),) = scene.post.got
    assert not may_repeat


def test_a_message_of_unknown_fate_is_marked_as_a_possible_repeat(scene: Scene) -> None:
    """The first attempt timed out: it may have arrived."""
    scene.post.fail = [SendResult(ok=False, fate_unknown=True, error="no answer in 10 s")]
    scene.tick(due(10, 10))
    retry_at = scene.world.store.next_attempt_at()
    assert retry_at is not None
    scene.tick(retry_at)
    ((_, _, may_repeat),) = scene.post.got
    assert may_repeat


def test_an_incident_whose_rule_was_removed_is_closed_once(scene: Scene) -> None:
    """The team hears that nobody watches any more, and the incident is no orphan."""
    scene.tick(due(10, 10))
    scene.book = replace(scene.book, metrics={})
    scene.tick(due(10, 11))
    scene.tick(due(10, 12))
    assert scene.post.told == [("checkout", "opened"), ("checkout", "rule_removed")]
    assert scene.world.store.incidents(only_live=True) == ()


def test_a_changed_query_reads_its_history_anew(scene: Scene) -> None:
    """Another table is another history; what was judged stays judged."""
    scene.tick(due(10, 7))
    scene.source.asked.clear()
    changed = replace(REVENUE, query=replace(REVENUE.query, table="charges"))
    scene.book = replace(scene.book, metrics={REVENUE.name: changed})
    report = scene.tick(due(10, 8))
    assert len(scene.source.asked) > 5
    assert len(report.outcomes) == 1


def test_history_that_was_cut_off_goes_on_where_it_was(tmp_path: Path) -> None:
    """The first reading dies half-way: the slices that were kept are not read again."""

    class Dying(FakeSource):
        def read(self, metric, span):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - as in FakeSource
            if len(self.asked) == 4:
                self.asked.clear()
                raise SourceUnavailable("shop: gone")
            return super().read(metric, span)

    with a_scene(tmp_path, REVENUE) as scene:
        dying = Dying()
        scene.world = replace(scene.world, sources={"shop": dying})
        assert not scene.tick(due(10, 10)).is_clean
        scene.world = replace(scene.world, sources={"shop": scene.source})
        assert scene.tick(due(10, 10)).is_clean
        first = min(span.start_at for _, span in scene.source.asked)
        assert first > utc(10, 10) - timedelta(days=70 - 27)
