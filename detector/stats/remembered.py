"""Days off that are remembered for years, where the history that is kept is one of weeks."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from detector.model.metric import Kind
from detector.model.panel import Panel
from detector.model.state import DayOff, Seasons
from detector.stats.days import WEEK, days_of
from detector.stats.outlook import buckets_of
from detector.stats.profile import Follows
from detector.stats.ready import beginnings
from detector.stats.walk import Walk

__all__ = ["with_days_off"]

_KEPT_DAYS = 2 * 366 + WEEK


def with_days_off(panel: Panel, kind: Kind, seasons: Seasons, before: Sequence[DayOff]) -> Seasons:
    """The seasons of a series with the days off that are known of it: those before, and the new ones of its history.

    Costs a walk through the history where it has a day off that is not known yet.

    Args:
        panel: one series; whole local days.
        kind: of it.
        seasons: that were found for it.
        before: days off that are remembered.
    """
    known = {one.number: one for one in before}
    if set(np.unique(panel.grid.local_day[panel.is_holiday]).tolist()) - known.keys():
        known = {one.number: one for one in _found(panel, kind, seasons)} | known
    first = int(panel.grid.local_day[-1]) - _KEPT_DAYS
    return replace(seasons, days_off=tuple(known[number] for number in sorted(known) if number >= first))


def _found(panel: Panel, kind: Kind, seasons: Seasons) -> list[DayOff]:
    rows = np.array([0, 0])
    begun = [begin for _, begin in beginnings(panel, kind)]
    if not begun:
        return []
    panel = panel.rows(rows).cut(slice(begun[0], None))
    days = days_of(panel)
    told = [buckets_of(panel, day.buckets).told(day, kind) for day in days]
    if len(days) <= WEEK:
        return []
    walk = Walk(kind, Follows.of([seasons, seasons], 2), list(zip(days[:WEEK], told[:WEEK], strict=True)))
    found = []
    for day, one in zip(days[WEEK:], told[WEEK:], strict=True):
        expected = walk.expect(day)
        day_off = walk.to_remember(day, one)
        if day_off is not None and any(part is not None for part in day_off.held):
            found.append(day_off)
        walk.learn(day, expected, one)
    return found
