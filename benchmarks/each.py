"""What `each:` costs: members of one rule, from what the store keeps of them to a steady tick.

    PYTHONPATH=tests python -m benchmarks.each [--members 50 1000 10000] [--rows 2000000]

For each number of members: ten weeks of hours of all of them are put into a SQLite store, read back (`back in memory`),
and a tick's two days are written over them. Then the steady tick of that one rule, with a source that answers from an
array, so that what is measured is the detector, and the judging alone. At last the statement for all members, on a
SQLite table of `--rows` payments over eleven weeks with an index on its time. Times are medians of five, but for the
first history and what `--once` shortens; memory is the highest of the process so far.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from unittest.mock import patch

import numpy as np
import sqlalchemy as sa

from benchmarks.shop_of_parts import print_machine
from builders import a_metric
from detector.adapters.sources import open_source
from detector.adapters.store import open_store
from detector.alerting.due import HISTORY
from detector.model.grid import grid_of
from detector.model.metric import Metric, ShortForm
from detector.model.panel import Floats, Panel
from detector.model.rows import BucketRows, MemberRows
from detector.model.rulebook import Source
from detector.model.secret import Secret
from detector.model.span import Span, epoch_s
from detector.model.state import MemberBlock, Members, Seasons, TickChanges
from detector.pipeline import judge_members
from detector.pipeline.tick import run_tick
from detector.pipeline.world import World
from detector.stats.judge import Company, Judgement, Watch, judge
from worlds import FakeSource, Postbox, Quiet, a_book, utc

ROUNDS = 5
NOW = utc(10, 9, 6)
FIRST = NOW - timedelta(weeks=12)
QUERY = ShortForm("payments", "paid_at", "sum(amount)", each="customer")


def a_rule(members: int) -> Metric:
    return a_metric(timezone="UTC", query=replace(QUERY, limit=members))


def names_of(members: int) -> tuple[str, ...]:
    return tuple(f"customer-{number:05}" for number in range(members))


@dataclass
class Arrays(FakeSource):
    """Answers from one array of hours and members; sizes fall as one over the rank, so most members are thin."""

    values: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    names: tuple[str, ...] = ()

    def _columns(self, span: Span) -> slice:
        hours = [(at - FIRST.replace(minute=0)) // timedelta(hours=1) for at in (span.start_at, span.end_at)]
        return slice(*hours)

    def volumes(self, metric: Metric, span: Span, most: int) -> Mapping[str, float]:
        del metric
        found = self.values[:, self._columns(span)].sum(axis=1).tolist()
        return dict(list(zip(self.names, found, strict=True))[:most])

    def read_members(self, metric: Metric, names: Sequence[str], span: Span) -> MemberRows:
        starts = grid_of(metric.timezone, metric.every_s, span).starts
        if len(names) == len(self.names):
            values = self.values[:, self._columns(span)]
        else:
            rows = [int(name.rpartition("-")[2]) for name in names]
            values = self.values[rows][:, self._columns(span)]
        return MemberRows(tuple(names), starts, np.where(values > 0, values, np.nan), values > 0)

    def read(self, metric: Metric, span: Span) -> BucketRows:
        starts = grid_of(metric.timezone, metric.every_s, span).starts
        return BucketRows(starts, self.values[:, self._columns(span)].sum(axis=0))


def sold(members: int) -> Floats:
    """Twelve weeks and two days of hours; day and night, a rank that falls slowly, and chance."""
    rng = np.random.default_rng(20260310)
    hours = np.arange(24 * (7 * 12 + 2))
    day = np.where((hours % 24 >= 6) & (hours % 24 < 20), 1.0, 0.1)
    rate = 200.0 / (1.0 + np.arange(members)) ** 0.6
    counts = rng.poisson(rate[:, None] * day)
    found: Floats = counts * rng.gamma(4.0, 10.0, counts.shape)
    return found


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def measure_store(folder: Path, members: int, values: Floats) -> None:
    metric = a_rule(members)
    span = Span(NOW.replace(minute=0) - HISTORY, NOW.replace(minute=0))
    grid = grid_of("UTC", 3600, span)
    ten_weeks = np.ascontiguousarray(values[:, : len(grid)])
    block = MemberBlock(metric.name, grid.starts, ten_weeks, np.ones(ten_weeks.shape, dtype=bool))
    state = Members(metric.name, "f", names_of(members), members, span.start_at, span.end_at)
    newest = MemberBlock(metric.name, grid.starts[-48:], ten_weeks[:, -48:] + 1.0, block.teaches[:, -48:])
    with closing(open_store(f"sqlite:///{folder / 'store.db'}")) as store, store.exclusive():
        print(f"  ten weeks kept in {timed(lambda: store.choose_members(state, block)):.2f} s")
        back = [timed(lambda: store.member_history(metric.name, span.start_at)) for _ in range(ROUNDS)]
        again = [replace(newest, values=newest.values + turn) for turn in range(ROUNDS)]
        two_days = [TickChanges(NOW, members=(state,), member_history=(one,)) for one in again]
        over = [timed(partial(store.commit, one)) for one in two_days]
        print(f"  back in memory in {statistics.median(back):.3f} s")
        print(f"  two days written over in {statistics.median(over):.3f} s")
        print(f"  the store has {store.size_bytes() / 1e6:.0f} MB")


def measure_ticks(folder: Path, members: int, values: Floats, rounds: int) -> None:
    metric = a_rule(members)
    source = Arrays(values=values, names=names_of(members))
    judging: list[float] = []

    def watched(
        panel: Panel, watch: Watch, newest: int, seasons: Sequence[Seasons] | None, *, together: bool | Company
    ) -> Judgement:
        began = time.perf_counter()
        found = judge(panel, watch, newest, seasons, together=together)
        judging.append(time.perf_counter() - began)
        return found

    with (
        closing(open_store(f"sqlite:///{folder / 'ticks.db'}")) as store,
        patch.object(judge_members, "judge", watched),
    ):
        world, book = World(store, {"shop": source}, Postbox(), Quiet()), a_book(metric)
        print(f"  first tick with ten weeks of history {timed(lambda: run_tick(book, world, NOW)):.2f} s")
        judging.clear()
        ticks = [timed(partial(run_tick, book, world, NOW + timedelta(hours=hour))) for hour in range(1, rounds + 1)]
    tick, judged = statistics.median(ticks), statistics.median(judging)
    print(f"  steady tick {tick:.2f} s, of which judging all of them {judged:.2f} s; the rest {tick - judged:.2f} s")


def measure_source(folder: Path, members: int, rows: int) -> None:
    file = folder / "shop.db"
    engine = sa.create_engine(f"sqlite:///{file}")
    first, seconds = epoch_s(NOW - timedelta(weeks=11)), 11 * 7 * 86_400
    fill = (
        "INSERT INTO payments WITH RECURSIVE s(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM s WHERE n < :rows - 1) "
        "SELECT :first + n * :seconds / :rows, printf('customer-%05d', abs(random()) % :members), 40.0 FROM s"
    )
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE payments (paid_at integer, customer text, amount real)"))
        connection.execute(sa.text(fill), {"rows": rows, "first": first, "seconds": seconds, "members": members})
        connection.execute(sa.text("CREATE INDEX payments_paid_at ON payments (paid_at)"))
    engine.dispose()
    metric, names = a_rule(members), names_of(members)
    until = NOW.replace(minute=0)
    with open_source(Source("shop", Secret(f"sqlite:///{file}"), timeout_s=600)) as source:

        def two_days(of: Callable[[Span], object]) -> float:
            return statistics.median(timed(lambda: of(Span(until - timedelta(days=2), until))) for _ in range(ROUNDS))

        whole = two_days(lambda span: source.read(metric, span))
        each = two_days(lambda span: source.read_members(metric, names, span))
        sizes = timed(lambda: source.volumes(metric, Span(until - timedelta(days=7), until), 4 * members))
    print(f"  two days of the whole {whole:.2f} s, of each member {each:.2f} s; sizes over a week {sizes:.2f} s")


def peak_mb() -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM"))


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--members", type=int, nargs="+", default=[50, 1000, 10_000])
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--once", action="store_true", help="one steady tick in place of five")
    said = parser.parse_args(arguments)
    print_machine()
    for members in said.members:
        values = sold(members)
        print(f"{members} members, {values[:, : 24 * 70].nbytes / 1e6:.0f} MB of ten weeks")
        with tempfile.TemporaryDirectory(prefix="detector-each-") as name:
            folder = Path(name)
            measure_store(folder, members, values)
            measure_ticks(folder, members, values, 1 if said.once else ROUNDS)
            if said.rows:
                measure_source(folder, members, said.rows)
        print(f"  highest memory so far {peak_mb():.0f} MB", flush=True)


if __name__ == "__main__":
    main()
