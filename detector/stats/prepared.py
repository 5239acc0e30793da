"""Series that are made ready for a local day once, and judged bucket by bucket while it goes on."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields, replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from detector.model.panel import Panel
from detector.model.state import Seasons
from detector.stats.company import Company
from detector.stats.days import days_of, last_day_of
from detector.stats.profile import Follows
from detector.stats.ready import Ready, beginnings, ready_of
from detector.stats.together import company_of
from detector.stats.verdicts import Judgement, Watch, unjudged

__all__ = ["Find", "Prepared", "in_turn", "prepare", "prepared_by", "taken"]

_MANY = 4  # groups of series, each of some hundreds
_HANDS = 2  # more would wait for the interpreter, which holds the small steps between large arrays

Rows = npt.NDArray[np.int64]
Find = Callable[[Panel, Watch, Follows, Company | None], Ready]
Item = TypeVar("Item")
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """What the series of a panel are judged by on its last day.

    Attributes:
        watch: what to look for.
        day: which local day, in days since 1970.
        groups: series that begin on one day, by row, and what they are judged by; others have not begun.
    """

    watch: Watch
    day: int
    groups: tuple[tuple[Rows, Ready], ...]

    def judge(self, panel: Panel, newest: int) -> Judgement:
        """Judge the newest buckets of a panel of the same series that ends on the same day.

        Args:
            panel: from the local midnight of that day on, or from earlier: what lies before it is not looked at but
                for the owner's bounds, where `newest` reaches there.
            newest: how many buckets at its end; at most as many as there are of the day, and of the tail before it.

        Raises:
            ValueError: the panel ends on another day.
        """
        newest = min(newest, len(panel.grid))
        whole = unjudged(panel, self.watch, newest)
        begin = last_day_of(panel.grid)
        today = panel.cut(slice(begin, None))
        (day,) = days_of(today)
        if day.number != self.day:
            msg = f"prepared for day {self.day}, not for day {day.number}"
            raise ValueError(msg)

        for rows, ready in self.groups:  # by one hand: a day's arrays are too small for two to be faster
            count = min(newest, len(today.grid) + ready.tail.verdict.shape[1])
            found = ready.judge(day, _rows_of(today, rows), count)
            for one in fields(Judgement):
                answer = getattr(found, one.name)[: rows.size]
                getattr(whole, one.name)[rows, newest - count :] = answer
        return whole


def prepare(
    panel: Panel, watch: Watch, seasons: Sequence[Seasons] | None = None, *, together: bool | Company = False
) -> Prepared:
    """Walk through all days before the last one of a panel; of that day one bucket at least, its value has no say.

    Args:
        panel: ten weeks of history are enough, two the least.
        watch: what to look for.
        seasons: as for `judge`.
        together: as for `judge`.
    """

    def walked(part: Panel, of: Watch, follows: Follows, company: Company | None) -> Ready:
        return ready_of(part, of, follows, company, keeps_earlier=False)

    company = company_of(panel, watch.kind, seasons) if together is True else together or None
    return prepared_by(walked, panel, watch, Follows.of(seasons, len(panel.series)), company)


def prepared_by(find: Find, panel: Panel, watch: Watch, follows: Follows, company: Company | None) -> Prepared:
    """Make the series ready, group by group."""

    def prepare_group(group: tuple[Rows, int]) -> tuple[Rows, Ready]:
        rows, begin = group
        part = _rows_of(panel.cut(slice(begin, None)), rows)
        return rows, find(part, watch, follows.rows(taken(rows)), company)

    today = int(np.maximum.accumulate(panel.grid.local_day)[-1])
    return Prepared(watch, today, tuple(in_turn(prepare_group, beginnings(panel, watch.kind))))


def _rows_of(panel: Panel, rows: Rows) -> Panel:
    """Some of the series; without a copy where they lie side by side."""
    if rows.size < 2 or rows[-1] - rows[0] != rows.size - 1:  # noqa: PLR2004  as in `taken`
        return panel.rows(taken(rows))
    part = slice(int(rows[0]), int(rows[-1]) + 1)
    return replace(
        panel,
        series=panel.series[part],
        values=panel.values[part],
        known=panel.known[part],
        teaches=panel.teaches[part],
        weights=None if panel.weights is None else panel.weights[part],
        begins_level=None if panel.begins_level is None else panel.begins_level[part],
    )


def taken(rows: Rows) -> Rows:
    """A single series goes twice: the sum over a column of one is rounded in another order than beside others."""
    return rows if rows.size > 1 else np.repeat(rows, 2)


def in_turn(work: Callable[[Item], Answer], items: Iterable[Item]) -> list[Answer]:
    """Do the work for each, many by more than one hand: numpy lets go of the interpreter over large arrays."""
    queue = list(items)
    if len(queue) < _MANY:
        return [work(one) for one in queue]
    with ThreadPoolExecutor(_HANDS) as pool:
        return list(pool.map(work, queue))
