"""How many deploys a second can be posted without delaying a tick.

    PYTHONPATH=tests python -m benchmarks.posts [--metrics 100] [--rounds 5] [--store URL]

A daemon in a process of its own ticks, hour by hour, each time with all metrics due: the busiest minute that there is.
Clients in this process post deploys over real HTTP meanwhile. First with the pace limits as they are: four tokens, each
as fast as it may (ten a second), and a flood of four clients with one token that never wait. Then without limits: at
fixed rates, as fast as it goes, and the same while nothing ticks. Each round has a tick of every kind, beginning with a
quiet one; medians of the rounds.
"""

import argparse
import http.client
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter as Counted
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any

from benchmarks.shop_of_parts import (
    HOUR,
    NINE,
    SEEN_BY_SOURCE,
    Counter,
    Layout,
    lay_out,
    median,
    mimic_past,
    print_machine,
    trade_until,
    write_shop,
)
from daemons import HandClock
from detector.app.serving import Front, open_daemon
from detector.web import gate, recording

TOKENS = tuple(f"token-of-client-{number}" for number in range(4))
SERVICES = 50
WITHOUT_TICK_S = 2.0
UNHINDERED = 1e9
PER_TOKEN_S = 10.0
RATES = (10.0, 50.0, 100.0)

_numbers = count(1)


@dataclass(slots=True)
class WebClock:
    """The simulated time for what is posted, and real seconds for the pace of whoever posts."""

    walking: HandClock

    def now(self) -> datetime:
        return self.walking.now()

    def elapsed_s(self) -> float:
        return time.monotonic()


def serve(config: Path, *, is_limited: bool) -> None:
    """The daemon's side: a tick for each line that comes in, and how long it took on a line that goes out."""
    if not is_limited:
        gate.PER_S = gate.BURST = UNHINDERED
        recording.PER_HOUR = int(UNHINDERED)
    clock = HandClock(NINE.replace(minute=6))
    with open_daemon(config, clock=WebClock(clock), notifier=Counter(), out=Path("/dev/null").open("w")) as daemon:
        daemon.minutes._clock = clock  # noqa: SLF001 - hours go by without anybody setting the clock
        daemon.minutes._steps.at, daemon.minutes._steps.elapsed_s = clock.at, clock.elapsed  # noqa: SLF001 - as above
        assert isinstance(daemon.server, Front)
        daemon.server.start()
        print(json.dumps({"port": daemon.server.server.address[1]}), flush=True)
        for _ in sys.stdin:
            clock.go_on(HOUR)
            began = time.perf_counter()
            daemon.minutes.tick()
            took = time.perf_counter() - began
            states = daemon.engine.store.metric_states().values()
            behind = sum(one.judged_until != clock.at.replace(minute=0) for one in states)
            print(json.dumps({"tick_s": took, "behind": behind}), flush=True)
        daemon.lease.give_back()


@dataclass(slots=True)
class Posting:
    """Clients at work, and what they were answered."""

    port: int
    tokens: Sequence[str] = TOKENS
    answers: Counted[int] = field(default_factory=Counted)
    waits_s: list[float] = field(default_factory=list)
    _turn: Lock = field(default_factory=Lock)
    _is_over: Event = field(default_factory=Event)
    _threads: list[Thread] = field(default_factory=list)

    def start(self, clients: int, per_s: float | None) -> None:
        """`per_s` is the rate of them all; None: each posts again as soon as it is answered."""
        pause_s = 0.0 if per_s is None else clients / per_s
        self._threads = [Thread(target=self._post, args=(number, pause_s)) for number in range(clients)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def _post(self, client: int, pause_s: float) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        next_s = time.monotonic() + pause_s * client / len(TOKENS)
        while not self._is_over.wait(max(0.0, next_s - time.monotonic())):
            next_s += pause_s
            began = time.perf_counter()
            status = _ask(connection, self.tokens[client % len(self.tokens)])
            with self._turn:
                self.answers[status] += 1
                self.waits_s.append(time.perf_counter() - began)
        connection.close()


def _ask(connection: http.client.HTTPConnection, token: str) -> int:
    number = next(_numbers)
    deploy = {"service": f"service{number % SERVICES}", "version": f"v{number}", "id": f"run-{number}"}
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    connection.request("POST", "/api/v1/deploys", json.dumps(deploy), headers)
    answer = connection.getresponse()
    answer.read()
    return answer.status


@dataclass(slots=True)
class Kind:
    """One kind of load, and what its rounds gave."""

    name: str
    clients: int = 0
    per_s: float | None = None
    tokens: Sequence[str] = TOKENS
    has_tick: bool = True
    ticks_s: list[float] = field(default_factory=list)
    kept: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    slowest_s: list[float] = field(default_factory=list)


class Ticking:
    """The daemon's process as this side sees it."""

    def __init__(self, config: Path, *, is_limited: bool) -> None:
        limits = [] if is_limited else ["--without-limits"]
        command = [sys.executable, "-m", "benchmarks.posts", "--serve", str(config), *limits]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self._read()["port"])

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())  # type: ignore[no-any-return]  # our own line

    def tick(self) -> float:
        assert self._process.stdin is not None
        self._process.stdin.write("tick\n")
        self._process.stdin.flush()
        said = self._read()
        assert said["behind"] == 0, f"{said['behind']} metrics were left to a later tick"
        return float(said["tick_s"])

    def close(self) -> None:
        self._process.communicate()


@contextmanager
def ticking(config: Path, *, is_limited: bool) -> Iterator[Ticking]:
    made = Ticking(config, is_limited=is_limited)
    try:
        made.tick()  # the first one has walks and seasons to find
        yield made
    finally:
        made.close()


def play(daemon: Ticking, kinds: Sequence[Kind], rounds: int) -> None:
    for _ in range(rounds):
        for kind in kinds:
            posting = Posting(daemon.port, kind.tokens)
            began = time.monotonic()
            posting.start(kind.clients, kind.per_s)
            if kind.has_tick:
                kind.ticks_s.append(daemon.tick())
            else:
                Event().wait(WITHOUT_TICK_S)
            posting.stop()
            lasted_s = time.monotonic() - began
            good = sum(posting.answers[status] for status in (200, 201, 202))
            kind.kept.append(good / lasted_s)
            kind.refused.append(posting.answers[429] / lasted_s)
            kind.slowest_s.append(max(posting.waits_s, default=0.0))
            others = {status: n for status, n in posting.answers.items() if status not in {200, 201, 202, 429}}
            assert not others, f"answers that nobody expected: {others}"


def show(kinds: Sequence[Kind]) -> None:
    print(f"{'':34}{'tick s':>8}{'x quiet':>9}{'kept/s':>8}{'429/s':>8}{'slowest s':>11}")
    quiet = median(kinds[0].ticks_s)
    for kind in kinds:
        tick = median(kind.ticks_s) if kind.has_tick else float("nan")
        told = (median(kind.kept), median(kind.refused), median(kind.slowest_s))
        print(f"{kind.name:34}{tick:8.2f}{tick / quiet:9.2f}{told[0]:8.0f}{told[1]:8.0f}{told[2]:11.3f}", flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--metrics", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--store", default="sqlite:///detector.db")
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--without-limits", action="store_true", help=argparse.SUPPRESS)
    said = parser.parse_args(arguments)
    if said.serve is not None:
        serve(said.serve, is_limited=not said.without_limits)
        return
    print_machine()
    limited = [
        Kind("quiet"),
        Kind("4 clients, as fast as is allowed", 4, 4 * PER_TOKEN_S),
        Kind("flood of 4 clients with 1 token", 4, None, TOKENS[:1]),
    ]
    free = [
        Kind("quiet"),
        *(Kind(f"{rate:.0f} a second", 4, rate) for rate in RATES),
        Kind("as fast as it goes", 4),
        Kind("as fast as it goes, without a tick", 4, has_tick=False),
    ]
    with tempfile.TemporaryDirectory(prefix="detector-posts-") as name:
        folder = Path(name)
        trade = trade_until(NINE + 100 * HOUR, said.metrics)
        write_shop(folder / "shop.db", trade, NINE - SEEN_BY_SOURCE)
        for title, kinds, is_limited in (("with the limits", limited, True), ("without limits", free, False)):
            layout = Layout(
                said.metrics, f"sqlite:///{folder / 'shop.db'}", said.store, tokens=TOKENS, services=SERVICES
            )
            config = lay_out(folder / title, layout)
            mimic_past(config, trade, NINE)
            print(f"{title}, ticks of {said.metrics} metrics")
            with ticking(config, is_limited=is_limited) as daemon:
                play(daemon, kinds, said.rounds)
            show(kinds)


if __name__ == "__main__":
    main()
