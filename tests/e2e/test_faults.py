"""What goes wrong around a daemon, and what its teams and admins hear of it: the clock, the disk, the channels."""

import io
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from daemons import HandClock
from detector.app.engine import AppEngine
from detector.app.serving import open_daemon
from detector.daemon import Daemon
from receiver import Hang, Receiver, Reply, Reset
from shops import Closure, Shop, local, write_config, write_shop

DAY = date(2026, 3, 10)
MINUTE = timedelta(minutes=1)
HTTP = 'http: {listen: "127.0.0.1:0", tokens: ["token-of-this-test"]}\n'
NIGHT = local(DAY, 23, 59)


@dataclass
class Morning:
    """A daemon on a shop's morning, driven minute by minute."""

    daemon: Daemon
    clock: HandClock
    checkout: Receiver
    platform: Receiver

    @property
    def engine(self) -> AppEngine:
        assert isinstance(self.daemon.engine, AppEngine)
        return self.daemon.engine

    def minutes(self, count: int) -> None:
        """So many ticks, each a minute after the one before."""
        for _ in range(count):
            self.clock.go_on(MINUTE)
            self.daemon.minutes.tick()

    def titles(self, receiver: Receiver) -> list[str]:
        return [got.json["title"] for got in receiver.received]


@contextmanager
def a_morning(folder: Path, closure: Closure, begins_at: datetime, store: Path | None = None) -> Iterator[Morning]:
    """A shop that sells nothing in the closure, and a daemon that has ticked once."""
    with Receiver() as checkout, Receiver() as platform:
        shop = f"sqlite:///{folder / 'shop.db'}"
        write_shop(Shop(shop, DAY, (closure,)))
        config = write_config(
            folder / "config",
            source=shop,
            store=f"sqlite:///{store or folder / 'detector.db'}",
            checkout=checkout.apprise_url,
            platform=platform.apprise_url,
        )
        config.write_text(config.read_text() + HTTP)
        clock = HandClock(begins_at)
        with open_daemon(config, clock=clock, out=io.StringIO()) as daemon:
            daemon.minutes.tick()
            yield Morning(daemon, clock, checkout, platform)
            daemon.lease.give_back()


def test_an_hour_ahead_by_mistake_is_no_outage(tmp_path: Path) -> None:
    """Nothing has been sold yet in hours that are still to come; the admins hear of the clock, the shop of nothing."""
    now = local(DAY, 10, 6)
    with a_morning(tmp_path, Closure(now, NIGHT), now) as morning:
        morning.clock.step(timedelta(hours=1))
        morning.minutes(5)
        morning.clock.step(timedelta(hours=-1))
        morning.minutes(5)
        assert not morning.checkout.received
        ahead, back = morning.titles(morning.platform)
        assert "ahead" in ahead
        assert "back" in back


def test_a_day_back_and_forth_judges_each_bucket_once(tmp_path: Path) -> None:
    """While the clock is a day behind nothing is due; then the hours since are judged, and the outage told once."""
    now = local(DAY, 7, 6)
    with a_morning(tmp_path, Closure(local(DAY, 8), NIGHT), now) as morning:
        store = morning.daemon.engine.store
        morning.clock.step(timedelta(days=-1))
        morning.minutes(130)
        assert not morning.checkout.received
        assert len(store.outcomes("checkout/revenue", now - timedelta(days=2))) == 1
        morning.clock.step(timedelta(days=1))
        morning.minutes(15)
        assert len(morning.checkout.received) == 1
        assert len(store.outcomes("checkout/revenue", now - timedelta(days=2))) == 3
        assert not store.outcome_revisions("checkout/revenue", now - timedelta(days=2))  # type: ignore[attr-defined]  # of the SQL store


@pytest.mark.parametrize(
    ("answers", "attempts", "is_marked"),
    [
        pytest.param((Reply(500), Reply(503)), 3, False, id="500"),
        pytest.param((Reply(429, {"Retry-After": "240"}),), 2, False, id="429"),
        pytest.param((Reset(),), 2, True, id="reset after it was taken"),
    ],
)
def test_a_message_arrives_however_the_channel_fails(
    tmp_path: Path, answers: tuple[Reply | Reset, ...], attempts: int, *, is_marked: bool
) -> None:
    """It is tried again, after as long as the destination asks for; what may have arrived before says so."""
    with a_morning(tmp_path, Closure(local(DAY, 8), NIGHT), local(DAY, 9, 4)) as morning:
        morning.checkout.script(*answers)
        morning.minutes(1)
        assert len(morning.checkout.received) == 1
        morning.minutes(3)
        if isinstance(answers[0], Reply) and answers[0].headers:
            assert len(morning.checkout.received) == 1
        morning.minutes(30)
        got = morning.checkout.received
        assert len(got) == attempts
        assert [("possible repeat" in one.text) for one in got] == [False] * (attempts - 1) + [is_marked]


def test_a_channel_that_hangs_keeps_nobody_waiting(tmp_path: Path) -> None:
    """Another team is told while the first one's channel hangs, whose message is not begun a second time meanwhile."""
    with a_morning(tmp_path, Closure(local(DAY, 8), NIGHT), local(DAY, 9, 4)) as morning:
        morning.checkout.script(Hang())
        morning.engine._sending._patience_s = 0.2
        morning.minutes(2)
        assert len(morning.checkout.received) == 1
        Path(tmp_path / "shop.db").rename(tmp_path / "elsewhere.db")
        morning.clock.go_on(timedelta(hours=1))
        morning.minutes(1)
        assert any("shop" in title for title in morning.titles(morning.platform))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of eight megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "none", folder], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no small disk to fill: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def fill(disk: Path) -> Path:
    """Leave no room at all."""
    file = disk / "filler"
    with file.open("wb", buffering=0) as out, suppress(OSError):
        while True:
            out.write(b"x" * 4096)
    return file


def test_a_full_disk_is_told_and_watching_goes_on(tmp_path: Path, small_disk: Path) -> None:
    """Admins and owners are told past the outbox, once an hour; with room again all goes on by itself."""
    with a_morning(tmp_path, Closure(local(DAY, 8), NIGHT), local(DAY, 8, 58), small_disk / "detector.db") as morning:
        filler = fill(small_disk)
        morning.minutes(20)
        assert len(morning.daemon.engine.store.outcomes("checkout/revenue", local(DAY, 0))) == 1
        (trouble,) = morning.titles(morning.platform)
        assert "store" in trouble
        (alarm,) = morning.checkout.received
        assert "possible repeat" in alarm.text
        filler.unlink()
        morning.minutes(2)
        assert len(morning.daemon.engine.store.outcomes("checkout/revenue", local(DAY, 0))) == 2
        assert len(morning.checkout.received) == 2
        assert ["works again" in title for title in morning.titles(morning.platform)] == [False, True]
