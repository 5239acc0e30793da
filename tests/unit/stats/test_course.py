"""Start, depth and end of an anomaly from rows of any lengths."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from detector.model.span import Span
from detector.model.verdict import Outcome, OutcomeKind
from detector.stats.course import Course, follow_course
from detector.stats.course_rows import Rows, rows_of

MIDNIGHT = datetime(2026, 3, 9, tzinfo=UTC)


def rows(values: Sequence[float | None], minutes: int = 60, *, from_h: float = 0.0) -> list[Outcome]:
    """Rows that expect 1,000 an hour with a tenth of it as standard deviation of an hour."""
    usual, length = 1000.0 * minutes / 60, timedelta(minutes=minutes)
    sd = 100.0 * np.sqrt(minutes / 60)
    begin = MIDNIGHT + timedelta(hours=from_h)
    return [
        Outcome(
            metric="m",
            span=Span(begin + length * k, begin + length * (k + 1)),
            kind=OutcomeKind.NORMAL if value is not None else OutcomeKind.MISSING,
            judged_at=MIDNIGHT,
            value=value,
            expected=usual,
            spread=float(sd),
        )
        for k, value in enumerate(values)
    ]


def follow(outcomes: Sequence[Outcome], *, is_drop: bool = True) -> tuple[Rows, Course]:
    known = rows_of(outcomes)
    return known, follow_course(known, max(one.span.end_at for one in outcomes), is_drop=is_drop)


def hours(at: datetime) -> float:
    return (at - MIDNIGHT).total_seconds() / 3600


def test_a_bucket_that_lost_half_tells_the_minute() -> None:
    """Nothing comes after half of an hour's sales: it began in the middle of that hour."""
    _, course = follow(rows([1000.0] * 30 + [500.0, 0.0, 0.0]))
    assert hours(course.onset.likely) == pytest.approx(30.5, abs=0.1)
    assert course.onset.earliest < course.onset.likely < course.onset.latest
    assert course.first == 30


def test_fine_rows_tell_it_better_than_hours() -> None:
    """Five-minute rows narrow the onset; they may follow hours."""
    fine = rows([1000.0 / 12] * 6 + [0.0] * 18, 5, from_h=30)
    _, course = follow(rows([1000.0] * 30) + fine)
    _, coarse = follow(rows([1000.0] * 30 + [500.0, 0.0]))
    assert hours(course.onset.likely) == pytest.approx(30.5, abs=0.1)
    assert course.onset.latest - course.onset.earliest < coarse.onset.latest - coarse.onset.earliest


def test_the_first_touched_row_is_one_that_can_be_seen() -> None:
    """An onset in the last minutes of an hour touches the next hour first as far as anybody can see."""
    _, course = follow(rows([1000.0] * 29 + [980.0, 0.0]))
    assert course.first == 30


def test_depth_is_found() -> None:
    """Three tenths are missing."""
    _, course = follow(rows([1000.0] * 30 + [700.0] * 8))
    assert float(course.left @ course.left_chance) == pytest.approx(0.7, abs=0.05)


def test_a_rise_is_followed_the_other_way() -> None:
    """Twice the usual."""
    _, course = follow(rows([1000.0] * 30 + [2000.0] * 3), is_drop=False)
    assert hours(course.onset.likely) == pytest.approx(30.0, abs=0.2)
    assert float(course.left @ course.left_chance) == pytest.approx(2.0, abs=0.2)


@pytest.mark.parametrize("size", [1.0, 3900.0, 1e12, 1e300])
def test_a_rise_from_nothing_has_a_beginning(size: float) -> None:
    """Errors that never were: nothing is expected, nothing strays, and then there are some."""
    never = [replace(one, expected=0.0, spread=0.0) for one in rows([0.0] * 30 + [size] * 3)]
    _, course = follow(never, is_drop=False)
    assert 29.9 <= hours(course.onset.likely) <= 31.1


@pytest.mark.parametrize("unit", [1e-12, 1e12, 1e70])
def test_the_unit_does_not_count(unit: float) -> None:
    """Cents for euros, or any other unit: the same beginning."""
    said = rows([1000.0] * 30 + [500.0, 0.0, 0.0])
    scaled = [
        replace(one, **{name: getattr(one, name) * unit for name in ("value", "expected", "spread")}) for one in said
    ]
    one, other = follow(said)[1].onset, follow(scaled)[1].onset
    assert hours(other.likely) == pytest.approx(hours(one.likely), abs=0.01)


def test_an_end_is_found_and_one_that_lasts_has_none() -> None:
    """Ends near the recovery fit far better than that it lasts; without one they all fit worse or alike."""
    _, over = follow(rows([1000.0] * 30 + [0.0] * 3 + [1000.0] * 3))
    best = float(over.ends_s[int(np.argmax(over.end_odds))])
    assert (best - MIDNIGHT.timestamp()) / 3600 == pytest.approx(33.0, abs=0.2)
    assert over.end_odds.max() > 1e6
    _, lasting = follow(rows([1000.0] * 30 + [0.0] * 6))
    assert lasting.end_odds.max() <= 1.5


def test_an_older_dip_that_passed_is_not_the_one_that_is_judged() -> None:
    """Yesterday's mild evening does not take the place of today's outage."""
    values = [1000.0] * 26 + [820.0] * 4 + [1000.0] * 8 + [200.0, 100.0]
    _, course = follow(rows(values))
    assert hours(course.onset.earliest) > 37.5


def test_missing_rows_say_nothing() -> None:
    """What is missing is not zero."""
    _, course = follow(rows([1000.0] * 30 + [None, None, 0.0]))
    assert hours(course.onset.earliest) < 31.0
    assert hours(course.onset.latest) > 31.5


def test_one_row_is_enough_to_answer() -> None:
    """Nothing is known before it: it began in it."""
    _, course = follow(rows([0.0]))
    assert MIDNIGHT <= course.onset.earliest <= course.onset.latest <= MIDNIGHT + timedelta(hours=1)


def test_the_baseline_s_own_error_is_told_from_chance() -> None:
    """Chance shrinks where more is expected; what does not shrink is the baseline's error."""
    outcomes = []
    for k, usual in enumerate((100.0, 400.0, 1000.0, 4000.0)):
        spread = usual * np.sqrt(1.0 / usual + 0.05**2)
        outcomes.append(
            Outcome("m", Span(MIDNIGHT + timedelta(hours=k), MIDNIGHT + timedelta(hours=k + 1)), OutcomeKind.NORMAL,
                    MIDNIGHT, usual, None, usual, None, None, float(spread))
        )  # fmt: skip
    found = rows_of(outcomes)
    assert found.wander == pytest.approx(0.05, rel=1e-6)
    assert found.own_dispersion(0) == pytest.approx(1.0, rel=1e-6)
    assert 0 < rows_of(rows([1000.0] * 4)).wander < 0.1


def test_onsets_are_inside_their_interval_as_often_as_promised() -> None:
    """Nine in ten, over outages of any depth that begin at any minute."""
    rng = np.random.default_rng(3)
    hits = []
    for _ in range(120):
        begin, left = 30.0 + float(rng.uniform(0, 2)), float(rng.choice([0.0, 0.3, 0.6]))
        touched = np.clip(np.arange(36) + 1 - begin, 0.0, 1.0)
        values = rng.poisson(100.0 * (1.0 - touched * (1.0 - left))) * 10.0
        _, course = follow(rows(values.tolist()))
        hits.append(hours(course.onset.earliest) <= begin <= hours(course.onset.latest))
    assert 0.80 <= np.mean(hits) <= 0.99
