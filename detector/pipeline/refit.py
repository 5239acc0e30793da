"""Refit: once a local day, find anew which seasons a metric has, and remember its days off and days of the month."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np

from detector.alerting.due import HISTORY
from detector.model.metric import Metric
from detector.model.panel import Panel
from detector.model.span import Span, at_epoch, epoch_s
from detector.model.state import HistoryBlock
from detector.pipeline.filling import continued, daily_panel_of, panel_of, without
from detector.pipeline.pulled import Pulled
from detector.pipeline.teaching import inside
from detector.ports import Store
from detector.stats.calendar import with_calendar
from detector.stats.months import MOST_DAYS
from detector.stats.months_remembered import asks_for_month, with_month
from detector.stats.remembered import with_days_off
from detector.stats.seasons import find_seasons

__all__ = ["refit"]


KEPT = timedelta(days=MOST_DAYS)
"""How far back days of the month are looked for; the store forgets sooner, by `keep`."""


def refit(pulled: Pulled, over: Sequence[Span], late: frozenset[int], store: Store) -> tuple[Pulled, str]:
    """The metric with the seasons that its due buckets are judged by, and what failed, if anything did.

    They are found from what came before the local midnight of the first due bucket, at the first tick that judges a
    bucket of the day: so every tick of a day judges alike, whenever the detector was started.

    Args:
        pulled: history and what is due.
        over: spans of the metric's past incidents; they do not teach.
        late: starts of due buckets that a witness calls late.
        store: has what lies further back than the history that judging needs.

    Raises:
        StoreError: it could not be read.
    """
    metric, state = pulled.metric, pulled.state
    span = Span(pulled.due.closed_end - HISTORY, pulled.due.closed_end)
    panel = panel_of(metric, without(pulled.block, late), span)
    today = _first_of_day(panel, epoch_s(pulled.due.judge[0].start_at))
    midnight_at = at_epoch(int(panel.grid.starts[today]))
    if state.refitted_at is not None and state.refitted_at >= midnight_at:
        return pulled, ""
    local_day = int(panel.grid.local_day[today])
    kept = _kept(pulled, midnight_at, store) if asks_for_month(state.seasons, metric.kind, local_day) else None
    try:
        panel = with_calendar(_masked(panel, over), metric.holidays, metric.calendar).cut(slice(0, today))
        (seasons,) = find_seasons(panel, metric.kind)
        if kept is not None:
            seasons = with_month(_daily(metric, without(kept, late), over, midnight_at), local_day, seasons)
        elif state.seasons is not None:
            seasons = replace(seasons, month=state.seasons.month)
        seasons = with_days_off(panel, metric.kind, seasons, state.seasons)
    except Exception as error:  # noqa: BLE001 - the boundary of a refit: the judge does without, and it is tried again
        return pulled, f"its seasons could not be found anew: {type(error).__name__}: {error}; judged by the old ones"
    return replace(pulled, state=replace(state, seasons=seasons, refitted_at=midnight_at)), ""


def _kept(pulled: Pulled, midnight_at: datetime, store: Store) -> HistoryBlock:
    """All of the metric's history that there is."""
    name = pulled.metric.name
    return continued(store.history([name], midnight_at - KEPT).get(name), pulled.block)


def _daily(metric: Metric, block: HistoryBlock, over: Sequence[Span], until: datetime) -> Panel:
    """Its sums of days."""
    block = replace(block, teaches=block.teaches & ~inside(block.starts, over))
    panel = daily_panel_of(metric, block, Span(at_epoch(int(block.starts[0])), until))
    return with_calendar(panel, metric.holidays, metric.calendar)


def _first_of_day(panel: Panel, start_s: int) -> int:
    """Position of the first bucket on the local day of the one that starts then."""
    local_day = panel.grid.local_day
    return int(np.argmax(local_day >= local_day[panel.grid.index_of(start_s)]))


def _masked(panel: Panel, over: Sequence[Span]) -> Panel:
    starts, teaches = panel.grid.starts, panel.teaches.copy()
    for span in over:
        teaches[:, (starts >= epoch_s(span.start_at)) & (starts < epoch_s(span.end_at))] = False
    return replace(panel, teaches=teaches)
