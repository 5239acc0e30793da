"""Series that are ready for a local day: those before it are walked through once, and then only today is looked at."""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from detector.model.grid import Grid
from detector.model.metric import Kind
from detector.model.panel import Panel
from detector.stats.company import Company
from detector.stats.days import Day, days_of
from detector.stats.midnight import FIRST_DAYS, Midnight
from detector.stats.outlook import Outlook, buckets_of
from detector.stats.profile import Follows
from detector.stats.verdicts import Judgement, Watch, joined, judged, unjudged

__all__ = [
    "FEW",
    "REVISED_DAYS",
    "Ready",
    "beginnings",
    "judge_through",
    "most_series",
    "ready_again",
    "ready_of",
    "tail_of",
]

FEW = 4
"""Series; of so few more is kept: the walk as it stood days before, and the judgement of those days."""

REVISED_DAYS = 2
"""Days before today whose buckets often change: the walk of few series is kept as it stood before them, too."""

_TAIL = 48  # buckets before those that are new: an onset is looked for among them

# Buckets of a day times series that are walked at a time: their some hundred arrays stay near the processor.
_CELLS = 24576


@dataclass(frozen=True, slots=True, eq=False)
class Ready:
    """What a local day of some series is judged by.

    Attributes:
        watch: what to look for.
        outlook: of the day; None where too few days lie before it.
        tail: judgement of up to `tail_of` buckets before it.
        earlier: the walk as it stood REVISED_DAYS before, where it was asked for and there are so many.
    """

    watch: Watch
    outlook: Outlook | None
    tail: Judgement
    earlier: Midnight | None = None

    @property
    def series(self) -> int:
        """How many."""
        return int(self.tail.verdict.shape[0])

    def judge(self, day: Day, today: Panel, newest: int) -> Judgement:
        """Judge the newest buckets, up to now.

        Args:
            day: as much of it as there is by now.
            today: the same series in its buckets.
            newest: at most as many as there are of the day and in the tail.
        """
        count = min(newest, len(today.grid))
        if self.outlook is None:
            found = unjudged(today, self.watch, count)
        else:
            buckets = buckets_of(today, slice(None))
            found = judged(self.outlook, self.outlook.weigh(day, buckets, count), buckets, self.watch, count)
        return joined([self.tail.last(newest - count), found]) if newest > count else found


def beginnings(panel: Panel, kind: Kind) -> Iterator[tuple[npt.NDArray[np.int64], int]]:
    """Series that begin on one local day, not too many at a time, and the position of its first bucket.

    A series begins with the first whole day on which it has a value; of one that adds up, a value that is not zero:
    before that there was no shop, and its silence says nothing. So the days that teach, and all that follows from them,
    stay the same while a panel of the last weeks moves on from hour to hour.
    """
    begun = panel.known & panel.teaches
    if kind.adds_up:
        begun &= np.where(panel.known, panel.values, 0.0) != 0
    local = np.maximum.accumulate(panel.grid.local_day)
    edges = np.flatnonzero(np.diff(local, prepend=local[0] - 1))
    is_cut = bool(panel.grid.slot_of_day[0])
    if is_cut and edges.size == 1:
        return
    at = np.maximum(begun.argmax(axis=1), edges[1] if is_cut else 0)
    number = np.where(begun.any(axis=1), np.searchsorted(edges, at, side="right") - 1, -1)
    most = most_series(panel.grid)
    for day in np.unique(number[number >= 0]).tolist():
        same = np.flatnonzero(number == day)
        yield from ((same[start : start + most], int(edges[day])) for start in range(0, same.size, most))


def most_series(grid: Grid) -> int:
    """How many are walked through at a time."""
    return max(_CELLS // grid.slots_per_day, 2)


def tail_of(grid: Grid, *, is_few: bool) -> int:
    """Buckets before today whose judgement is kept.

    Of few series those of days that often change are among them: when late rows change one, or after a night without a
    detector, no more has to be walked through again than these.
    """
    return _TAIL + REVISED_DAYS * grid.slots_per_day * is_few


def ready_of(
    panel: Panel, watch: Watch, follows: Follows, company: Company | None = None, *, keeps_earlier: bool
) -> Ready:
    """Walk through all days before the last one of a panel.

    Args:
        panel: of series that all begin on its first day; of the last day one bucket at least; its value does not count.
        watch: what to look for.
        follows: their seasons.
        company: what thin ones lean on.
        keeps_earlier: the walk will be gone on with from REVISED_DAYS before, when buckets have changed since.
    """
    days, length = days_of(panel), tail_of(panel.grid, is_few=keeps_earlier)
    if len(days) <= FIRST_DAYS:
        past = panel.cut(slice(0, days[-1].buckets.start))
        return Ready(watch, None, unjudged(past, watch, min(length, len(past.grid))))
    midnight = _first_midnight(panel, watch, follows, days)
    first = max(days[-1].buckets.start - length, 0)
    tail = _unjudged_between(panel, watch, first, days[FIRST_DAYS].buckets.start)
    split = len(days) - 1 - REVISED_DAYS
    if not keeps_earlier or split <= FIRST_DAYS:
        tail += _walk(panel, watch, midnight, days[FIRST_DAYS:-1], first, company)
        return Ready(watch, midnight.outlook(days[-1], company), joined(tail))
    tail += _walk(panel, watch, midnight, days[FIRST_DAYS:split], first, company)
    return _gone_on(panel, watch, midnight, days, tail, company)


def ready_again(panel: Panel, before: Ready, company: Company | None = None) -> Ready:
    """The same where nothing has changed but in the last REVISED_DAYS before the day."""
    days = days_of(panel)
    assert before.earlier is not None  # noqa: S101  the memory asks only then
    again = days[-1].buckets.start - days[-1 - REVISED_DAYS].buckets.start
    unchanged = before.tail.first(max(before.tail.verdict.shape[1] - again, 0))
    return _gone_on(panel, before.watch, deepcopy(before.earlier), days, [unchanged], company)


def _gone_on(
    panel: Panel,
    watch: Watch,
    midnight: Midnight,
    days: Sequence[Day],
    tail: Sequence[Judgement],
    company: Company | None,
) -> Ready:
    """Walk through the last REVISED_DAYS before the newest day, and keep the walk as it was before them."""
    earlier, first = deepcopy(midnight), max(days[-1].buckets.start - tail_of(panel.grid, is_few=True), 0)
    found = _walk(panel, watch, midnight, days[-1 - REVISED_DAYS : -1], first, company)
    return Ready(watch, midnight.outlook(days[-1], company), joined([*tail, *found]), earlier)


def judge_through(
    panel: Panel, watch: Watch, follows: Follows, newest: int, company: Company | None = None
) -> Judgement:
    """Judge buckets of many days of series that all begin on the first day of a panel."""
    days = days_of(panel)
    if len(days) <= FIRST_DAYS:
        return unjudged(panel, watch, newest)
    first = len(panel.grid) - newest
    young = _unjudged_between(panel, watch, first, days[FIRST_DAYS].buckets.start)
    midnight = _first_midnight(panel, watch, follows, days)
    return joined([*young, *_walk(panel, watch, midnight, days[FIRST_DAYS:], first, company)])


def _unjudged_between(panel: Panel, watch: Watch, first: int, end: int) -> list[Judgement]:
    return [unjudged(panel.cut(slice(first, end)), watch, end - first)] if first < end else []


def _first_midnight(panel: Panel, watch: Watch, follows: Follows, days: Sequence[Day]) -> Midnight:
    first = [(day, buckets_of(panel, day.buckets)) for day in days[:FIRST_DAYS]]
    return Midnight(watch.kind, watch.on, follows, first, len(days))


def _walk(
    panel: Panel, watch: Watch, midnight: Midnight, days: Sequence[Day], first: int, company: Company | None
) -> list[Judgement]:
    """Judge and learn day by day; the judgement of the buckets from `first` on."""
    found = []
    for day in days:
        outlook, buckets = midnight.outlook(day, company), buckets_of(panel, day.buckets)
        weighed = outlook.weigh(day, buckets, buckets.values.shape[0])
        wanted = min(day.buckets.stop - first, buckets.values.shape[0])
        if wanted > 0:
            found.append(judged(outlook, weighed, buckets, watch, wanted))
        midnight.learn(outlook, buckets, weighed)
    return found
