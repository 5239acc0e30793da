"""What series are judged by today, kept while today goes on."""

from collections import OrderedDict
from dataclasses import dataclass, replace
from hashlib import blake2b
from threading import Lock
from typing import Self

import numpy as np

from detector.model.panel import Panel
from detector.stats.company import Company
from detector.stats.days import last_day_of
from detector.stats.digests import add_follows, add_panel
from detector.stats.midnight import Midnight
from detector.stats.picking import bytes_of, picked
from detector.stats.profile import Follows
from detector.stats.ready import FEW, REVISED_DAYS, Ready, ready_again, ready_of
from detector.stats.verdicts import Watch

__all__ = ["Question", "kept", "ready_for"]

_MOST_SERIES = 20_000  # about 8 kB each for ten weeks of hours; a single one goes twice
_MOST_BYTES = 192 * 2**20  # of walks as they stood days before: 36 kB a series of hours, 370 kB of five minutes

_ONCE, _TWICE = np.array([0]), np.array([0, 0])

Names = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Digests:
    """Of all that today is judged by, and of that part of it which lay before the days that often change."""

    today: bytes
    earlier: bytes


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """By what the last day of a panel is judged.

    Attributes:
        panel: series that all begin on its first day.
        watch: what to look for.
        follows: their seasons.
        company: what thin ones lean on.
        digests: of all this.
    """

    panel: Panel
    watch: Watch
    follows: Follows
    company: Company | None
    digests: _Digests

    @classmethod
    def of(cls, panel: Panel, watch: Watch, follows: Follows, company: Company | None = None) -> Self:
        """The question, with its digests; a single series that goes twice stands in it once."""
        if len(panel.series) > 1 and len(set(panel.series)) == 1:
            panel, follows = panel.rows(_ONCE), follows.rows(_ONCE)
        return cls(panel, watch, follows, company, _digests_of(panel, watch, follows, company))

    @property
    def names(self) -> Names:
        """What it is asked of."""
        return (self.panel.whose, *self.panel.series)

    @property
    def is_few(self) -> bool:
        """The walk as it stood days before is worth its memory."""
        return len(self.panel.series) <= FEW


class _Kept:
    """What the newest day of each panel is judged by: yesterday's is of no use today, and would stay for weeks.

    Walks as they stood days before are kept beside it for as many panels as there is room for, the newest ones.
    """

    def __init__(self) -> None:
        """Nothing yet."""
        self._ready: OrderedDict[Names, tuple[_Digests, Ready]] = OrderedDict()
        self._walks: OrderedDict[Names, tuple[Midnight, int]] = OrderedDict()
        self._series = self._bytes = 0
        self._turn = Lock()

    def answer(self, question: Question) -> Ready | None:
        """What is kept, if it is the same question that was asked last for these series."""
        with self._turn:
            digests, ready = self._ready.get(question.names, (None, None))
            if digests is None or digests.today != question.digests.today:
                return None
            self._ready.move_to_end(question.names)
            return ready

    def start_of(self, question: Question) -> Ready | None:
        """An older answer to go on from, with its walk, if nothing but the newest days has changed since."""
        with self._turn:
            digests, ready = self._ready.get(question.names, (None, None))
            walk, _ = self._walks.get(question.names, (None, 0))
            if ready is None or walk is None or digests is None or digests.earlier != question.digests.earlier:
                return None
            return replace(ready, earlier=walk)

    def put(self, question: Question, ready: Ready) -> None:
        """Keep the answer in place of what was kept for these series; what was asked for least gives way.

        A single series goes twice in what is judged by at every tick, and once in the walk, which is larger.
        """
        series = question.names
        size = bytes_of(ready.earlier)
        with self._turn:
            self._forget(series)
            self._ready[series] = (question.digests, replace(ready, earlier=None))
            self._series += ready.series
            if ready.earlier is not None:
                self._walks[series] = (ready.earlier, size)
                self._bytes += size
            while self._series > _MOST_SERIES and len(self._ready) > 1:
                self._forget(next(iter(self._ready)))
            while self._bytes > _MOST_BYTES and len(self._walks) > 1:
                self._bytes -= self._walks.popitem(last=False)[1][1]

    def _forget(self, series: Names) -> None:
        known = self._ready.pop(series, None)
        self._series -= 0 if known is None else known[1].series
        self._bytes -= self._walks.pop(series, (None, 0))[1]

    def clear(self) -> None:
        """Forget all of them."""
        with self._turn:
            self._ready.clear()
            self._walks.clear()
            self._series = self._bytes = 0


kept = _Kept()


def ready_for(panel: Panel, watch: Watch, follows: Follows, company: Company | None = None) -> Ready:
    """What the last day of a panel is judged by; the result is the same with and without the memory.

    Args:
        panel: of series that all begin on its first day.
        watch: what to look for.
        follows: their seasons.
        company: what thin ones lean on.
    """
    question = Question.of(panel, watch, follows, company)
    is_twice = len(question.panel.series) < len(panel.series)
    known = kept.answer(question)
    if known is not None:
        return known
    start = kept.start_of(question)
    if start is None:
        ready = ready_of(panel, watch, follows, company, keeps_earlier=question.is_few)
    else:
        walk = picked(start.earlier, _TWICE) if is_twice else start.earlier
        ready = ready_again(panel, replace(start, earlier=walk), company)
    kept.put(question, replace(ready, earlier=picked(ready.earlier, _ONCE)) if is_twice else ready)
    return ready


def _digests_of(panel: Panel, watch: Watch, follows: Follows, company: Company | None) -> _Digests:
    local = np.maximum.accumulate(panel.grid.local_day)
    today = last_day_of(panel.grid)
    split = int(np.searchsorted(local, local[-1] - REVISED_DAYS))
    first = blake2b(f"{watch} {panel.grid.timezone} {panel.grid.every_s} {local[-1]} {today}".encode(), digest_size=16)
    add_follows(first, follows)
    if company is not None and split > 0:
        first.update(company.digest(int(local[split - 1])))
    add_panel(first, panel, slice(0, split))
    both = first.copy()
    if company is not None:
        both.update(company.digest(int(local[-1])))
    add_panel(both, panel, slice(split, today))
    for flags in (panel.is_holiday, panel.is_unsettled, panel.occasion):
        both.update(b"" if flags is None else flags[today:].max().tobytes())
    return _Digests(both.digest(), first.digest())
