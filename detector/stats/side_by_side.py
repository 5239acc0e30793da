"""Series that are judged one by one, made ready for their day side by side: a walk for all costs little more than one.

Arrays of one series are so short that a step of the walk costs numpy more than its numbers do. What each row of a panel
gets is, to the last digit, what it gets alone.
"""

from collections.abc import Sequence
from dataclasses import replace
from hashlib import blake2b

import numpy as np

from detector.model.panel import Panel
from detector.model.state import Seasons
from detector.stats.memory import Question, kept
from detector.stats.picking import picked
from detector.stats.profile import Follows
from detector.stats.ready import beginnings, most_series, ready_of
from detector.stats.verdicts import Watch

__all__ = ["Question", "is_ready", "make_ready", "question_of"]

# Walks of the newest days alone, each gone on with from where it stood, that cost as much as one through all weeks.
_WORTH_A_WALK = 16


def question_of(panel: Panel, watch: Watch, seasons: Seasons | None = None) -> Question | None:
    """What `judge` will ask for a panel of one series; None: nothing, for it has not begun."""
    begun = next(beginnings(panel, watch.kind), None)
    if begun is None:
        return None
    follows = Follows.of(None if seasons is None else [seasons], 1)
    return Question.of(panel.cut(slice(begun[1], None)), watch, follows)


def is_ready(question: Question) -> bool:
    """It was answered before, and the answer is kept."""
    return kept.answer(question) is not None


def make_ready(questions: Sequence[Question]) -> None:
    """Answer questions about single series, those that have all but their values in common at once, and keep it.

    What would cost less by itself is left to be made ready when it is judged.
    """
    alike: dict[bytes, list[Question]] = {}
    for one in questions:
        if not is_ready(one):
            alike.setdefault(_shared_by(one), []).append(one)
    for group in alike.values():
        is_cold = [kept.start_of(one) is None for one in group]
        if sum(is_cold) > 1 or len(group) >= _WORTH_A_WALK:
            most = most_series(group[0].panel.grid)
            for first in range(0, len(group), most):
                _answer(group[first : first + most])


def _shared_by(question: Question) -> bytes:
    """Of what must be the same for series to be rows of one panel, and for its walk to keep the same of each."""
    panel = question.panel
    said = (question.watch, panel.grid.timezone, panel.grid.every_s, panel.weights is None, panel.begins_level is None)
    digest = blake2b(repr(said).encode(), digest_size=16)
    grid = panel.grid
    for array in (grid.starts, grid.ends, grid.walls, panel.is_holiday, panel.is_unsettled, panel.occasion):
        digest.update(b"-" if array is None else np.ascontiguousarray(array).data)
    return digest.digest()


def _answer(questions: Sequence[Question]) -> None:
    if len(questions) == 1:
        questions = [questions[0], questions[0]]  # as everywhere, a single series goes twice
    panel, follows = _stacked([one.panel for one in questions]), _together([one.follows for one in questions])
    ready = ready_of(panel, questions[0].watch, follows, keeps_earlier=True)
    today, walk = replace(ready, earlier=None), ready.earlier
    for row, question in enumerate(questions):
        of_one = picked(today, np.array([row, row]))
        kept.put(question, replace(of_one, earlier=picked(walk, np.array([row]))))


def _stacked(panels: Sequence[Panel]) -> Panel:
    """Series of one grid as the rows of one panel; all have weights, or none has, and the same of new levels."""
    weights = [one.weights for one in panels if one.weights is not None]
    begins = [one.begins_level for one in panels if one.begins_level is not None]
    return replace(
        panels[0],
        series=tuple(name for one in panels for name in one.series),
        values=np.concatenate([one.values for one in panels]),
        known=np.concatenate([one.known for one in panels]),
        teaches=np.concatenate([one.teaches for one in panels]),
        weights=np.concatenate(weights) if weights else None,
        begins_level=np.concatenate(begins) if begins else None,
    )


def _together(follows: Sequence[Follows]) -> Follows:
    day, week = (np.concatenate([getattr(one, name) for one in follows]) for name in ("day", "week"))
    past = tuple(one.past[0] if one.past else () for one in follows)
    months = tuple(one.months[0] if one.months else None for one in follows)
    near = tuple(one.near[0] if one.near else () for one in follows)
    return Follows(day, week, past if any(past) else (), months if any(months) else (), near if any(near) else ())
