"""A channel dies and comes back, in whole ticks on a real store."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from builders import a_metric
from detector.model.notification import Notification, SendResult
from detector.model.rulebook import Team
from detector.model.secret import Secret
from detector.pipeline.admins import unheard
from worlds import Scene, a_scene, rhythm, utc

NINE = utc(10, 9, 6)
MINUTE = timedelta(minutes=1)


@dataclass
class Mailroom:
    """Delivers to every room but the dead ones."""

    dead: set[str] = field(default_factory=set)
    got: list[tuple[str, str]] = field(default_factory=list)

    def send(self, channel: Secret, notification: Notification, *, may_repeat: bool) -> SendResult:
        del may_repeat
        if channel.label in self.dead:
            return SendResult(ok=False, error=f"{channel.label}: no such room")
        self.got.append((channel.label, str(notification.reason)))
        return SendResult(ok=True)

    @property
    def of_admins(self) -> list[tuple[str, str]]:
        return [one for one in self.got if one[1].startswith("channel")]


def outage(at: datetime) -> float:
    return 0.0 if utc(10, 8) <= at < utc(10, 12) else rhythm(at)


@pytest.fixture
def mail() -> Mailroom:
    return Mailroom()


@pytest.fixture
def scene(tmp_path: Path, mail: Mailroom) -> Iterator[Scene]:
    metric = a_metric(timezone="UTC")
    rooms = {"checkout": ("shop",), "platform": ("ops", "pager")}
    with a_scene(tmp_path, metric, sales={metric.name: outage}) as scene:
        teams = {
            name: Team(name, tuple(Secret(f"json://{room}.example", room) for room in notify))
            for name, notify in rooms.items()
        }
        scene.book = replace(scene.book, settings=replace(scene.book.settings, teams=teams))
        scene.world = replace(scene.world, notifier=mail)
        scene.tick(utc(10, 7, 6))
        yield scene


def minutes(scene: Scene, first: datetime, count: int) -> None:
    for minute in range(count):
        scene.tick(first + minute * MINUTE)


def test_a_dead_channel_is_told_to_the_admins_and_so_is_its_end(scene: Scene, mail: Mailroom) -> None:
    """Once each, on both of their channels; the team's message arrives after all."""
    mail.dead = {"shop"}
    minutes(scene, NINE, 60)
    assert mail.got == [("ops", "channel_failing"), ("pager", "channel_failing")]
    mail.dead = set()
    minutes(scene, NINE + 60 * MINUTE, 60)
    assert ("shop", "opened") in mail.got
    assert mail.of_admins[2:] == [("ops", "channel_back"), ("pager", "channel_back")]


def test_the_channel_that_fails_does_not_carry_the_news_of_it(scene: Scene, mail: Mailroom) -> None:
    """The admins' own first room turns out to be gone as well: they read of that in the other one only."""
    mail.dead = {"shop", "ops"}
    minutes(scene, NINE, 60)
    assert mail.got == [("pager", "channel_failing"), ("pager", "channel_failing")]
    news = [one for one in scene.world.store.deliveries(only_unsent=False) if one.notification.team == "platform"]
    told_of = {
        one.notification.key: [other.channel for other in news if other.notification == one.notification]
        for one in news
    }
    assert sorted(sorted(channels) for channels in told_of.values()) == [[0, 1], [1]]
    assert unheard(scene.world.store.source_health(), scene.book) == ()


def test_where_no_channel_of_the_admins_works_nothing_is_written(scene: Scene, mail: Mailroom) -> None:
    """There is nobody to write to; the dead man's switch is told, and says it outside."""
    mail.dead = {"shop", "ops", "pager"}
    settings = scene.book.settings
    lonely = {**settings.teams, "platform": settings.teams["checkout"]}
    scene.book = replace(scene.book, settings=replace(settings, teams=lonely))
    minutes(scene, NINE, 30)
    reasons = {one.notification.reason for one in scene.world.store.deliveries(only_unsent=False)}
    assert not {str(reason) for reason in reasons} & {"channel_failing", "channel_back"}
    assert "no channel of the admins works" in unheard(scene.world.store.source_health(), scene.book)[0]
