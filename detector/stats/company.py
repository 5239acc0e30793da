"""What many series of one rule have in common, for those of them that say too little by themselves."""

from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

from detector.model.panel import Floats
from detector.stats.days import WEEK, Day
from detector.stats.profile import Leaning

__all__ = ["SHAPE_DECAY", "Company", "Joining", "Lent"]

SHAPE_DECAY = 0.95
"""Of the mean day that thin slots lean on: about three weeks."""

_MOST_DAYS = 400.0  # as which the mean day of all counts beside the own one


@dataclass(frozen=True, slots=True, eq=False)
class Lent:
    """What a day of a member may lean on; as in `Walk`, relative to the level.

    Attributes:
        week: slots of the same weekday by how many days before it lies, 1 to 7; (7, slots, 1), the place is lag - 1;
            nan where nothing was known.
        mean_day: mean of those, (slots, 1).
        members: as how many members of one size they count.
        law: coefficients of the variance law of most, or None where nothing is known of it.
    """

    week: Floats
    mean_day: Floats
    members: float
    law: tuple[float, float] | None


class Joining:
    """How far each member's mean day goes its own way, and so how much that of all is worth beside it.

    The empirical Bayes weight of `Leaning`, one level up.
    """

    def __init__(self, series: int) -> None:
        """Know nothing yet."""
        self._leaning = Leaning(series, _MOST_DAYS)
        self._share = np.zeros((1, series))

    def learn(self, lent: Lent, apart: Floats, size: Floats, variance: Floats, days: Floats) -> None:
        """Take in a day, before it is asked for.

        Args:
            lent: what is known of it.
            apart: the member's own mean day less that of all, (slots, m).
            size: what a deviation of 1 would be.
            variance: of one bucket.
            days: sum of the weights of the days in the own mean, each `SHAPE_DECAY` of the next.
        """
        has = np.isfinite(apart) & (days > 0)
        # As many days of equal weights have the same variance.
        counted = days * (1.0 + SHAPE_DECAY) / np.maximum(2.0 - days * (1.0 - SHAPE_DECAY), 1.0)
        apart, size = np.where(has, apart, 0.0), np.where(has, size, 0.0)
        counted, variance = np.where(has, counted, 0.0), np.where(has, variance, 0.0)
        self._leaning.learn(apart, size, variance, counted)
        # All members together are no surer than their number allows.
        weight = np.minimum(self._leaning.weight(size, variance, counted), counted * (lent.members - 1.0))
        self._share = np.where(has, weight / np.maximum(weight + counted, 1.0), 0.0)

    def joined(self, lent: Lent, lag: int | None, own: Floats) -> tuple[Floats, Floats]:
        """A member's own slots leaning on those of all, and the part of them that stays its own, (slots, m).

        Args:
            lent: what is known of the day.
            lag: how many days before it the weekday lies that is asked for; None for the mean day.
            own: slots relative to the level.
        """
        every = lent.mean_day if lag is None else lent.week[lag - 1]
        share = np.where(np.isfinite(every), self._share, 0.0)
        least = np.maximum(1.0 - share, 1.0 / lent.members)
        return own + share * (np.where(np.isfinite(every), every, 0.0) - own), least


@dataclass(frozen=True, slots=True, eq=False)
class Company:
    """The rhythm of all members together at every local midnight, each by what lay before it.

    Attributes:
        first_day: local day of the first row.
        week: (days + 7, slots); what lies beyond a day is what was known at its midnight of the weekdays that follow.
        members: as how many of one size they count, (days,).
        laws: coefficients of the variance law of most, (days, 2); nan where nothing is known of it.
        adds_up: as `Kind`.
    """

    first_day: int
    week: Floats
    members: Floats
    laws: Floats
    adds_up: bool

    def lent(self, day: Day) -> Lent | None:
        """What is known at its midnight; None where there is no week before it, or the day is none of its own."""
        at = day.number - self.first_day
        if not 0 <= at < len(self.members):
            return None
        week = self.week[at : at + WEEK][::-1]
        known = np.isfinite(week)
        count = known.sum(axis=0)
        if not count.any() or self.members[at] <= 1.0:
            return None
        mean_day = np.where(known, week, 0.0).sum(axis=0) / np.where(count > 0, count, np.nan)
        middle = float(mean_day[count > 0].mean())
        if self.adds_up:
            unit = middle if middle > 0 else np.inf
            week, mean_day = week / unit, mean_day / unit
        else:
            week, mean_day = week - middle, mean_day - middle
        first, second = self.laws[at].tolist()
        law = (first, second) if np.isfinite(first) else None
        return Lent(week[:, :, None], mean_day[:, None], float(self.members[at]), law)

    def digest(self, until_day: int) -> bytes:
        """Of all that days up to that one are told."""
        days = until_day - self.first_day + 1
        found = blake2b(str(self.first_day).encode(), digest_size=16)
        found.update(self.week[: days + WEEK - 1].tobytes())
        found.update(self.members[:days].tobytes())
        found.update(self.laws[:days].tobytes())
        return found.digest()
