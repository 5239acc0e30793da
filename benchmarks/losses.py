"""How often the interval of a loss, as an alert tells it, holds what was truly lost.

    PYTHONPATH=tests python -m benchmarks.losses [--shops 1500] [--seed 11] [--sway 1]

Shops of 3 to 300 orders an hour, with a rhythm of hours and weekdays, a growth, and days and hours that stray together
as weather and campaigns make them. In each something takes all, half or a third of the orders for 2 to 12 hours; in one
of three some of the buyers come back in the hours after it. What the fault took is counted order by order. Every bucket
is judged as the daemon does it, and the loss is what its incident says: in the first message, and once it is over.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import cast

import numpy as np

from builders import a_metric, an_incident
from detector.model.grid import Grid, grid_of
from detector.model.incident import IncidentMetric
from detector.model.metric import AlertPolicy, Direction, Kind
from detector.model.panel import Floats, Panel
from detector.model.span import Span
from detector.model.verdict import Loss, Outcome
from detector.pipeline.anomalies import find_parts
from detector.pipeline.judging import CONTEXT, KINDS, Judged
from detector.pipeline.pulled import Pulled
from detector.pipeline.recall import Memory
from detector.stats.judge import Judgement, VerdictCode, Watch, judge

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
DAYS, LAST_DAYS = 70, 3
FAULTS = {"all": 1.0, "half": 0.5, "a third": 1 / 3}
BACK_HOURS = 3
NONE = 1e-9


@dataclass(frozen=True)
class Trade:
    """What came, and what the fault took, by shop and bucket; (m, n) each.

    Attributes:
        came: amounts or orders, with those that came back.
        taken: by the fault.
        returned: of that, what was bought right after it.
        part: which part the fault takes, (m,).
        begins, ends: of the fault, in hours, (m,).
    """

    grid: Grid
    came: Floats
    taken: Floats
    returned: Floats
    part: Floats
    begins: Floats
    ends: Floats


@dataclass(frozen=True)
class Told:
    """A loss as it was told, what was truly lost until then, and what of that in the hours that it is told of."""

    loss: Loss
    true: float
    within: float


@dataclass(frozen=True)
class Case:
    """One fault that was found.

    Attributes:
        part: of the orders, that it took.
        first: in the first message.
        over: once it was over, against all that it took.
        is_early: it was called over more than an hour before it was.
        returned: what truly came back.
    """

    part: float
    first: Told
    over: Told
    is_early: bool
    returned: float


def a_trade(rng: np.random.Generator, shops: int, kind: Kind, sway: float = 1.0) -> Trade:
    hours = (DAYS + LAST_DAYS) * 24
    grid = grid_of("UTC", 3600, Span(MONDAY, MONDAY + timedelta(hours=hours)))
    rate = usual_orders(rng, shops, hours) * strays(rng, shops, hours) ** sway
    begins = DAYS * 24 + rng.uniform(0, 24, shops)
    ends = begins + rng.uniform(2, 12, shops)
    part = rng.choice(list(FAULTS.values()), shops)
    at = np.arange(hours)
    inside = np.clip(np.minimum(at + 1, ends[:, None]) - np.maximum(at, begins[:, None]), 0, 1)
    lost = rng.poisson(rate * inside * part[:, None]).astype(float)
    left = rng.poisson(rate * (1 - inside * part[:, None])).astype(float)
    back = rng.choice([0.0, 0.0, 0.5], shops)
    again = np.zeros(lost.shape)
    for shop in np.flatnonzero(back).tolist():
        first = int(np.ceil(ends[shop]))
        of = rng.binomial(int(lost[shop].sum()), back[shop])
        again[shop, first : first + BACK_HOURS] = rng.multinomial(of, np.full(BACK_HOURS, 1 / BACK_HOURS))
    if kind is Kind.REVENUE:  # an order is worth a gamma number, and a sum of them is one again
        shape, basket = rng.uniform(0.7, 3.0, (shops, 1)), rng.uniform(10, 100, (shops, 1))
        lost, left, again = (rng.gamma(np.maximum(n * shape, NONE)) * basket / shape for n in (lost, left, again))
    return Trade(grid, left + again, lost, again, part, begins, ends)


def usual_orders(rng: np.random.Generator, shops: int, hours: int) -> Floats:
    """Expected orders of each hour: a wave over the day with a peak of its own, weaker or stronger weekends, growth."""
    at = np.arange(hours)
    mean = np.exp(rng.uniform(np.log(3), np.log(300), shops))[:, None]
    depth, peak = rng.uniform(0.4, 1.6, (shops, 1)), rng.uniform(11, 21, (shops, 1))
    wave = np.exp(depth * np.cos((at - peak) / 24 * 2 * np.pi))
    day = rng.normal(0, 0.2, (shops, 7))[:, at // 24 % 7]
    growth = rng.normal(0, 0.01, (shops, 1)) * at / 168
    usual = wave / wave.mean(axis=1, keepdims=True) * np.exp(day + growth)
    return np.asarray(mean * usual)


def strays(rng: np.random.Generator, shops: int, hours: int) -> Floats:
    """How days and hours stray together: a factor of each day, and one that goes on from hour to hour."""
    of_day, of_hour = rng.uniform(0, 0.1, (2, shops, 1))
    daily = rng.standard_normal((shops, hours // 24)).repeat(24, axis=1)
    stays = rng.uniform(0.3, 0.9, shops)
    hourly = rng.standard_normal((shops, hours))
    for hour in range(1, hours):
        hourly[:, hour] = stays * hourly[:, hour - 1] + np.sqrt(1 - stays**2) * hourly[:, hour]
    return np.asarray(np.exp(of_day * daily + of_hour * hourly))


def cases_of(trade: Trade, kind: Kind) -> Iterator[Case]:
    """Those that are found."""
    shops, hours = trade.came.shape
    known = np.ones(trade.came.shape, dtype=bool)
    panel = Panel(tuple(map(str, range(shops))), trade.grid, trade.came, known, known, np.zeros(hours, dtype=bool))
    newest = LAST_DAYS * 24 + CONTEXT
    judgement = judge(panel, Watch(kind, Direction.DROP, AlertPolicy().false_alarms.per_second), newest)
    for shop in range(shops):
        parts = list(parts_of(trade, kind, shop, outcomes_of(trade, judgement, shop, newest)))
        if parts:
            yield a_case(trade, shop, parts[0], parts[-1])


def outcomes_of(trade: Trade, judgement: Judgement, shop: int, newest: int) -> list[Outcome]:
    first = trade.came.shape[1] - newest
    return [
        Outcome(
            metric="checkout/revenue",
            span=trade.grid.span(first + k),
            kind=KINDS[VerdictCode(int(judgement.verdict[shop, k]))],
            judged_at=trade.grid.span(first + k).end_at,
            value=float(trade.came[shop, first + k]),
            expected=float(judgement.expected[shop, k]),
            low=float(judgement.low[shop, k]),
            high=float(judgement.high[shop, k]),
            spread=float(judgement.spread[shop, k]),
            score=float(judgement.score[shop, k]),
            in_range=bool(judgement.in_range[shop, k]),
        )
        for k in range(newest)
    ]


def parts_of(trade: Trade, kind: Kind, shop: int, outcomes: Sequence[Outcome]) -> Iterator[tuple[int, IncidentMetric]]:
    """One fault hour by hour, as ticks follow it: from the message that tells of it until it is over."""
    start = trade.came.shape[1] - len(outcomes)
    begin, end = int(trade.begins[shop]) - start, trade.ends[shop] - start
    pulled = cast("Pulled", SimpleNamespace(metric=a_metric(kind=kind)))
    part: IncidentMetric | None = None
    for k in range(begin, len(outcomes)):
        if part is None and k >= end:
            return
        judged = Judged(pulled, (outcomes[k],), (), (), tuple(outcomes[begin - CONTEXT : k + 1]))
        live = () if part is None else (an_incident(metrics=(part,)),)
        found = find_parts(judged, Memory({}, {}, live, (), 1, None))
        part = found.continued if part is not None else next(iter(found.fresh), None)
        if part is not None:
            yield start + k + 1, part
            if part.ended_at is not None:
                return


def a_case(trade: Trade, shop: int, begun: tuple[int, IncidentMetric], ended: tuple[int, IncidentMetric]) -> Case:
    taken = trade.taken[shop]
    until, first = begun
    over = ended[1]
    left = trade.ends[shop] - (over.span.end_at - MONDAY) / timedelta(hours=1)
    return Case(
        part=float(trade.part[shop]),
        first=Told(first.loss, float(taken[:until].sum()), within(taken, first.span)),
        over=Told(over.loss, float(taken.sum()), within(taken, over.span)),
        is_early=bool(left > 1),
        returned=float(trade.returned[shop].sum()),
    )


def within(taken: Floats, span: Span) -> float:
    first, last = (round((at - MONDAY) / timedelta(hours=1)) for at in (span.start_at, span.end_at))
    return float(taken[first:last].sum())


def summary(told: Sequence[Told]) -> str:
    true, of_hours = np.array([(one.true, one.within) for one in told]).T
    amount, low, high = np.array([(one.loss.amount, one.loss.low, one.loss.high) for one in told]).T
    some = (true > 0) & (of_hours > 0)
    return (
        f"{np.mean((low <= true) & (true <= high)):.2f} inside ({np.mean(true < low):.2f} lost less, "
        f"{np.mean(true > high):.2f} more), told / true {np.median(amount[some] / true[some]):.2f}, "
        f"width / true {np.median((high - low)[some] / true[some]):.2f}; of the hours told "
        f"{np.mean((low <= of_hours) & (of_hours <= high)):.2f}, {np.median(amount[some] / of_hours[some]):.2f}"
    )


def returns(cases: Sequence[Case]) -> str:
    came = [case for case in cases if case.returned > 0]
    none = [case for case in cases if case.returned == 0]
    told = [case.over.loss.came_back / case.returned for case in came if case.over.loss.came_back > 0]
    wrong = sum(case.over.loss.came_back > 0 for case in none)
    middle = f", {np.median(told):.2f} of it in the median" if told else ""
    return f"of {len(came)} with a return it was told of {len(told)}{middle}; of {len(none)} without, of {wrong}"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shops", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument(
        "--sway", type=float, default=1.0, help="how far days and hours stray, as a power; 0: not at all"
    )
    said = parser.parse_args(arguments)
    for kind in (Kind.REVENUE, Kind.COUNT):
        rng = np.random.default_rng([said.seed, kind is Kind.COUNT])
        trade = a_trade(rng, said.shops, kind, said.sway)
        cases = list(cases_of(trade, kind))
        for name, part in FAULTS.items():
            found = [case for case in cases if case.part == part]
            to_the_end = [case.over for case in found if not case.is_early]
            print(f"{kind}, {name} of the orders: {len(found)} of {np.sum(trade.part == part)} found")
            print(f"    first message: {summary([case.first for case in found])}")
            print(f"    once over:     {summary([case.over for case in found])}")
            print(f"    of those, {len(to_the_end)} not called over too early: {summary(to_the_end)}", flush=True)
        print(f"    {kind}, came back: {returns(cases)}")


if __name__ == "__main__":
    main()
