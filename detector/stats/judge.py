"""Judging buckets: expectation, band, one score for all series, and the verdict."""

from collections.abc import Sequence
from dataclasses import fields

import numpy as np
import numpy.typing as npt

from detector.model.panel import Panel
from detector.model.state import Seasons
from detector.stats.company import Company
from detector.stats.days import last_day_of
from detector.stats.memory import ready_for
from detector.stats.prepared import Prepared, in_turn, prepare, prepared_by, taken
from detector.stats.profile import Follows
from detector.stats.ready import FEW, beginnings, judge_through, tail_of
from detector.stats.together import company_of
from detector.stats.verdicts import Judgement, VerdictCode, Watch, unjudged

__all__ = ["Company", "Judgement", "Prepared", "VerdictCode", "Watch", "company_of", "judge", "prepare"]


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
    tail = tail_of(panel.grid, is_few=len(panel.series) <= FEW)
    if newest <= tail + len(panel.grid) - last_day_of(panel.grid):
        return prepared_by(ready_for, panel, watch, follows, company).judge(panel, newest)
    whole = unjudged(panel, watch, newest)

    def judge_group(group: tuple[npt.NDArray[np.int64], int]) -> None:
        rows, begin = group
        part = panel.rows(taken(rows)).cut(slice(begin, None))
        found = judge_through(part, watch, follows.rows(taken(rows)), min(newest, len(part.grid)), company)
        for one in fields(Judgement):
            answer = getattr(found, one.name)[: rows.size]
            getattr(whole, one.name)[rows, newest - answer.shape[1] :] = answer

    in_turn(judge_group, beginnings(panel, watch.kind))
    return whole
