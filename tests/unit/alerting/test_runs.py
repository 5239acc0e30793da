"""Where a run of anomalous buckets begins, what continues it, and when it is over."""

from dataclasses import replace

import pytest

from builders import EIGHT, HOUR, an_outcome, outcomes
from detector.alerting.runs import follow, unite
from detector.model.verdict import OutcomeKind


def test_an_anomalous_bucket_opens_a_run() -> None:
    """The run spans its anomalous buckets."""
    (run,) = follow(outcomes("nna"))
    assert (run.start_at, run.end_at, run.ended_at) == (EIGHT + 2 * HOUR, EIGHT + 3 * HOUR, None)


def test_two_normal_buckets_in_a_row_end_it() -> None:
    """One normal bucket is recovery, the second one the end."""
    (recovering,) = follow(outcomes("aan"))
    assert (recovering.normal_in_a_row, recovering.ended_at) == (1, None)
    (over,) = follow(outcomes("aann"))
    assert over.ended_at == EIGHT + 2 * HOUR


@pytest.mark.parametrize("between", ["c", "m", "cc", "mcm"])
def test_closed_and_missing_buckets_neither_end_nor_count(between: str) -> None:
    """A night of closed hours between two normal buckets changes nothing; without them it never ends."""
    (still,) = follow(outcomes(f"a{between}"))
    assert still.normal_in_a_row == 0
    (over,) = follow(outcomes(f"an{between}n"))
    assert over.ended_at is not None


def test_a_bad_bucket_starts_the_count_again() -> None:
    """Normal, bad, normal is no recovery."""
    (run,) = follow(outcomes("anan"))
    assert (run.normal_in_a_row, run.ended_at) == (1, None)
    assert run.end_at == EIGHT + 3 * HOUR


def test_evidence_summed_over_hours_does_not_hold_an_outage_open() -> None:
    """After an outage the sums stay low for a day, while each hour by itself is usual again."""
    (run,) = follow(outcomes("aass"))
    assert run.ended_at == EIGHT + 2 * HOUR


def test_a_slow_leak_is_not_over_while_it_goes_on() -> None:
    """A fifth is missing hour by hour: each hour is in range, and none is recovered."""
    (run,) = follow(outcomes("ssss"))
    assert run.ended_at is None
    assert run.end_at == EIGHT + 4 * HOUR


def test_runs_of_one_anomaly_are_one_run() -> None:
    """From the first to the last, as far as the last has come; of none there is none."""
    whole = unite(follow(outcomes("annan")))
    assert whole is not None
    assert (whole.start_at, whole.end_at) == (EIGHT, EIGHT + 4 * HOUR)
    assert (whole.normal_in_a_row, whole.ended_at, whole.expected) == (1, None, 2000.0)
    assert unite(()) is None


@pytest.mark.parametrize("by_bound", [True, False])
def test_while_learning_only_what_a_bound_opened_can_end(by_bound: bool) -> None:
    """A value on the right side of its bound is back; against what was usual once it says nothing."""
    usual = None if by_bound else 1000.0
    broken = replace(an_outcome(0, "a"), expected=usual)
    learning = [replace(an_outcome(hour, "n"), kind=OutcomeKind.LEARNING, expected=None) for hour in (1, 2)]
    blind = [replace(one, in_range=False) for one in learning]
    (run,) = follow([broken, *blind])
    assert (run.ended_at is not None) is by_bound


def test_a_second_outage_is_a_second_run() -> None:
    """What comes after the end is something new."""
    first, second = follow(outcomes("annna"))
    assert first.ended_at == EIGHT + HOUR
    assert second.start_at == EIGHT + 4 * HOUR
