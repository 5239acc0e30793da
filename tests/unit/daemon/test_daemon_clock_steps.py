"""A clock that is set is noticed, and a step ahead holds back judgement for a while."""

from datetime import UTC, datetime, timedelta

from detector.daemon.clock_steps import HOLD, ClockSteps

START = datetime(2026, 3, 10, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_minutes_that_pass_are_no_steps() -> None:
    """Clock and stopwatch go together, give or take what NTP slews."""
    steps = ClockSteps(START, 1000.0)
    assert steps.look(START + MINUTE, 1060.4) == timedelta()
    assert steps.look(START + 2 * MINUTE, 1119.0) == timedelta()


def test_sleep_is_no_step() -> None:
    """The stopwatch goes on while the machine sleeps."""
    steps = ClockSteps(START, 0.0)
    assert steps.look(START + timedelta(hours=8), 8 * 3600.0) == timedelta()


def test_a_step_ahead_holds_back_and_a_step_back_ends_that() -> None:
    """An hour ahead by mistake judges nothing, and is over when it is put right."""
    steps = ClockSteps(START, 0.0)
    hour = timedelta(hours=1)
    assert steps.look(START + hour + MINUTE, 60.0) == hour
    assert steps.is_on_hold(60.0 + HOLD.total_seconds() - 1)
    assert not steps.is_on_hold(60.0 + HOLD.total_seconds())
    assert steps.look(START + 2 * MINUTE, 120.0) == -hour
    assert not steps.is_on_hold(120.0)


def test_a_day_back_and_ten_years_ahead() -> None:
    """Each is told once."""
    steps = ClockSteps(START, 0.0)
    assert steps.look(START - timedelta(days=1), 0.0) == timedelta(days=-1)
    assert steps.look(START - timedelta(days=1) + MINUTE, 60.0) == timedelta()
    assert steps.look(START + timedelta(days=3650) + 2 * MINUTE, 120.0) == timedelta(days=3651)
