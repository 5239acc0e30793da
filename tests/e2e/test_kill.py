"""Pulling the plug: kill -9 of the daemon at random moments loses nothing, and possible repeats say what they are."""

import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from math import inf
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, Self

import numpy as np
import pytest

from daemon_desk import add_http
from detector.adapters.store import open_store
from detector.model.notification import Delivery, DeliveryStatus
from receiver import Answer, Received, Receiver, Reply
from shops import Closure, Shop, local, write_config, write_shop

DAY = date(2026, 3, 10)
FROM, TO = local(DAY - timedelta(days=7), 6), local(DAY, 20)
FIRST_EVENING, THIRD_EVENING = (local(DAY - timedelta(days=back), 20) for back in (7, 5))
CLOSURES = tuple(
    Closure(local(DAY - timedelta(days=back), hour), local(DAY - timedelta(days=back), hour + 2))
    for back in (0, 1, 4, 5, 6, 7)
    for hour in (9, 15)
)
NURSERY = Path(__file__).resolve().parent.parent / "kill" / "nursery.py"
RULES = """\
team: checkout
services: [checkout-api]
metrics:
  card: {source: shop, table: payments, time: paid_at, where: method = 'card'}
  revenue: {source: shop, table: payments, time: paid_at, kind: revenue, value: sum(amount), unit: EUR}
"""
CHANNELS = ("a", "b", "c")
REPEAT = "possible repeat"
SAFETY_NET_S = 120.0
SENDING_S = 0.005
"""About what lies between the arrival of a message here and its mark in the store there."""

_LOG = logging.getLogger(__name__)


class Bell(Receiver):
    """A receiver that also says at once when something arrives."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: SimpleQueue[str] = SimpleQueue()

    def take(self, request: Received) -> Answer:
        if len(request.body) < int(request.headers["content-length"]):  # its sender died in the middle of it
            return Reply(400)
        self.heard.put("request")
        return super().take(request)


@dataclass
class Moments:
    """Draws when to kill: while a daemon starts, or in one of its first ticks; and where something is sent, often then.

    How long a start and a tick take is learned from what is heard, so that kills hit them on any machine.
    """

    rng: np.random.Generator
    start_s: float = 0.1
    tick_s: float = 0.1
    kill_at_s: float = inf
    _heard_s: float = 0.0
    _ticks: int = 0
    _last_tick: int = 1

    def begin(self, now_s: float) -> None:
        """A daemon starts; one in five is to be killed before it ticks."""
        self._heard_s, self._ticks, self._last_tick = now_s, 0, int(self.rng.integers(1, 4))
        self.kill_at_s = now_s + self.rng.uniform(0, self.start_s) if self.rng.random() < 0.2 else inf

    def tick(self, now_s: float) -> None:
        """A tick begins."""
        took_s, self._heard_s = now_s - self._heard_s, now_s
        self._ticks += 1
        if self._ticks == 1:
            self.start_s += (took_s - self.start_s) / 4
        else:
            self.tick_s += (took_s - self.tick_s) / 4
        if self._ticks == self._last_tick:
            self.kill_at_s = min(self.kill_at_s, now_s + self.rng.uniform(0, self.tick_s))

    def request(self, now_s: float) -> None:
        """Something was sent, and is about to be marked."""
        if self.rng.random() < 0.5:
            self.kill_at_s = min(self.kill_at_s, now_s + self.rng.uniform(0, SENDING_S))


class Never:
    """Lets daemons live."""

    kill_at_s = inf

    def begin(self, now_s: float) -> None:
        """As it likes."""

    tick = request = begin


class Nursery:
    """Daemons that run until their story is over, or they are killed."""

    def __init__(self, bell: Bell) -> None:
        self._heard = bell.heard
        self._process = subprocess.Popen(
            [sys.executable, str(NURSERY)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
            text=True,
        )
        self._reader = Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._heard.put(line.strip())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=60)
        self._reader.join()
        self._process.stdout.close()

    def run(self, story: "Story", moments: Moments | Never | None = None, **planted: Any) -> int:
        """Let one run until it ends or its moment has come; its exit status (9: killed)."""
        assert self._process.stdin is not None
        said = {"config": str(story.config), "log": str(story.log), "from": FROM.isoformat()}
        said["to"] = story.end_at.isoformat()
        self._process.stdin.write(json.dumps({**said, **planted}) + "\n")
        self._process.stdin.flush()
        pid, moments = self._born(), moments or Never()
        moments.begin(time.monotonic())
        while True:
            try:
                event = self._heard.get(timeout=max(0.0, min(moments.kill_at_s - time.monotonic(), SAFETY_NET_S)))
            except Empty:
                os.kill(pid, signal.SIGKILL)
                return self._ended()
            if event.startswith("done"):
                return int(event.split()[1])
            (moments.tick if event == "tick" else moments.request)(time.monotonic())

    def _born(self) -> int:
        while not (event := self._heard.get(timeout=SAFETY_NET_S)).isdigit():
            pass  # what the one before still had on its way
        return int(event)

    def _ended(self) -> int:
        while not (event := self._heard.get(timeout=SAFETY_NET_S)).startswith("done"):
            pass  # it was faster
        return int(event.split()[1])


@dataclass(frozen=True, slots=True)
class Findings:
    """What the checker has against a run."""

    lost: list[str]
    unmarked_repeats: list[str]
    missing_outcomes: int
    unsent: int
    mistakes: list[str]
    repeats: int
    messages: int

    @property
    def is_fine(self) -> bool:
        return not (self.lost or self.unmarked_repeats or self.missing_outcomes or self.unsent or self.mistakes)


def check(story: "Story") -> Findings:
    """Compare the ledger (decided messages and their channels, due buckets) with what arrived."""
    store = open_store(story.store)
    deliveries = store.deliveries(only_unsent=False, limit=10_000)
    hours = round((story.end_at - FROM).total_seconds() / 3600)
    outcomes = [store.outcomes(f"checkout/{name}", FROM - timedelta(hours=1)) for name in ("card", "revenue")]
    store.close()
    assert deliveries, "the story must have something to tell"
    told = [(_path(one), one.notification.title, one.notification.body.rstrip()) for one in deliveries]
    texts = [(got.path, got.json["title"], got.json["message"]) for got in story.bell.received]
    arrived = Counter((path, title, text.split("\n" + REPEAT)[0].rstrip()) for path, title, text in texts)
    marked = Counter((path, title) for path, title, text in texts if REPEAT in text)
    ledger = Counter(told)
    repeats = arrived - ledger  # two incidents may well be told in the same words
    return Findings(
        lost=[f"{path} {title}" for path, title, _ in (ledger - arrived).elements()],
        unmarked_repeats=[title for (path, title, _), count in repeats.items() if count > marked[path, title]],
        missing_outcomes=sum(hours - len({one.span for one in known}) for known in outcomes),
        unsent=sum(one.status is not DeliveryStatus.SENT for one in deliveries),
        mistakes=[line for line in story.log.read_text(encoding="utf-8").splitlines() if _is_mistake(line)],
        repeats=repeats.total(),
        messages=len(deliveries),
    )


def _path(delivery: Delivery) -> str:
    """Admins, who hear of a channel on which a message was begun again and again, have one channel of their own."""
    return "/" if delivery.notification.team == "platform" else f"/{CHANNELS[delivery.channel]}"


def _is_mistake(line: str) -> bool:
    """A daemon that is killed and started again has nothing to complain of, but for one thing.

    A message that was begun five times and never ended looks like a channel that fails; on the admins' own channel that
    is a doubt of the detector about itself.
    """
    is_bad = '"level": "error"' in line or '"level": "critical"' in line
    return is_bad and '"event": "the detector is not well"' not in line


@dataclass(frozen=True, slots=True)
class Story:
    """A week of a shop with twelve outages: the configuration, the store, and who listens on three channels."""

    config: Path
    store: str
    bell: Bell
    end_at: datetime = TO

    @property
    def log(self) -> Path:
        return self.config.with_name("log")


@contextmanager
def a_story(folder: Path, store: str) -> Iterator[Story]:
    source = f"sqlite:///{folder / 'shop.db'}"
    write_shop(Shop(source, DAY, CLOSURES))
    with Bell() as bell:
        channels = '", "'.join(f"{bell.apprise_url}{channel}" for channel in CHANNELS)
        config = write_config(
            folder / "config", source=source, store=store, checkout=channels, platform=bell.apprise_url, rules=RULES
        )
        yield Story(add_http(config), store, bell)


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    """With its store in SQLite."""
    with a_story(tmp_path, f"sqlite:///{tmp_path / 'store.db'}") as made:
        yield made


@pytest.fixture
def first_day(story: Story) -> Story:
    """Its first two outages."""
    return replace(story, end_at=FIRST_EVENING)


@pytest.fixture
def postgres_story(tmp_path: Path, postgres_url: str) -> Iterator[Story]:
    """With its store in PostgreSQL; its first six outages."""
    with a_story(tmp_path, postgres_url) as made:
        yield replace(made, end_at=THIRD_EVENING)


def killed_at_random(story: Story, kills: int, seed: int) -> Findings:
    """Kill so many daemons, one after the other, then let one live through the rest of the story."""
    moments = Moments(np.random.default_rng(seed))
    begun_s = time.monotonic()
    with Nursery(story.bell) as nursery:
        for kill in range(kills):
            status = nursery.run(story, moments)
            assert status == signal.SIGKILL, f"only {kill} kills, then {status}"
        assert nursery.run(story) == 0
    found = check(story)
    _LOG.info(
        "%d kills, %.1f s: %d messages, %d repeats", kills, time.monotonic() - begun_s, found.messages, found.repeats
    )
    return found


def test_a_hundred_kills_lose_nothing(story: Story) -> None:
    """Every due bucket has its outcome, every decided message arrives on each channel, every repeat is marked."""
    found = killed_at_random(story, kills=100, seed=20260310)
    assert found.is_fine, found


def test_kills_lose_nothing_with_a_store_in_postgresql(postgres_story: Story) -> None:
    """The same with a store that is another process, which lives on."""
    found = killed_at_random(postgres_story, kills=25, seed=20260311)
    assert found.is_fine, found


@pytest.mark.long
@pytest.mark.parametrize("seed", range(10))
def test_a_thousand_kills_lose_nothing(story: Story, seed: int) -> None:
    """A hundred kills, ten times over."""
    found = killed_at_random(story, kills=100, seed=seed)
    assert found.is_fine, found


def test_dying_at_the_moment_of_sending_repeats_at_worst(first_day: Story) -> None:
    """The message goes out with the next tick, and says that it may be a repeat."""
    with Nursery(first_day.bell) as nursery:
        assert nursery.run(first_day, die_at_send=2) == signal.SIGKILL
        assert nursery.run(first_day) == 0
    found = check(first_day)
    assert found.is_fine, found
    assert any(REPEAT in got.json["message"] for got in first_day.bell.received)


def test_the_checker_finds_a_planted_fault(first_day: Story) -> None:
    """A detector that marks before it sends loses the message, and the checker says which."""
    with Nursery(first_day.bell) as nursery:
        assert nursery.run(first_day, die_at_send=2, mark_first=True) == signal.SIGKILL
        assert nursery.run(first_day) == 0
    assert check(first_day).lost
