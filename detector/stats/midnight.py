"""All that is known of series at one local midnight: enough to judge the day that follows, bucket by bucket."""

from dataclasses import replace

import numpy as np

from detector.model.metric import Direction, Kind
from detector.model.panel import Bools
from detector.stats.company import Company
from detector.stats.coverage import Reach
from detector.stats.days import WEEK, Day
from detector.stats.evidence import Trail, windows_of
from detector.stats.outlook import Buckets, Outlook, Side, Weighed
from detector.stats.profile import Follows
from detector.stats.recent import Trust
from detector.stats.scoring import Tail
from detector.stats.slots import Habits
from detector.stats.walk import Walk

__all__ = ["FIRST_DAYS", "Midnight"]

FIRST_DAYS = WEEK
"""Days that must lie before the first midnight: they teach as they are."""

_LEARNING_DAYS = 13.5  # two weeks of buckets less a few lost ones; a grid of whole days needs twice as many
_DAILY_LEARNING_DAYS = 27.0


class _UsableDays:
    """How many days there were, each as far as it was there."""

    def __init__(self, series: int) -> None:
        self.count, self._fullest = np.zeros(series), np.ones(series)

    def learn(self, teaches: Bools) -> None:
        known = teaches.sum(axis=0)
        self._fullest = np.maximum(self._fullest, known)
        self.count = self.count + np.minimum(known / self._fullest, 1.0)


class _Watched:
    """What is learned of the evidence of one direction."""

    def __init__(self, day: Day, series: int, *, is_drop: bool, has_silence: bool, days: int) -> None:
        self.is_drop = is_drop
        self.habits = Habits(len(windows_of(day.slots)), day.slots, series)
        self.tail = Tail(day.slots, series, has_silence=has_silence, days=days)


class Midnight:
    """The state of a panel of series between two days; every day is judged by an outlook, and then teaches.

    All series have their first values in the first of the days.
    """

    def __init__(
        self, kind: Kind, on: Direction, follows: Follows, first: list[tuple[Day, Buckets]], days: int
    ) -> None:
        """Look at the first week.

        Args:
            kind: law of all series.
            on: their bad side.
            follows: their seasons.
            first: FIRST_DAYS days.
            days: how many are to come at most.
        """
        series = first[0][1].values.shape[1]
        week = [(day, buckets.told(day, kind)) for day, buckets in first]
        self._kind, self._walk = kind, Walk(kind, follows, week, days)
        windows = windows_of(first[0][0].slots)
        self._trail, self._trust = Trail.empty(windows, series), Trust(len(windows), series)
        self._run, self._lowest, self._highest = np.zeros((3, series))
        self._reach, self._usable = Reach(series), _UsableDays(series)
        self._slots = first[0][0].slots
        for (day, buckets), (_, told) in zip(first, week, strict=True):
            self._learn_bounds(buckets)
            self._usable.learn(told.teaches & (not day.is_off))
        self._watched = tuple(
            _Watched(first[0][0], series, is_drop=side is Direction.DROP, has_silence=silent, days=days)
            for side, silent in ((Direction.DROP, kind.adds_up), (Direction.RISE, False))
            if on in (side, Direction.BOTH)
        )

    def outlook(self, day: Day, company: Company | None = None) -> Outlook:
        """What the day that now begins is judged by; once for each, and nothing of what comes in it has a say.

        Args:
            day: the next one.
            company: what thin series lean on.
        """
        if day.begins_week:
            for one in self._watched:
                one.tail.refit()
        enough = _DAILY_LEARNING_DAYS if day.slots == 1 else _LEARNING_DAYS
        return Outlook(
            day=day,
            kind=self._kind,
            expected=self._walk.expect(day, None if company is None else company.lent(day)),
            has_learned=self._usable.count >= enough,
            trail=self._trail,
            trust=self._trust.weights(),
            run=self._run,
            sides=tuple(Side(one.is_drop, one.habits.factors(day), one.tail.scale) for one in self._watched),
            reach=(self._reach.down, self._reach.up),
            lowest=self._lowest,
            highest=self._highest,
        )

    def learn(self, outlook: Outlook, buckets: Buckets, weighed: Weighed) -> None:
        """Let a whole day teach, after it was judged by its outlook.

        Args:
            outlook: the newest one.
            buckets: all of the day.
            weighed: what was found in all of them.
        """
        day, kind = outlook.day, self._kind
        told = buckets.told(day, kind)
        expected = self._walk.at_new_level(day, outlook.expected, told)
        if expected is not outlook.expected:  # a new level is no evidence of anything, and teaches as what is usual
            outlook = replace(outlook, expected=expected)
            weighed = outlook.weigh(day, buckets, buckets.values.shape[0])
        self._walk.learn(day, expected, told)
        self._trail = weighed.trail
        sums = weighed.sums
        self._trust.learn(sums.said, sums.actual - sums.expected + sums.drift, sums.noise, weighed.block.has)
        self._run = weighed.run[-1]
        off = day.is_off or day.is_unsettled
        is_usual: Bools = np.all(~buckets.known | (buckets.teaches & (not off)), axis=0)
        for one, found in zip(self._watched, weighed.sides, strict=True):
            one.habits.learn(day, found.deviations, weighed.active & is_usual)
            one.tail.learn(found.evidence.max(axis=1), is_usual, outlook.has_learned)
        below, above = weighed.outside
        self._reach.learn(below, above, weighed.ranged)
        self._learn_bounds(buckets)
        self._usable.learn(told.teaches & (not day.is_off))

    def _learn_bounds(self, buckets: Buckets) -> None:
        values = np.where(buckets.known, buckets.values, 0.0)
        self._lowest = np.minimum(self._lowest, values.min(axis=0))
        self._highest = np.maximum(self._highest, values.max(axis=0))
