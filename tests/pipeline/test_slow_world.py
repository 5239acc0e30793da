"""A source or a destination that hangs delays no other."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from builders import a_metric
from detector.errors import TickAbandoned
from detector.model.metric import EmptyMeans, Metric
from detector.model.notification import Notification, SendResult
from detector.model.rows import BucketRows
from detector.model.rulebook import Source
from detector.model.secret import Secret
from detector.model.span import Span
from detector.pipeline.lanes import Job, Threads
from detector.pipeline.pulled import Failed, Pulled
from detector.pipeline.sent import Sent
from worlds import FakeSource, Postbox, Scene, a_scene, rhythm, utc

SOON_S = 60.0  # a safety net: every test ends by an event
REVENUE = a_metric(timezone="UTC")
SIGNUPS = a_metric("growth/signups", title="Sign-ups", team="growth", source="crm", timezone="UTC")


@dataclass
class Hanging(FakeSource):
    """Answers only once it is let."""

    let: Event = field(default_factory=Event)

    def read(self, metric: Metric, span: Span) -> BucketRows:
        assert self.let.wait(SOON_S)
        return super().read(metric, span)


@dataclass
class HangsFor(Postbox):
    """A postbox in which messages for one channel hang until they are let through."""

    channel: str = ""
    let: Event = field(default_factory=Event)

    def send(self, channel: Secret, notification: Notification, *, may_repeat: bool) -> SendResult:
        if channel.label == self.channel:
            assert self.let.wait(SOON_S)
        return super().send(channel, notification, may_repeat=may_repeat)


def with_two_sources(scene: Scene, crm: FakeSource, patience_s: float = 0.5) -> Threads[Pulled | Failed]:
    """The scene with a second source, read as a daemon does."""
    reading: Threads[Pulled | Failed] = Threads("reading", 4, patience_s)
    settings = scene.book.settings
    sources = {**settings.sources, "crm": Source("crm", Secret("sqlite://"))}
    scene.book = replace(scene.book, settings=replace(settings, sources=sources))
    scene.world = replace(scene.world, sources={"shop": scene.source, "crm": crm}, reading=reading)
    return reading


def judged(scene: Scene, at: tuple[int, int, int]) -> list[str]:
    return [outcome.metric for outcome in scene.tick(utc(*at)).outcomes]


def test_a_source_that_hangs_delays_no_other(tmp_path: Path) -> None:
    """The shop is judged while the other source hangs, which is told; what that says at last is judged later."""
    crm = Hanging()
    with a_scene(tmp_path, REVENUE, SIGNUPS) as scene:
        reading = with_two_sources(scene, crm)
        report = scene.tick(utc(10, 10, 6))
        assert [outcome.metric for outcome in report.outcomes] == [REVENUE.name]
        assert report.waiting == ("crm",)
        assert judged(scene, (10, 10, 7)) == []
        crm.let.set()
        reading.wait(["crm"])
        assert judged(scene, (10, 10, 8)) == [SIGNUPS.name]
        assert judged(scene, (10, 10, 9)) == []
        assert judged(scene, (10, 11, 6)) == [REVENUE.name, SIGNUPS.name]


def test_what_is_read_late_is_read_once(tmp_path: Path) -> None:
    """An answer that a tick has not waited for is no reason to ask again."""
    crm = Hanging()
    with a_scene(tmp_path, REVENUE, SIGNUPS) as scene:
        reading = with_two_sources(scene, crm)
        scene.tick(utc(10, 10, 6))
        crm.let.set()
        reading.wait(["crm"])
        asked = len(crm.asked)
        scene.tick(utc(10, 10, 7))
        assert len(crm.asked) == asked


@dataclass
class EndsJustThen:
    """Lanes of which one comes to its end in the moment in which it is about to be asked again."""

    lanes: Threads[Pulled | Failed]
    let: Event

    def __getattr__(self, name: str) -> Any:
        return getattr(self.lanes, name)

    def start(self, key: str, job: Job[Pulled | Failed]) -> bool:
        if key in self.lanes.busy:
            self.let.set()
            self.lanes.wait([key])
        return self.lanes.start(key, job)


def test_an_answer_that_comes_while_a_tick_begins_is_judged_once(tmp_path: Path) -> None:
    """Two answers for one metric in one tick would be two incidents."""
    crm = Hanging()
    with a_scene(tmp_path, REVENUE, SIGNUPS) as scene:
        reading = with_two_sources(scene, crm)
        scene.tick(utc(10, 10, 6))
        scene.world = replace(scene.world, reading=EndsJustThen(reading, crm.let))
        told = judged(scene, (10, 10, 7))
        crm.let.set()
        reading.wait(["crm"])
        told += judged(scene, (10, 10, 8))
        assert told == [SIGNUPS.name]


def test_what_old_rules_asked_for_is_not_kept_for_new_ones(tmp_path: Path) -> None:
    """A slow source that still answers an old query must not write into the history of the new one."""
    slow, quick = Hanging(sales={SIGNUPS.name: lambda _: 7.0}), FakeSource()
    with a_scene(tmp_path, REVENUE, SIGNUPS) as scene:
        old = with_two_sources(scene, slow)
        scene.tick(utc(10, 10, 6))
        old.retire()
        with_two_sources(scene, quick)
        changed = replace(SIGNUPS, empty=EmptyMeans.MISSING, title="Sign-ups, counted anew")
        scene.book = replace(scene.book, metrics={**scene.book.metrics, SIGNUPS.name: changed})
        assert judged(scene, (10, 10, 7)) == [SIGNUPS.name]
        store, since = scene.world.store, utc(1, 0)
        before = store.metric_states()[SIGNUPS.name], store.history([SIGNUPS.name], since)[SIGNUPS.name].values.tolist()
        slow.let.set()
        old.wait(["crm"])
        after = store.metric_states()[SIGNUPS.name], store.history([SIGNUPS.name], since)[SIGNUPS.name].values.tolist()
        assert after == before
        assert 7.0 not in after[1]


def test_a_tick_that_is_told_to_end_records_nothing(tmp_path: Path) -> None:
    """What is not recorded is due still: the next start makes up for it."""
    crm = Hanging()
    with a_scene(tmp_path, REVENUE, SIGNUPS) as scene:
        reading = with_two_sources(scene, crm, SOON_S)
        reading.hurry()
        with pytest.raises(TickAbandoned):
            scene.tick(utc(10, 10, 6))
        crm.let.set()
        assert not scene.world.store.metric_states().get(REVENUE.name)
        scene.world = replace(scene.world, reading=Threads("reading", 4, SOON_S))
        assert judged(scene, (10, 10, 7)) == [REVENUE.name, SIGNUPS.name]


def test_a_channel_that_hangs_delays_no_other_and_gets_nothing_twice(tmp_path: Path) -> None:
    """The second team reads its message at once; the first one's is neither begun again nor lost."""
    with a_scene(tmp_path, REVENUE, replace(SIGNUPS, source="shop")) as scene:
        for name in (REVENUE.name, SIGNUPS.name):
            scene.source.sales[name] = lambda at: 0.0 if at >= utc(10, 9) else rhythm(at)
        post = HangsFor(channel="checkout")
        sending: Threads[Sent] = Threads("sending", 4, 0.5)
        scene.world = replace(scene.world, notifier=post, sending=sending)
        report = scene.tick(utc(10, 10, 6))
        assert [team for team, _ in post.told] == ["growth"]
        assert (report.sent, report.waiting) == (1, ("team checkout, channel 1",))
        assert scene.tick(utc(10, 10, 7)).sent == 0
        post.let.set()
        sending.wait(["team checkout, channel 1"])
        assert scene.tick(utc(10, 10, 8)).sent == 1
        assert sorted(team for team, _ in post.told) == ["checkout", "growth"]
        assert not any(may_repeat for _, _, may_repeat in post.got)
