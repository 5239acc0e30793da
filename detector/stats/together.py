"""Finding what the members of one rule have in common."""

from collections import OrderedDict
from collections.abc import Sequence
from hashlib import blake2b
from itertools import pairwise
from threading import Lock

import numpy as np
import numpy.typing as npt

from detector.model.metric import Kind
from detector.model.panel import Bools, Floats, Panel
from detector.model.state import Seasons
from detector.stats.company import Company
from detector.stats.days import WEEK, days_of, last_day_of
from detector.stats.digests import add_follows, add_panel
from detector.stats.layout import Layout, layout_of
from detector.stats.months import factors_on
from detector.stats.outlook import buckets_of
from detector.stats.profile import LAGS, Follows, winsorized_mean
from detector.stats.variance import Law
from detector.stats.walk import Walk

__all__ = ["company_of", "forget_companies"]

_LEVEL_DAYS = 28
_MOST_SHARE = 0.1  # of the sum, for one member: the giant's ways are not those of all
# What a bucket of one member brings at most, in mean buckets of the largest share: a giant order is no rhythm.
_GIANT = 1024.0
_EXACT_BITS = 52  # whole numbers up to there are added without rounding, in whatever order
_SOME = 512  # members tell what law most follow

_MOST_KEPT = 64  # companies; about 100 kB each for ten weeks of hours
_kept: OrderedDict[bytes, Company] = OrderedDict()
_turn = Lock()


def company_of(panel: Panel, kind: Kind, seasons: Sequence[Seasons] | None = None) -> Company | None:
    """The common rhythm of a panel, or None for gauges: their noise does not tell how much of them there is.

    Each bucket is the sum of the members over what their levels of the four weeks before would bring, which is the
    mean of their relative profiles by precision, since the noise of few orders is large; none has more than a tenth.
    The profile is the robust mean of its slot in eight weeks.

    No digit depends on the order of the rows. It is kept for the day: what comes in it tells later days only.
    """
    local = np.maximum.accumulate(panel.grid.local_day)
    if panel.grid.slot_of_day[0]:  # what is known of a day must not change while a panel of ten weeks moves on
        panel = panel.cut(slice(int(np.searchsorted(local, local[0], side="right")), None))
    if kind is Kind.GAUGE or len(panel.grid) == 0:
        return None
    follows = Follows.of(seasons, len(panel.series))
    digest = _digest_of(panel, kind, follows)
    with _turn:
        if digest in _kept:
            _kept.move_to_end(digest)
            return _kept[digest]
    company = _found(panel, kind, follows)
    with _turn:
        _kept[digest] = company
        while len(_kept) > _MOST_KEPT:
            _kept.popitem(last=False)
    return company


def forget_companies() -> None:
    """What is asked next is found anew."""
    with _turn:
        _kept.clear()


def _digest_of(panel: Panel, kind: Kind, follows: Follows) -> bytes:
    """Of all that has a say on the last day of a panel."""
    found = blake2b(f"{kind} {panel.grid.timezone} {panel.grid.every_s}".encode(), digest_size=16)
    found.update(repr((panel.series, int(panel.grid.local_day.max()), bool(panel.is_holiday[-1]))).encode())
    add_follows(found, follows)
    add_panel(found, panel, slice(0, last_day_of(panel.grid)))
    return found.digest()


def _found(panel: Panel, kind: Kind, follows: Follows) -> Company:
    layout = layout_of(panel.grid)
    usable = panel.known & panel.teaches & np.isfinite(panel.values)
    if panel.weights is not None:
        usable &= panel.weights > 0
    level, size = _levels(panel, layout, usable, kind)
    most = np.array([_most_of(column) for column in size.T])
    row = np.full((1, len(panel.grid)), np.nan)
    for number in range(layout.days):
        part = slice(layout.first[number], layout.first[number + 1])
        if most[number] > 0 and not panel.is_holiday[part].any():
            row[0, part] = _together(
                panel.cut(part), usable[:, part], (level[:, number], size[:, number]), most[number], kind
            )
    if kind.adds_up:
        factors = _month_of(follows, panel.grid.local_day[layout.first[:-1]])
        row /= panel.grid.length_ratio * factors[layout.day]
    shares = np.minimum(size, most)
    members = _sorted_sum(shares) ** 2 / np.maximum(_sorted_sum(shares**2), 1e-300)
    laws = np.full((layout.days, 2), np.nan)
    company = Company(int(panel.grid.local_day[0]), _weeks_of(layout.table(row)[0]), members, laws, kind.adds_up)
    _find_laws(panel, kind, follows, company)
    return company


def _month_of(follows: Follows, days: npt.NDArray[np.int64]) -> Floats:
    """What local days hold over plain ones, as all members have it from their whole, (days,)."""
    known = {id(one): one for one in follows.months}
    (one,) = known.values() if len(known) == 1 else (None,)
    return np.ones(days.size) if one is None else factors_on(days, one)


def _find_laws(panel: Panel, kind: Kind, follows: Follows, company: Company) -> None:
    """Walk through the days with some members, and put down for each midnight what law most of them had shown.

    The weighted medians of their coefficients: a bucket of few orders tells less.
    """
    rows = _some_of(panel.series)
    some, follow = panel.rows(rows), follows.rows(rows)
    days = days_of(panel)
    if len(days) <= WEEK:
        return
    told = [buckets_of(some, day.buckets).told(day, kind) for day in days[:WEEK]]
    walk = Walk(kind, follow, list(zip(days[:WEEK], told, strict=True)))
    for day, after in pairwise(days[WEEK:]):
        expected = walk.expect(day, company.lent(day))
        walk.learn(day, expected, buckets_of(some, day.buckets).told(day, kind))
        company.laws[after.number - company.first_day] = _law_of_most(walk.law)


def _some_of(names: Sequence[str]) -> npt.NDArray[np.int64]:
    """Rows of members whose names are drawn by their digests: the same ones in any order, whatever they sold."""
    digests = [blake2b(name.encode(), digest_size=16).digest() for name in names]
    drawn = sorted(range(len(names)), key=digests.__getitem__)[:_SOME]
    return np.array(drawn if len(drawn) > 1 else [*drawn, *drawn], dtype=np.int64)


def _law_of_most(law: Law) -> tuple[float, float]:
    told = law.signal()
    weight = told / (1.0 + told)
    return _weighted_median(law.first, weight), _weighted_median(law.second, weight)


def _weighted_median(values: Floats, weight: Floats) -> float:
    order = np.lexsort((weight, values))
    total = weight[order].cumsum()
    if total[-1] <= 0:
        return float("nan")
    return float(values[order][np.searchsorted(total, 0.5 * total[-1])])


def _levels(panel: Panel, layout: Layout, usable: Bools, kind: Kind) -> tuple[Floats, Floats]:
    """Mean bucket of each member before each day, and how much it tells, (m, days); 0 where it is not known yet."""
    total, count, told = np.zeros((3, len(panel.series), layout.days))
    for number in range(layout.days):
        part = slice(layout.first[number], layout.first[number + 1])
        values = np.where(usable[:, part], panel.values[:, part], 0.0)
        weights = usable[:, part] if panel.weights is None else np.where(usable[:, part], panel.weights[:, part], 0.0)
        total[:, number] = (values if kind.adds_up else values * weights).sum(axis=1)
        told[:, number] = weights.sum(axis=1)
        count[:, number] = usable[:, part].sum(axis=1)
    has_begun = np.maximum.accumulate((total != 0) if kind.adds_up else (count > 0), axis=1)
    total, told, count = (_of_last(np.where(has_begun, part, 0.0), layout.days) for part in (total, told, count))
    age = has_begun.cumsum(axis=1) - has_begun
    level = total / np.where(told > 0, told, np.inf)
    size = np.maximum(level, 0.0) if kind.adds_up else told / np.where(count > 0, count, np.inf)
    for array in (level, size):
        array[:, :WEEK] = array[:, WEEK : WEEK + 1] if layout.days > WEEK else 0.0
    size[:, WEEK:][age[:, WEEK:] < WEEK] = 0.0
    return level, size


def _of_last(daily: Floats, days: int) -> Floats:
    """Sums over the days before each one, four weeks at most; (m, days)."""
    total = np.zeros((daily.shape[0], days))
    np.cumsum(daily[:, :-1], axis=1, out=total[:, 1:])
    total[:, _LEVEL_DAYS + 1 :] -= total[:, 1 : max(days - _LEVEL_DAYS, 1)].copy()
    return total


def _most_of(size: Floats) -> float:
    """The size to which members are cut so that none has more than its share of the sum; all alike where it cannot be.

    With k members cut to c and the others summing to r: c = share (r + k c).
    """
    ordered = np.sort(size[size > 0])
    if ordered.size == 0:
        return 0.0
    below = np.concatenate([[0.0], np.cumsum(ordered)])
    for cut in range(min(int(1.0 / _MOST_SHARE), ordered.size)):
        most = below[ordered.size - cut] * _MOST_SHARE / (1.0 - cut * _MOST_SHARE)
        if ordered[ordered.size - cut - 1] <= most:
            return float(ordered[-1] if cut == 0 else most)
    return float(ordered[0])


def _together(day: Panel, usable: Bools, each: tuple[Floats, Floats], most: float, kind: Kind) -> Floats:
    """All members in the buckets of a day, relative to their levels; nan where nothing is known."""
    level, size = (one[:, None] for one in each)
    weight = np.minimum(size, most) / np.where(size > 0, size, np.inf)
    values = np.where(usable, day.values, 0.0)
    if kind.adds_up:
        came, due = weight * values, np.where(usable, weight * level, 0.0)
    else:
        due = np.where(usable, weight if day.weights is None else weight * np.where(usable, day.weights, 0.0), 0.0)
        came = due * (values - level)
    whole = _exact_sum(due, most)
    return _exact_sum(came, most) / np.where(whole > 0, whole, np.nan)


def _exact_sum(values: Floats, unit: float) -> Floats:
    """Sum over the first axis that is the same in whatever order, in steps that are small beside the unit."""
    room = _EXACT_BITS - int(values.shape[0]).bit_length()
    step = unit * _GIANT / 2.0**room
    whole = np.rint(np.minimum(np.maximum(values, -unit * _GIANT), unit * _GIANT) / step)
    total: Floats = whole.sum(axis=0) * step
    return total


def _sorted_sum(values: Floats) -> Floats:
    total: Floats = np.sort(values, axis=0).cumsum(axis=0)[-1]
    return total


def _weeks_of(table: Floats) -> Floats:
    """Robust means of the slots (days, slots) of the weeks before each day and the six after it, (days + 7, slots)."""
    days, slots = table.shape
    lags = np.full((LAGS, days + WEEK, slots), np.nan)
    for place in range(LAGS):
        back = (place + 1) * WEEK
        lags[place, back:] = table[: max(days + WEEK - back, 0)]
    count = np.isfinite(lags).sum(axis=0).astype(float)
    mean, _, _ = winsorized_mean(lags, count)
    return np.where(count > 0, mean, np.nan)
