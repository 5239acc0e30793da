"""Days of the month of a series whose daily sums are kept for longer than the history that it is judged by."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from detector.model.metric import Kind
from detector.model.panel import Bools, Floats, Panel
from detector.model.state import DaysOfMonth, Seasons
from detector.stats.days import WEEK
from detector.stats.months import FURTHEST, LEAST_DAYS, MOST_DAYS, classes_of, find_month

__all__ = ["asks_for_month", "with_month"]

_REACH = 2 * WEEK  # days before a day and after it: growth on both sides is the same
_ROUNDS = 3  # of weekdays by levels, and levels by weekdays
_OFTEN = 3  # times that a day of the month must have broken before that is no accident: as often as it must have come
_EPOCH = date(1970, 1, 1)

Numbers = npt.NDArray[np.int64]


def asks_for_month(seasons: Seasons | None, kind: Kind, today: int) -> bool:
    """Whether the days of the month are to be found anew: once in each month, at the first midnight there is.

    Args:
        seasons: as they were found last.
        kind: gauges and ratios have no such season.
        today: local day since 1970 that begins.
    """
    if not kind.adds_up:
        return False
    if seasons is None or seasons.month is None:
        return True
    before, now = (_EPOCH + timedelta(days=int(number)) for number in (seasons.month.found_on, today))
    return (before.year, before.month) != (now.year, now.month)


def with_month(days: Panel, today: int, seasons: Seasons) -> Seasons:
    """The seasons of a series with what its days of the month hold.

    Each day is set against the median of the four weeks about it, each by its weekday. What was expected of it at the
    time would not do: that has followed the last hours, and the factors of earlier months are in it.

    Args:
        days: one series, a bucket to each local day up to the midnight, without holes; a day is known where all of it
            is, and teaches where all of it does.
        today: local day since 1970 that begins then.
        seasons: that were found for it.
    """
    days = days.cut(slice(-MOST_DAYS, None))
    if len(days.grid) < LEAST_DAYS:
        return replace(seasons, month=DaysOfMonth(today))
    number = days.grid.local_day
    beyond = _beyond(np.where(_tells(days, number), days.values[0], np.nan), days.grid.weekday)
    factors = find_month(number, np.stack([beyond, beyond], axis=1))[:, :, 0]
    told = (tuple(float(f"{one:.6g}") for one in each) if (each != 1.0).any() else () for each in factors)
    return replace(seasons, month=DaysOfMonth(today, *told))


def _tells(days: Panel, number: Numbers) -> Bools:
    """Plain days that are known: those in an incident are not, but for days of the month that break most times."""
    plain = days.known[0] & ~days.is_holiday
    if days.is_unsettled is not None:
        plain &= ~days.is_unsettled
    broken = plain & ~days.teaches[0]
    is_habit = np.zeros(number.size, dtype=bool)
    for classes in classes_of(number):
        count, times = (np.bincount(classes[one], minlength=classes.max() + 1) for one in (plain, broken))
        is_habit |= ((times >= _OFTEN) & (2 * times > count))[classes]
    tells: Bools = plain & (~broken | is_habit)
    return tells


def _beyond(values: Floats, weekday: Numbers) -> Floats:
    """What days hold over the usual one of their weekday in the four weeks about them, less 1; nan where unknown.

    The mean of it is 0, as days of the month have a share in what is usual.
    """
    around = _around(values)
    level = np.where(np.isfinite(around), around, 0.0).sum(axis=0) / np.maximum(np.isfinite(around).sum(axis=0), 1)
    mean_day = np.ones(WEEK)
    for _ in range(_ROUNDS):
        beside = values / np.where(level > 0, level, np.nan)
        mean_day = np.array([_middle(beside[weekday == day][:, None])[0] for day in range(WEEK)])
        level = _middle(_around(values / np.where(mean_day > 0, mean_day, np.nan)[weekday]))
    usual = level * mean_day[weekday]
    has = np.isfinite(values) & (usual > 0)
    over = np.where(has, np.minimum(values / np.where(has, usual, 1.0), 1.0 + FURTHEST), 0.0)
    mean = over.sum() / max(int(has.sum()), 1)
    return np.where(has & (mean > 0), over / (mean if mean > 0 else 1.0) - 1.0, np.nan)


def _around(values: Floats) -> Floats:
    """The days up to two weeks before and after each one, and itself, (29, days)."""
    padded = np.pad(values, _REACH, constant_values=np.nan)
    return np.lib.stride_tricks.sliding_window_view(padded, 2 * _REACH + 1).T


def _middle(values: Floats) -> Floats:
    """Median over the first axis of what is known; nan where nothing is."""
    known = np.isfinite(values).sum(axis=0)
    ordered = np.sort(np.where(np.isfinite(values), values, np.inf), axis=0)
    ends = np.stack([np.maximum(known - 1, 0) // 2, np.minimum(known // 2, values.shape[0] - 1)])
    middle = np.take_along_axis(ordered, ends, axis=0).mean(axis=0)
    return np.where(known > 0, middle, np.nan)
