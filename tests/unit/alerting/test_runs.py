"""Where a run of anomalous buckets begins, what continues it, and when it is over."""

import pytest

from builders import EIGHT, HOUR, a_part, outcomes
from detector.alerting.runs import follow, run_of


def test_an_anomalous_bucket_opens_a_run() -> None:
    """The run spans its anomalous buckets."""
    (run,) = follow(None, outcomes("nna"))
    assert (run.start_at, run.end_at, run.ended_at) == (EIGHT + 2 * HOUR, EIGHT + 3 * HOUR, None)


def test_two_normal_buckets_in_a_row_end_it() -> None:
    """One normal bucket is recovery, the second one the end."""
    (recovering,) = follow(None, outcomes("aan"))
    assert (recovering.normal_in_a_row, recovering.ended_at) == (1, None)
    (over,) = follow(None, outcomes("aann"))
    assert over.ended_at == EIGHT + 2 * HOUR


@pytest.mark.parametrize("between", ["c", "m", "cc", "mcm"])
def test_closed_and_missing_buckets_neither_end_nor_count(between: str) -> None:
    """A night of closed hours between two normal buckets changes nothing; without them it never ends."""
    (still,) = follow(None, outcomes(f"a{between}"))
    assert still.normal_in_a_row == 0
    (over,) = follow(None, outcomes(f"an{between}n"))
    assert over.ended_at is not None


def test_a_bad_bucket_starts_the_count_again() -> None:
    """Normal, bad, normal is no recovery."""
    (run,) = follow(None, outcomes("anan"))
    assert (run.normal_in_a_row, run.ended_at) == (1, None)
    assert run.end_at == EIGHT + 3 * HOUR


def test_evidence_summed_over_hours_does_not_hold_an_outage_open() -> None:
    """After an outage the sums stay low for a day, while each hour by itself is usual again."""
    (run,) = follow(None, outcomes("aass"))
    assert run.ended_at == EIGHT + 2 * HOUR


def test_a_slow_leak_is_not_over_while_it_goes_on() -> None:
    """A fifth is missing hour by hour: each hour is in range, and none is recovered."""
    (run,) = follow(None, outcomes("ssss"))
    assert run.ended_at is None
    assert run.end_at == EIGHT + 4 * HOUR


def test_a_run_goes_on_from_what_the_store_kept() -> None:
    """A part of an incident is carried on as if there had been no restart."""
    whole = follow(None, outcomes("aan"))
    halves = follow(run_of(a_part(0, 1)), outcomes("an", first=1))
    assert whole == halves


def test_a_second_outage_is_a_second_run() -> None:
    """What comes after the end is something new."""
    first, second = follow(None, outcomes("annna"))
    assert first.ended_at == EIGHT + HOUR
    assert second.start_at == EIGHT + 4 * HOUR
