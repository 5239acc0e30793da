"""From local midnight to midnight: expect a day from those before it, then let what is usual in it teach."""

import numpy as np

from detector.model.metric import Kind
from detector.model.panel import Bools, Floats
from detector.model.state import DayOff
from detector.stats.company import SHAPE_DECAY, Joining, Lent
from detector.stats.days import WEEK, Day
from detector.stats.days_off import SpecialDays
from detector.stats.emptiness import Emptiness, is_nearly_empty
from detector.stats.expected import Expected, Told
from detector.stats.first_week import without_giants, without_wild_ones
from detector.stats.months import Months
from detector.stats.new_level import NewLevel
from detector.stats.profile import Follows, Leaning, Weeks, smoothed, winsorized_mean
from detector.stats.running import running_sum, runs_beyond
from detector.stats.shift import Shift
from detector.stats.variance import Law, VarianceLaw

__all__ = ["Walk"]

_LEVEL_WEEKS = 4
# Each week weighs 0.6 of the one after it: follows a growth of a few per cent a week; oldest day first.
_LEVEL_WEIGHTS = np.repeat(0.6 ** np.arange(_LEVEL_WEEKS - 1, -1, -1), WEEK)[:, None]
_NO_CHANCE = 3.0  # nats: five in a hundred; a slot that was always empty by less than that is closed
_BUSY_DECAY = 0.9
_BIAS_DECAY, _BIAS_DAYS = 0.97, 3.0  # a trimmed mean of skewed values is too low; what it misses is put back in a month
_PASSED_OVER = 2  # weeks in a row: a slot that strays in a third one is so, and teaches
_TYPICAL_DECAY = 0.95  # of denominators: about three weeks
_FLAG = {1: 4.5, 3: 4.0, 6: 4.0, 24: 4.0}  # sd of sums of so many buckets that no honest noise reaches twice a year
_CUT_LOW, _CUT_HIGH = 4.0, 4.0  # sd to which single values are cut before they teach


class Walk:
    """What the days so far say of the next one."""

    def __init__(self, kind: Kind, follows: Follows, week: list[tuple[Day, Told]], days: int = 0) -> None:
        """Look at the first week: it teaches as it is, cut where it is absurd; at most `days` are to come with it."""
        self._kind, self._follows = kind, follows
        usable = np.stack([told.teaches & (not day.is_off) for day, told in week])
        self._slots, series = usable.shape[1:]
        self._months, self._factor = Months(series, days, follows.months, adds_up=kind.adds_up), np.ones(series)
        values = np.where(usable, np.stack([told.values / self._months.factor(day) for day, told in week]), np.nan)
        values = without_giants(values) if kind.adds_up else without_wild_ones(values)
        every = np.maximum(usable.sum(axis=(0, 1)), 1)
        self._level = values.sum(axis=(0, 1)) / every
        self._daily = np.full((_LEVEL_WEEKS * WEEK, series), np.nan)  # means, gaps and incidents as expected
        count = usable.sum(axis=1)
        whole = count >= 0.6 * np.maximum(count.max(axis=0), 1)  # the first day may begin at any hour
        self._daily[-WEEK:] = np.where(whole, values.sum(axis=1) / np.maximum(count, 1), np.nan)
        self._shift, self._new_level = Shift(kind, series), NewLevel(kind, series)
        self._passed_over = np.zeros((WEEK, self._slots, series))
        self._typical = np.zeros((2, self._slots, series))
        for _, told in week:
            self._learn_weights(told)
        self._relative = Weeks(self._slots, series)  # cleaned values against their level
        relative = np.where(usable, self._to_relative(values, self._level), np.nan)
        for number, (_, told) in enumerate(week):
            self._relative.put(number, relative[number], told.known & (told.values == 0))
        deviation = np.where(usable, np.abs(values - self._level), 0.0).sum(axis=(0, 1)) / every
        unit = np.abs(self._level) if kind.adds_up else np.maximum(deviation, 0.01 * np.abs(self._level))
        self._law = VarianceLaw(kind, unit, self._slots, deviation)
        self._shape = np.stack([np.where(usable, relative, 0.0).sum(axis=0), usable.sum(axis=0).astype(float)])
        self._bias, self._sizes = np.zeros((2, 2, series))
        self._leaning, self._emptiness = Leaning(series), Emptiness(series)
        self._special = SpecialDays(kind, series, follows.past, follows.near, week[0][0].number + WEEK)
        self._joining = Joining(series)
        self._lent: Lent | None = None
        self._number = WEEK

    def _to_relative(self, values: Floats, level: Floats) -> Floats:
        if self._kind.adds_up:
            return values / np.where(level > 0, level, np.inf)
        return values - level

    def expect(self, day: Day, lent: Lent | None = None) -> Expected:
        """Expect the next day; once, for to be asked teaches how far slots go their own ways.

        Args:
            day: the next one.
            lent: what its company knows of it.
        """
        self._lent = lent
        self._law.lean(None if lent is None else lent.law)
        weights, self._factor = self._usual_weights(), self._months.factor(day, is_lent=lent is not None)
        self._level = self._next_level()
        profile, weeks, empty = self._profile(WEEK, weights)
        mean, has = self._in_units(profile), weeks > 0
        usual = np.where(has, mean, np.nan)
        busy = self._busy_bucket(np.where(has, np.maximum(mean, 0.0), 0.0))
        shared, closed = np.zeros(mean.shape), np.zeros(mean.shape[1])
        special = self._special.of(day)
        if special is not None:
            mean, shared = special.expect(*self._plain_days(day, np.where(has, mean, 0.0), weights), day.occasion)
            closed = special.closed()
        law = self._law.law
        variance = law.variance(mean, weights)
        p_empty = self._emptiness.chance(mean, variance, empty, busy)
        if special is not None and self._kind.adds_up:  # whether a shop is closed is one chance for its whole day
            p_empty = np.maximum(p_empty, closed ** (1.0 / np.maximum((mean > 0).sum(axis=0), 1)))
        own = variance * (1.0 + 1.0 / np.maximum(weeks, 1.0))
        mean, variance = np.where(has, mean, 0.0), own + shared**2
        return Expected(has, mean, variance, shared, weeks, p_empty, law, usual, self._level, busy)

    def _in_units(self, profile: Floats) -> Floats:
        """What slots hold, from what they hold beside their level."""
        level = self._level
        if not self._kind.adds_up:
            return np.asarray(profile + level)
        seen, said = self._bias + _BIAS_DAYS * np.abs(level)
        factor = np.clip(np.where(said > 0, seen / np.where(said > 0, said, 1.0), 1.0), 0.7, 1.5)
        return np.asarray(profile * (level * factor * self._factor))

    def _plain_days(self, day: Day, mean: Floats, weights: Floats | None) -> tuple[Floats, Floats, Floats]:
        """What the day would hold as a plain one, what as a Sunday (where one is known), and the noise."""
        profile, sundays, _ = self._profile((day.weekday + 1) % WEEK or WEEK, weights)
        sunday = np.where(sundays > 0, self._in_units(profile), mean)
        return mean, sunday, np.sqrt(self._law.law.variance(mean, weights))

    def to_remember(self, day: Day, told: Told) -> DayOff | None:
        """What is worth remembering of the day that was expected last, if it is no plain one; of the first series."""
        special = self._special.of(day)
        return None if special is None else special.to_remember(day.number, told.values, told.teaches)

    @property
    def law(self) -> Law:
        """How the variance follows the mean, by the days so far."""
        return self._law.law

    def _usual_weights(self) -> Floats | None:
        """Mean denominators of the slots so far; those of the day itself are not known at its midnight."""
        total, count = self._typical
        return np.where(count > 0, total / np.where(count > 0, count, 1.0), np.nan) if count.any() else None

    def _learn_weights(self, told: Told) -> None:
        if told.weights is not None:
            known = told.known & np.isfinite(told.weights)
            self._typical *= _TYPICAL_DECAY
            self._typical[0] += np.where(known, told.weights, 0.0)
            self._typical[1] += known

    def _next_level(self) -> Floats:
        known = np.isfinite(self._daily)
        total = np.where(known, _LEVEL_WEIGHTS, 0.0).sum(axis=0)
        mean = np.where(known, self._daily * _LEVEL_WEIGHTS, 0.0).sum(axis=0) / np.where(total > 0, total, 1.0)
        level: Floats = np.where(total > 0, mean, self._level)
        return level

    def _busy_bucket(self, sizes: Floats) -> Floats:
        self._sizes *= _BUSY_DECAY
        self._sizes[0] += np.einsum("sm,sm->m", sizes, sizes)
        self._sizes[1] += sizes.sum(axis=0)
        busy: Floats = self._sizes[0] / np.where(self._sizes[1] > 0, self._sizes[1], 1.0)
        return busy

    def _profile(self, lag: int, weights: Floats | None) -> tuple[Floats, Floats, tuple[Floats, Floats]]:
        """What slots hold beside their level, how many weeks say so, and how many of those were there, and empty.

        The robust mean of the slot leans on the mean day as far as few weeks speak; it is 0 where it always was empty.
        """
        lags, weeks, empty = self._relative.before(self._number, lag)
        cell, least, greatest = winsorized_mean(lags, weeks)
        mean_day, days = self._mean_day()
        mean_day = np.where(weeks > 0, mean_day, 0.0)
        adds_up, level = self._kind.adds_up, self._level
        if adds_up:
            whole = mean_day.sum(axis=0)
            lean = mean_day * (cell.sum(axis=0) / np.where(whole > 0, whole, 1.0))
        else:
            lean = mean_day + (cell.sum(axis=0) - mean_day.sum(axis=0)) / np.maximum((weeks > 0).sum(axis=0), 1)
        lean, mean_day, own_share = self._joined(lag, lean, mean_day, np.where(weeks > 0, days, 0.0), weights)
        size = lean * level if adds_up else lean + level
        variance = self._law.law.variance(size, weights)
        size = size if adds_up else np.sqrt(variance)
        if lag == WEEK:
            self._leaning.learn((cell - lean) * (level if adds_up else 1.0), size, variance, weeks)
        weight = self._leaning.weight(size, variance, weeks, own_share)
        sure = weeks + np.where(weeks > 0, weight * (1.0 - own_share), 0.0)
        profile = (weeks * cell + weight * lean) / (weeks + weight)
        if adds_up:
            # A Poisson count of that mean and variance would have been empty every week with chance exp(-weeks e^2/v).
            is_no_chance = weeks * size * size > _NO_CHANCE * variance
            always_empty = (least >= 0) & (greatest <= 0) & (weeks >= 2)  # noqa: PLR2004  once may be chance
            profile = np.where(always_empty & is_no_chance, 0.0, profile)
        follows = self._follows.week
        if not follows.all():  # all days are alike, and each speaks for every other
            profile = np.where(follows, profile, mean_day)
            alike = np.where(weeks > 0, np.maximum(days, weeks), weeks)
            own = (np.where(follows, weeks, 0.0), np.where(follows, empty, 0.0))
            return smoothed(profile), np.where(follows, sure, alike), own
        return smoothed(profile), sure, (weeks, empty)

    def _mean_day(self) -> tuple[Floats, Floats]:
        """What each slot holds on the mean of days, and of how many: one level where hours make no difference."""
        total, days = self._shape
        follows = self._follows.day
        if not follows.all():
            total = np.where(follows, total, total.sum(axis=0))
            days = np.where(follows, days, days.sum(axis=0))
        return total / np.maximum(days, 1e-9), days

    def _joined(
        self, lag: int, lean: Floats, mean_day: Floats, days: Floats, weights: Floats | None
    ) -> tuple[Floats, Floats, Floats | float]:
        """What slots lean on, and the mean day, leaning on those of all; and the part of them that stays its own."""
        lent = self._lent
        if lent is None:
            return lean, mean_day, 1.0
        if lag == WEEK:
            adds_up, level = self._kind.adds_up, self._level
            size = lent.mean_day * level if adds_up else lent.mean_day + level
            variance = self._law.law.variance(size, weights)
            apart = (mean_day - lent.mean_day) * (level if adds_up else 1.0)
            self._joining.learn(lent, apart, size if adds_up else np.sqrt(variance), variance, days)
        lean, own_share = self._joining.joined(lent, lag, lean)
        return lean, self._joining.joined(lent, None, mean_day)[0], own_share

    def at_new_level(self, day: Day, expected: Expected, told: Told) -> Expected:
        """What a whole day should have held where its level is known to be new, else `expected`; before `learn`."""
        found = self._new_level.take(day, expected, told, self._daily)
        if self._kind.adds_up and found is not expected:
            self._shift.remember(*self._new_level.left)
        return found

    def learn(self, day: Day, expected: Expected, told: Told) -> None:
        """Let what is usual in a whole day teach: the one that was expected last, what it should hold, and holds."""
        variance = expected.variance_of(told.weights)
        usable = told.teaches & ~self._incidents(day, expected.mean, variance, told.teaches & expected.has, told.values)
        is_empty = told.known & is_nearly_empty(told.values, expected.mean, self._kind)
        spread = np.sqrt(variance)
        # Hours that were always closed may open one day: then a busy bucket is nothing absurd.
        high = expected.mean + np.maximum(_CUT_HIGH * spread, expected.busy)
        values = np.where(usable, told.values, 0.0)
        cleaned = np.where(
            expected.has, np.minimum(np.maximum(values, expected.mean - _CUT_LOW * spread), high), values
        )
        special = self._special.of(day)
        if special is not None:
            special.learn(cleaned, usable & expected.has & ~self._new_level.begins_today)
        if day.is_off:  # the level of the weeks is that of working days and weekends
            usable = np.zeros(usable.shape, dtype=bool)
        plain = cleaned / self._factor
        self._months.learn(day, told.values, expected.mean / self._factor, told.teaches & expected.has)
        self._relative.put(self._number, np.where(usable, self._to_relative(plain, expected.level), np.nan), is_empty)
        self._learn_level(self._new_level.carried(np.where(usable, plain, expected.usual / self._factor)))
        self._learn_weights(told)
        self._learn_shape(usable, plain, expected.level)
        both = usable & expected.has
        mean = np.where(both, expected.mean, 0.0)
        self._bias *= _BIAS_DECAY
        self._bias[0] += np.where(both, cleaned, 0.0).sum(axis=0) / self._slots
        self._bias[1] += mean.sum(axis=0) / self._slots
        self._emptiness.learn(mean, is_empty, both, expected.busy)
        squares = (told.values - expected.mean) ** 2 / (1.0 + 1.0 / np.maximum(expected.weeks, 1.0))
        self._law.learn(mean, told.weights, np.where(both, squares, np.nan))
        self._number += 1

    def _learn_level(self, filled: Floats) -> None:
        known = np.isfinite(filled)
        count = known.sum(axis=0)
        self._daily[:-1] = self._daily[1:]
        self._daily[-1] = np.where(count > 0, np.where(known, filled, 0.0).sum(axis=0) / np.maximum(count, 1), np.nan)

    def _learn_shape(self, usable: Bools, cleaned: Floats, level: Floats) -> None:
        self._shape *= SHAPE_DECAY
        self._shape[0] += np.where(usable, self._to_relative(cleaned, level), 0.0)
        self._shape[1] += usable

    def _incidents(self, day: Day, mean: Floats, variance: Floats, usable: Bools, values: Floats) -> Bools:
        """Buckets that may not teach, for they are in a run that is far from what was expected."""
        gap = np.where(usable, mean - values, 0.0)
        variance = np.where(usable, variance, 0.0)
        hit = gap > _FLAG[1] * np.sqrt(variance)
        sums, noise = running_sum(gap), running_sum(variance)
        for window, limit in _FLAG.items():
            if 1 < window <= self._slots:
                hit |= runs_beyond(sums, noise, window, limit)
        if not self._kind.adds_up:  # of amounts a single giant order is cut, not left out: it is part of the trade
            hit |= gap * gap > _FLAG[1] ** 2 * variance
        hit &= usable & (variance > 0)
        size = np.where(usable, np.abs(mean) if self._kind.adds_up else 1.0, 0.0)
        is_shifted = self._shift.learn(size, hit, gap, self._daily)
        passed_over = self._passed_over[day.weekday]
        is_habit = passed_over >= _PASSED_OVER
        self._passed_over[day.weekday] = np.where(usable, np.where(hit, passed_over + 1.0, 0.0), passed_over)
        incidents: Bools = hit & ~is_shifted & ~is_habit
        return incidents
