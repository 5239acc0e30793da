"""Pulling the plug: kill -9 at random moments of ticks loses nothing, and what may have been sent twice says so."""

import json
import os
import select
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Self

import numpy as np
import pytest

from detector.adapters.store import open_store
from receiver import Receiver
from shops import Closure, Shop, local, write_config, write_shop

DAY = date(2026, 3, 10)
FROM, TO = local(DAY - timedelta(days=7), 6), local(DAY, 16)
CLOSURES = tuple(
    Closure(local(DAY - timedelta(days=back), 9), local(DAY - timedelta(days=back), 12)) for back in (0, 1, 4, 5, 6, 7)
)
NURSERY = Path(__file__).resolve().parent.parent / "kill" / "nursery.py"
RULES = """\
team: checkout
services: [checkout-api]
metrics:
  card: {source: shop, table: payments, time: paid_at, where: method = 'card'}
  revenue: {source: shop, table: payments, time: paid_at, kind: revenue, value: sum(amount), unit: EUR}
"""
REPEAT = "possible repeat"


class Nursery:
    """Children that tick until they are done or killed."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(NURSERY)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=60)
        self._process.stdout.close()

    def run(self, config: Path, kill_after_s: float | None = None, **planted: Any) -> int:
        """Tick over the whole span, for so long; the child's exit status (9: killed)."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        said = {"config": str(config), "from": FROM.isoformat(), "to": TO.isoformat(), **planted}
        self._process.stdin.write(json.dumps(said) + "\n")
        self._process.stdin.flush()
        pid = int(self._process.stdout.readline())
        ready, _, _ = select.select([self._process.stdout], [], [], kill_after_s)
        if not ready:
            os.kill(pid, signal.SIGKILL)
        return int(self._process.stdout.readline().split()[1])


@dataclass(frozen=True, slots=True)
class Findings:
    """What the checker has against a run."""

    lost: list[str]
    unmarked_repeats: list[str]
    missing_outcomes: int
    repeats: int


def check(story: "Story") -> Findings:
    """Compare the ledger (decided messages, due buckets) with what arrived."""
    store = open_store(story.store)
    decided = [delivery.notification for delivery in store.deliveries(only_unsent=False, limit=10_000)]
    hours = round((TO - FROM).total_seconds() / 3600)
    outcomes = [store.outcomes(f"checkout/{name}", FROM - timedelta(hours=1)) for name in ("card", "revenue")]
    store.close()
    texts = [(got.json["title"], got.json["message"]) for got in story.receiver.received]
    arrived = Counter((title, text.split("\n" + REPEAT)[0].rstrip()) for title, text in texts)
    ledger = Counter((told.title, told.body.rstrip()) for told in decided)
    marked = Counter(title for title, text in texts if REPEAT in text)
    repeats = arrived - ledger  # two incidents may well be told in the same words
    unmarked = [title for (title, _), count in repeats.items() if count > marked[title]]
    assert decided, "the story must have something to tell"
    missing = sum(hours - len(told) for told in outcomes)
    return Findings([title for title, _ in ledger - arrived], unmarked, missing, repeats.total())


@dataclass(frozen=True, slots=True)
class Story:
    """A week of a shop with six outages: the configuration, the store, and who listens."""

    config: Path
    store: str
    receiver: Receiver


@contextmanager
def a_story(folder: Path, store: str) -> Iterator[Story]:
    source = f"sqlite:///{folder / 'shop.db'}"
    write_shop(Shop(source, DAY, CLOSURES))
    with Receiver() as receiver:
        url = receiver.apprise_url
        config = write_config(folder / "config", source=source, store=store, checkout=url, platform=url, rules=RULES)
        yield Story(config, store, receiver)


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    """With its store in SQLite."""
    with a_story(tmp_path, f"sqlite:///{tmp_path / 'detector.db'}") as made:
        yield made


@pytest.fixture
def postgres_story(tmp_path: Path, postgres_url: str) -> Iterator[Story]:
    """With its store in PostgreSQL."""
    with a_story(tmp_path, postgres_url) as made:
        yield made


def killed_at_random(story: Story, kills: int, longest_s: float, seed: int) -> Findings:
    """Kill until so many kills have hit a tick, then let it finish; more kills than the story is long start it anew."""
    rng = np.random.default_rng(seed)
    hits = 0
    with Nursery() as nursery:
        for _ in range(kills * 3):
            if hits == kills:
                break
            hits += nursery.run(story.config, kill_after_s=float(rng.uniform(0, longest_s))) == signal.SIGKILL
        assert nursery.run(story.config) == 0
    assert hits == kills, f"only {hits} kills hit a tick"
    return check(story)


def test_a_hundred_kills_lose_nothing(story: Story) -> None:
    """Every due bucket has its outcome, every decided message arrives, every repeat is marked."""
    found = killed_at_random(story, kills=100, longest_s=0.25, seed=20260310)
    assert (found.lost, found.unmarked_repeats, found.missing_outcomes) == ([], [], 0)


def test_kills_lose_nothing_with_a_store_in_postgresql(postgres_story: Story) -> None:
    """The same with a store that is another process, which lives on."""
    found = killed_at_random(postgres_story, kills=25, longest_s=0.5, seed=20260311)
    assert (found.lost, found.unmarked_repeats, found.missing_outcomes) == ([], [], 0)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(10))
def test_a_thousand_kills_lose_nothing(story: Story, seed: int) -> None:
    """A hundred kills, ten times over."""
    found = killed_at_random(story, kills=100, longest_s=0.25, seed=seed)
    assert (found.lost, found.unmarked_repeats, found.missing_outcomes) == ([], [], 0)


def test_dying_at_the_moment_of_sending_repeats_at_worst(story: Story) -> None:
    """The message goes out with the next tick, and says that it may be a repeat."""
    with Nursery() as nursery:
        assert nursery.run(story.config, die_at_send=2) == signal.SIGKILL
        assert nursery.run(story.config) == 0
    found = check(story)
    assert (found.lost, found.unmarked_repeats, found.missing_outcomes) == ([], [], 0)
    assert any(REPEAT in got.json["message"] for got in story.receiver.received)


def test_the_checker_finds_a_planted_fault(story: Story) -> None:
    """A detector that marks before it sends loses the message, and the checker says which."""
    with Nursery() as nursery:
        assert nursery.run(story.config, die_at_send=2, mark_first=True) == signal.SIGKILL
        assert nursery.run(story.config) == 0
    assert len(check(story).lost) == 1
