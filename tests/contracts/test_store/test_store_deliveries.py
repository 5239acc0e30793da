"""No message is lost, and one that may arrive twice says so."""

from dataclasses import replace

import pytest

from detector.adapters.store import SqlStore
from detector.errors import StoreBusy, StoreError
from detector.model.notification import Delivery, DeliveryStatus, SendResult
from detector.model.state import TickChanges
from store_samples import hour, notification, tick

OK = SendResult(ok=True)
DOWN = SendResult(ok=False, error="503 from chat.example")
CUT_OFF = SendResult(ok=False, fate_unknown=True, error="timed out")


@pytest.fixture
def delivery(store: SqlStore) -> Delivery:
    """One that is due since nine."""
    store.commit(replace(tick(), notifications=((notification(), 1),)))
    (due,) = store.due_deliveries(hour(9))
    return due


def test_a_new_delivery_is_due_at_once(store: SqlStore, delivery: Delivery) -> None:
    """It waits for nothing, whatever `now` is, and says since when."""
    assert delivery == Delivery(delivery.id, notification(), 0)
    assert store.due_deliveries(hour(8)) == (delivery,)
    assert store.next_attempt_at() == hour(9)


def test_sent_is_the_end(store: SqlStore, delivery: Delivery) -> None:
    """A message that arrived is neither due nor unsent."""
    store.begin_delivery(delivery, hour(9))
    store.end_delivery(delivery, OK, hour(9), None)
    assert not store.due_deliveries(hour(1000))
    assert store.next_attempt_at() is None
    assert not store.deliveries(only_unsent=True)
    (sent,) = store.deliveries(only_unsent=False)
    assert (sent.status, sent.attempts, sent.may_repeat, sent.error) == (DeliveryStatus.SENT, 1, False, "")


def test_a_failed_one_waits_for_its_time(store: SqlStore, delivery: Delivery) -> None:
    """Not due before, due from then on, with the attempt counted and the reason kept."""
    store.begin_delivery(delivery, hour(9))
    store.end_delivery(delivery, DOWN, hour(9), hour(10))
    assert store.next_attempt_at() == hour(10)
    assert not store.due_deliveries(hour(9.99))
    (due,) = store.due_deliveries(hour(10))
    assert (due.attempts, due.may_repeat, due.error) == (1, False, "503 from chat.example")
    store.begin_delivery(due, hour(10))
    store.end_delivery(due, OK, hour(10), None)
    assert [it.attempts for it in store.deliveries(only_unsent=False)] == [2]


def test_given_up_without_a_next_time(store: SqlStore, delivery: Delivery) -> None:
    """It is not tried again, and stays among the unsent for people to see."""
    store.begin_delivery(delivery, hour(9))
    store.end_delivery(delivery, DOWN, hour(9), None)
    assert not store.due_deliveries(hour(1000))
    assert [it.status for it in store.deliveries(only_unsent=True)] == [DeliveryStatus.GIVEN_UP]


def test_unknown_fate_sticks(store: SqlStore, delivery: Delivery) -> None:
    """After one attempt that may have arrived every later one may be a repeat, known failures in between or not."""
    store.begin_delivery(delivery, hour(9))
    store.end_delivery(delivery, CUT_OFF, hour(9), hour(10))
    (due,) = store.due_deliveries(hour(10))
    assert due.may_repeat
    store.begin_delivery(due, hour(10))
    store.end_delivery(due, DOWN, hour(10), hour(11))
    assert store.due_deliveries(hour(11))[0].may_repeat


def test_begun_by_a_process_that_died(store: SqlStore, neighbour: SqlStore, delivery: Delivery) -> None:
    """It is due at once, marked as a possible repeat, and can be begun again; the mark survives a second death."""
    store.begin_delivery(delivery, hour(9))
    (orphan,) = neighbour.due_deliveries(hour(9))
    assert (orphan.status, orphan.attempts, orphan.may_repeat) == (DeliveryStatus.SENDING, 1, True)
    neighbour.begin_delivery(orphan, hour(9.1))
    neighbour.end_delivery(orphan, DOWN, hour(9.1), hour(9.2))
    assert store.due_deliveries(hour(9.2))[0].may_repeat


def test_two_who_read_it_alike_do_not_both_send(store: SqlStore, neighbour: SqlStore, delivery: Delivery) -> None:
    """The second claim is refused before anything is sent."""
    store.begin_delivery(delivery, hour(9))
    with pytest.raises(StoreBusy, match=r"incident/1/1, channel 0\) is in other hands"):
        neighbour.begin_delivery(delivery, hour(9))
    store.end_delivery(delivery, OK, hour(9), None)
    with pytest.raises(StoreBusy, match="nothing is sent twice"):
        neighbour.begin_delivery(replace(delivery, attempts=1), hour(9))


def test_what_has_arrived_has_arrived(store: SqlStore, delivery: Delivery) -> None:
    """A late failure of another sender does not bring a sent message back."""
    store.begin_delivery(delivery, hour(9))
    store.end_delivery(delivery, OK, hour(9), None)
    store.end_delivery(delivery, CUT_OFF, hour(9.1), hour(10))
    assert not store.due_deliveries(hour(1000))


def test_an_end_needs_a_beginning(store: SqlStore, delivery: Delivery) -> None:
    """Ending what was never begun is a mistake, and told."""
    with pytest.raises(StoreError, match="was never begun"):
        store.end_delivery(delivery, OK, hour(9), None)


def test_oldest_first_for_sending_newest_first_for_people(store: SqlStore) -> None:
    """Both in the order in which messages were decided on."""
    for number in range(3):
        message = notification(f"test/{number}", incident=None)
        store.commit(TickChanges(hour(number), notifications=((message, 1),)))
    assert [it.notification.key for it in store.due_deliveries(hour(9))] == ["test/0", "test/1", "test/2"]
    assert [it.notification.key for it in store.deliveries(only_unsent=True, limit=2)] == ["test/2", "test/1"]


def test_a_team_without_channels(store: SqlStore) -> None:
    """The message is kept, and nothing waits."""
    store.commit(TickChanges(hour(9), notifications=((notification(incident=None), 0),)))
    assert not store.due_deliveries(hour(9))
    assert store.next_attempt_at() is None


def test_a_channel_that_must_not_carry_it(store: SqlStore) -> None:
    """A message about a channel goes by the others only; where there is no other it is known, and nothing is sent."""
    about_first = notification("channel/0", incident=None, except_channels=(0,))
    alone = notification("channel/1", incident=None, except_channels=(0,))
    store.commit(TickChanges(hour(9), notifications=((about_first, 3), (alone, 1))))
    assert [(it.notification.key, it.channel) for it in store.due_deliveries(hour(9))] == [
        ("channel/0", 1),
        ("channel/0", 2),
    ]
