"""Whether the daemon is well."""

from detector.web.desk import Health


def test_two_periods_of_silence_are_still_life() -> None:
    """Older than two periods is unhealthy; exactly two are not."""
    assert Health(120.0).is_alive
    assert not Health(120.1).is_alive
    assert not Health(120.1).is_ready


def test_waiting_for_another_daemon_is_life_without_readiness() -> None:
    """Whoever waits is not to be killed, and gets no traffic."""
    waiting = Health(1.0, has_lease=False)
    assert (waiting.is_alive, waiting.is_ready) == (True, False)
    assert waiting.why_not == ("another daemon holds the store; this one waits for it to end",)


def test_every_trouble_is_named() -> None:
    """What stands in the way is told one by one."""
    assert len(Health(500.0, reads_store=False, has_rules=False, has_lease=False).why_not) == 4
    assert Health(1.0).why_not == ()


def test_a_daemon_whose_ticks_break_is_alive_and_not_ready() -> None:
    """Its scheduler moves; nothing of what it should do gets done."""
    broken = Health(1.0, ticks_end=False)
    assert (broken.is_alive, broken.is_ready) == (True, False)
