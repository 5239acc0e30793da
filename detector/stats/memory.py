"""What series are judged by today, kept while today goes on."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from threading import Lock

import numpy as np

from detector.model.panel import Panel
from detector.stats.company import Company
from detector.stats.days import last_day_of
from detector.stats.profile import Follows
from detector.stats.ready import REVISED_DAYS, Ready, ready_again, ready_of
from detector.stats.verdicts import Watch

__all__ = ["kept", "ready_for"]

_FEW = 4  # series; of more, walks as they stood days before would fill the memory
_MOST_SERIES = 20_000  # about 8 kB each for ten weeks of hours
_MOST_FEW = 1024  # panels of few series, about 100 kB each; with fewer than there are metrics none is ever found again


@dataclass(frozen=True, slots=True)
class _Digests:
    """Of all that today is judged by, and of that part of it which lay before the days that often change."""

    today: bytes
    earlier: bytes


class _Kept:
    """What the newest day of each panel is judged by: yesterday's is of no use today, and would stay for weeks."""

    def __init__(self) -> None:
        """Nothing yet."""
        self._ready: OrderedDict[tuple[str, ...], tuple[_Digests, Ready]] = OrderedDict()
        self._turn = Lock()

    def get(self, series: tuple[str, ...]) -> tuple[_Digests, Ready] | None:
        """What was kept last for these series."""
        with self._turn:
            known = self._ready.get(series)
            if known is not None:
                self._ready.move_to_end(series)
            return known

    def put(self, series: tuple[str, ...], digests: _Digests, ready: Ready) -> None:
        """Keep it in place of what was kept for these series; what was asked for least gives way."""
        with self._turn:
            self._ready[series] = (digests, ready)
            self._ready.move_to_end(series)
            few = sum(len(names) <= _FEW for names in self._ready)
            total = sum(len(names) for names in self._ready)
            while (few > _MOST_FEW or total > _MOST_SERIES) and len(self._ready) > 1:
                gone, _ = self._ready.popitem(last=False)
                few, total = few - (len(gone) <= _FEW), total - len(gone)

    def clear(self) -> None:
        """Forget all of them."""
        with self._turn:
            self._ready.clear()


kept = _Kept()


def ready_for(panel: Panel, watch: Watch, follows: Follows, company: Company | None = None) -> Ready:
    """What the last day of a panel is judged by; the result is the same with and without the memory.

    Args:
        panel: of series that all begin on its first day.
        watch: what to look for.
        follows: their seasons.
        company: what thin ones lean on.
    """
    few = len(set(panel.series)) <= _FEW
    digests = _digests_of(panel, watch, follows, company)
    known = kept.get(panel.series)
    if known is not None and known[0].today == digests.today:
        return known[1]
    if known is not None and known[0].earlier == digests.earlier and known[1].earlier is not None:
        ready = ready_again(panel, known[1], company)
    else:
        ready = ready_of(panel, watch, follows, company, keeps_earlier=few)
    kept.put(panel.series, digests, ready)
    return ready


def _digests_of(panel: Panel, watch: Watch, follows: Follows, company: Company | None) -> _Digests:
    local = np.maximum.accumulate(panel.grid.local_day)
    today = last_day_of(panel.grid)
    split = int(np.searchsorted(local, local[-1] - REVISED_DAYS))
    first = blake2b(f"{watch} {panel.grid.timezone} {panel.grid.every_s} {local[-1]} {today}".encode(), digest_size=16)
    for array in (follows.day, follows.week):
        first.update(array.tobytes())
    _add_known(first, follows.past)
    _add_known(first, follows.near)
    _add_known(first, follows.months)
    if company is not None and split > 0:
        first.update(company.digest(int(local[split - 1])))
    _add(first, panel, slice(0, split))
    both = first.copy()
    if company is not None:
        both.update(company.digest(int(local[-1])))
    _add(both, panel, slice(split, today))
    for flags in (panel.is_holiday, panel.is_unsettled, panel.occasion):
        both.update(b"" if flags is None else flags[today:].max().tobytes())
    return _Digests(both.digest(), first.digest())


def _add_known(digest: "blake2b", known: Sequence[object]) -> None:
    """What is remembered of each series; members share what is of their whole."""
    ids = {id(one): place for place, one in enumerate(known)}
    digest.update(repr([ids[id(one)] for one in known]).encode())
    digest.update(repr([known[place] for place in ids.values()]).encode())


def _add(digest: "blake2b", panel: Panel, part: slice) -> None:
    grid = panel.grid
    of_buckets = (grid.starts, grid.ends, grid.walls, panel.is_holiday, panel.is_unsettled, panel.occasion)
    of_series = (panel.values, panel.known, panel.teaches, panel.weights, panel.begins_level)
    arrays = [
        *(one[part] for one in of_buckets if one is not None),
        *(one[:, part] for one in of_series if one is not None),
    ]
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
