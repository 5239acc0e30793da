"""Judging buckets: expectation, band, one score for all series, and the verdict."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields

import numpy as np
import numpy.typing as npt

from detector.model.panel import Panel
from detector.model.state import Seasons
from detector.stats.company import Company
from detector.stats.days import last_day_of
from detector.stats.memory import ready_for
from detector.stats.profile import Follows
from detector.stats.ready import TAIL, beginnings, judge_through
from detector.stats.together import company_of
from detector.stats.verdicts import Judgement, VerdictCode, Watch, unjudged

__all__ = ["Company", "Judgement", "VerdictCode", "Watch", "company_of", "judge"]

_MANY = 4  # groups of series, each of some hundreds
_HANDS = 2  # more would wait for the interpreter, which holds the small steps between large arrays


def judge(
    panel: Panel,
    watch: Watch,
    newest: int,
    seasons: Sequence[Seasons] | None = None,
    *,
    together: bool | Company = False,
) -> Judgement:
    """Judge the newest buckets of every series, each by those before it alone.

    Args:
        panel: history and the buckets to judge; ten weeks are enough, two the least.
        watch: what to look for.
        newest: how many buckets at the end of the panel, at least 1.
        seasons: what each series follows, found from before the buckets to judge; without them hour and weekday both.
        together: the series are members of one rule, whose thin ones lean on what all have in common; then a row
            depends on the others, though not on their order. Or the company that they have, for some of its members.
    """
    newest = min(newest, len(panel.grid))
    follows = Follows.of(seasons, len(panel.series))
    company = company_of(panel, watch.kind, seasons) if together is True else together or None
    whole = unjudged(panel, watch, newest)
    today = last_day_of(panel.grid)
    is_of_today = newest <= TAIL + len(panel.grid) - today

    def judge_group(group: tuple[npt.NDArray[np.int64], int]) -> None:
        rows, begin = group
        # A single series goes twice: the sum over a column of one is rounded in another order than beside others.
        taken = rows if rows.size > 1 else np.repeat(rows, 2)
        part, follow = panel.rows(taken).cut(slice(begin, None)), follows.rows(taken)
        count = min(newest, len(part.grid))
        if is_of_today:
            found = ready_for(part, watch, follow, company).judge(part, count)
        else:
            found = judge_through(part, watch, follow, count, company)
        for one in fields(Judgement):
            answer = getattr(found, one.name)[: rows.size]
            getattr(whole, one.name)[rows, -answer.shape[1] :] = answer

    groups = list(beginnings(panel, watch.kind))
    if len(groups) < _MANY:
        for group in groups:
            judge_group(group)
    else:  # numpy lets go of the interpreter while it works on large arrays
        with ThreadPoolExecutor(_HANDS) as pool:
            list(pool.map(judge_group, groups))
    return whole
