"""Members of one rule: the thin ones lean on what all have in common."""

from dataclasses import replace

import numpy as np
import pytest

from detector.model.metric import Kind
from detector.model.panel import Panel
from detector.stats.days import days_of
from detector.stats.judge import Judgement, VerdictCode, company_of, judge
from detector.stats.memory import kept
from rhythms import HOURS, WEEKDAYS, a_watch, episodes, panel_of, same

WEEK = 168
RATES = np.geomspace(1 / 3, 300, 60)


def members(
    seed: int, days: int, rates: np.ndarray = RATES, kind: Kind = Kind.COUNT, late: np.ndarray | None = None
) -> tuple[Panel, np.ndarray]:
    """Orders of members at an hourly rate in the morning, and what was to be expected; some are `late`."""
    rng = np.random.default_rng(seed)
    hours = np.arange(24 * days)
    base = HOURS[hours % 24] * WEEKDAYS[hours // 24 % 7]
    shift = np.zeros(rates.size, int) if late is None else late
    usual = np.array([rate * np.roll(base, by) for rate, by in zip(rates, shift, strict=True)])
    orders = rng.poisson(usual * rng.gamma(100.0, 0.01, (rates.size, days))[:, hours // 24]).astype(float)
    if kind is Kind.COUNT:
        return panel_of(orders), usual
    return panel_of(np.where(orders > 0, rng.gamma(np.maximum(orders, 1)) * 40.0, 0.0)), 40.0 * usual


def stray(judgement: Judgement, usual: np.ndarray) -> np.ndarray:
    """How far the expectation of each member is from the truth, of its mean bucket."""
    truth = usual[:, -judgement.expected.shape[1] :]
    found: np.ndarray = np.sqrt(np.nanmean((judgement.expected - truth) ** 2, axis=1)) / truth.mean(axis=1)
    return found


def recall(panel: Panel, kind: Kind = Kind.COUNT, *, together: bool) -> np.ndarray:
    """Of three half days in the last week, at each of which a member sells nothing, how many are found."""
    company = company_of(panel, kind) if together else None
    hits = []
    for begin in (8, 57, 104):
        broken = panel.values.copy()
        first = len(panel.grid) - WEEK + begin
        broken[:, first : first + 12] = 0.0  # each by itself: the company is that of whole members
        judgement = judge(replace(panel, values=broken), a_watch(kind), WEEK, together=company or False)
        hits.append((judgement.verdict[:, begin : begin + 12] == VerdictCode.ANOMALOUS).any(axis=1))
    found: np.ndarray = np.mean(hits, axis=0)
    return found


@pytest.mark.parametrize(
    ("kind", "days", "part"), [(Kind.COUNT, 28, 0.5), (Kind.COUNT, 70, 0.65), (Kind.REVENUE, 70, 0.8)]
)
def test_the_thin_are_expected_better(kind: Kind, days: int, part: float) -> None:
    """Members that share a rhythm, of one order in three hours on: expectations err by much less."""
    panel, usual = members(3, days, kind=kind)
    alone = stray(judge(panel, a_watch(kind), WEEK), usual)
    leaning = stray(judge(panel, a_watch(kind), WEEK, together=True), usual)
    thin = RATES < 5
    assert np.median(leaning[thin]) < part * np.median(alone[thin])
    assert np.median(leaning[~thin]) < 1.02 * np.median(alone[~thin])


def test_outages_of_the_thin_are_found_more_often() -> None:
    """Half a day of nothing at members of less than an order an hour is found more often, at the same false alarms."""
    rates, alone, leaning, alarms = np.geomspace(1 / 3, 1, 20), [], [], [0, 0]
    for seed in range(4):
        panel, _ = members(seed, 28, np.concatenate([rates, RATES[20:]]))
        alone.append(recall(panel, together=False)[:20])
        leaning.append(recall(panel, together=True)[:20])
        for place, together in enumerate((False, True)):
            alarms[place] += episodes(judge(panel, a_watch(), WEEK, together=together).verdict[:20])
    assert np.mean(leaning) > np.mean(alone) + 0.05
    assert alarms[1] <= alarms[0] + 2


@pytest.mark.parametrize("kind", [Kind.COUNT, Kind.REVENUE])
def test_who_goes_its_own_way_is_not_harmed(kind: Kind) -> None:
    """Members nine hours behind the others are expected as well as alone, and their outages are found as often."""
    late = np.where(np.arange(RATES.size) % 4 == 0, 9, 0)
    panel, usual = members(5, 70, kind=kind, late=late)
    alone = stray(judge(panel, a_watch(kind), WEEK), usual)[late > 0]
    leaning = stray(judge(panel, a_watch(kind), WEEK, together=True), usual)[late > 0]
    assert np.median(leaning / alone) < 1.02
    assert (leaning / alone).max() < 1.15
    found, found_alone = (recall(panel, kind, together=one)[late > 0].mean() for one in (True, False))
    assert found >= found_alone - 0.03


def test_order_has_no_say() -> None:
    """Members in another order get the same, to the last digit."""
    panel, _ = members(1, 30)
    order = np.random.default_rng(1).permutation(RATES.size)
    one = judge(panel, a_watch(Kind.COUNT), 60, together=True)
    other = judge(panel.rows(order), a_watch(Kind.COUNT), 60, together=True)
    for name in ("expected", "low", "high", "score", "verdict"):
        assert np.array_equal(getattr(one, name)[order], getattr(other, name), equal_nan=True)


def test_a_member_alone_with_its_company() -> None:
    """A row judged by itself with the company of all gets what it gets among them."""
    panel, _ = members(2, 30, RATES[::3])
    company = company_of(panel, Kind.COUNT)
    assert company is not None
    among = judge(panel, a_watch(Kind.COUNT), 40, together=True)
    alone = judge(panel.rows(np.array([2])), a_watch(Kind.COUNT), 40, together=company)
    assert np.array_equal(alone.score[0], among.score[2], equal_nan=True)
    assert np.array_equal(alone.expected[0], among.expected[2], equal_nan=True)


@pytest.mark.parametrize("kind", [Kind.COUNT, Kind.REVENUE])
def test_nothing_later_has_a_say(kind: Kind) -> None:
    """Whatever comes after a bucket, no digit before it changes, also where all members are judged together."""
    panel, _ = members(4, 36, RATES[::4], kind)
    whole = judge(panel, a_watch(kind), len(panel.grid), together=True)
    for cut in (24 * 20, 24 * 25 + 7, 24 * 31 + 23):
        past = judge(panel.cut(slice(0, cut)), a_watch(kind), cut, together=True)
        assert np.array_equal(past.score, whole.score[:, :cut], equal_nan=True)
        newest = judge(panel.cut(slice(0, cut)), a_watch(kind), 1, together=True)
        assert np.array_equal(newest.expected[:, 0], whole.expected[:, cut - 1], equal_nan=True)


def test_what_is_kept_knows_the_company() -> None:
    """A tick after others have sold something else gets the same as without a memory."""
    panel, _ = members(6, 30, RATES[::6])
    watch = a_watch(Kind.COUNT)
    judge(panel, watch, 1)
    judge(panel, watch, 1, together=True)
    values = panel.values.copy()
    values[:-1, 24 * 22 : 24 * 27] *= 1.5
    changed = replace(panel, values=values)
    warm = judge(changed, watch, 1, together=True)
    kept.clear()
    assert same(warm, judge(changed, watch, 1, together=True))


def test_a_panel_that_moves_on_keeps_its_company() -> None:
    """While ten weeks move on from hour to hour of a day, what is known of its company stays the same."""
    panel, _ = members(10, 31, RATES[::6])
    found = [company_of(panel.cut(slice(hour, 24 * 30 + hour)), Kind.COUNT) for hour in (1, 9, 23)]
    today = int(panel.grid.local_day[24 * 30])
    assert len({one.digest(today) for one in found if one is not None}) == 1
    assert None not in found


def test_a_company_knows_nothing_of_days_that_are_not_its_own() -> None:
    """Neither of days before its first one, where it would tell of later ones, nor of days after its last."""
    panel, _ = members(11, 40, RATES[::6])
    company = company_of(panel.cut(slice(24 * 14, 24 * 38)), Kind.COUNT)
    assert company is not None
    told = [company.lent(day) is not None for day in days_of(panel)]
    assert told == [14 < day < 38 for day in range(40)]


def test_one_alone_has_no_company() -> None:
    """A single member, and gauges, get what they get alone."""
    panel, _ = members(7, 30, RATES[40:41])
    assert same(judge(panel, a_watch(Kind.COUNT), 60), judge(panel, a_watch(Kind.COUNT), 60, together=True))
    many, _ = members(7, 30, RATES[40:44])
    assert same(judge(many, a_watch(Kind.GAUGE), 60), judge(many, a_watch(Kind.GAUGE), 60, together=True))


def test_a_giant_does_not_set_the_rhythm() -> None:
    """A member that sells more than all others together counts for a tenth of what is common."""
    rates = np.concatenate([np.full(30, 3.0), [3000.0]])
    late = np.where(np.arange(31) == 30, 12, 0)
    panel, usual = members(8, 70, rates, late=late)
    company = company_of(panel, Kind.COUNT)
    assert company is not None
    day = company.week[-14:-7]
    ours = (usual[:30, -WEEK:].sum(axis=0) / usual[:30, -WEEK:].mean() / 30).reshape(7, 24)
    assert np.abs(day / day.mean() - ours).mean() < 0.15


def test_shares_lean_on_those_of_all() -> None:
    """A ratio of few sessions is expected as the whole moves over the day."""
    rng = np.random.default_rng(9)
    hours = np.arange(24 * 42)
    share = 0.3 + 0.15 * np.sin(2 * np.pi * hours / 24)
    sessions = rng.poisson(np.geomspace(2, 200, 40)[:, None] * np.ones(hours.size)).astype(float)
    paid = rng.binomial(sessions.astype(int), share)
    values = np.where(sessions > 0, paid / np.maximum(sessions, 1), np.nan)
    panel = replace(panel_of(values), weights=np.where(sessions > 0, sessions, np.nan))
    truth = np.broadcast_to(share, values.shape)
    alone, leaning = (stray(judge(panel, a_watch(Kind.RATIO), WEEK, together=one), truth)[:10] for one in (False, True))
    assert np.median(leaning) < 0.8 * np.median(alone)
