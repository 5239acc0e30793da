"""The season of the day of the month: invoices, subscriptions, salaries."""

from calendar import monthrange
from collections.abc import Sequence
from copy import copy
from datetime import date, timedelta
from typing import Self

import numpy as np
import numpy.typing as npt

from detector.model.panel import Bools, Floats
from detector.model.state import DaysOfMonth
from detector.stats.days import WEEK, Day
from detector.stats.picking import Rows, picked

__all__ = ["FURTHEST", "LEAST_DAYS", "MOST_DAYS", "Months", "classes_of", "factors_on", "find_month"]

LEAST_DAYS = 91
"""Days before which nothing is said of months: each day of them must have come three times."""

MOST_DAYS = 731
"""Days that are looked back on: two years."""

FURTHEST = 3.0
"""What a day counts at most, of a plain one and above it."""

# Less than the one in twenty that is promised: taking off weeks ties days together, and every month it is asked anew.
_CHANCE = 0.01
_COUNTINGS = 2
_CLASSES = 31
_HALF = (
    15  # days are counted from the first of the month up to here, and later ones from its end, in the second counting
)
_WHOLE = 0.8  # of a day that must be known
_LEAST_FACTOR, _MOST_FACTOR = 0.2, 5.0
_STRENGTH = 0.5  # sd of how far members follow their whole
_REST, _REST_DAYS = 0.3, 3.0  # what a member's days stray by, as if so many had shown it
_EPOCH = date(1970, 1, 1)

Classes = npt.NDArray[np.int64]


def classes_of(days: Classes) -> Classes:
    """Which days of the month count as one, by both countings, (2, days).

    The first one counts from the beginning: salaries on the 25th. The second one counts the later half from the end:
    the last of the month, whether it has 28 days or 31.

    Args:
        days: local days since 1970.
    """
    found = np.empty((_COUNTINGS, days.size), dtype=np.int64)
    for place, number in enumerate(days.tolist()):
        day = _EPOCH + timedelta(days=number)
        left = monthrange(day.year, day.month)[1] - day.day
        found[:, place] = day.day - 1, day.day - 1 if day.day <= _HALF else _CLASSES - 1 - left
    return found


def find_month(days: Classes, beyond: Floats) -> Floats:
    """Factors of the classes of both countings, (2, 31, m): 1 where there is no such season.

    Days are compared with those of other months by an analysis of variance (Fisher, Statistical Methods for Research
    Workers, 1925), after the week about each was taken off, so that good and bad weeks are no season. A season is there
    where independent days bring as much in one series of a hundred; the counting that tells more is taken. Its factors
    are shrunk by how far days of one class differ (empirical Bayes; Morris, JASA 78, 1983).

    Args:
        days: local days since 1970, rising.
        beyond: what each held over what was expected of it, less 1; (days, m), nan where it tells nothing.
    """
    from scipy.special import fdtrc  # noqa: PLC0415  most series are too short to come here

    series = beyond.shape[1]
    factors, chances = np.ones((_COUNTINGS, _CLASSES, series)), np.ones((_COUNTINGS, series))
    known = np.isfinite(beyond)
    sharp = _less_week(beyond, known)
    for counting, classes in enumerate(classes_of(days)):
        count, total, squares = _by_class(sharp, known, classes)
        mean = total / np.maximum(count, 1.0)
        rest, kinds, number = _freedom(count)
        middle = total.sum(axis=0) / np.maximum(number, 1.0)
        between = (count * (mean - middle) ** 2).sum(axis=0) / np.maximum(kinds - 1.0, 1.0)
        within = np.maximum((squares - count * mean * mean).sum(axis=0), 0.0) / np.maximum(rest, 1.0)
        ready = (number >= LEAST_DAYS - 2 * WEEK) & (rest > 0) & (within > 0)
        strength = np.where(ready, between / np.where(within > 0, within, 1.0), 0.0)
        chances[counting] = np.where(ready, fdtrc(np.maximum(kinds - 1.0, 1.0), np.maximum(rest, 1.0), strength), 1.0)
        apart = np.maximum(between - within, 0.0) / np.maximum(number / np.maximum(kinds, 1.0), 1.0)
        _, total, _ = _by_class(beyond, known, classes)
        usual = total.sum(axis=0) / np.maximum(number, 1.0)
        noise = within / np.maximum(count, 1.0)
        trust = np.where(count > 1, apart / np.where(apart + noise > 0, apart + noise, 1.0), 0.0)
        factors[counting] = 1.0 + trust * (total / np.maximum(count, 1.0) - usual)
    best = chances.min(axis=0) < _CHANCE / _COUNTINGS
    taken = np.stack([best & (chances[0] <= chances[1]), best & (chances[0] > chances[1])])
    return np.where(taken[:, None], np.clip(factors, _LEAST_FACTOR, _MOST_FACTOR), 1.0)


def _freedom(count: Floats) -> tuple[Floats, Floats, Floats]:
    """Degrees of freedom within classes, how many classes there are, and how many days."""
    number, kinds = count.sum(axis=0), (count > 0).sum(axis=0).astype(np.float64)
    return number - kinds, kinds, number


def _less_week(beyond: Floats, known: Bools) -> Floats:
    """Each day less the mean of those within three days of it, itself left out."""
    values, reach = np.where(known, beyond, 0.0), WEEK // 2
    total, count = np.zeros(values.shape), np.zeros(values.shape)
    for step in range(1, reach + 1):
        for near, far in ((slice(step, None), slice(None, -step)), (slice(None, -step), slice(step, None))):
            total[near] += values[far]
            count[near] += known[far]
    return np.where(known, values - total / np.maximum(count, 1.0), 0.0)


def _by_class(values: Floats, known: Bools, classes: Classes) -> tuple[Floats, Floats, Floats]:
    """How many values each class has, their sum and that of their squares; (31, m) each."""
    found = np.zeros((3, _CLASSES, values.shape[1]))
    values = np.where(known, values, 0.0)
    for one in range(_CLASSES):
        same = classes == one
        for place, part in enumerate((known, values, values * values)):
            found[place, one] = part[same].sum(axis=0)
    return found[0], found[1], found[2]


def factors_on(days: Classes, month: DaysOfMonth) -> Floats:
    """What local days since 1970 hold over a plain one, (days,)."""
    first, mixed = classes_of(days)
    table = _table_of(month)
    factors: Floats = table[0, first] * table[1, mixed]
    return factors


def _table_of(month: DaysOfMonth | None) -> Floats:
    """As of `find_month`, (2, 31)."""
    if month is None:
        return np.ones((_COUNTINGS, _CLASSES))
    return np.array([factors or (1.0,) * _CLASSES for factors in (month.from_first, month.from_ends)])


class _Remembered:
    """Factors that are remembered, and how far members follow those of their whole.

    A member holds 1 + strength x (factor - 1). Its strength has 1 for a prior, and the days of its own history for
    data: a linear regression with one coefficient and a normal prior.
    """

    def __init__(self, remembered: Sequence[DaysOfMonth | None]) -> None:
        """Know them, of each series; of some there may be none."""
        self.has = np.array([one is not None for one in remembered])
        each = {id(one): one for one in remembered}  # members share that of their whole
        self._table = np.stack([_table_of(one) for one in each.values()], axis=-1)
        places = {key: place for place, key in enumerate(each)}
        self._place = np.array([places[id(one)] for one in remembered])
        self._beyond = np.zeros(self.has.size)  # of the day that was asked for last, with full strength
        self._sums = np.zeros((2, self.has.size))
        self._rest = np.stack([np.full(self.has.size, count) for count in (_REST_DAYS * _REST**2, _REST_DAYS)])

    def rows(self, rows: Rows) -> Self:
        """Those of some of the series."""
        taken = copy(self)
        of_series = {name: picked(getattr(self, name), rows) for name in ("has", "_beyond", "_sums", "_rest")}
        table, place = self._table.take(self._place[rows], axis=-1), np.arange(rows.size)
        vars(taken).update(of_series | {"_table": table, "_place": place})
        return taken

    def factor(self, number: int, *, is_lent: bool) -> Floats:
        """What a local day holds over a plain one, (m,); 1 where nothing is remembered."""
        first, mixed = classes_of(np.array([number]))[:, 0].tolist()
        self._beyond = (self._table[0, first] * self._table[1, mixed])[self._place] - 1.0
        if not is_lent:
            return 1.0 + self._beyond
        return np.clip(1.0 + self._strength() * self._beyond, _LEAST_FACTOR, _MOST_FACTOR)

    def learn(self, beyond: Floats) -> None:
        """What the day that was asked for last held over a plain one, less 1, (m,); nan where it tells nothing."""
        known = np.isfinite(beyond)
        beyond = np.where(known, beyond, 0.0)
        rest = beyond - self._strength() * self._beyond
        self._sums += np.where(known, np.stack([self._beyond * beyond, self._beyond**2]), 0.0)
        self._rest += np.where(known, np.stack([rest * rest, np.ones(known.size)]), 0.0)

    def _strength(self) -> Floats:
        prior = self._rest[0] / self._rest[1] / _STRENGTH**2  # of equal worth with so much of the sums
        strength: Floats = (prior + self._sums[0]) / (prior + self._sums[1])
        return strength


class Months:
    """What days of the month hold beside other days: remembered, or found anew on the first of each month."""

    def __init__(self, series: int, days: int, remembered: Sequence[DaysOfMonth | None] = (), *, adds_up: bool) -> None:
        """Know what is remembered.

        Args:
            series: how many.
            days: how many are to come at most; where they are too few, nothing is kept of them.
            remembered: of each series, or nothing; of whom it is, nothing is found anew.
            adds_up: gauges and ratios have no such season.
        """
        self._remembered = _Remembered(remembered) if adds_up and any(remembered) else None
        self._is_on = adds_up and days >= LEAST_DAYS
        self._none = np.ones(series)
        self._factors: Floats | None = None
        self._days: tuple[int, ...] = ()
        self._beyond: tuple[Floats, ...] = ()

    def factor(self, day: Day, *, is_lent: bool = False) -> Floats:
        """What the day holds over a plain one, (m,); once for each day.

        Args:
            day: which one.
            is_lent: what is remembered is that of a whole whose members the series are.
        """
        factor = self._found(day) if self._is_on else self._none
        if self._remembered is None:
            return factor
        return np.where(self._remembered.has, self._remembered.factor(day.number, is_lent=is_lent), factor)

    def _found(self, day: Day) -> Floats:
        first, mixed = classes_of(np.array([day.number]))[:, 0].tolist()
        if first == 0 and len(self._days) >= LEAST_DAYS:
            self._factors = find_month(np.array(self._days), np.stack(self._beyond))
        return self._none if self._factors is None else self._factors[0, first] * self._factors[1, mixed]

    def learn(self, day: Day, held: Floats, plain: Floats, tells: Bools) -> None:
        """Take in the day that was asked for last.

        Args:
            day: which one.
            held: values by slot, (slots, m).
            plain: what they should be on a plain day.
            tells: slots that are known and teach.
        """
        if not self._is_on and self._remembered is None:
            return
        due = np.where(tells, plain, 0.0).sum(axis=0)
        is_whole = (due > 0) & (due >= _WHOLE * plain.sum(axis=0)) & (not (day.is_off or day.is_unsettled))
        beyond = np.where(tells, held, 0.0).sum(axis=0) / np.where(due > 0, due, 1.0) - 1.0
        told = np.where(is_whole, np.minimum(beyond, FURTHEST), np.nan)
        if self._remembered is not None:
            self._remembered.learn(told)
        if not self._is_on:
            return
        self._days = (*self._days[-MOST_DAYS + 1 :], day.number)
        self._beyond = (*self._beyond[-MOST_DAYS + 1 :], told)
