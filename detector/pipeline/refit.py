"""Refit: once a local day, find anew which seasons a metric has, and remember its days off."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from detector.alerting.due import HISTORY
from detector.model.panel import Panel
from detector.model.span import Span, at_epoch, epoch_s
from detector.pipeline.filling import panel_of, without
from detector.pipeline.pulled import Pulled
from detector.stats.calendar import with_calendar
from detector.stats.remembered import with_days_off
from detector.stats.seasons import find_seasons

__all__ = ["refit"]


def refit(pulled: Pulled, over: Sequence[Span], late: frozenset[int]) -> tuple[Pulled, str]:
    """The metric with the seasons that its due buckets are judged by, and what failed, if anything did.

    They are found from what came before the local midnight of the first due bucket, at the first tick that judges a
    bucket of the day: so every tick of a day judges alike, whenever the detector was started.

    Args:
        pulled: history and what is due.
        over: spans of the metric's past incidents; they do not teach.
        late: starts of due buckets that a witness calls late.
    """
    metric, state = pulled.metric, pulled.state
    span = Span(pulled.due.closed_end - HISTORY, pulled.due.closed_end)
    panel = panel_of(metric, without(pulled.block, late), span)
    today = _first_of_day(panel, epoch_s(pulled.due.judge[0].start_at))
    midnight_at = at_epoch(int(panel.grid.starts[today]))
    if state.refitted_at is not None and state.refitted_at >= midnight_at:
        return pulled, ""
    try:
        panel = with_calendar(_masked(panel, over), metric.holidays, metric.calendar).cut(slice(0, today))
        (seasons,) = find_seasons(panel, metric.kind)
        known = () if state.seasons is None else state.seasons.days_off
        seasons = with_days_off(panel, metric.kind, seasons, known)
    except Exception as error:  # noqa: BLE001 - the boundary of a refit: the judge does without, and it is tried again
        return pulled, f"its seasons could not be found anew: {type(error).__name__}: {error}; judged by the old ones"
    return replace(pulled, state=replace(state, seasons=seasons, refitted_at=midnight_at)), ""


def _first_of_day(panel: Panel, start_s: int) -> int:
    """Position of the first bucket on the local day of the one that starts then."""
    local_day = panel.grid.local_day
    return int(np.argmax(local_day >= local_day[panel.grid.index_of(start_s)]))


def _masked(panel: Panel, over: Sequence[Span]) -> Panel:
    starts, teaches = panel.grid.starts, panel.teaches.copy()
    for span in over:
        teaches[:, (starts >= epoch_s(span.start_at)) & (starts < epoch_s(span.end_at))] = False
    return replace(panel, teaches=teaches)
