"""Judging buckets: expectation, band, one score for all series, and the verdict."""

from collections.abc import Sequence
from dataclasses import fields

import numpy as np

from detector.model.panel import Panel
from detector.model.state import Seasons
from detector.stats.days import days_of
from detector.stats.memory import ready_for
from detector.stats.profile import Follows
from detector.stats.ready import TAIL, beginnings, judge_through
from detector.stats.verdicts import Judgement, VerdictCode, Watch, unjudged

__all__ = ["Judgement", "VerdictCode", "Watch", "judge"]


def judge(panel: Panel, watch: Watch, newest: int, seasons: Sequence[Seasons] | None = None) -> Judgement:
    """Judge the newest buckets of every series, each by itself and those before it alone.

    Args:
        panel: history and the buckets to judge; ten weeks are enough, two the least.
        watch: what to look for.
        newest: how many buckets at the end of the panel, at least 1.
        seasons: what each series follows, found from before the buckets to judge; without them hour and weekday both.
    """
    newest = min(newest, len(panel.grid))
    follows = Follows.of(seasons, len(panel.series))
    whole = unjudged(panel, watch, newest)
    today = days_of(panel.grid, panel.is_holiday, panel.is_unsettled)[-1].buckets
    is_of_today = newest <= TAIL + today.stop - today.start
    for rows, begin in beginnings(panel, watch.kind):
        # A single series goes twice: the sum over a column of one is rounded in another order than beside others.
        taken = rows if rows.size > 1 else np.repeat(rows, 2)
        part, follow = panel.rows(taken).cut(slice(begin, None)), follows.rows(taken)
        count = min(newest, len(part.grid))
        found = (
            ready_for(part, watch, follow).judge(part, count)
            if is_of_today
            else judge_through(part, watch, follow, count)
        )
        for one in fields(Judgement):
            answer = getattr(found, one.name)[: rows.size]
            getattr(whole, one.name)[rows, -answer.shape[1] :] = answer
    return whole
