"""From local midnight to midnight: expect a day from those before it, then let what is usual in it teach."""

import numpy as np

from detector.model.metric import Kind
from detector.model.panel import Bools, Floats, Panel
from detector.stats.emptiness import Emptiness, is_nearly_empty
from detector.stats.layout import Layout
from detector.stats.profile import LAGS, Follows, Leaning, same_slots, winsorized_mean
from detector.stats.variance import VarianceLaw

__all__ = ["Walk"]

_WEEK = 7
_LEVEL_WEEKS = 4
# Each week weighs 0.6 of the one after it: follows a growth of a few per cent a week; oldest day first.
_LEVEL_WEIGHTS = np.repeat(0.6 ** np.arange(_LEVEL_WEEKS - 1, -1, -1), _WEEK)
_DOUBT = 0.1  # of what is expected: sd that the whole of a day near a holiday has in common
_NO_CHANCE = 3.0  # nats: five in a hundred; a slot that was always empty by less than that is closed
_SHAPE_DECAY = 0.95  # of the mean day that thin slots lean on: about three weeks
_BUSY_DECAY = 0.9
_BIAS_DECAY, _BIAS_DAYS = 0.97, 3.0  # a trimmed mean of skewed values is too low; what it misses is put back in a month
_SHIFT_SHARE = 0.4  # more than this of a week cannot be an incident: the new level is taken as it is
_FLAG = {1: 4.5, 3: 4.0, 6: 4.0, 24: 4.0}  # sd of sums of so many buckets that no honest noise reaches twice a year
_CUT_LOW, _CUT_HIGH = 4.0, 4.0  # sd to which single values are cut before they teach


class Walk:
    """The state at one midnight, and the tables of all days that it fills; series x days x slots.

    Every series has its first values in its first days; the first week teaches, later days are expected first.
    """

    def __init__(self, panel: Panel, kind: Kind, layout: Layout, follows: Follows) -> None:
        """Look at the first week."""
        self.kind, self.layout, self.follows = kind, layout, follows
        length = panel.grid.length_ratio if kind.adds_up else np.ones(len(panel.grid))
        self.values = layout.table(panel.values / length)
        self.known = np.isfinite(self.values)
        teaches = layout.table(np.where(panel.teaches & panel.known, 1.0, 0.0))
        self.teaches = (np.nan_to_num(teaches) > 0.99) & self.known  # noqa: PLR2004  both halves of a repeated hour
        self.weights = None if panel.weights is None else layout.table(panel.weights)
        self.is_holiday = _days_with(panel.is_holiday, layout)
        self.is_unsettled = _days_with(panel.is_unsettled, layout)
        self.weekday_shift = int(panel.grid.weekday[0])
        shape = self.values.shape
        self.expected, self.variance = np.full(shape, np.nan), np.full(shape, np.nan)
        self.shared = np.zeros(shape)
        self.weeks, self.p_empty = np.zeros(shape), np.ones(shape)
        self.is_empty = (self.known & (self.values == 0)).astype(float)
        self.relative = np.full(shape, np.nan)  # cleaned values against their level; nan does not teach
        self.daily = np.full(shape[:2], np.nan)  # mean of each day, gaps and incidents filled with what was expected
        self.flagged = np.zeros(shape[:2])
        self.level, self.usable_days = np.full(shape[:2], np.nan), self._usable_days()
        self.bias = np.zeros((2, shape[0]))
        self.leaning, self.emptiness = Leaning(shape[0]), Emptiness(shape[0])
        self.busy = np.zeros(shape[:2])
        self._sizes = np.zeros((2, shape[0]))
        self.usual = np.full((shape[0], shape[2]), np.nan)
        self._first_week()
        for day in range(min(_WEEK, layout.days), layout.days):
            self._step(day)

    def _usable_days(self) -> Floats:
        known = self.teaches.sum(axis=2).astype(float)
        known[:, self.is_holiday] = 0.0
        fullest = np.maximum.accumulate(np.maximum(known, 1.0), axis=1)
        share = np.cumsum(np.minimum(known / fullest, 1.0), axis=1)
        return np.concatenate([np.zeros((share.shape[0], 1)), share[:, :-1]], axis=1)

    def _first_week(self) -> None:
        """There is nothing to compare the first week with: it teaches as it is, cut where it is absurd."""
        week = slice(0, _WEEK)
        usable = self.teaches[:, week].copy()
        usable[:, self.is_holiday[week]] = False
        values = np.where(usable, self.values[:, week], 0.0)
        if self.kind.adds_up:
            values = np.minimum(values, _absurd(values)[:, None, None])
        count = usable.sum(axis=2)
        total = values.sum(axis=2)
        whole = count >= 0.6 * count.max(axis=1, initial=1)[:, None]  # the first day may begin at any hour
        self.daily[:, week] = np.where(whole, total / np.maximum(count, 1), np.nan)
        every = np.maximum(usable.sum(axis=(1, 2)), 1)
        level = values.sum(axis=(1, 2)) / every
        self.level[:, week] = level[:, None]
        self.relative[:, week] = np.where(usable, self._to_relative(values, level), np.nan)
        deviation = np.where(usable, np.abs(values - level[:, None, None]), 0.0).sum(axis=(1, 2)) / every
        unit = np.abs(level) if self.kind.adds_up else np.maximum(deviation, 0.01 * np.abs(level))
        self.law = VarianceLaw(self.kind, unit, self.layout.slots)
        filled = _zeroed(self.relative[:, week])
        self.shape = np.stack([filled.sum(axis=1), usable.sum(axis=1).astype(float)])

    def _to_relative(self, values: Floats, level: Floats) -> Floats:
        level = level.reshape(-1, *([1] * (values.ndim - 1)))
        if self.kind.adds_up:
            return np.where(level > 0, values / np.where(level > 0, level, 1.0), 0.0)
        return values - level

    def _step(self, day: int) -> None:
        """Expect one day, then look at it and learn from what is usual in it."""
        self.level[:, day] = level = self._level_at(day)
        self._expect(day, level)
        usable = self._unflagged(day)
        self._learn(day, usable, level)

    def _level_at(self, day: int) -> Floats:
        back = min(day, _WEEK * _LEVEL_WEEKS)
        recent = self.daily[:, day - back : day]
        weight = np.where(np.isfinite(recent), _LEVEL_WEIGHTS[_LEVEL_WEIGHTS.size - back :], 0.0)
        total = weight.sum(axis=1)
        mean = (_zeroed(recent) * weight).sum(axis=1) / np.where(total > 0, total, 1.0)
        return np.where(total > 0, mean, self.level[:, day - 1])

    def _expect(self, day: int, level: Floats) -> None:
        profile, weeks = self._profile(day, _WEEK)
        if self.kind.adds_up:
            seen, said = self.bias[0] + _BIAS_DAYS * np.abs(level), self.bias[1] + _BIAS_DAYS * np.abs(level)
            factor = np.clip(np.where(said > 0, seen / np.where(said > 0, said, 1.0), 1.0), 0.7, 1.5)
            expected = profile * (level * factor)[:, None]
        else:
            expected = profile + level[:, None]
        variance = self.law.variance(expected, self._weights(day))
        self.usual = np.where(weeks > 0, expected, np.nan)
        size = np.maximum(_zeroed(self.usual), 0.0)
        self._sizes = self._sizes * _BUSY_DECAY + np.stack([(size * size).sum(axis=1), size.sum(axis=1)])
        self.busy[:, day] = self._sizes[0] / np.where(self._sizes[1] > 0, self._sizes[1], 1.0)
        if self.is_holiday[day]:
            expected, self.shared[:, day] = self._day_off(day, level, expected)
        elif self.is_unsettled[day]:
            self.shared[:, day] = self._doubt(day, level, expected)
        self.expected[:, day] = np.where(weeks > 0, expected, np.nan)
        own = variance * (1.0 + 1.0 / np.maximum(weeks, 1.0))
        self.variance[:, day] = own + self.shared[:, day] ** 2
        self.weeks[:, day] = weeks
        self.p_empty[:, day] = self._chance_of_empty(day, expected, variance)

    def _profile(self, day: int, first_lag: int) -> tuple[Floats, Floats]:
        """Robust mean of the slot, leaning on the mean day as far as few weeks speak; exactly 0 where always empty."""
        lags = same_slots(self.relative, day, first_lag)
        usable = np.isfinite(lags)
        cell, weeks = winsorized_mean(lags, usable)
        mean_day, days = self._mean_day()
        mean_day = np.where(weeks > 0, mean_day, 0.0)
        if self.kind.adds_up:
            whole = mean_day.sum(axis=1)
            lean = mean_day * (cell.sum(axis=1) / np.where(whole > 0, whole, 1.0))[:, None]
        else:
            slots = np.maximum((weeks > 0).sum(axis=1), 1)
            lean = mean_day + ((cell.sum(axis=1) - mean_day.sum(axis=1)) / slots)[:, None]
        level = self.level[:, day][:, None]
        variance = self.law.variance(lean * level if self.kind.adds_up else lean + level, self._weights(day))
        factor, size = (level, lean * level) if self.kind.adds_up else (1.0, np.sqrt(variance))
        weight = self.leaning.weight((cell - lean) * factor, size, variance, weeks)
        profile = (weeks * cell + weight * lean) / (weeks + weight)
        if self.kind.adds_up:
            always_empty = (np.where(usable, lags, 0.0) == 0).all(axis=1)
            # A Poisson count of that mean and variance would have been empty every week with chance exp(-weeks e^2/v).
            is_no_chance = weeks * size * size > _NO_CHANCE * variance
            profile = np.where(always_empty & is_no_chance & (weeks >= 2), 0.0, profile)  # noqa: PLR2004  once may be chance
        alike = ~self.follows.week[:, None]  # all days are, and each speaks for every other
        profile = np.where(alike, mean_day, profile)
        weeks = np.where(alike & (weeks > 0), np.maximum(days, weeks), weeks)
        return _smoothed(profile, self.layout.slots), weeks

    def _mean_day(self) -> tuple[Floats, Floats]:
        """What each slot holds on the mean of days, and of how many: one level where hours make no difference."""
        total, days = self.shape
        flat = ~self.follows.day[:, None]
        if flat.any():
            total = np.where(flat, total.sum(axis=1, keepdims=True), total)
            days = np.where(flat, days.sum(axis=1, keepdims=True), days)
        return total / np.maximum(days, 1e-9), days

    def _day_off(self, day: int, level: Floats, expected: Floats) -> tuple[Floats, Floats]:
        """A holiday is like the lower of its weekday and a Sunday, and less sure by half of what lies between them."""
        to_sunday = (self.weekday_shift + day + 1) % _WEEK or _WEEK
        profile, sundays = self._profile(day, to_sunday)
        sunday = profile * level[:, None] if self.kind.adds_up else profile + level[:, None]
        lower = np.where(sundays > 0, np.minimum(expected, sunday), expected)
        gap = np.maximum(np.abs(expected - sunday), 0.5 * np.abs(lower) if self.kind.adds_up else 0.0)
        return lower, np.where(lower != 0, 0.5 * gap, 0.0)

    def _doubt(self, day: int, level: Floats, expected: Floats) -> Floats:
        """Near a holiday some trade as on a Sunday, most as ever: half of what lies between, and some for all."""
        lower, _ = self._day_off(day, level, expected)
        least = _DOUBT * np.abs(expected) if self.kind.adds_up else np.zeros(expected.shape)
        return np.maximum(0.5 * (expected - lower), least)

    def _chance_of_empty(self, day: int, expected: Floats, variance: Floats) -> Floats:
        usable = np.isfinite(same_slots(self.relative, day)) & self.follows.week[:, None, None]
        empty = np.where(usable, same_slots(self.is_empty, day), 0.0).sum(axis=1)
        return self.emptiness.chance(expected, variance, (usable.sum(axis=1), empty), self.busy[:, day])

    def _weights(self, day: int) -> Floats | None:
        return None if self.weights is None else self.weights[:, day]

    def _unflagged(self, day: int) -> Bools:
        """Buckets that may teach: known, and not in a run that is far from what was expected."""
        values, expected = self.values[:, day], self.expected[:, day]
        usable = self.teaches[:, day] & np.isfinite(expected)
        gap = np.where(usable, expected - values, 0.0)
        variance = np.where(usable, self.variance[:, day], 0.0)
        sums, noise = gap.cumsum(axis=1), variance.cumsum(axis=1)
        hit = gap > _FLAG[1] * np.sqrt(variance)
        for window, limit in _FLAG.items():
            if 1 < window <= self.layout.slots:
                hit |= _runs_beyond(sums, noise, window, limit)
        if not self.kind.adds_up:  # of amounts a single giant order is cut, not left out: it is part of the trade
            hit |= gap * gap > _FLAG[1] ** 2 * variance
        size = np.where(usable, np.abs(expected), 0.0)
        whole = size.sum(axis=1)
        self.flagged[:, day] = (size * hit).sum(axis=1) / np.where(whole > 0, whole, 1.0)
        has_shifted = self.flagged[:, day - _WEEK + 1 : day + 1].sum(axis=1) / _WEEK > _SHIFT_SHARE
        self.is_empty[:, day] = self.known[:, day] & is_nearly_empty(values, expected, self.kind)
        teaching: Bools = self.teaches[:, day] & ~(hit & ~has_shifted[:, None])
        return teaching

    def _learn(self, day: int, usable: Bools, level: Floats) -> None:
        values, expected, variance = self.values[:, day], self.expected[:, day], self.variance[:, day]
        has = np.isfinite(expected)
        spread = np.sqrt(np.where(has, variance, 0.0))
        base = np.where(has, expected, 0.0)
        # Hours that were always closed may open one day: then a busy bucket is nothing absurd.
        high = base + np.maximum(_CUT_HIGH * spread, self.busy[:, day][:, None])
        cut = np.clip(np.where(usable, values, 0.0), base - _CUT_LOW * spread, high)
        cleaned = np.where(has, cut, np.where(usable, values, 0.0))
        if self.is_holiday[day]:  # the level of the weeks is that of working days and weekends
            usable = np.zeros(usable.shape, dtype=bool)
        filled = np.where(usable, cleaned, self.usual)
        count = np.isfinite(filled).sum(axis=1)
        self.daily[:, day] = np.where(count > 0, _zeroed(filled).sum(axis=1) / np.maximum(count, 1), np.nan)
        relative = self._to_relative(cleaned, level)
        self.relative[:, day] = np.where(usable, relative, np.nan)
        self.shape = self.shape * _SHAPE_DECAY + np.stack([np.where(usable, relative, 0.0), usable.astype(float)])
        both = usable & has
        slots = self.layout.slots
        said = np.stack([np.where(both, cleaned, 0.0).sum(axis=1), np.where(both, expected, 0.0).sum(axis=1)]) / slots
        self.bias = self.bias * _BIAS_DECAY + said
        self.emptiness.learn(np.where(both, expected, 0.0), self.is_empty[:, day] > 0, both, self.busy[:, day])
        squares = (values - expected) ** 2 / (1.0 + 1.0 / np.maximum(self.weeks[:, day], 1.0))
        self.law.learn(np.where(both, expected, 0.0), self._weights(day), np.where(both, squares, np.nan))


def _days_with(flags: Bools | None, layout: Layout) -> Bools:
    """Days in which a bucket is flagged, (days,)."""
    if flags is None:
        return np.zeros(layout.days, dtype=bool)
    found: Bools = np.nan_to_num(layout.table(flags[None].astype(float))).max(axis=(0, 2)) > 0
    return found


def _zeroed(values: Floats) -> Floats:
    return np.where(np.isnan(values), 0.0, values)


def _absurd(values: Floats) -> Floats:
    """Above this a first week's value is one giant order: three times what 95 of 100 busy buckets stay below."""
    flat = np.sort(values.reshape(values.shape[0], -1), axis=1)
    busy = np.maximum((flat > 0).sum(axis=1), 1)
    place = flat.shape[1] - 1 - (busy - 1) // 20
    return 3.0 * np.take_along_axis(flat, place[:, None], axis=1)[:, 0]


def _smoothed(profile: Floats, slots: int) -> Floats:
    """Buckets much shorter than an hour borrow from their neighbours within a quarter of an hour."""
    reach = min(slots // 96, LAGS)
    if reach == 0:
        return profile
    total = profile.copy()
    count = np.ones(profile.shape)
    for shift in range(1, reach + 1):
        total[:, shift:] += profile[:, :-shift]
        total[:, :-shift] += profile[:, shift:]
        count[:, shift:] += 1.0
        count[:, :-shift] += 1.0
    return np.where(profile == 0, 0.0, total / count)


def _runs_beyond(sums: Floats, noise: Floats, window: int, limit: float) -> Bools:
    """Buckets inside a run of `window` whose sum of what is missing is more than `limit` sd; from running sums."""
    lacking, variance = sums.copy(), noise.copy()
    lacking[:, window:] -= sums[:, :-window]
    variance[:, window:] -= noise[:, :-window]
    beyond: Bools = lacking > limit * np.sqrt(np.maximum(variance, 0.0))
    if not beyond.any():
        return beyond
    hit: Bools = beyond.copy()
    for shift in range(1, window):
        hit[:, :-shift] |= beyond[:, shift:]
    return hit
