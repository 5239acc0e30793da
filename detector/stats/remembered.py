"""Days off, and days beside one, that are remembered for years, where the history that is kept is one of weeks."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from detector.model.metric import Kind
from detector.model.panel import Panel
from detector.model.state import DayOff, Seasons
from detector.stats.days import WEEK, Day, days_of
from detector.stats.outlook import buckets_of
from detector.stats.profile import Follows
from detector.stats.ready import beginnings
from detector.stats.walk import Walk

__all__ = ["with_days_off"]

_KEPT_DAYS = 2 * 366 + WEEK
_KEPT_NEAR = 366 + 5 * WEEK  # so that last year's is among them, whenever Easter was; there are twice as many


def with_days_off(panel: Panel, kind: Kind, seasons: Seasons, before: Seasons | None) -> Seasons:
    """The seasons of a series with the days off that are known of it, and the days before and after one.

    Those that were known before, and the new ones of its history. Costs a walk through the history where it has one
    that is not known yet.

    Args:
        panel: one series; whole local days.
        kind: of it.
        seasons: that were found for it.
        before: the seasons with the days that are remembered.
    """
    off = {} if before is None else {one.number: one for one in before.days_off}
    near = {} if before is None else {one.number: one for one in before.days_near}
    days = days_of(panel)
    if any(day.number not in (off if day.is_off else near) for day in _special(days)):
        for day, found in _found(panel, kind, seasons):
            (off if day.is_off else near).setdefault(day.number, found)
    today = int(panel.grid.local_day[-1])
    return replace(seasons, days_off=_since(off, today - _KEPT_DAYS), days_near=_since(near, today - _KEPT_NEAR))


def _since(known: dict[int, DayOff], first: int) -> tuple[DayOff, ...]:
    return tuple(known[number] for number in sorted(known) if number >= first)


def _special(days: list[Day]) -> Iterator[Day]:
    """Days off, and those beside one; other days on which some are off, of which there are many, are like any other."""
    off = {day.number for day in days if day.is_off}
    for day in days:
        if day.is_off or (day.is_unsettled and not off.isdisjoint((day.number - 1, day.number + 1))):
            yield day


def _found(panel: Panel, kind: Kind, seasons: Seasons) -> Iterator[tuple[Day, DayOff]]:
    rows = np.array([0, 0])
    begun = [begin for _, begin in beginnings(panel, kind)]
    if not begun:
        return
    panel = panel.rows(rows).cut(slice(begun[0], None))
    days = days_of(panel)
    told = [buckets_of(panel, day.buckets).told(day, kind) for day in days]
    if len(days) <= WEEK:
        return
    walk = Walk(kind, Follows.of([seasons, seasons], 2), list(zip(days[:WEEK], told[:WEEK], strict=True)))
    special = {day.number for day in _special(days)}
    for day, one in zip(days[WEEK:], told[WEEK:], strict=True):
        expected = walk.expect(day)
        found = walk.to_remember(day, one) if day.number in special else None
        if found is not None and any(part is not None for part in found.held):
            yield day, found
        walk.learn(day, expected, one)
