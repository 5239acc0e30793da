"""What proves that the detector works."""

from datetime import UTC, datetime, timedelta

from detector.alerting.vital_signs import STUCK_AFTER, proof
from detector.model.notification import Delivery, Notification, Reason

NINE = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def waiting(since: datetime, again_at: datetime | None = None) -> Delivery:
    told = Notification("incident/1/1", "checkout", Reason.OPENED, "Revenue is 0", "", since)
    return Delivery(1, told, 0, next_attempt_at=again_at)


def test_a_tick_that_ended_and_was_written_down_is_proof() -> None:
    """The sign of life is as new as the tick, and nothing waits for long."""
    given = proof(NINE, "", NINE, [waiting(NINE - STUCK_AFTER)])
    assert given.is_given
    assert given.why_not == ""


def test_a_tick_that_failed_is_none() -> None:
    """Whatever else moves: the words say why."""
    assert proof(NINE, "the store is full", NINE, []).why_not == "the tick failed: the store is full"


def test_a_sign_of_life_that_is_missing_or_old_is_none() -> None:
    """The store did not take it, or took it for an earlier tick."""
    assert proof(NINE, "", None, []).why_not == "the tick left no sign of life in the store"
    assert "the newest one is from 2026-03-10 08:59 UTC" in proof(NINE, "", NINE - MINUTE, []).why_not


def test_a_sender_that_stands_still_is_none() -> None:
    """What is due for longer than the limit was taken up by nobody."""
    stuck = [waiting(NINE - timedelta(hours=1)), waiting(NINE - timedelta(hours=9), NINE - STUCK_AFTER - MINUTE)]
    given = proof(NINE, "", NINE, stuck)
    assert given.why_not == "2 messages are not being sent, the oldest due since 2026-03-10 08:00 UTC"


def test_what_was_retried_lately_does_not_count_as_stuck() -> None:
    """An old message whose next attempt has just fallen due is on its way."""
    assert proof(NINE, "", NINE, [waiting(NINE - timedelta(hours=9), NINE - MINUTE)]).is_given


def test_trouble_that_nobody_can_be_told_of_is_none() -> None:
    """The switch is then the only voice left."""
    assert proof(NINE, "", NINE, [], ["no channel works"]).why_not == "no channel works"


def test_all_doubts_are_said() -> None:
    """One does not hide the other."""
    given = proof(NINE, "disk full", None, [waiting(NINE - timedelta(hours=1))], ["no channel works"])
    assert len(given.doubts) == 3
