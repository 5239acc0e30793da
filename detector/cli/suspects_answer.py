"""From a case to its answer: the ranking is the daemon's; what it is asked about follows from rows of any length."""

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from detector.cli.suspects_case import Case, read_case
from detector.errors import UsageError
from detector.linking.question import Depth, Ends, Question
from detector.linking.suspects import rank_with_onset
from detector.model.deploy import Ranking
from detector.model.grid import DAY_S
from detector.model.metric import Direction
from detector.model.verdict import Onset
from detector.stats.course import follow_course
from detector.stats.course_rows import Rows, rows_of
from detector.stats.onset import onset_of

__all__ = ["answer_case", "judge_case", "question_of"]


def answer_case(source: Path, target: Path) -> None:
    """Read one case and write its answer.

    Raises:
        UsageError: the case is wrong, or the answer cannot be written.
    """
    onset, ranking = judge_case(read_case(source))
    try:
        target.write_text(json.dumps(_as_json(onset, ranking), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{target}: cannot be written: {error.strerror}; choose another --out") from None


def judge_case(case: Case) -> tuple[Onset, Ranking]:
    """When the anomaly of a case began, and which deploy may have begun it."""
    ranking, pieces = rank_with_onset(question_of(case), case.deploys, None)
    return onset_of(pieces), ranking


def question_of(case: Case) -> Question:
    """What the ranking is asked in a case: how its numbers went, and all that is known beside them."""
    rows = rows_of(case.outcomes)
    is_drop = _is_drop(case, rows)
    course = follow_course(rows, case.as_of, is_drop=is_drop)
    first = [one for one in case.outcomes if one.value is not None][course.first]
    return Question(
        onset=course.onset,
        as_of=case.as_of,
        first_bucket_at=first.span.start_at,
        services=case.services,
        graph=case.graph,
        record=case.record,
        is_empty=first.value == 0,
        bucket_s=int(first.span.length.total_seconds()),
        is_drop=is_drop,
        segments=case.segments,
        dispersion=rows.own_dispersion(course.first),
        wander=rows.wander,
        depth=Depth(np.abs(1.0 - course.left), course.left_chance),
        ends=Ends(course.ends_s, course.end_odds, course.end_width_s),
        calendar=case.calendar,
    )


def _is_drop(case: Case, rows: Rows) -> bool:
    """Of a metric watched on both sides: where its last day strays most, by the noise of each row."""
    if case.on is not Direction.BOTH:
        return case.on is Direction.DROP
    last_day = rows.end_s > rows.end_s[-1] - DAY_S
    strays = (rows.value - rows.expected)[last_day] / np.maximum(rows.spread[last_day], 1e-12)
    return bool(-strays.min() >= strays.max())


def _as_json(onset: Onset, ranking: Ranking) -> dict[str, object]:
    return {
        "onset": {name: _written(getattr(onset, name)) for name in ("earliest", "likely", "latest")},
        "answer": str(ranking.answer),
        "suspects": [
            {"id": one.deploy.id, "probability": one.probability, "grounds": list(one.grounds)}
            for one in ranking.suspects
        ],
        "no_deploy": ranking.no_deploy,
        "rejected": [{"id": one.deploy.id, "why": one.why} for one in ranking.rejected],
    }


def _written(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
